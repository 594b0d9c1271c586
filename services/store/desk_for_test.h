/* A store without a broker: its questions asked by function call, against a Postgres of the test's
 * own. Every question and answer is packed, unpacked and checked as on the wire.
 *
 *   int world_open(void **state), world_close(void **state)   cmocka group fixtures
 *   int world_fresh(void **state)                             before each test: empty tables
 */
#pragma once

#include <libpq-fe.h>

#include "outcomes.h"
#include "postgres_for_test.h"
#include "questions.h"

struct world {
    struct test_postgres postgres;
    struct db_vitals vitals;
    struct queue_limits limits;
    struct desk desk;
    PGconn *peek; /* for looking at tables, and for moving time */
    uint64_t epoch, sequence;
    struct error why; /* of the last question that was refused */
};

int world_open(void **state);
int world_close(void **state);
int world_fresh(void **state);
#define WITH_FRESH_WORLD(test) cmocka_unit_test_setup(test, world_fresh)

/* For looking at tables and moving time: one number, and statements without an answer. */
int64_t sql_number(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sql_do(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The rest answers NULL where the store refuses, with world->why. */
const char *fresh_job_id(struct world *world);
/* `chunks` chunks of `posts` posts each; texts are "text <seq>". */
Tp__SubmitJob *job_of(struct world *world, const char *user, unsigned chunks, unsigned posts);
const Tp__SubmitJobReply *submit(struct world *world, const Tp__SubmitJob *job);
/* Makes such a job and answers its id. */
const char *submitted(struct world *world, const char *user, unsigned chunks, unsigned posts);

/* Takes the lease in a new epoch. */
void lead(struct world *world, const char *holder);
const Tp__LeaseReply *take_lease(struct world *world, const char *holder, uint32_t life_ms,
                                 bool resign);
Tp__BatchItem *item_of(struct world *world, Tp__BatchOperation operation, const char *job,
                       uint32_t chunk);
const Tp__BatchReply *batch(struct world *world, const char *holder, uint64_t sequence,
                            Tp__BatchItem **items, size_t count);
/* One item as the next batch of "leader". */
const Tp__BatchItemReply *run_item(struct world *world, Tp__BatchItem *item);
const Tp__BatchItemReply *grant(struct world *world, const char *job, uint32_t chunk);

/* An outcome of a granted dispatch with a result for each of its posts. */
Tp__Outcome *outcome_of(struct world *world, const Tp__Dispatch *dispatch);
enum verdict commit_one(struct world *world, const Tp__Outcome *outcome);

const Tp__SnapshotReply *snapshot(struct world *world, uint64_t epoch, const char *cursor);
const Tp__ChangedReply *changed(struct world *world, int64_t since_us, const char *after);
const Tp__HealReply *heal(struct world *world, uint64_t epoch, uint32_t most_posts);
const Tp__JobState *job_state(struct world *world, const char *job);
const Tp__Control *set_control(struct world *world, Tp__Control *control);

const Tp__JobView *view(struct world *world, const char *job);
const Tp__JobView *cancel(struct world *world, const char *job);
const Tp__ResultsReply *results(struct world *world, const char *job, uint32_t from,
                                uint32_t limit);
const Tp__AuditReply *audit(struct world *world, int64_t from_ms);
const Tp__UsageReply *usage(struct world *world, const Tp__UsageQuery *query);
const Tp__ChunksReply *chunks_of(struct world *world, const char *job, uint32_t from,
                                 uint32_t limit);
