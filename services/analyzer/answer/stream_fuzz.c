/* Any body: what is joined is JSON, and a body that is none of a stream stays as it is. */
#include <stdint.h>

#include "base/check.h"
#include "stream.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(arena_close) struct arena *arena = arena_open(64 << 20);
    struct bytes whole = stream_whole((struct bytes){data, size}, arena).bytes;
    if (whole.at == data) {
        CHECK(whole.length == size);
        return 0;
    }
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    CHECK(json_parse((const char *)whole.at, whole.length, &document, &why));
    return 0;
}
