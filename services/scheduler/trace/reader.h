/* Reads a trace from a file: chapters, steps, and what is missing between them.
 *
 *   trace_open(path) -> trace_next() until TRACE_END -> trace_close()
 *
 * A file is the line TRACE_HEADING and then batches (TraceBatch), each behind its length as four
 * bytes, lowest first. The batches of each scheduler are put in their order; one that is there
 * twice is read once. Nothing in a file is believed. Steps of one scheduler follow those of
 * another. One thread.
 */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "core/core.h"

#define TRACE_HEADING "tweetpulse trace 1\n"

struct trace;

enum trace_kind {
    TRACE_START, /* a chapter: bring a fresh core to `config` and `start` */
    TRACE_STEP,
    TRACE_GAP, /* steps are missing here: what follows cannot be checked up to the next chapter */
    TRACE_END,
};

struct trace_record {
    enum trace_kind kind;
    const char *instance_id; /* lives as long as the trace; the same pointer for the same one */
    int64_t at_ms;           /* wall time, about */
    bool is_first;           /* TRACE_STEP: behind a start */
    struct instant now;
    struct scheduler_config config;
    struct scheduler_start start;
    struct event event;
    struct actions actions;
    uint64_t lost_steps, lost_batches; /* TRACE_GAP: as far as it is known */
};

MUST_USE bool trace_open(const char *path, struct trace **trace, struct error *why);
/* The same of bytes, which are copied. */
MUST_USE bool trace_open_bytes(const void *bytes, size_t length, struct trace **trace,
                               struct error *why);
void trace_close(struct trace **trace);

/* What is in the record is lent until the next call. After false (the file is damaged) as after
 * TRACE_END there is no more. */
MUST_USE bool trace_next(struct trace *trace, struct trace_record *record, struct error *why);
/* Begins again. */
void trace_rewind(struct trace *trace);
