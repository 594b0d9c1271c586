/* What the store can be asked, one function per question.
 *
 * A question is answered on one thread with what lies on its desk; the reply is a packed message in
 * the desk's arena. What the call made known (events, controls) lies on the desk afterwards,
 * committed, for the caller to publish. The table is all there is of routing.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/scoped.h"
#include "cache.h"
#include "db.h"
#include "views.h"

/* Scheduling rule 10, and how long a job may take or wait that does not say. */
struct queue_limits {
    int64_t jobs_of_user, jobs_of_tenant, jobs; /* unfinished ones */
    int64_t deadline_ms;
    int64_t queue_ttl_ms;    /* without a first grant; 0 = no limit */
    atomic_llong unfinished; /* in all, as last counted */
};

struct desk {
    struct db *db;
    struct cache *cache;
    struct queue_limits *limits;
    struct arena *asked; /* holds the question; its cap bounds what a hostile one unpacks to */
    struct arena *arena; /* everything else */
    struct made_events made;
};

typedef bool answer_function(struct desk *desk, struct bytes ask, struct bytes *reply,
                             struct error *why);

/* Piles of questions, each with workers of its own: grants wait for nobody else's reading, nor does
 * what needs no Postgres. */
enum pile { PILE_LEADERS, PILE_OTHERS, PILE_REDIS, PILES };

struct question {
    const char *subject, *name;
    answer_function *answer;
    enum pile pile;
};
extern const struct question QUESTIONS[];
extern const size_t QUESTION_COUNT;

/* NULL if there is none of that subject. */
const struct question *question_find(const char *subject);

answer_function answer_part, answer_submit, answer_job, answer_jobs, answer_results, answer_cancel,
    answer_events, answer_authenticate, answer_chunks, answer_usage, answer_set_control,
    answer_controls, answer_cache_find, answer_audit;
answer_function answer_lease, answer_batch, answer_heal, answer_snapshot, answer_changed,
    answer_job_state;
