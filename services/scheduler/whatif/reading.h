/* A trace on its way into a history (history.h): what hears of jobs, and what of calls. */
#pragma once

#include "history.h"

struct reading {
    struct history *history;
    struct in_force in_force;
    struct attendance attendance;
    const char *writer;
    int64_t first_us, now_us, offset_us; /* offset: from the scheduler's clock to wall time */
    /* the batch under way, and the store's pace */
    struct batch_item items[BATCH_LIMIT];
    size_t item_count;
    uint64_t sequence, batches, commits;
    int64_t batch_asked_us, batch_sum_us, commit_sum_us; /* asked: 0 = none is under way */
};

/* ---- jobs.c ---- */
void jobs_hear(struct reading *reading, const struct job_facts *facts);
void jobs_hear_split(struct reading *reading, const struct attempt_id *id,
                     const struct batch_answer *answer);

/* ---- calls.c ---- */
void calls_hear_batch(struct reading *reading, const struct action *action);
void calls_hear_batch_answer(struct reading *reading, const struct event *event);
void calls_hear_permit(struct reading *reading, const struct attempt_id *id, bool is_free);
void calls_hear_outcome(struct reading *reading, const struct outcome_facts *outcome);
/* As a snapshot tells of it. */
void calls_hear_settled(struct reading *reading, const struct call_facts *facts);
