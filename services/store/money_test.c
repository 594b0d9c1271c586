/* What calls cost: booked with the grant, settled with the outcome, told to a new leader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "desk_for_test.h"
#include "metrics.h"

/* What the attempt has used, after it was granted at 150 and 600 nanos a token. */
static Tp__Outcome *used(struct world *world, const char *job, uint32_t prompt, uint32_t completion)
{
    Tp__Outcome *outcome = outcome_of(world, grant(world, job, 0)->dispatch);
    outcome->usage->prompt_tokens = prompt;
    outcome->usage->completion_tokens = completion;
    return outcome;
}

/* ---- grants ---- */

static void a_grant_fixes_the_endpoint_and_a_repeat_tells_it_again(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__BatchItem *item = item_of(world, TP__BATCH_OPERATION__GRANT, job, 0);
    item->endpoint = "second";
    assert_string_equal(batch(world, "leader", 1, &item, 1)->items[0]->dispatch->endpoint,
                        "second");
    assert_string_equal(batch(world, "leader", 1, &item, 1)->items[0]->dispatch->endpoint,
                        "second");
    assert_int_equal(sql_number(world, "select count(*) from llm_calls where endpoint = 'second'"
                                       " and reserved_micros = 500 and prompt_nanos = 150"
                                       " and completion_nanos = 600"),
                     1);
}

static void the_next_attempt_may_have_another_endpoint(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__BatchItem *release = item_of(world, TP__BATCH_OPERATION__RELEASE, job, 0);
    release->attempt = grant(world, job, 0)->dispatch->attempt;
    run_item(world, release);
    Tp__BatchItem *again = item_of(world, TP__BATCH_OPERATION__GRANT, job, 0);
    again->endpoint = "second";
    assert_string_equal(run_item(world, again)->dispatch->endpoint, "second");
    assert_int_equal(sql_number(world, "select micros from llm_calls where endpoint = 'main'"
                                       " and settled_at is not null"),
                     0);
}

/* ---- settling ---- */

static void money_is_settled_by_the_price_at_the_grant_and_rounded_up(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    commit_one(world, used(world, job, 1000, 21)); /* 150000 + 12600 nanos */
    assert_int_equal(sql_number(world, "select micros from llm_calls"), 163);
    assert_int_equal(view(world, job)->micros, 163);
}

static void unknown_usage_costs_what_was_reserved(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__Outcome *outcome = used(world, job, 0, 0);
    outcome->usage->is_known = false;
    commit_one(world, outcome);
    assert_int_equal(view(world, job)->micros, 500);
}

static void what_was_not_called_costs_nothing(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__Outcome *outcome = used(world, job, 1000, 20);
    outcome->was_called = false;
    commit_one(world, outcome);
    assert_int_equal(sql_number(world, "select micros from llm_calls where settled_at notnull"), 0);
    assert_int_equal(view(world, job)->micros, 0);
}

static void a_repeated_outcome_is_not_paid_twice(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    Tp__Outcome *outcome = used(world, job, 1000, 0);
    commit_one(world, outcome);
    outcome->usage->prompt_tokens = 5000;
    commit_one(world, outcome);
    assert_int_equal(view(world, job)->micros, 150);
}

static void absurd_usage_is_settled_within_bounds(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 1, 2);
    lead(world, "leader");
    commit_one(world, used(world, job, UINT32_MAX, UINT32_MAX));
    assert_int_equal(view(world, job)->prompt_tokens, INT32_MAX);
    assert_int_equal(sql_number(world, "select tokens from llm_calls"), 2LL * INT32_MAX);
}

static long micros_told(void)
{
    struct metric *cost =
        metrics_with(metrics_of_store()->cost_usd, METRIC_VALUES("main", "model-1"));
    return (long)(metric_value(cost) * 1e6 + 0.5);
}

static void what_a_call_costs_is_told_once(void **state)
{
    struct world *world = *state;
    const char *job = submitted(world, "ann", 2, 2);
    lead(world, "leader");
    long before = micros_told();
    Tp__Outcome *whole = used(world, job, 1000, 0), *part;
    whole->endpoint = "main";
    whole->model = "model-1";
    commit_one(world, whole);
    commit_one(world, whole);
    assert_int_equal(micros_told() - before, 150);
    part = outcome_of(world, grant(world, job, 1)->dispatch);
    part->endpoint = "main";
    part->model = "model-1";
    part->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
    part->n_results = 1;
    commit_one(world, part);
    assert_int_equal(micros_told() - before, 177);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRESH_WORLD(a_grant_fixes_the_endpoint_and_a_repeat_tells_it_again),
        WITH_FRESH_WORLD(the_next_attempt_may_have_another_endpoint),
        WITH_FRESH_WORLD(money_is_settled_by_the_price_at_the_grant_and_rounded_up),
        WITH_FRESH_WORLD(unknown_usage_costs_what_was_reserved),
        WITH_FRESH_WORLD(what_was_not_called_costs_nothing),
        WITH_FRESH_WORLD(a_repeated_outcome_is_not_paid_twice),
        WITH_FRESH_WORLD(what_a_call_costs_is_told_once),
        WITH_FRESH_WORLD(absurd_usage_is_settled_within_bounds),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
