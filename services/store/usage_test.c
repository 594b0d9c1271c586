/* What was used: of each post, and of everybody hour by hour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/clock.h"
#include "desk_for_test.h"

enum { HOUR_MS = 3600 * 1000 };

/* An outcome of a call of the model, whose posts share what it used. */
static Tp__Outcome *called(struct world *world, const Tp__Dispatch *dispatch, const char *model)
{
    Tp__Outcome *outcome = outcome_of(world, dispatch);
    outcome->model = model;
    for (size_t i = 0; i < outcome->n_results; i++) {
        outcome->results[i]->prompt_tokens = 40 + (uint32_t)i;
        outcome->results[i]->completion_tokens = 7;
    }
    return outcome;
}

static const Tp__UsageReply *used(struct world *world, Tp__UsageGroup group)
{
    Tp__UsageQuery query = TP__USAGE_QUERY__INIT;
    query.tenant_id = "acme";
    query.from_ms = clock_wall_ms() - HOUR_MS;
    query.to_ms = clock_wall_ms() + HOUR_MS;
    query.group = group;
    query.limit = 100;
    const Tp__UsageReply *reply = usage(world, &query);
    assert_non_null(reply);
    return reply;
}

/* ---- posts ---- */

static void a_result_tells_its_share_of_the_call_and_what_that_cost(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    commit_one(world, called(world, grant(world, job, 0)->dispatch, "m"));
    const Tp__ResultsReply *said = results(world, job, 0, 10);
    assert_int_equal(said->rows[1]->prompt_tokens, 41);
    assert_int_equal(said->rows[1]->completion_tokens, 7);
    assert_int_equal(said->rows[1]->nanos, 41 * 150 + 7 * 600);
}

static void a_part_of_an_answer_tells_it_too(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__Outcome *outcome = called(world, grant(world, job, 0)->dispatch, "m");
    outcome->n_results = 1;
    outcome->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    commit_one(world, outcome);
    assert_int_equal(results(world, job, 0, 10)->rows[0]->nanos, 40 * 150 + 7 * 600);
}

static void of_a_call_that_does_not_tell_only_what_it_answered_has_an_unknown_cost(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 2);
    lead(world, "leader");
    for (uint32_t chunk = 0; chunk < 2; chunk++) { /* the second one not plain */
        Tp__Outcome *outcome = outcome_of(world, grant(world, job, chunk)->dispatch);
        outcome->usage->is_known = false;
        outcome->results[chunk]->provenance = TP__PROVENANCE__FROM_CACHE;
        outcome->outcome_class = chunk == 0 ? TP__OUTCOME_CLASS__OK : TP__OUTCOME_CLASS__PARTIAL;
        commit_one(world, outcome);
    }
    const Tp__ResultsReply *said = results(world, job, 0, 10);
    static const bool unknown[] = {false, true, true, false};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(said->rows[i]->is_usage_unknown, unknown[i]);
        assert_int_equal(said->rows[i]->nanos, 0);
    }
}

static void absurd_shares_are_kept_within_bounds(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 1);
    lead(world, "leader");
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, job, 0);
    item->prompt_nanos = item->completion_nanos = 1000 * 1000 * 1000;
    Tp__Outcome *outcome = called(world, run_item(world, item)->dispatch, "m");
    outcome->results[0]->prompt_tokens = outcome->results[0]->completion_tokens = UINT32_MAX;
    commit_one(world, outcome);
    const Tp__ResultRow *row = results(world, job, 0, 1)->rows[0];
    assert_int_equal(row->prompt_tokens, INT32_MAX);
    assert_int_equal(row->nanos, 2LL * INT32_MAX * 1000 * 1000 * 1000);
}

/* ---- chunks ---- */

static void a_chunk_tells_its_attempts_and_what_its_calls_used(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 3, 2);
    lead(world, "leader");
    Tp__Outcome *part = called(world, grant(world, job, 0)->dispatch, "m");
    part->n_results = 1;
    part->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    part->call_ms = 40;
    commit_one(world, part);
    sql_do(world, "update chunks set retry_at = '-infinity'");
    commit_one(world, called(world, grant(world, job, 0)->dispatch, "m"));
    const Tp__ChunksReply *said = chunks_of(world, job, 0, 2);
    assert_int_equal(said->n_rows, 2);
    assert_true(said->has_more);
    assert_int_equal(said->rows[0]->status, TP__CHUNK_STATUS__DONE);
    assert_int_equal(said->rows[0]->attempts, 2);
    assert_int_equal(said->rows[0]->llm_calls, 2);
    assert_int_equal(said->rows[0]->prompt_tokens, 200);
    assert_int_equal(said->rows[0]->micros, 54);
    assert_int_equal(said->rows[0]->call_ms, 40);
    assert_string_equal(said->rows[0]->endpoint, "main");
    assert_int_equal(said->rows[1]->open_posts, 2);
    assert_int_equal(said->rows[1]->llm_calls, 0);
    assert_int_equal(chunks_of(world, job, 2, 2)->rows[0]->chunk_number, 2);
    assert_null(chunks_of(world, fresh_job_id(world), 0, 1));
    assert_int_equal(world->why.kind, ERROR_NOT_FOUND);
}

/* ---- hours ---- */

static int64_t sum_of_hours(struct world *world, const char *column)
{
    return sql_number(world, "select coalesce(sum(%s), 0) from usage_hours", column);
}

static void a_call_counts_once_with_its_model_and_user(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__Outcome *outcome = called(world, grant(world, job, 0)->dispatch, "model-a");
    commit_one(world, outcome);
    commit_one(world, outcome);
    const Tp__UsageReply *said = used(world, TP__USAGE_GROUP__USAGE_BY_MODEL);
    assert_int_equal(said->n_rows, 1);
    assert_string_equal(said->rows[0]->key, "model-a");
    assert_int_equal(said->rows[0]->calls, 1);
    assert_int_equal(said->rows[0]->prompt_tokens, 100);
    assert_int_equal(said->rows[0]->completion_tokens, 20);
    assert_int_equal(said->rows[0]->micros, 27);
    assert_int_equal(said->rows[0]->posts_from_llm, 2);
    assert_string_equal(used(world, TP__USAGE_GROUP__USAGE_BY_USER)->rows[0]->key, "ann");
    assert_string_equal(used(world, TP__USAGE_GROUP__USAGE_BY_ENDPOINT)->rows[0]->key, "main");
    assert_string_equal(used(world, TP__USAGE_GROUP__USAGE_BY_CLASS)->rows[0]->key, "3");
    assert_int_equal(strlen(used(world, TP__USAGE_GROUP__USAGE_BY_DAY)->rows[0]->key), 10);
    assert_int_equal(strlen(used(world, TP__USAGE_GROUP__USAGE_BY_HOUR)->rows[0]->key), 13);
}

static void what_no_call_was_made_for_costs_nothing_and_its_posts_count(void **state)
{
    struct world *world = *state;
    const char *free_job = submitted(world, "ann", 1, 3), *job = submitted(world, "bob", 1, 2);
    lead(world, "leader");
    Tp__Outcome *known = outcome_of(world, grant(world, free_job, 0)->dispatch);
    known->was_called = false;
    known->usage->prompt_tokens = known->usage->completion_tokens = 0;
    for (size_t i = 0; i < known->n_results; i++)
        known->results[i]->provenance = TP__PROVENANCE__FROM_CACHE;
    commit_one(world, known);
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, job, 0);
    item->mode = TP__ANALYSIS_MODE__BY_EMBEDDED;
    Tp__Outcome *embedded = outcome_of(world, run_item(world, item)->dispatch);
    embedded->was_called = false;
    embedded->model = "embedded-1";
    commit_one(world, embedded);
    assert_int_equal(sum_of_hours(world, "calls"), 0);
    assert_int_equal(sum_of_hours(world, "micros"), 0);
    assert_int_equal(sum_of_hours(world, "posts_from_cache"), 3);
    assert_int_equal(sum_of_hours(world, "posts_from_embedded"), 2);
}

static void usage_is_asked_for_by_time_and_user_and_page_by_page(void **state)
{
    struct world *world = *state;
    sql_do(world, "insert into usage_hours select 'acme', timestamptz '2026-07-01 10:00Z' + h *"
                  " interval '1 hour', user_id, 3, 'main', 'm', 1, 0, 10, 1, 5, 1, 0, 0, 0, 0"
                  " from generate_series(0, 23) h, unnest('{ann,bob,eve}'::text[]) user_id");
    sql_do(world, "insert into usage_hours select 'other', began_at, 'ann', 3, 'main', 'm', 1, 0,"
                  " 1000, 0, 0, 0, 0, 0, 0, 0 from usage_hours where user_id = 'ann'");
    Tp__UsageQuery query = TP__USAGE_QUERY__INIT;
    query.tenant_id = "acme";
    query.group = TP__USAGE_GROUP__USAGE_BY_USER;
    query.from_ms = INT64_C(1782900000000) + 1;             /* 2026-07-01 10:00Z, and a bit */
    query.to_ms = INT64_C(1782900000000) + 2 * HOUR_MS + 1; /* three hours begin before it */
    query.limit = 2;
    const Tp__UsageReply *first = usage(world, &query);
    assert_int_equal(first->n_rows, 2);
    assert_true(first->has_more);
    assert_int_equal(first->rows[0]->prompt_tokens, 30);
    query.has_after = true;
    query.after_key = first->rows[1]->key;
    const Tp__UsageReply *last = usage(world, &query);
    assert_int_equal(last->n_rows, 1);
    assert_string_equal(last->rows[0]->key, "eve");
    assert_false(last->has_more);
    query.has_after = false;
    query.user_id = "ann";
    query.to_ms += 24 * HOUR_MS;
    query.group = TP__USAGE_GROUP__USAGE_BY_DAY;
    const Tp__UsageReply *days = usage(world, &query);
    assert_int_equal(days->n_rows, 2);
    assert_string_equal(days->rows[0]->key, "2026-07-01");
    assert_int_equal(days->rows[0]->prompt_tokens, 140);
    query.tenant_id = query.user_id = "";
    query.group = TP__USAGE_GROUP__USAGE_BY_TENANT;
    const Tp__UsageReply *tenants = usage(world, &query);
    assert_string_equal(tenants->rows[1]->key, "other");
    assert_int_equal(tenants->rows[1]->prompt_tokens, 24000);
}

/* ---- the sum ---- */

enum { ROUNDS = 12, USERS = 6, POSTS = 3 };

struct dice {
    uint64_t state;
};

static uint32_t throw(struct dice * dice, uint32_t sides)
{
    dice->state = dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(dice->state >> 33) % sides;
}

/* Whatever may become of a call: known, unknown, not made, partial. */
static Tp__Outcome *any_outcome(struct world *world, const Tp__Dispatch *dispatch,
                                struct dice *dice)
{
    static const char *const models[] = {"model-a", "model-b", ""};
    Tp__Outcome *outcome = called(world, dispatch, models[throw(dice, 3)]);
    outcome->usage->prompt_tokens = throw(dice, 100000);
    outcome->usage->completion_tokens = throw(dice, 5000);
    outcome->usage->is_known = throw(dice, 4) > 0;
    outcome->was_called = throw(dice, 5) > 0;
    if (throw(dice, 3) == 0) {
        outcome->n_results = throw(dice, (uint32_t)outcome->n_results);
        outcome->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    }
    for (size_t i = 0; i < outcome->n_results; i++)
        outcome->results[i]->provenance =
            throw(dice, 2) == 0 ? TP__PROVENANCE__FROM_CACHE : TP__PROVENANCE__FROM_LLM;
    return outcome;
}

static void commit_all(struct world *world, const Tp__Outcome *const *outcomes, size_t count)
{
    enum verdict verdicts[OUTCOMES_MAX];
    if (count > 0 && !commit_outcomes(world->desk.db, world->desk.arena, outcomes, count, verdicts,
                                      &world->desk.made, &world->why))
        fail_msg("commit: %s", world->why.message);
}

/* A round: a grant for each user; some are taken back before their outcomes come, some jobs are
 * cancelled; then all outcomes together, and some of them once more. */
static void settle_a_round(struct world *world, const char *const *jobs, struct dice *dice)
{
    const Tp__Outcome *outcomes[OUTCOMES_MAX];
    size_t count = 0;
    sql_do(world, "update chunks set retry_at = '-infinity'");
    for (size_t i = 0; i < USERS; i++) {
        const Tp__BatchItemReply *granted = grant(world, jobs[i], throw(dice, 2));
        if (granted->dispatch == NULL)
            continue;
        outcomes[count++] = any_outcome(world, granted->dispatch, dice);
        Tp__BatchItem *item =
            item_of(world, TP__BATCH_OPERATION__REAP, jobs[i], granted->dispatch->chunk_number);
        item->attempt = granted->dispatch->attempt;
        if (throw(dice, 4) == 0) {
            sql_do(world, "update chunks set lease_until = '-infinity' where job_id = '%s'",
                   jobs[i]);
            run_item(world, item);
        } else if (throw(dice, 8) == 0) {
            item->operation = TP__BATCH_OPERATION__RELEASE;
            run_item(world, item);
        } else if (throw(dice, 12) == 0) {
            cancel(world, jobs[i]);
        }
    }
    commit_all(world, outcomes, count);
    commit_all(world, outcomes, throw(dice, (uint32_t)count + 1));
}

#define SUMS_OF_CALLS                                                                              \
    "select tenant_id, hour_of(settled_at), user_id, service_class, endpoint, model, count(*),"    \
    " count(*) filter (where not is_usage_known), sum(prompt_tokens), sum(completion_tokens),"     \
    " sum(micros) from llm_calls where settled_at notnull and was_called group by 1, 2, 3, 4, 5, " \
    "6"
#define SUMS_OF_HOURS                                                                              \
    "select tenant_id, began_at, user_id, service_class, endpoint, model, calls, unknown_calls,"   \
    " prompt_tokens, completion_tokens, micros from usage_hours where calls > 0"

static void usage_is_the_sum_of_all_calls_and_results_whatever_becomes_of_them(void **state)
{
    struct world *world = *state;
    lead(world, "leader");
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct dice dice = {seed};
        const char *jobs[USERS];
        for (size_t i = 0; i < USERS; i++)
            jobs[i] = submitted(world, arena_format(world->desk.arena, "user-%zu", i), 2, POSTS);
        for (int round = 0; round < ROUNDS; round++)
            settle_a_round(world, jobs, &dice);
    }
    assert_true(sql_number(world, "select count(*) from llm_calls where was_called") > 50);
    assert_true(sum_of_hours(world, "unknown_calls") > 5);
    assert_int_equal(
        sql_number(world, "select count(*) from (" SUMS_OF_CALLS " except " SUMS_OF_HOURS ") x"),
        0);
    assert_int_equal(
        sql_number(world, "select count(*) from (" SUMS_OF_HOURS " except " SUMS_OF_CALLS ") x"),
        0);
    assert_int_equal(sum_of_hours(world, "posts_from_llm"),
                     sql_number(world, "select count(*) from analysis_results where provenance = "
                                       "5"));
    assert_int_equal(sum_of_hours(world, "posts_from_cache"),
                     sql_number(world, "select count(*) from analysis_results where provenance = "
                                       "4"));
    assert_int_equal(sum_of_hours(world, "micros"),
                     sql_number(world, "select sum(micros) from analysis_jobs"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(a_result_tells_its_share_of_the_call_and_what_that_cost),
        WITH_FRESH_WORLD(a_part_of_an_answer_tells_it_too),
        WITH_FRESH_WORLD(of_a_call_that_does_not_tell_only_what_it_answered_has_an_unknown_cost),
        WITH_FRESH_WORLD(absurd_shares_are_kept_within_bounds),
        WITH_FRESH_WORLD(a_chunk_tells_its_attempts_and_what_its_calls_used),
        WITH_FRESH_WORLD(a_call_counts_once_with_its_model_and_user),
        WITH_FRESH_WORLD(what_no_call_was_made_for_costs_nothing_and_its_posts_count),
        WITH_FRESH_WORLD(usage_is_asked_for_by_time_and_user_and_page_by_page),
        WITH_FRESH_WORLD(usage_is_the_sum_of_all_calls_and_results_whatever_becomes_of_them),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
