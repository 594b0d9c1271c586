/* The core's figures as they are shown. */
#include "metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "metrics/metrics.h"

static void assert_shown(const char *line)
{
    SCOPED(text_free) struct text page = {0}, wanted = {0};
    metrics_write(&page);
    text_format(&wanted, "\n%s\n", line);
    if (strstr(page.chars, wanted.chars) == NULL)
        fail_msg("no \"%s\" in:\n%s", line, page.chars);
}

static void endpoints_are_shown_with_breaker_and_limits(void **state)
{
    (void)state;
    struct scheduler_metrics *metrics = scheduler_metrics_new();
    struct scheduler_figures figures = {.endpoint_count = 2};
    struct endpoint_figures *main = &figures.endpoints[0], *spare = &figures.endpoints[1];
    *main = (struct endpoint_figures){.name = "main",
                                      .breaker = BREAKER_OPEN,
                                      .breaker_openings = 3,
                                      .held_ms = 1500,
                                      .used = {[LIMIT_REQUESTS] = 57, [LIMIT_MONEY] = 12500000},
                                      .limits = {[LIMIT_REQUESTS] = 60, [LIMIT_MONEY] = 20000000}};
    *spare = (struct endpoint_figures){.name = "spare", .breaker = BREAKER_HALF_OPEN};
    scheduler_metrics_set(metrics, &figures);
    assert_shown("tweetpulse_scheduler_breaker_state{endpoint=\"main\"} 2");
    assert_shown("tweetpulse_scheduler_breaker_state{endpoint=\"spare\"} 1");
    assert_shown("tweetpulse_scheduler_breaker_openings_total{endpoint=\"main\"} 3");
    assert_shown("tweetpulse_llm_server_hold_seconds{endpoint=\"main\"} 1.5");
    assert_shown("tweetpulse_llm_limit{endpoint=\"main\",limit=\"requests_per_minute\"} 60");
    assert_shown("tweetpulse_llm_limit_used{endpoint=\"main\",limit=\"requests_per_minute\"} 57");
    assert_shown("tweetpulse_llm_limit_used{endpoint=\"main\",limit=\"usd_per_day\"} 12.5");
    assert_shown("tweetpulse_llm_limit{endpoint=\"spare\",limit=\"tokens_per_minute\"} 0");
    main->breaker = BREAKER_CLOSED;
    main->breaker_openings = 4;
    scheduler_metrics_set(metrics, &figures);
    assert_shown("tweetpulse_scheduler_breaker_state{endpoint=\"main\"} 0");
    assert_shown("tweetpulse_scheduler_breaker_openings_total{endpoint=\"main\"} 4");
    scheduler_metrics_free(&metrics);
}

static void counters_follow_the_figures(void **state)
{
    (void)state;
    struct scheduler_metrics *metrics = scheduler_metrics_new();
    struct scheduler_figures figures = {.degraded_grants = 5, .shadow_violations = 2};
    scheduler_metrics_set(metrics, &figures);
    scheduler_metrics_set(metrics, &figures);
    assert_shown("tweetpulse_scheduler_degraded_grants_total 5");
    figures.degraded_grants = 7;
    scheduler_metrics_set(metrics, &figures);
    assert_shown("tweetpulse_scheduler_degraded_grants_total 7");
    assert_shown("tweetpulse_scheduler_shadow_violations_total 2");
    scheduler_metrics_free(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_are_shown_with_breaker_and_limits),
        cmocka_unit_test(counters_follow_the_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
