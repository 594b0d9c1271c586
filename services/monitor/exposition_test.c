#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exposition.h"
#include "fixture.h"

#define PROMTOOL "/usr/bin/promtool"

static void give(struct fleet *fleet, struct fixture fixture, double now_s)
{
    struct fleet_before before;
    assert_true(fleet_hear(fleet, fixture.arena, fixture.telemetry, at_s(now_s), &before));
    arena_close(&before.arena);
}

static void ignore_gone(void *context, const struct fleet_member *member)
{
    (void)context;
    (void)member;
}

/* Two stores and a gateway, with every kind of metric and awkward characters. */
static struct fleet *some_fleet(void)
{
    struct fleet *fleet = fleet_new();
    static const char *const STORES[] = {"s1", "s2"};
    for (size_t i = 0; i < 2; i++) {
        struct fixture store = fixture_open("store", STORES[i], 1);
        fixture_gauge(&store, "tweetpulse_db_pool_size", 4);
        fixture_duration(&store, "tweetpulse_chunk_duration_seconds", NULL, NULL,
                         (uint64_t[]){1, 2, 3});
        give(fleet, store, 0);
    }
    struct fixture gateway = fixture_open("gateway", "g1", 1);
    fixture_add(&gateway, TP__METRIC_KIND__COUNTER, "tweetpulse_http_requests_total", "route",
                "/a\"b\\c\nd")
        ->value = 12345678;
    fixture_add(&gateway, TP__METRIC_KIND__GAUGE, "tweetpulse_peers", "instance", "other")->value =
        1.5;
    give(fleet, gateway, 0);
    return fleet;
}

static void expect_in(const struct text *page, const char *line)
{
    if (strstr(page->chars, line) == NULL)
        fail_msg("missing: %s in\n%s", line, page->chars);
}

static size_t occurrences(const struct text *page, const char *what)
{
    size_t count = 0;
    for (const char *at = page->chars; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

static void all_instances_stand_under_one_heading(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = some_fleet();
    SCOPED(text_free) struct text page = {0};
    exposition_write(fleet, &page);
    assert_int_equal(occurrences(&page, "# TYPE tweetpulse_db_pool_size gauge\n"), 1);
    expect_in(&page, "# TYPE tweetpulse_db_pool_size gauge\n"
                     "tweetpulse_db_pool_size{service=\"store\",instance=\"s1\"} 4\n"
                     "tweetpulse_db_pool_size{service=\"store\",instance=\"s2\"} 4\n");
    expect_in(&page, "tweetpulse_http_requests_total{service=\"gateway\",instance=\"g1\","
                     "route=\"/a\\\"b\\\\c\\nd\"} 12345678\n");
    expect_in(&page, "tweetpulse_peers{service=\"gateway\",instance=\"g1\","
                     "exported_instance=\"other\"} 1.5\n");
}

static void histograms_are_cumulated(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = some_fleet();
    SCOPED(text_free) struct text page = {0};
    exposition_write(fleet, &page);
    expect_in(&page,
              "tweetpulse_chunk_duration_seconds_bucket{service=\"store\",instance=\"s1\",le=\"10\""
              "} 1\n"
              "tweetpulse_chunk_duration_seconds_bucket{service=\"store\",instance=\"s1\",le=\"30\""
              "} 3\n"
              "tweetpulse_chunk_duration_seconds_bucket{service=\"store\",instance=\"s1\","
              "le=\"+Inf\"} 6\n"
              "tweetpulse_chunk_duration_seconds_sum{service=\"store\",instance=\"s1\"} 5\n"
              "tweetpulse_chunk_duration_seconds_count{service=\"store\",instance=\"s1\"} 6\n");
}

static void a_silent_instance_is_down_and_says_nothing_else(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = some_fleet();
    SCOPED(text_free) struct text page = {0};
    give(fleet, fixture_open("gateway", "g1", 1), 60);
    fleet_age(fleet, at_s(60), ignore_gone, NULL);
    exposition_write(fleet, &page);
    expect_in(&page, "tweetpulse_instance_up{service=\"gateway\",instance=\"g1\"} 1\n"
                     "tweetpulse_instance_up{service=\"store\",instance=\"s1\"} 0\n");
    assert_int_equal(occurrences(&page, "pool_size"), 0);
}

static void what_does_not_fit_the_format_is_left_out(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = fleet_new();
    SCOPED(text_free) struct text page = {0};
    struct fixture odd = fixture_open("store", "s1", 1);
    fixture_gauge(&odd, "bad name", 1);
    fixture_gauge(&odd, "9bad", 1);
    fixture_add(&odd, TP__METRIC_KIND__GAUGE, "tweetpulse_a", "bad-label", "x");
    fixture_add(&odd, TP__METRIC_KIND__GAUGE, "tweetpulse_b", "le", "x");
    fixture_gauge(&odd, "tweetpulse_twice", 1);
    fixture_gauge(&odd, "tweetpulse_twice", 2);
    fixture_add(&odd, TP__METRIC_KIND__COUNTER, "tweetpulse_twice", "a", "b");
    give(fleet, odd, 0);
    exposition_write(fleet, &page);
    assert_int_equal(occurrences(&page, "bad"), 0);
    assert_int_equal(occurrences(&page, "tweetpulse_a"), 0);
    assert_int_equal(occurrences(&page, "tweetpulse_b"), 0);
    assert_int_equal(occurrences(&page, "\ntweetpulse_twice"), 1);
}

static void promtool_finds_nothing_to_say(void **state)
{
    (void)state;
    if (access(PROMTOOL, X_OK) != 0) {
        print_message("skipped: promtool is not installed (package prometheus)\n");
        skip();
    }
    SCOPED(fleet_free) struct fleet *fleet = some_fleet();
    SCOPED(text_free) struct text page = {0};
    exposition_write(fleet, &page);
    FILE *input = tmpfile();
    assert_non_null(input);
    assert_int_equal(fwrite(page.chars, 1, page.length, input), page.length);
    assert_int_equal(fseek(input, 0, SEEK_SET), 0);
    pid_t promtool = fork();
    assert_true(promtool >= 0);
    if (promtool == 0) {
        dup2(fileno(input), STDIN_FILENO);
        execl(PROMTOOL, "promtool", "check", "metrics", (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(promtool, &status, 0), promtool);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    fclose(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_instances_stand_under_one_heading),
        cmocka_unit_test(histograms_are_cumulated),
        cmocka_unit_test(a_silent_instance_is_down_and_says_nothing_else),
        cmocka_unit_test(what_does_not_fit_the_format_is_left_out),
        cmocka_unit_test(promtool_finds_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
