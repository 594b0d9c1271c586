/* Runs a fresh core of this build over a trace, and compares what it decides with what is recorded.
 *
 * Pure but for the memory it takes. */
#pragma once

#include "base/text.h"
#include "reader.h"

struct replay {
    uint64_t chapters, events, decisions; /* checked */
    uint64_t unchecked;                   /* steps behind a gap, or before the first chapter */
    uint64_t gaps, lost_steps, lost_batches;
    bool is_different;
    /* the first difference */
    uint64_t chapter, step; /* from 1 */
    int64_t into_ns;        /* the chapter */
    struct text told;       /* both sides, in words */
};

/* Up to the first difference. False: the trace cannot be read any further; what was replayed until
 * then stands. */
MUST_USE bool replay_run(struct trace *trace, struct replay *replay, struct error *why);
void replay_free(struct replay *replay);
