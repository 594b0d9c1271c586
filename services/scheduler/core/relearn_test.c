/* Step 9: what a new leader learns of the limits of servers from calls that have ended (rule 5). */
#include "takeover_for_test.h"

/* How long a new leader still makes no call. */
static int64_t held_after(struct ended_call call)
{
    struct bench b;
    open_bench(&b, chain());
    b.now = instant_plus_ms(b.now, 1000000);
    take_over(&b, 1, (struct past){.ended = &call, .ended_count = 1});
    int64_t held_ms = main_endpoint(&b).held_ms;
    submit(&b, 1, "ann", 1);
    assert_int_equal(b.item_count, held_ms > 0 ? 0 : 1);
    close_bench(&b);
    return held_ms;
}

static void rule_5_a_pause_that_a_server_asked_for_binds_the_next_leader(void **state)
{
    (void)state;
    struct ended_call call = ended(OUTCOME_RATE_LIMITED, 20000);
    assert_int_equal(held_after(call), 0); /* it asked for nothing */
    call.retry_after_ms = 120000;
    assert_int_equal(held_after(call), 100000);
    call.outcome_class = OUTCOME_SERVER_ERROR;
    assert_int_equal(held_after(call), 100000);
    call.outcome_class = OUTCOME_BAD_REQUEST; /* that is this call's own wait */
    assert_int_equal(held_after(call), 0);
    call.outcome_class = OUTCOME_RATE_LIMITED;
    call.retry_after_ms = 20000;
    assert_int_equal(held_after(call), 0); /* it has ended */
    call.retry_after_ms = 3600000;
    assert_int_equal(held_after(call), 580000); /* ten minutes at most */
    call.retry_after_ms = 0;
    call.server_limits = (struct server_limits){60, 0, 45000, -1, -1, -1};
    assert_int_equal(held_after(call), 25000); /* until its limit is itself again */
    call.endpoint = "gone";
    assert_int_equal(held_after(call), 0);
}

static struct endpoint_figures endpoint_after(const struct ended_call *calls, size_t count)
{
    struct bench b;
    open_bench(&b, chain());
    b.now = instant_plus_ms(b.now, 10000000);
    take_over(&b, 1, (struct past){.ended = calls, .ended_count = count});
    struct endpoint_figures figures = main_endpoint(&b);
    close_bench(&b);
    return figures;
}

static uint64_t learned_after(const struct ended_call *calls, size_t count)
{
    return endpoint_after(calls, count).limits[LIMIT_REQUESTS];
}

static void rule_5_a_limit_learned_from_refusals_is_learned_again(void **state)
{
    (void)state;
    enum { CALLS = 150 };
    struct ended_call calls[CALLS];
    for (int i = 0; i < CALLS; i++) /* one a second */
        calls[i] = ended(OUTCOME_NONE, (CALLS - i) * 1000);
    assert_int_equal(learned_after(calls, CALLS), 0);
    calls[100].outcome_class = OUTCOME_RATE_LIMITED;
    /* A quarter less than four times the 60 that worked in its minute; since then it rose. */
    assert_in_range(learned_after(calls, 101), 180, 181);
    assert_in_range(learned_after(calls, CALLS), 181, 240);
    calls[100].outcome_class = OUTCOME_NONE;
    calls[50].outcome_class = OUTCOME_RATE_LIMITED; /* of its minute only the end is told */
    assert_int_equal(learned_after(calls, CALLS), 0);
    calls[50].outcome_class = OUTCOME_NONE;
    calls[120].server_limits = (struct server_limits){90, 0, 1000, -1, -1, -1};
    assert_in_range(learned_after(calls, CALLS), 90, 120); /* said to be used up */
}

static void rule_5_a_refusal_tells_a_limit_if_the_whole_minute_before_it_is_known(void **state)
{
    (void)state;
    struct ended_call calls[2] = {ended(OUTCOME_NONE, 70000), ended(OUTCOME_RATE_LIMITED, 10000)};
    assert_int_equal(learned_after(calls, 2), 0);
    calls[0].settled_in_ms--;
    assert_int_equal(learned_after(calls, 2), 30); /* a quarter less than the least */
}

static void rule_5_what_was_refused_or_never_left_is_nothing_that_worked(void **state)
{
    (void)state;
    enum { CALLS = 32 };
    struct ended_call calls[CALLS];
    calls[0] = ended(OUTCOME_NONE, 80000);
    for (int i = 1; i < CALLS; i++) {
        calls[i] = ended(OUTCOME_NONE, 50000 - 100 * i);
        calls[i].tokens = 100;
    }
    for (int i = 1; i <= 5; i++) {
        calls[i].outcome_class = OUTCOME_RATE_LIMITED; /* of a minute that is not known */
        calls[5 + i].outcome_class = OUTCOME_CONNECTION;
        calls[5 + i].was_called = false;
    }
    calls[CALLS - 1] = ended(OUTCOME_RATE_LIMITED, 5000);
    calls[CALLS - 1].server_limits.requests_left = 5;
    calls[CALLS - 1].server_limits.tokens_left = 0;
    /* A quarter less than four times the 20 calls that worked. */
    assert_int_equal(endpoint_after(calls, CALLS).limits[LIMIT_TOKENS], 3 * 20 * 100);
}

/* Of thirty calls in the last minute of the older leader, ten were refused; then one of ours is. */
static void rule_5_what_an_older_leader_was_refused_has_not_worked_for_the_next(void **state)
{
    (void)state;
    enum { CALLS = 30 };
    struct ended_call ends[CALLS];
    struct call_facts calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        int64_t ago_ms = 30000 - i;
        ends[i] = ended(i < 10 ? OUTCOME_RATE_LIMITED : OUTCOME_NONE, ago_ms);
        calls[i] = running(attempt_of(100 + i, 0, 1), 1000, -ago_ms);
        calls[i].is_settled = calls[i].was_called = true;
        calls[i].settled_in_ms = -ago_ms;
    }
    struct bench b;
    open_bench(&b, chain());
    b.now = instant_plus_ms(b.now, 1000000);
    take_over(
        &b, 1,
        (struct past){.calls = calls, .call_count = CALLS, .ended = ends, .ended_count = CALLS});
    assert_int_equal(main_endpoint(&b).used[LIMIT_REQUESTS], CALLS);
    submit(&b, 1, "ann", 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(1, 0, 1),
                                        .outcome_class = OUTCOME_RATE_LIMITED,
                                        .was_called = true,
                                        .server_limits = UNSAID}});
    assert_int_equal(main_endpoint(&b).limits[LIMIT_REQUESTS], 3 * 20);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_5_a_pause_that_a_server_asked_for_binds_the_next_leader),
        cmocka_unit_test(rule_5_a_limit_learned_from_refusals_is_learned_again),
        cmocka_unit_test(rule_5_a_refusal_tells_a_limit_if_the_whole_minute_before_it_is_known),
        cmocka_unit_test(rule_5_what_was_refused_or_never_left_is_nothing_that_worked),
        cmocka_unit_test(rule_5_what_an_older_leader_was_refused_has_not_worked_for_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
