/* Rule 12: what is told of a chunk that is put off, since nothing may stand in for the LLM: what is
 * missing, not when it is looked at again. And whoever is held is told so first. */
#include "chain_for_test.h"

enum { WAITS = 20 };

static void call_one(struct bench *b, enum outcome_class class, uint32_t retry_after_ms)
{
    submit(b, 1, "first", 1);
    grant_all(b);
    assert_int_equal(ask_now(b, attempt_of(1, 0, 1), "hands"), 1);
    hear(b, attempt_of(1, 0, 1), class, retry_after_ms);
    struct chunk_facts chunk = done(0);
    happen(b, 1, "first", 2, JOB_COMPLETED, &chunk);
}

static void rule_12_an_open_breaker_is_told_of_what_nothing_may_stand_in_for(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    submit_healing(&b, WAITS, ready(0));
    struct explanation why = told(&b, WAITS);
    assert_int_equal(why.reason, WAITING_ENDPOINT);
    assert_string_equal(why.scope_name, "main");
    assert_int_equal(why.retry_in_ms, b.config.breaker_open_ms);
    pass(&b, 10000);
    assert_int_equal(told(&b, WAITS).retry_in_ms, b.config.breaker_open_ms - 10000);
    close_bench(&b);
}

static void rule_12_a_long_pause_is_told_of_what_nothing_may_stand_in_for(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    call_one(&b, OUTCOME_RATE_LIMITED, 300000);
    submit_healing(&b, WAITS, ready(0));
    struct explanation why = told(&b, WAITS);
    assert_int_equal(why.reason, WAITING_PAUSE);
    assert_string_equal(why.scope_name, "main");
    assert_int_equal(why.retry_in_ms, 300000);
    close_bench(&b);
}

static void rule_12_money_that_is_spent_is_told_of_what_nothing_may_stand_in_for(void **state)
{
    (void)state;
    struct scheduler_config config = chain_of(1);
    config.endpoints[0].limits.micros_per_day = 1;
    struct bench b;
    begin(&b, config);
    call_one(&b, OUTCOME_NONE, 0);
    submit_healing(&b, WAITS, ready(0));
    struct explanation why = told(&b, WAITS);
    assert_int_equal(why.reason, WAITING_LIMIT);
    assert_int_equal(why.limit, LIMIT_MONEY);
    assert_int_equal(why.scope, SCOPE_ENDPOINT);
    assert_string_equal(why.scope_name, "main");
    assert_in_range(why.retry_in_ms, 86400000, 86400000 + 310000);
    close_bench(&b);
}

static void rule_12_a_reduced_system_is_told_with_the_operators_message(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    control(&b, SCOPE_SYSTEM, "", CONTROL_REDUCED, 1);
    submit_healing(&b, WAITS, ready(0));
    struct explanation why = told(&b, WAITS);
    assert_int_equal(why.reason, WAITING_REDUCED);
    assert_int_equal(why.scope, SCOPE_SYSTEM);
    assert_string_equal(why.message, "maintenance");
    assert_int_equal(why.retry_in_ms, 0);
    control(&b, SCOPE_SYSTEM, "", CONTROL_OPEN, 2);
    assert_int_equal(told(&b, WAITS).reason, WAITING_GRANT); /* it is looked at again soon */
    close_bench(&b);
}

static void rule_12_endpoints_that_are_held_are_told_with_the_operators_message(void **state)
{
    (void)state;
    for (int has_fallback = 0; has_fallback < 2; has_fallback++) {
        struct scheduler_config config = chain_of(2);
        config.has_fallback = has_fallback;
        struct bench b;
        begin(&b, config);
        control(&b, SCOPE_ENDPOINT, "main", CONTROL_HELD, 1);
        control(&b, SCOPE_ENDPOINT, "spare", CONTROL_HELD, 2);
        submit_healing(&b, WAITS, ready(0));
        struct explanation why = told(&b, WAITS);
        assert_int_equal(why.reason, WAITING_ENDPOINT_HELD);
        assert_int_equal(why.scope, SCOPE_ENDPOINT);
        assert_string_equal(why.scope_name, "main");
        assert_string_equal(why.message, "maintenance");
        assert_int_equal(why.retry_in_ms, 0);
        close_bench(&b);
    }
}

static void rule_12_whoever_is_held_while_it_waits_for_its_retry_is_told_of_the_hold(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    call_ending(&b, 1, OUTCOME_CONNECTION);
    assert_int_equal(told(&b, 1).reason, WAITING_RETRY);
    control(&b, SCOPE_SYSTEM, "", CONTROL_HELD, 1);
    struct explanation why = told(&b, 1);
    assert_int_equal(why.reason, WAITING_HELD);
    assert_string_equal(why.message, "maintenance");
    assert_int_equal(why.retry_in_ms, 0);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_12_an_open_breaker_is_told_of_what_nothing_may_stand_in_for),
        cmocka_unit_test(rule_12_a_long_pause_is_told_of_what_nothing_may_stand_in_for),
        cmocka_unit_test(rule_12_money_that_is_spent_is_told_of_what_nothing_may_stand_in_for),
        cmocka_unit_test(rule_12_a_reduced_system_is_told_with_the_operators_message),
        cmocka_unit_test(rule_12_endpoints_that_are_held_are_told_with_the_operators_message),
        cmocka_unit_test(rule_12_whoever_is_held_while_it_waits_for_its_retry_is_told_of_the_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
