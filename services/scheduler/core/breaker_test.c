/* Rule 7: the breaker of one endpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "breaker.h"

static const struct breaker_config CONFIG = {.calls = 20, .percent = 50, .open_ms = 60000};

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * CLOCK_MS};
}

static struct breaker open_by_failures(int64_t at)
{
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    while (!breaker_hear(&breaker, BREAKER_FAILS, at_ms(at)))
        continue;
    return breaker;
}

static void half_of_the_recent_calls_failing_opens_it(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    for (int i = 0; i < 9; i++) {
        breaker_hear(&breaker, BREAKER_WORKS, at_ms(i));
        assert_int_equal(breaker.state, BREAKER_CLOSED);
    }
    for (int i = 0; i < 8; i++)
        assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(10 + i)));
    assert_true(breaker_hear(&breaker, BREAKER_FAILS, at_ms(20)));
    assert_false(breaker_may_call(&breaker));
}

static void a_few_calls_or_old_ones_do_not_open_it(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    for (int i = 0; i < 4; i++)
        assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(i)));
    assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(BREAKER_RECENT_MS + 10)));
    assert_true(breaker_may_call(&breaker));
}

static void what_ended_within_two_minutes_is_looked_at(void **state)
{
    (void)state;
    for (int64_t at = 120000; at <= 120001; at++) {
        struct breaker breaker;
        breaker_open_up(&breaker, &CONFIG);
        for (int i = 0; i < 4; i++)
            assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(0)));
        assert_int_equal(breaker_hear(&breaker, BREAKER_FAILS, at_ms(at)), at == 120000);
    }
}

static void exactly_one_probe_follows_and_decides(void **state)
{
    (void)state;
    struct breaker breaker = open_by_failures(0);
    breaker_tend(&breaker, at_ms(59999));
    assert_false(breaker_may_call(&breaker));
    breaker_tend(&breaker, at_ms(60000));
    assert_true(breaker_may_call(&breaker));
    breaker_probe(&breaker);
    assert_false(breaker_may_call(&breaker));
    assert_false(breaker_hear(&breaker, BREAKER_WORKS, at_ms(60001))); /* an old call is no probe */
    assert_false(breaker_may_call(&breaker));
    assert_true(breaker_hear_probe(&breaker, BREAKER_FAILS, at_ms(61000)));
    breaker_tend(&breaker, at_ms(120999));
    assert_false(breaker_may_call(&breaker));
    breaker_tend(&breaker, at_ms(121000));
    breaker_probe(&breaker);
    breaker_hear_probe(&breaker, BREAKER_WORKS, at_ms(121001));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_int_equal(breaker.openings, 2);
}

static void a_probe_that_came_to_nothing_is_followed_by_another(void **state)
{
    (void)state;
    struct breaker breaker = open_by_failures(0);
    breaker_tend(&breaker, at_ms(60000));
    breaker_probe(&breaker);
    breaker_probe_ended(&breaker);
    assert_true(breaker_may_call(&breaker));
    breaker_probe(&breaker);
    assert_false(breaker_hear_probe(&breaker, BREAKER_NOTHING, at_ms(60001)));
    assert_true(breaker_may_call(&breaker));
    assert_true(breaker_is_half_open(&breaker));
}

static void an_exhausted_quota_and_a_refused_key_open_it_at_once(void **state)
{
    (void)state;
    const enum outcome_class classes[] = {OUTCOME_QUOTA_EXHAUSTED, OUTCOME_AUTH};
    for (size_t i = 0; i < 2; i++) {
        struct breaker breaker;
        breaker_open_up(&breaker, &CONFIG);
        assert_true(breaker_hear(&breaker, error_class_of(classes[i])->word, at_ms(0)));
    }
}

static void a_429_says_nothing_of_whether_the_endpoint_works(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    for (int i = 0; i < 100; i++)
        assert_false(breaker_hear(&breaker, error_class_of(OUTCOME_RATE_LIMITED)->word, at_ms(i)));
}

static void one_poison_post_does_not_open_it(void **state)
{
    (void)state;
    const enum outcome_class faults[] = {OUTCOME_BAD_REQUEST, OUTCOME_CONTENT_FILTER,
                                         OUTCOME_INVALID_ANSWER, OUTCOME_TOO_LARGE,
                                         OUTCOME_TRUNCATED};
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    for (int i = 0; i < 100; i++)
        assert_false(breaker_hear(&breaker, error_class_of(faults[i % 5])->word, at_ms(i)));
}

static void a_quarter_of_the_calls_looked_at_must_be_recent(void **state)
{
    (void)state;
    for (uint32_t calls = 0; calls <= MOST_BREAKER_CALLS + 4; calls++) {
        uint32_t looked_at = calls == 0                    ? 1
                             : calls <= MOST_BREAKER_CALLS ? calls
                                                           : MOST_BREAKER_CALLS;
        struct breaker breaker;
        breaker_open_up(&breaker,
                        &(struct breaker_config){.calls = calls, .percent = 50, .open_ms = 1});
        for (uint32_t failed = 1; failed * 4 < looked_at; failed++)
            assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(0)));
        assert_true(breaker_hear(&breaker, BREAKER_FAILS, at_ms(0)));
    }
}

static void no_more_than_the_last_calls_are_looked_at(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(0)));
    for (int i = 0; i < 19; i++)
        breaker_hear(&breaker, BREAKER_WORKS, at_ms(1));
    for (int i = 0; i < 9; i++) /* the first failure is no longer looked at */
        assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(2)));
    assert_true(breaker_hear(&breaker, BREAKER_FAILS, at_ms(3)));
    /* 33 of 64 are less than 52 %. */
    breaker_open_up(&breaker, &(struct breaker_config){.calls = 64, .percent = 52, .open_ms = 1});
    for (int i = 0; i < 31; i++)
        breaker_hear(&breaker, BREAKER_WORKS, at_ms(0));
    for (int i = 0; i < 33; i++)
        assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(0)));
    assert_true(breaker_hear(&breaker, BREAKER_FAILS, at_ms(0)));
    /* One, if a setting says none. */
    breaker_open_up(&breaker, &(struct breaker_config){.calls = 0, .percent = 100, .open_ms = 1});
    assert_false(breaker_hear(&breaker, BREAKER_WORKS, at_ms(0)));
    assert_true(breaker_hear(&breaker, BREAKER_FAILS, at_ms(0)));
}

static void once_a_probe_has_worked_it_begins_anew(void **state)
{
    (void)state;
    struct breaker breaker = open_by_failures(0);
    breaker_tend(&breaker, at_ms(60000));
    breaker_probe(&breaker);
    assert_false(breaker_hear_probe(&breaker, BREAKER_WORKS, at_ms(60001)));
    assert_false(breaker_hear_probe(&breaker, BREAKER_FAILS, at_ms(60002))); /* it is closed */
    for (int i = 0; i < 4; i++)
        assert_false(breaker_hear(&breaker, BREAKER_FAILS, at_ms(60002)));
    assert_true(breaker_hear(&breaker, BREAKER_FAILS, at_ms(60002)));
    breaker_tend(&breaker, at_ms(120002)); /* and is probed again */
    assert_true(breaker_may_call(&breaker));
}

/* A new leader hears of them in the order in which they ended. */
static void the_calls_of_another_leader_open_it_and_are_not_counted_again(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    for (int i = 0; i < 5; i++)
        breaker_replay(&breaker, BREAKER_FAILS, at_ms(i - 100), at_ms(i));
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker.openings, 0);
    breaker_replay(&breaker, BREAKER_WORKS, at_ms(3), at_ms(60100)); /* it had begun before */
    assert_int_equal(breaker.state, BREAKER_OPEN);
    breaker_replay_probe(&breaker, BREAKER_WORKS, at_ms(60004), at_ms(60200));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_int_equal(breaker.count, 0);
}

static void a_probe_that_failed_opens_it_whatever_was_before(void **state)
{
    (void)state;
    static const enum breaker_word WORDS[] = {BREAKER_FAILS, BREAKER_REFUSES};
    for (int i = 0; i < 2; i++) {
        struct breaker breaker;
        breaker_open_up(&breaker, &CONFIG);
        breaker_replay_probe(&breaker, BREAKER_NOTHING, at_ms(0), at_ms(10));
        assert_int_equal(breaker.state, BREAKER_CLOSED);
        breaker_replay_probe(&breaker, WORDS[i], at_ms(20), at_ms(30));
        assert_int_equal(breaker.state, BREAKER_OPEN);
        assert_int_equal(breaker.openings, 0);
        breaker_tend(&breaker, at_ms(60029));
        assert_int_equal(breaker.state, BREAKER_OPEN);
        breaker_tend(&breaker, at_ms(60030));
        assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
        breaker_replay_probe(&breaker, WORDS[i], at_ms(60040), at_ms(60050));
        assert_int_equal(breaker.state, BREAKER_OPEN);
    }
}

static void a_probe_that_was_granted_before_it_opened_does_not_close_it(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    breaker_replay_probe(&breaker, BREAKER_FAILS, at_ms(20), at_ms(30));
    breaker_replay_probe(&breaker, BREAKER_WORKS, at_ms(29), at_ms(40));
    assert_int_equal(breaker.state, BREAKER_OPEN);
    breaker_replay_probe(&breaker, BREAKER_WORKS, at_ms(30), at_ms(40));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void a_call_granted_after_it_was_open_says_that_it_had_closed(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_open_up(&breaker, &CONFIG);
    breaker_replay_probe(&breaker, BREAKER_FAILS, at_ms(20), at_ms(30));
    breaker_replay(&breaker, BREAKER_FAILS, at_ms(60029), at_ms(60040));
    assert_int_equal(breaker.state, BREAKER_OPEN);
    breaker_replay(&breaker, BREAKER_FAILS, at_ms(60030), at_ms(60040));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_int_equal(breaker.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_the_recent_calls_failing_opens_it),
        cmocka_unit_test(a_few_calls_or_old_ones_do_not_open_it),
        cmocka_unit_test(what_ended_within_two_minutes_is_looked_at),
        cmocka_unit_test(exactly_one_probe_follows_and_decides),
        cmocka_unit_test(a_probe_that_came_to_nothing_is_followed_by_another),
        cmocka_unit_test(an_exhausted_quota_and_a_refused_key_open_it_at_once),
        cmocka_unit_test(a_429_says_nothing_of_whether_the_endpoint_works),
        cmocka_unit_test(one_poison_post_does_not_open_it),
        cmocka_unit_test(a_quarter_of_the_calls_looked_at_must_be_recent),
        cmocka_unit_test(no_more_than_the_last_calls_are_looked_at),
        cmocka_unit_test(once_a_probe_has_worked_it_begins_anew),
        cmocka_unit_test(the_calls_of_another_leader_open_it_and_are_not_counted_again),
        cmocka_unit_test(a_probe_that_failed_opens_it_whatever_was_before),
        cmocka_unit_test(a_probe_that_was_granted_before_it_opened_does_not_close_it),
        cmocka_unit_test(a_call_granted_after_it_was_open_says_that_it_had_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
