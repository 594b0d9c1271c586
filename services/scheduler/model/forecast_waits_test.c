/* rule 12: what a job has to wait for is foretold with it: pauses, open breakers, windows that are
 * used up; and nothing is foretold of what nobody foresees. */
#include "core/chain_for_test.h"

#include "forecast.h"

enum { SEEN_US = 50000, SLACK_MS = 4000 };

static struct scheduler_config config;

/* A core that has seen a call, of which all forecasts are made. */
static void begin_with_a_call(struct bench *b)
{
    struct chunk_facts chunk = done(0);
    begin(b, config);
    submit(b, 1, "first", 1);
    grant_all(b);
    assert_int_equal(ask_now(b, attempt_of(1, 0, 1), "hands"), 1);
    pass(b, SEEN_US / 1000);
    hear(b, attempt_of(1, 0, 1), OUTCOME_NONE, 0);
    happen(b, 1, "first", 2, JOB_COMPLETED, &chunk);
}

static void submit_for_llm(struct bench *b, int number)
{
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = "asker",
                            .service_class = CLASS_STANDARD,
                            .needs_llm = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static bool find(const struct bench *b, int job, int64_t least_ms, struct forecast_finish *finish)
{
    struct forecast *forecast = forecast_new(b->core, &config, FORECAST_BOUNDS);
    assert_non_null(forecast);
    forecast_run(forecast, 1);
    bool is_told = forecast_find(forecast, job_id(job), least_ms, finish);
    forecast_free(&forecast);
    return is_told;
}

static void expect_after(const struct bench *b, int job, int64_t wait_ms)
{
    struct forecast_finish finish;
    assert_true(find(b, job, 0, &finish));
    assert_in_range(finish.p50_ms, wait_ms, wait_ms + SLACK_MS);
    assert_in_range(finish.p90_ms, finish.p50_ms, wait_ms + SLACK_MS);
}

static void rule_5_a_pause_that_the_server_wants_is_waited_for(void **state)
{
    (void)state;
    struct bench b;
    struct chunk_facts chunk = done(0);
    config = chain_of(1);
    begin_with_a_call(&b);
    submit(&b, 2, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    hear(&b, attempt_of(2, 0, 1), OUTCOME_RATE_LIMITED, 40000);
    happen(&b, 2, "ann", 2, JOB_COMPLETED, &chunk);
    submit(&b, 3, "bob", 1);
    expect_after(&b, 3, 40000);
    pass(&b, 10000);
    expect_after(&b, 3, 30000);
    close_bench(&b);
}

static void rule_7_an_open_breaker_is_waited_for_by_what_only_an_llm_can_do(void **state)
{
    (void)state;
    struct bench b;
    config = chain_of(1);
    begin_with_a_call(&b);
    for (int i = 10; i < 14; i++) /* of five calls the last four fail */
        call_ending(&b, i, OUTCOME_SERVER_ERROR);
    submit_for_llm(&b, 2);
    expect_after(&b, 2, config.breaker_open_ms);
    submit(&b, 3, "bob", 1); /* has a stand-in */
    expect_after(&b, 3, 0);
    close_bench(&b);
}

static void rule_5_a_minute_that_a_tenant_has_used_up_is_waited_for(void **state)
{
    (void)state;
    struct bench b;
    config = chain_of(1);
    config.tenant_limits.requests_per_minute = 1;
    begin_with_a_call(&b);
    submit(&b, 2, "ann", 1);
    expect_after(&b, 2, 59000);
    close_bench(&b);
}

static void rule_5_a_minute_that_an_operator_allows_a_tenant_is_waited_for(void **state)
{
    (void)state;
    struct bench b;
    config = chain_of(1);
    struct control_facts limit = {.scope = SCOPE_TENANT,
                                  .tenant_id = "acme",
                                  .name = "",
                                  .message = "",
                                  .has_limits = true,
                                  .limits.requests_per_minute = 1,
                                  .version = 1};
    begin_with_a_call(&b);
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &limit});
    submit(&b, 2, "ann", 1);
    expect_after(&b, 2, 59000);
    close_bench(&b);
}

/* What a user has used counts for its tenant too, but once. */
static void rule_5_a_minute_that_an_operator_allows_a_user_is_waited_for_by_that_user(void **state)
{
    (void)state;
    struct bench b;
    struct chunk_facts chunk = done(0);
    config = chain_of(1);
    config.tenant_limits.requests_per_minute = 3;
    struct control_facts limit = {.scope = SCOPE_USER,
                                  .tenant_id = "acme",
                                  .name = "ann",
                                  .message = "",
                                  .has_limits = true,
                                  .limits.requests_per_minute = 1,
                                  .version = 1};
    begin_with_a_call(&b);
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &limit});
    submit(&b, 2, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    pass(&b, SEEN_US / 1000);
    hear(&b, attempt_of(2, 0, 1), OUTCOME_NONE, 0);
    happen(&b, 2, "ann", 2, JOB_COMPLETED, &chunk);
    submit(&b, 3, "ann", 1);
    submit(&b, 4, "bob", 1);
    expect_after(&b, 3, 59000);
    expect_after(&b, 4, 0);
    close_bench(&b);
}

static void rule_12_nothing_is_foretold_of_what_waits_for_a_word_of_an_operator(void **state)
{
    (void)state;
    const enum control_scope scopes[] = {SCOPE_SYSTEM, SCOPE_ENDPOINT};
    const enum control_state states[] = {CONTROL_REDUCED, CONTROL_HELD};
    for (int i = 0; i < 2; i++) {
        struct bench b;
        struct forecast_finish finish;
        config = chain_of(1);
        begin_with_a_call(&b);
        control(&b, scopes[i], i == 0 ? "" : "main", states[i], 1);
        submit_for_llm(&b, 2);
        assert_false(find(&b, 2, 0, &finish));
        submit(&b, 3, "bob", 1);
        expect_after(&b, 3, 0);
        close_bench(&b);
    }
}

static void rule_12_nothing_is_foretold_of_what_waits_for_the_money_of_another_day(void **state)
{
    (void)state;
    struct bench b;
    struct forecast_finish finish;
    config = chain_of(1);
    config.endpoints[0].limits.micros_per_day = 1;
    begin_with_a_call(&b);
    submit_for_llm(&b, 2);
    assert_false(find(&b, 2, 0, &finish));
    close_bench(&b);
}

static void rule_12_no_end_is_told_before_the_wait_that_is_told_beside_it(void **state)
{
    (void)state;
    struct bench b;
    struct forecast_finish finish;
    config = chain_of(1);
    begin_with_a_call(&b);
    submit(&b, 2, "ann", 1);
    assert_true(find(&b, 2, 7000, &finish));
    assert_int_equal(finish.p50_ms, 7000);
    assert_int_equal(finish.p90_ms, 7000);
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(3),
                            .tenant_id = "acme",
                            .user_id = "hurried",
                            .service_class = CLASS_STANDARD,
                            .deadline_left_ms = 5000,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    assert_true(find(&b, 3, 7000, &finish)); /* it expires meanwhile */
    assert_int_equal(finish.p90_ms, 5000);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_5_a_pause_that_the_server_wants_is_waited_for),
        cmocka_unit_test(rule_7_an_open_breaker_is_waited_for_by_what_only_an_llm_can_do),
        cmocka_unit_test(rule_5_a_minute_that_a_tenant_has_used_up_is_waited_for),
        cmocka_unit_test(rule_5_a_minute_that_an_operator_allows_a_tenant_is_waited_for),
        cmocka_unit_test(rule_5_a_minute_that_an_operator_allows_a_user_is_waited_for_by_that_user),
        cmocka_unit_test(rule_12_nothing_is_foretold_of_what_waits_for_a_word_of_an_operator),
        cmocka_unit_test(rule_12_nothing_is_foretold_of_what_waits_for_the_money_of_another_day),
        cmocka_unit_test(rule_12_no_end_is_told_before_the_wait_that_is_told_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
