/* Rule 5: the limits of one party. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "account.h"

static const struct charge ONE = {.calls = 1, .tokens = 100, .micros = 10};

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * CLOCK_MS};
}

static bool may_call(struct account *account, const struct limits *limits, int64_t now_ms,
                     enum limit_kind *kind)
{
    struct shortage shortage;
    bool may = account_may_call(account, limits, &ONE, at_ms(now_ms), &shortage);
    *kind = may ? LIMIT_NONE : shortage.kind;
    return may;
}

static void each_limit_is_told_by_its_name(void **state)
{
    (void)state;
    const struct {
        struct limits limits;
        enum limit_kind kind;
    } cases[] = {{{.requests_per_minute = 1}, LIMIT_REQUESTS},
                 {{.tokens_per_minute = 199}, LIMIT_TOKENS},
                 {{.calls_in_flight = 1}, LIMIT_IN_FLIGHT},
                 {{.micros_per_day = 19}, LIMIT_MONEY},
                 {{0}, LIMIT_NONE}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct account account;
        account_open(&account, 1200);
        enum limit_kind kind;
        assert_true(may_call(&account, &cases[i].limits, 0, &kind));
        account_take(&account, &ONE, at_ms(0));
        account_begin_call(&account);
        may_call(&account, &cases[i].limits, 0, &kind);
        assert_int_equal(kind, cases[i].kind);
        account_close(&account);
    }
}

static void a_lowered_limit_holds_at_once(void **state)
{
    (void)state;
    struct account account;
    account_open(&account, 1200);
    enum limit_kind kind;
    for (int i = 0; i < 5; i++)
        account_take(&account, &ONE, at_ms(i));
    assert_true(may_call(&account, &(struct limits){.requests_per_minute = 6}, 10, &kind));
    assert_false(may_call(&account, &(struct limits){.requests_per_minute = 3}, 10, &kind));
    assert_true(may_call(&account, &(struct limits){.requests_per_minute = 3}, 62000, &kind));
    account_close(&account);
}

static void what_is_promised_counts_at_the_grant_and_not_at_the_permit(void **state)
{
    (void)state;
    struct account account;
    account_open(&account, 1200);
    const struct limits limits = {.requests_per_minute = 2};
    struct shortage shortage;
    account_promise(&account, &ONE);
    account_promise(&account, &ONE);
    assert_false(account_may_grant(&account, &limits, &ONE, at_ms(0), &shortage));
    assert_true(account_may_call(&account, &limits, &ONE, at_ms(0), &shortage));
    account_withdraw(&account, &ONE);
    assert_true(account_may_grant(&account, &limits, &ONE, at_ms(0), &shortage));
    account_close(&account);
}

static void it_tells_until_when_a_limit_is_in_the_way(void **state)
{
    (void)state;
    struct account account;
    account_open(&account, 1200);
    const struct limits limits = {.tokens_per_minute = 250};
    struct shortage shortage;
    account_take(&account, &ONE, at_ms(0));
    account_take(&account, &ONE, at_ms(5000));
    assert_false(account_may_call(&account, &limits, &ONE, at_ms(6000), &shortage));
    assert_true(shortage.until.ns > at_ms(61200).ns && shortage.until.ns < at_ms(62000).ns);
    assert_true(account_may_call(&account, &limits, &ONE, shortage.until, &shortage));
    account_close(&account);
}

static void a_call_bound_to_more_than_a_whole_limit_goes_alone(void **state)
{
    (void)state;
    struct account account;
    account_open(&account, 1200);
    const struct limits limits = {.tokens_per_minute = 60};
    enum limit_kind kind;
    assert_true(may_call(&account, &limits, 0, &kind));
    account_take(&account, &ONE, at_ms(0));
    assert_false(may_call(&account, &limits, 0, &kind));
    account_settle(&account, &ONE, &(struct charge){.calls = 1, .tokens = 25, .micros = 3},
                   at_ms(0));
    assert_int_equal(account_used(&account, LIMIT_TOKENS, at_ms(0)), 25);
    assert_false(may_call(&account, &limits, 0, &kind)); /* not beside what was used */
    assert_true(may_call(&account, &limits, 62000, &kind));
    account_close(&account);
}

static void money_is_counted_for_a_day(void **state)
{
    (void)state;
    struct account account;
    account_open(&account, 1200);
    const int64_t day_ms = INT64_C(86400000);
    account_take(&account, &ONE, at_ms(0));
    assert_int_equal(account_used(&account, LIMIT_MONEY, at_ms(day_ms)), 10);
    assert_int_equal(account_used(&account, LIMIT_MONEY, at_ms(day_ms + 302000)), 0);
    account_close(&account);
}

/* A bucket is 256 ms of a minute and 5 minutes of a day: what was taken at its start counts for all
 * of it, then for the window and the life of a permit. */
static void what_was_taken_leaves_with_its_bucket_to_the_millisecond(void **state)
{
    (void)state;
    struct account account;
    account_open(&account, 1200);
    account_take(&account, &ONE, at_ms(0));
    const int64_t minute_ms = 256 + 60000 + 1200, day_ms = 300000 + INT64_C(86400000) + 1200;
    assert_int_equal(account_used(&account, LIMIT_REQUESTS, at_ms(minute_ms - 1)), 1);
    assert_int_equal(account_used(&account, LIMIT_TOKENS, at_ms(minute_ms - 1)), 100);
    assert_int_equal(account_used(&account, LIMIT_REQUESTS, at_ms(minute_ms)), 0);
    assert_int_equal(account_used(&account, LIMIT_TOKENS, at_ms(minute_ms)), 0);
    assert_int_equal(account_used(&account, LIMIT_MONEY, at_ms(day_ms - 1)), 10);
    assert_int_equal(account_used(&account, LIMIT_MONEY, at_ms(day_ms)), 0);
    assert_int_equal(account_used(&account, LIMIT_NONE, at_ms(0)), 0);
    account_close(&account);
}

static void a_limit_is_used_to_its_last_token(void **state)
{
    (void)state;
    struct account account;
    account_open(&account, 1200);
    enum limit_kind kind;
    account_take(&account, &ONE, at_ms(0));
    assert_true(may_call(&account, &(struct limits){.tokens_per_minute = 200}, 0, &kind));
    assert_false(may_call(&account, &(struct limits){.tokens_per_minute = 199}, 0, &kind));
    static const struct charge NOTHING = {.calls = 1};
    struct shortage shortage;
    assert_true(account_may_call(&account, &(struct limits){.tokens_per_minute = 100}, &NOTHING,
                                 at_ms(0), &shortage));
    account_close(&account);
}

/* Half as many as may run, and one, wait so that a place is taken as soon as it is free. */
static void grants_ahead_of_the_calls_in_flight_are_bounded(void **state)
{
    (void)state;
    static const struct {
        uint32_t most_calls, most_granted;
    } cases[] = {{1, 2}, {2, 4}, {4, 7}, {5, 8}, {9, 14}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct account account;
        account_open(&account, 1200);
        const struct limits limits = {.calls_in_flight = cases[i].most_calls};
        struct shortage shortage;
        account_begin_call(&account);
        for (uint32_t granted = 1; granted < cases[i].most_granted; granted++) {
            assert_true(account_may_grant(&account, &limits, &ONE, at_ms(0), &shortage));
            account_promise(&account, &ONE);
        }
        assert_false(account_may_grant(&account, &limits, &ONE, at_ms(0), &shortage));
        assert_int_equal(shortage.kind, LIMIT_IN_FLIGHT);
        assert_true(shortage.until.ns == INT64_MAX); /* nobody knows when a call ends */
        account_close(&account);
    }
}

/* Promises leave no window, so they cannot be waited for; what else is in the way has left then. */
static void what_is_promised_is_not_foreseen_to_leave(void **state)
{
    (void)state;
    struct account account;
    account_open(&account, 1200);
    const struct limits limits = {.tokens_per_minute = 250};
    struct shortage shortage;
    account_promise(&account, &ONE);
    account_promise(&account, &ONE);
    assert_false(account_may_grant(&account, &limits, &ONE, at_ms(0), &shortage));
    assert_true(shortage.until.ns == INT64_MAX);
    account_take(&account, &ONE, at_ms(0));
    account_take(&account, &ONE, at_ms(1000));
    assert_false(account_may_grant(&account, &limits, &ONE, at_ms(2000), &shortage));
    assert_true(shortage.until.ns == at_ms(4 * 256 + 61200).ns); /* all that was taken has left */
    account_withdraw(&account, &ONE);
    account_withdraw(&account, &ONE);
    assert_false(account_may_grant(&account, &limits, &ONE, at_ms(2000), &shortage));
    assert_true(shortage.until.ns == at_ms(256 + 61200).ns); /* the first of them is enough */
    account_close(&account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_limit_is_told_by_its_name),
        cmocka_unit_test(a_lowered_limit_holds_at_once),
        cmocka_unit_test(what_is_promised_counts_at_the_grant_and_not_at_the_permit),
        cmocka_unit_test(it_tells_until_when_a_limit_is_in_the_way),
        cmocka_unit_test(a_call_bound_to_more_than_a_whole_limit_goes_alone),
        cmocka_unit_test(money_is_counted_for_a_day),
        cmocka_unit_test(what_was_taken_leaves_with_its_bucket_to_the_millisecond),
        cmocka_unit_test(a_limit_is_used_to_its_last_token),
        cmocka_unit_test(grants_ahead_of_the_calls_in_flight_are_bounded),
        cmocka_unit_test(what_is_promised_is_not_foreseen_to_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
