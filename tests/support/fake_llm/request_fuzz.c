/* Whatever bytes come: a request that is complete lies within them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1);
    CHECK(bytes != NULL);
    memcpy(bytes, data, size);
    bytes[size] = '\0';
    struct request request;
    if (request_read(bytes, size, &request) == REQUEST_COMPLETE)
        CHECK(request.body_at <= size && request.body_length <= size - request.body_at);
    free(bytes);
    return 0;
}
