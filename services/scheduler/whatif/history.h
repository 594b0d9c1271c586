/* What a trace tells of the work: which jobs came when, how large, and which calls they took.
 *
 *   history_read(trace, &history) -> history_each(), history.use, history.setting; history_free()
 *
 * Clocks of several schedulers are brought together by their wall times, and their chapters are
 * read in the order of their epochs. What happened before the trace begins, and what is missing in
 * it, is not known, but for what a later snapshot tells of it. One thread.
 */
#pragma once

#include "attendance.h"
#include "base/error.h"
#include "base/scoped.h"
#include "in_force.h"
#include "model/model.h"
#include "past.h"
#include "trace/reader.h"

/* How it was found to be. */
struct history_setting {
    struct scheduler_config config; /* in force at the end */
    bool is_config_known;           /* else the defaults */
    struct control_facts *controls; /* in force at the end, see in_force.h */
    size_t control_count;
    uint32_t changes, stops;                     /* see in_force.h */
    uint32_t analyzers, slots;                   /* means, at least 1; slots of each */
    uint32_t least_analyzers, most_analyzers;    /* at once; 0 = none was heard */
    int64_t slots_us;                            /* what all slots sum up to */
    int64_t batch_us, commit_us;                 /* means */
    double prompt_per_byte, completion_per_byte; /* tokens of calls that did their chunk */
};

/* What was called. Calls without usage are charged as they were booked, and so are those whose
 * outcome nobody heard, which may not have been made. */
struct history_use {
    struct model_use of[MOST_ENDPOINTS]; /* of the setting's endpoints */
    struct model_use of_others;          /* in the chain no more, or not known */
    int64_t call_us;                     /* the sum of all that were permitted */
    uint64_t unheard;                    /* permitted, or left by a leader, without an outcome */
    uint64_t without_usage, without_price;
    uint64_t cached, embedded; /* chunks done without a call */
};

struct history {
    struct past_job *jobs; /* by id, in the order of their coming */
    size_t job_count;      /* that have work in it */
    struct history_setting setting;
    struct history_use use;
    struct call_sample *samples;
    size_t sample_count, sample_capacity;
    uint64_t chunks; /* as submitted, with work in it */
    uint64_t drawn;  /* chunks of which no call that did them is known */
    uint64_t lost_steps, lost_batches;
    int64_t begun_us; /* the first coming; all else counts from there */
    int64_t end_us;   /* of the last call or job */
};

/* Takes the trace from its beginning to its end. */
MUST_USE bool history_read(struct trace *trace, struct history *history, struct error *why);
void history_free(struct history *history);

/* Visits the jobs that have work, in the order of their coming; what is visited is lent. */
struct past_view {
    struct model_job job;        /* its chunks are those that were worked on, and their parts */
    int64_t first_us, finish_us; /* as recorded, from begun_us; -1 = not known */
};
void history_each(const struct history *history,
                  void (*visit)(void *context, const struct past_view *view), void *context);
