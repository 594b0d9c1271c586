/* What a trace tells of the work: which jobs came when, how large, how long their calls took.
 *
 * Clocks of several schedulers are brought together by their wall times. What happened before the
 * trace begins, and what is missing in it, is not known. Of a job that was not completed only what
 * was called counts; parts of chunks that were split are left out, as are calls that failed.
 */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "model/model.h"
#include "trace/reader.h"

struct past_job;

/* How it was found to be. */
struct history_setting {
    struct scheduler_config config; /* of the last chapter */
    bool is_config_known;           /* else the defaults */
    uint32_t analyzers, slots;      /* the most seen; slots of each */
    int64_t batch_us, commit_us;    /* means */
};

struct past_chunk {
    bool is_there, is_done, was_called, is_usage_known;
    struct model_chunk told;
    uint32_t attempt;
    int64_t permitted_us, outcome_us; /* of the last call; 0 = none */
};

struct history {
    struct past_job *jobs; /* by id, in the order of their coming */
    size_t job_count;      /* that have work in it */
    struct history_setting setting;
    struct call_sample *samples;
    size_t sample_count, sample_capacity;
    uint64_t chunks, chunks_without_usage, lost_steps, lost_batches;
    int64_t begun_us; /* the first coming; all else counts from there */
};

/* Takes the trace from its beginning to its end. */
MUST_USE bool history_read(struct trace *trace, struct history *history, struct error *why);
void history_free(struct history *history);

/* Visits the jobs that have work, in the order of their coming; what is visited is lent. */
struct past_view {
    struct model_job job;        /* its chunks are those that were worked on */
    int64_t first_us, finish_us; /* as recorded, from begun_us; -1 = not known */
};
void history_each(const struct history *history,
                  void (*visit)(void *context, const struct past_view *view), void *context);
