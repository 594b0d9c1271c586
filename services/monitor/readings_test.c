#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "fixture.h"
#include "readings.h"
#include "share.h"

enum { WATCH_BEGAN_MS = 1000, SLOW_S = 30 };

static struct fixture chunks(uint64_t started_ms, uint64_t quick, uint64_t slow)
{
    struct fixture fixture = fixture_open("store", "a", started_ms);
    fixture_duration(&fixture, METRIC_CHUNK_DURATION, NULL, NULL, (uint64_t[]){quick, 0, slow});
    return fixture;
}

static void expect_chunks(const struct fixture *before, const struct fixture *now, double slow,
                          double all)
{
    struct increase increase = readings_increase(before == NULL ? NULL : before->telemetry,
                                                 now->telemetry, WATCH_BEGAN_MS, SLOW_S);
    assert_true(fabs(increase.slow_chunks - slow) < 1e-9);
    assert_true(fabs(increase.chunks - all) < 1e-9);
}

static void counters_are_followed_by_their_increase(void **state)
{
    (void)state;
    struct fixture before = chunks(5, 100, 10), now = chunks(5, 150, 13);
    expect_chunks(&before, &now, 3, 53);
    arena_close(&before.arena);
    arena_close(&now.arena);
}

static void a_counter_that_began_anew_counts_from_zero(void **state)
{
    (void)state;
    struct fixture before = chunks(5, 100, 10), restarted = chunks(6, 120, 12);
    expect_chunks(&before, &restarted, 12, 132);
    struct fixture smaller = chunks(5, 7, 1);
    expect_chunks(&before, &smaller, 1, 8);
    arena_close(&before.arena);
    arena_close(&restarted.arena);
    arena_close(&smaller.arena);
}

static void of_a_new_instance_only_what_the_watch_saw_counts(void **state)
{
    (void)state;
    struct fixture older = chunks(WATCH_BEGAN_MS - 1, 100, 10);
    expect_chunks(NULL, &older, 0, 0);
    struct fixture younger = chunks(WATCH_BEGAN_MS, 100, 10);
    expect_chunks(NULL, &younger, 10, 110);
    arena_close(&older.arena);
    arena_close(&younger.arena);
}

static void a_new_series_of_a_known_instance_counts_whole(void **state)
{
    (void)state;
    struct fixture before = fixture_open("store", "a", 5), now = chunks(5, 3, 1);
    expect_chunks(&before, &now, 1, 4);
    arena_close(&before.arena);
    arena_close(&now.arena);
}

static void calls_fail_by_their_outcome_and_aborted_ones_do_not_count(void **state)
{
    (void)state;
    struct fixture now = fixture_open("analyzer", "a", WATCH_BEGAN_MS);
    static const struct {
        const char *outcome;
        uint64_t count;
    } CALLS[] = {{"ok", 90}, {"partial", 5}, {"timeout", 3}, {"server_error", 2}, {"aborted", 50}};
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++)
        fixture_duration(&now, METRIC_LLM_DURATION, "outcome", CALLS[i].outcome,
                         (uint64_t[]){CALLS[i].count, 0, 0});
    struct increase increase = readings_increase(NULL, now.telemetry, WATCH_BEGAN_MS, SLOW_S);
    assert_true(fabs(increase.calls - 100) < 1e-9);
    assert_true(fabs(increase.failed_calls - 5) < 1e-9);
    arena_close(&now.arena);
}

static void gauges_are_summed_within_an_instance(void **state)
{
    (void)state;
    struct fixture now = fixture_open("scheduler", "a", 1);
    struct gauges none = readings_gauges(now.telemetry);
    assert_false(none.has_queue || none.has_pool);
    fixture_add(&now, TP__METRIC_KIND__GAUGE, METRIC_QUEUE_DEPTH, "class", "standard")->value = 70;
    fixture_add(&now, TP__METRIC_KIND__GAUGE, METRIC_QUEUE_DEPTH, "class", "premium")->value = 40;
    fixture_gauge(&now, METRIC_POOL_IN_USE, 9);
    fixture_gauge(&now, METRIC_POOL_SIZE, 10);
    struct gauges gauges = readings_gauges(now.telemetry);
    assert_true(gauges.has_queue && fabs(gauges.queue_depth - 110) < 1e-9);
    assert_true(gauges.has_pool && fabs(gauges.pool_ratio - 0.9) < 1e-9);
    arena_close(&now.arena);
}

static void breakers_that_are_not_closed_are_counted(void **state)
{
    (void)state;
    struct fixture now = fixture_open("scheduler", "a", 1);
    assert_false(readings_gauges(now.telemetry).has_breakers);
    static const struct {
        const char *name;
        double state;
    } ENDPOINTS[] = {{"a", 0}, {"b", 1}, {"c", 2}};
    for (size_t i = 0; i < 3; i++)
        fixture_add(&now, TP__METRIC_KIND__GAUGE, METRIC_BREAKER_STATE, "endpoint",
                    ENDPOINTS[i].name)
            ->value = ENDPOINTS[i].state;
    struct gauges gauges = readings_gauges(now.telemetry);
    assert_true(gauges.has_breakers && fabs(gauges.open_breakers - 2) < 1e-9);
    arena_close(&now.arena);
}

static void the_fullest_limit_counts_but_for_calls_in_flight(void **state)
{
    (void)state;
    struct fixture now = fixture_open("scheduler", "a", 1);
    static const struct {
        const char *limit;
        double used, most;
    } LIMITS[] = {{"requests_per_minute", 30, 60},
                  {"tokens_per_minute", 900, 1000},
                  {"usd_per_day", 5, 0}, /* no limit */
                  {"calls_in_flight", 10, 10}};
    for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++) {
        fixture_add(&now, TP__METRIC_KIND__GAUGE, METRIC_LIMIT_USED, "limit", LIMITS[i].limit)
            ->value = LIMITS[i].used;
        fixture_add(&now, TP__METRIC_KIND__GAUGE, METRIC_LIMIT, "limit", LIMITS[i].limit)->value =
            LIMITS[i].most;
    }
    struct gauges gauges = readings_gauges(now.telemetry);
    assert_true(gauges.has_limits && fabs(gauges.limit_ratio - 0.9) < 1e-9);
    arena_close(&now.arena);
    struct fixture unlimited = fixture_open("scheduler", "a", 1);
    fixture_add(&unlimited, TP__METRIC_KIND__GAUGE, METRIC_LIMIT_USED, "limit", "usd_per_day");
    assert_false(readings_gauges(unlimited.telemetry).has_limits);
    arena_close(&unlimited.arena);
}

static void a_gauge_that_is_no_number_is_no_gauge(void **state)
{
    (void)state;
    struct fixture now = fixture_open("scheduler", "a", 1);
    fixture_gauge(&now, METRIC_QUEUE_DEPTH, NAN);
    fixture_gauge(&now, METRIC_POOL_IN_USE, 9);
    fixture_gauge(&now, METRIC_POOL_SIZE, INFINITY);
    struct gauges gauges = readings_gauges(now.telemetry);
    assert_false(gauges.has_queue || gauges.has_pool);
    arena_close(&now.arena);
}

static void a_share_forgets_what_is_older_than_its_window(void **state)
{
    (void)state;
    struct share share;
    double ratio;
    share_init(&share, 120000);
    assert_false(share_read(&share, 1, at_s(1000), &ratio));
    share_add(&share, 10, 10, at_s(1000));
    share_add(&share, 0, 30, at_s(1060));
    assert_true(share_read(&share, 1, at_s(1061), &ratio));
    assert_true(fabs(ratio - 0.25) < 1e-9);
    assert_true(share_read(&share, 1, at_s(1121), &ratio));
    assert_true(ratio < 1e-9);
    assert_false(share_read(&share, 1, at_s(5000), &ratio));
}

static void too_few_say_nothing(void **state)
{
    (void)state;
    struct share share;
    double ratio;
    share_init(&share, 60000);
    share_add(&share, 5, 9, at_s(5));
    assert_false(share_read(&share, 10, at_s(5), &ratio));
    share_add(&share, 0, 1, at_s(5));
    assert_true(share_read(&share, 10, at_s(5), &ratio));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_followed_by_their_increase),
        cmocka_unit_test(a_counter_that_began_anew_counts_from_zero),
        cmocka_unit_test(of_a_new_instance_only_what_the_watch_saw_counts),
        cmocka_unit_test(a_new_series_of_a_known_instance_counts_whole),
        cmocka_unit_test(calls_fail_by_their_outcome_and_aborted_ones_do_not_count),
        cmocka_unit_test(gauges_are_summed_within_an_instance),
        cmocka_unit_test(breakers_that_are_not_closed_are_counted),
        cmocka_unit_test(the_fullest_limit_counts_but_for_calls_in_flight),
        cmocka_unit_test(a_gauge_that_is_no_number_is_no_gauge),
        cmocka_unit_test(a_share_forgets_what_is_older_than_its_window),
        cmocka_unit_test(too_few_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
