/* Whatever a client sends, a frame is whole, partial or broken, and stays inside the buffer. */
#include "web/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *buffer = malloc(size + 1);
    CHECK(buffer != NULL);
    memcpy(buffer, data, size);
    struct frame frame;
    for (size_t used = 0; frame_read(buffer + used, size - used, &frame) == FRAME_WHOLE;) {
        CHECK(frame.size <= size - used && frame.length <= FRAME_MAX_PAYLOAD);
        CHECK(frame.payload + frame.length == buffer + used + frame.size);
        used += frame.size;
    }
    free(buffer);
    return 0;
}
