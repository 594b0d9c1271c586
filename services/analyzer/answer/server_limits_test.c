/* Each rule of server_limits.h by its number. */
#include "server_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

static void what_openai_says_is_read(void **state)
{
    (void)state;
    const struct limit_headers headers = {"500", "499", "120ms", "30000", "28500", "3s"};
    Tp__ServerLimits limits;
    assert_true(server_limits_read(&headers, &limits));
    assert_int_equal(limits.requests, 500);
    assert_true(limits.has_requests_left);
    assert_int_equal(limits.requests_left, 499);
    assert_int_equal(limits.requests_reset_ms, 120);
    assert_int_equal(limits.tokens, 30000);
    assert_true(limits.has_tokens_left);
    assert_int_equal(limits.tokens_left, 28500);
    assert_int_equal(limits.tokens_reset_ms, 3000);
}

static void nothing_said_is_nothing(void **state)
{
    (void)state;
    Tp__ServerLimits limits;
    assert_false(server_limits_read(&(struct limit_headers){0}, &limits));
    const struct limit_headers absurd = {"-1", "-1", "0", "", "soon", "-1"};
    assert_false(server_limits_read(&absurd, &limits));
    assert_int_equal(limits.requests + limits.tokens, 0);
}

static void rules_1_and_2_counts_are_whole_and_believable(void **state)
{
    (void)state;
    const struct {
        const char *limit, *left;
        uint32_t expected_limit, expected_left;
        bool has_left;
    } cases[] = {
        {"60", "0", 60, 0, true},
        {"60", "60", 60, 60, true},
        {"60", "61", 60, 0, false},
        {NULL, "61", 0, 61, true},
        {"0", "0", 0, 0, true},
        {"-1", "5", 0, 5, true},
        {"1000000000", "1", 1000000000, 1, true},
        {"1000000001", "1", 0, 1, true},
        {"99999999999999999999", NULL, 0, 0, false},
        {"1,000", "1.5", 0, 0, false},
        {"60 ", " 6", 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct limit_headers headers = {.limit_tokens = cases[i].limit,
                                              .remaining_tokens = cases[i].left};
        Tp__ServerLimits limits;
        server_limits_read(&headers, &limits);
        if (limits.tokens != cases[i].expected_limit ||
            limits.tokens_left != cases[i].expected_left ||
            !limits.has_tokens_left != !cases[i].has_left)
            fail_msg("case %zu: %u, %u", i, limits.tokens, limits.tokens_left);
    }
}

static void rule_3_durations_are_gos_or_plain_seconds(void **state)
{
    (void)state;
    const struct {
        const char *words;
        uint32_t expected;
    } cases[] = {
        {"1s", 1000},
        {"6m0s", 360000},
        {"12ms", 12},
        {"1h2m3.5s", 3723500},
        {"7m12s", 432000},
        {"8.64s", 8640},
        {"59.999999s", 60000},
        {"500us", 1},
        {"250ns", 1},
        {"1d", 86400000},
        {"37", 37000},
        {"0.5", 500},
        {"0", 0},
        {"0s", 0},
        {"-1", 0},
        {"-1s", 0},
        {"24h1ms", 0},
        {"90000", 0},
        {"1s2", 0},
        {"s", 0},
        {"", 0},
        {"1 s", 0},
        {"1x", 0},
        {"1s ", 0},
        {"1e3", 0},
        {"999999999999999999999999999999999h", 0},
        {".5s", 0},
        {"2026-11-22T04:00:00Z", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct limit_headers headers = {.reset_requests = cases[i].words};
        Tp__ServerLimits limits;
        server_limits_read(&headers, &limits);
        if (limits.requests_reset_ms != cases[i].expected)
            fail_msg("%s: %u, not %u", cases[i].words, limits.requests_reset_ms, cases[i].expected);
    }
}

static void rule_4_a_limit_by_the_day_is_none_by_the_minute(void **state)
{
    (void)state;
    const struct limit_headers headers = {"200", "0", "7m12s", "30000", "1", "60s"};
    Tp__ServerLimits limits;
    assert_true(server_limits_read(&headers, &limits));
    assert_int_equal(limits.requests, 0);
    assert_true(limits.has_requests_left);
    assert_int_equal(limits.requests_left, 0);
    assert_int_equal(limits.requests_reset_ms, 432000);
    assert_int_equal(limits.tokens, 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_openai_says_is_read),
        cmocka_unit_test(nothing_said_is_nothing),
        cmocka_unit_test(rules_1_and_2_counts_are_whole_and_believable),
        cmocka_unit_test(rule_3_durations_are_gos_or_plain_seconds),
        cmocka_unit_test(rule_4_a_limit_by_the_day_is_none_by_the_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
