#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/scoped.h"
#include "metrics/metrics.h"

#define PROMTOOL "/usr/bin/promtool"

static void expect_near(double value, double expected)
{
    if (value < expected - 1e-9 || value > expected + 1e-9)
        fail_msg("%.17g is not %.17g", value, expected);
}

/* The page holds that text. */
static void expect_on_page(const char *wanted)
{
    SCOPED(text_free) struct text page = {0};
    metrics_write(&page);
    if (strstr(page.chars, wanted) == NULL)
        fail_msg("not on the page: %s", wanted);
}

static void a_counter_adds_and_a_gauge_is_set(void **state)
{
    (void)state;
    struct metric *counter =
        metrics_plain(metrics_counter("tweetpulse_apples_total", "Apples.", METRIC_NO_LABELS));
    struct metric *gauge =
        metrics_plain(metrics_gauge("tweetpulse_pears", "Pears.", METRIC_NO_LABELS));
    expect_on_page(
        "# HELP tweetpulse_apples_total Apples.\n# TYPE tweetpulse_apples_total counter\n"
        "tweetpulse_apples_total 0\n");
    metric_add(counter, 1);
    metric_add(counter, 2.5);
    metric_set(gauge, 7);
    metric_add(gauge, -9);
    expect_near(metric_value(counter), 3.5);
    expect_near(metric_value(gauge), -2);
    expect_on_page("\ntweetpulse_apples_total 3.5\n");
    expect_on_page("# TYPE tweetpulse_pears gauge\ntweetpulse_pears -2\n");
}

static void a_family_made_again_is_the_same(void **state)
{
    (void)state;
    struct metric_family *one =
        metrics_counter("tweetpulse_same_total", "Same.", METRIC_LABELS("x", "y"));
    assert_ptr_equal(metrics_counter("tweetpulse_same_total", "Same.", METRIC_LABELS("x", "y")),
                     one);
    assert_ptr_equal(metrics_with(one, METRIC_VALUES("1", "2")),
                     metrics_with(one, METRIC_VALUES("1", "2")));
    assert_ptr_not_equal(metrics_with(one, METRIC_VALUES("1", "2")),
                         metrics_with(one, METRIC_VALUES("12", "")));
}

static void a_value_on_a_bound_is_counted_under_it(void **state)
{
    (void)state;
    static const double bounds[] = {0.1, 1, 10};
    struct metric *histogram = metrics_with(
        metrics_histogram("tweetpulse_took_seconds", "It took.", METRIC_LABELS("kind"), bounds, 3),
        METRIC_VALUES("k"));
    static const double values[] = {0.05, 0.1, 0.5, 10, 11, 1e9};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        metric_observe(histogram, values[i]);
    expect_near(metric_value(histogram), 6);
    expect_on_page("# TYPE tweetpulse_took_seconds histogram\n"
                   "tweetpulse_took_seconds_bucket{kind=\"k\",le=\"0.1\"} 2\n"
                   "tweetpulse_took_seconds_bucket{kind=\"k\",le=\"1\"} 3\n"
                   "tweetpulse_took_seconds_bucket{kind=\"k\",le=\"10\"} 4\n"
                   "tweetpulse_took_seconds_bucket{kind=\"k\",le=\"+Inf\"} 6\n"
                   "tweetpulse_took_seconds_sum{kind=\"k\"} 1000000021.65\n"
                   "tweetpulse_took_seconds_count{kind=\"k\"} 6\n");
}

static void durations_reach_from_a_tenth_of_a_millisecond_to_a_minute(void **state)
{
    (void)state;
    struct metric *duration =
        metrics_plain(metrics_duration("tweetpulse_wait_seconds", "Waiting.", METRIC_NO_LABELS));
    metric_observe(duration, 0.0001);
    metric_observe(duration, 60);
    expect_on_page("tweetpulse_wait_seconds_bucket{le=\"0.0001\"} 1\n");
    expect_on_page("tweetpulse_wait_seconds_bucket{le=\"60\"} 2\n");
}

static void label_values_cannot_break_the_page(void **state)
{
    (void)state;
    struct metric_family *family =
        metrics_counter("tweetpulse_rude_total", "With a \\ and a \n in it.", METRIC_LABELS("x"));
    metric_add(metrics_with(family, METRIC_VALUES("a\"b\\c\n\xFF")), 1);
    expect_on_page("# HELP tweetpulse_rude_total With a \\\\ and a \\n in it.\n");
    expect_on_page("tweetpulse_rude_total{x=\"a\\\"b\\\\c__\"} 1\n");
    char endless[5000];
    memset(endless, 'x', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    struct metric *first = metrics_with(family, METRIC_VALUES(endless));
    endless[sizeof endless - 2] = 'y'; /* the same as far as values are kept */
    assert_ptr_equal(metrics_with(family, METRIC_VALUES(endless)), first);
}

static void beyond_a_thousand_series_the_others_share_one(void **state)
{
    (void)state;
    struct metric_family *family =
        metrics_counter("tweetpulse_many_total", "Many.", METRIC_LABELS("n"));
    char value[20];
    for (int i = 0; i < 3000; i++) {
        snprintf(value, sizeof value, "%d", i);
        metric_add(metrics_with(family, METRIC_VALUES(value)), 1);
    }
    expect_near(metric_value(metrics_with(family, METRIC_VALUES("7"))), 1);
    expect_near(metric_value(metrics_with(family, METRIC_VALUES("other"))), 2001);
    assert_ptr_equal(metrics_with(family, METRIC_VALUES("2999")),
                     metrics_with(family, METRIC_VALUES("other")));
    SCOPED(text_free) struct text page = {0};
    metrics_write(&page);
    int series = 0;
    for (const char *at = page.chars; (at = strstr(at, "tweetpulse_many_total{")) != NULL; at++)
        series++;
    assert_int_equal(series, 1000);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_up(void *context)
{
    static const double bounds[] = {0.5};
    struct metric_family *counts = context;
    struct metric_family *spread =
        metrics_histogram("tweetpulse_spread", "Spread.", METRIC_NO_LABELS, bounds, 1);
    for (int i = 0; i < ROUNDS; i++) {
        char value[2] = {(char)('a' + i % 8), '\0'};
        metric_add(metrics_with(counts, METRIC_VALUES(value)), 1);
        metric_observe(metrics_plain(spread), i % 2);
    }
    return NULL;
}

static void no_count_of_several_threads_is_lost(void **state)
{
    (void)state;
    struct metric_family *counts =
        metrics_counter("tweetpulse_threads_total", "Threads.", METRIC_LABELS("x"));
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, counts), 0);
    for (int i = 0; i < 20; i++) {
        SCOPED(text_free) struct text page = {0};
        metrics_write(&page); /* while they are made */
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    expect_near(metric_value(metrics_with(counts, METRIC_VALUES("c"))), 10000);
    expect_on_page("tweetpulse_spread_bucket{le=\"0.5\"} 40000\n"
                   "tweetpulse_spread_bucket{le=\"+Inf\"} 80000\n"
                   "tweetpulse_spread_sum 40000\ntweetpulse_spread_count 80000\n");
}

struct seen {
    double cpu, resident, fds, start;
};

static void look(void *context, const struct metric_sample *sample)
{
    struct seen *seen = context;
    if (strcmp(sample->name, "process_cpu_seconds_total") == 0)
        seen->cpu = sample->value;
    if (strcmp(sample->name, "process_resident_memory_bytes") == 0)
        seen->resident = sample->value;
    if (strcmp(sample->name, "process_open_fds") == 0)
        seen->fds = sample->value;
    if (strcmp(sample->name, "process_start_time_seconds") == 0)
        seen->start = sample->value;
}

static void the_process_tells_what_it_uses(void **state)
{
    (void)state;
    struct seen before = {0}, after = {0};
    metrics_visit(look, &before);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    metrics_visit(look, &after);
    close(fds[0]);
    close(fds[1]);
    expect_near(after.fds, before.fds + 2);
    assert_true(before.fds >= 3 && before.fds < 100);
    assert_true(after.cpu > before.cpu && after.cpu < 600);
    assert_true(after.resident > 100e3 && after.resident < 4e9);
    double age = (double)time(NULL) - after.start;
    assert_true(age > -2 && age < 600);
    expect_near(after.start, before.start);
}

static void the_page_passes_promtool(void **state)
{
    (void)state;
    if (access(PROMTOOL, X_OK) != 0) {
        print_message("promtool is not installed (package prometheus)\n");
        skip();
    }
    SCOPED(text_free) struct text page = {0};
    metrics_write(&page);
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t promtool = fork();
    assert_true(promtool >= 0);
    if (promtool == 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[1]);
        execl(PROMTOOL, "promtool", "check", "metrics", (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    assert_int_equal(write(ends[1], page.chars, page.length), page.length);
    close(ends[1]);
    assert_int_equal(waitpid(promtool, &status, 0), promtool);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_adds_and_a_gauge_is_set),
        cmocka_unit_test(a_family_made_again_is_the_same),
        cmocka_unit_test(a_value_on_a_bound_is_counted_under_it),
        cmocka_unit_test(durations_reach_from_a_tenth_of_a_millisecond_to_a_minute),
        cmocka_unit_test(label_values_cannot_break_the_page),
        cmocka_unit_test(beyond_a_thousand_series_the_others_share_one),
        cmocka_unit_test(no_count_of_several_threads_is_lost),
        cmocka_unit_test(the_process_tells_what_it_uses),
        cmocka_unit_test(the_page_passes_promtool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
