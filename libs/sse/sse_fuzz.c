/* Any stream: the same events whole as in pieces, none empty, none too long. */
#include <stdint.h>

#include "base/check.h"
#include "base/scoped.h"
#include "sse/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    size_t events;
    uint64_t hash;
};

/* FNV-1a-64 */
static bool note(void *context, const char *data, size_t length)
{
    struct heard *heard = context;
    CHECK(length > 0 && length <= SSE_MAX_BYTES);
    heard->events++;
    for (size_t i = 0; i < length; i++)
        heard->hash = (heard->hash ^ (uint8_t)data[i]) * UINT64_C(0x100000001b3);
    return true;
}

/* The first byte says how the rest is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *stream = (const char *)data + 1;
    size_t length = size - 1, cut = (size_t)data[0] % length + 1;
    struct heard whole = {0}, pieces = {0};
    SCOPED(sse_free) struct sse at_once = {.heard = note, .context = &whole};
    SCOPED(sse_free) struct sse in_pieces = {.heard = note, .context = &pieces};
    CHECK(sse_feed(&at_once, stream, length));
    for (size_t at = 0; at < length; at += cut)
        CHECK(sse_feed(&in_pieces, stream + at, length - at < cut ? length - at : cut));
    CHECK(whole.events == pieces.events && whole.hash == pieces.hash);
    return 0;
}
