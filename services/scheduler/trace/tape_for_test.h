/* A trace in memory: what a recorder hands out, as a file would have it. */
#pragma once

#include "base/check.h"
#include "base/text.h"
#include "reader.h"
#include "recorder.h"

struct tape {
    struct text file;
    unsigned batches;
    unsigned refuse; /* the batch of this number, from 1 */
};

static inline bool tape_take(void *context, const Tp__TraceBatch *batch)
{
    struct tape *tape = context;
    if (++tape->batches == tape->refuse)
        return false;
    SCOPED(arena_close) struct arena *arena = arena_open(4 << 20);
    struct bytes packed = pack_trace_batch(arena, batch);
    if (tape->file.length == 0)
        text_add(&tape->file, TRACE_HEADING);
    for (int i = 0; i < 4; i++)
        text_add_char(&tape->file, (char)(packed.length >> (8 * i) & 0xFF));
    text_add_bytes(&tape->file, packed.at, packed.length);
    return true;
}

static inline int64_t tape_wall_ms(void)
{
    return 1795330800000;
}
