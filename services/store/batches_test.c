/* Batches against a real Postgres: what is plain goes together, and the rest beside it as alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "desk_for_test.h"

enum { MOST = 8 };

static Tp__BatchItem *grant_of(struct world *world, const char *job, uint32_t chunk, uint32_t lane)
{
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, job, chunk);
    item->lane = lane;
    return item;
}

/* The last event the desk made of the job. */
static const Tp__JobEvent *event_of(const struct world *world, const char *job)
{
    const struct made_events *made = &world->desk.made;
    for (size_t i = made->count; i > 0; i--)
        if (strcmp(made->list[i - 1]->job->job_id, job) == 0)
            return made->list[i - 1];
    return NULL;
}

static void commit_all(struct world *world, const Tp__Outcome *const *outcomes, size_t count,
                       enum verdict *verdicts)
{
    world->desk.made = (struct made_events){0};
    assert_true(commit_outcomes(world->desk.db, world->desk.arena, outcomes, count, verdicts,
                                &world->desk.made, &world->why));
}

static void grants_of_a_batch_are_made_each_by_its_own_right(void **state)
{
    struct world *world = *state;
    const char *ann = submitted(world, "ann", 1, 2), *anns = submitted(world, "ann", 1, 2);
    const char *bob = submitted(world, "bob", 2, 2), *cy = submitted(world, "cy", 1, 2);
    const char *cys = submitted(world, "cy", 1, 2), *dora = submitted(world, "dora", 1, 2);
    lead(world, "leader");
    assert_int_equal(grant(world, cy, 0)->result, TP__BATCH_RESULT__GRANTED);
    Tp__BatchItem *items[] = {grant_of(world, ann, 0, 0), grant_of(world, anns, 0, 0),
                              grant_of(world, bob, 0, 0), grant_of(world, bob, 1, 1),
                              grant_of(world, cys, 0, 0), grant_of(world, dora, 0, 0),
                              grant_of(world, dora, 7, 0)};
    static const Tp__BatchResult expected[] = {TP__BATCH_RESULT__GRANTED, TP__BATCH_RESULT__BUSY,
                                               TP__BATCH_RESULT__GRANTED, TP__BATCH_RESULT__GRANTED,
                                               TP__BATCH_RESULT__BUSY,    TP__BATCH_RESULT__GRANTED,
                                               TP__BATCH_RESULT__GONE};
    const size_t count = sizeof items / sizeof items[0];
    const Tp__BatchReply *reply = batch(world, "leader", 9, items, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(reply->items[i]->result, expected[i]);
    assert_int_equal(reply->items[3]->dispatch->posts[0]->seq, 2);
    assert_string_equal(event_of(world, ann)->kind, "started");
    assert_int_equal(event_of(world, ann)->job->chunks[0]->status, TP__CHUNK_STATUS__IN_FLIGHT);
    assert_int_equal(event_of(world, bob)->number, 2); /* it starts once */
    assert_string_equal(event_of(world, cys)->kind, "submitted");
    assert_int_equal(sql_number(world, "select count(*) from in_flight"), 5);
    assert_int_equal(sql_number(world, "select count(*) from llm_calls"), 5);
}

static void grants_of_a_batch_by_the_embedded_analysis_have_no_call(void **state)
{
    struct world *world = *state;
    const char *ann = submitted(world, "ann", 1, 2), *bob = submitted(world, "bob", 1, 2);
    lead(world, "leader");
    Tp__BatchItem *items[] = {grant_of(world, ann, 0, 0), grant_of(world, bob, 0, 0)};
    items[1]->mode = TP__ANALYSIS_MODE__BY_EMBEDDED;
    items[1]->reserved_tokens = 0;
    items[1]->endpoint = "";
    const Tp__BatchReply *reply = batch(world, "leader", 9, items, 2);
    assert_int_equal(reply->items[1]->dispatch->mode, TP__ANALYSIS_MODE__BY_EMBEDDED);
    assert_int_equal(sql_number(world, "select count(*) from llm_calls"), 1);
    assert_int_equal(sql_number(world, "select count(*) from llm_calls where job_id = '%s'", ann),
                     1);
}

static void a_call_that_is_a_probe_is_known_by_its_row(void **state)
{
    struct world *world = *state;
    const char *ann = submitted(world, "ann", 1, 1), *cy = submitted(world, "cy", 1, 1);
    const char *bob = submitted(world, "bob", 2, 1);
    lead(world, "leader");
    Tp__BatchItem *items[] = {grant_of(world, ann, 0, 0), grant_of(world, cy, 0, 0),
                              grant_of(world, bob, 0, 0), grant_of(world, bob, 1, 1)};
    items[1]->is_probe = items[3]->is_probe = true;
    const Tp__BatchReply *reply = batch(world, "leader", 9, items, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(reply->items[i]->result, TP__BATCH_RESULT__GRANTED);
    assert_int_equal(sql_number(world,
                                "select count(*) from llm_calls where is_probe ="
                                " (job_id = '%s' or job_id = '%s' and chunk_number = 1)",
                                cy, bob),
                     4);
}

static void outcomes_of_a_batch_are_committed_each_by_its_own_right(void **state)
{
    struct world *world = *state;
    const char *ann = submitted(world, "ann", 1, 2), *bob = submitted(world, "bob", 2, 3);
    const char *cy = submitted(world, "cy", 1, 2), *dora = submitted(world, "dora", 2, 4);
    const char *eve = submitted(world, "eve", 1, 1);
    lead(world, "leader");
    Tp__BatchItem *items[] = {grant_of(world, ann, 0, 0),  grant_of(world, bob, 0, 0),
                              grant_of(world, bob, 1, 1),  grant_of(world, cy, 0, 0),
                              grant_of(world, dora, 1, 0), grant_of(world, eve, 0, 0)};
    const Tp__BatchReply *reply = batch(world, "leader", 9, items, 6);
    const Tp__Outcome *outcomes[MOST];
    for (size_t i = 0; i < 6; i++)
        outcomes[i] = outcome_of(world, reply->items[i]->dispatch);
    Tp__Outcome partial = *outcomes[3];
    partial.n_results = 1;
    partial.outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    outcomes[3] = &partial;
    outcomes[6] = outcomes[2]; /* heard twice */
    cancel(world, eve);
    enum verdict verdicts[MOST];
    commit_all(world, outcomes, 7, verdicts);
    static const enum verdict expected[] = {VERDICT_COMMITTED, VERDICT_COMMITTED, VERDICT_COMMITTED,
                                            VERDICT_COMMITTED, VERDICT_COMMITTED, VERDICT_LATE,
                                            VERDICT_STALE};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(verdicts[i], expected[i]);
    assert_string_equal(event_of(world, ann)->kind, "completed");
    assert_int_equal(event_of(world, ann)->job->chunks[0]->status, TP__CHUNK_STATUS__DONE);
    assert_string_equal(event_of(world, bob)->kind, "completed");
    assert_string_equal(event_of(world, cy)->kind, "progress");
    assert_string_equal(event_of(world, dora)->kind, "progress");
    assert_int_equal(event_of(world, dora)->number, 3);
    assert_int_equal(event_of(world, dora)->progress->processed_posts, 4);
    assert_int_equal(event_of(world, dora)->job->chunks[0]->chunk_number, 1);
    assert_string_equal(event_of(world, eve)->kind, "freed");
    const Tp__ResultsReply *rows = results(world, dora, 0, 10);
    assert_int_equal(rows->n_rows, 4);
    assert_int_equal(rows->rows[0]->seq, 4);
    assert_int_equal(results(world, ann, 0, 10)->n_rows, 2);
    assert_int_equal(view(world, ann)->llm_calls, 1);
    assert_int_equal(view(world, bob)->llm_calls, 2);
    assert_true(view(world, dora)->prompt_tokens > 0);
    assert_int_equal(sql_number(world, "select count(*) from in_flight"), 0);
    assert_int_equal(
        sql_number(world, "select count(*) from llm_calls where settled_at is not null"), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(grants_of_a_batch_are_made_each_by_its_own_right),
        WITH_FRESH_WORLD(grants_of_a_batch_by_the_embedded_analysis_have_no_call),
        WITH_FRESH_WORLD(outcomes_of_a_batch_are_committed_each_by_its_own_right),
        WITH_FRESH_WORLD(a_call_that_is_a_probe_is_known_by_its_row),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
