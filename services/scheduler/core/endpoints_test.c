/* Rules 7 and 12 through the whole core: which endpoint, and what stands in for it. */
#include "chain_for_test.h"

static void rule_7_a_grant_names_the_endpoint_its_price_and_what_it_may_cost(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    submit(&b, 1, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "main");
    assert_int_equal(b.items[0].prompt_nanos, 1000);
    assert_int_equal(b.items[0].completion_nanos, 2000);
    assert_int_equal(b.items[0].reserved_tokens, 1600 + 1200);
    assert_int_equal(b.items[0].reserved_micros, 1600 + 2400);
    close_bench(&b);
}

static void rule_7_the_next_endpoint_takes_over_when_one_fails(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    break_it(&b, 1);
    submit(&b, 10, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "spare");
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_7_without_an_endpoint_the_embedded_analysis_stands_in(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    submit(&b, 10, "ann", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    assert_true(b.items[0].is_degraded);
    assert_string_equal(b.items[0].endpoint, "");
    assert_int_equal(b.items[0].reserved_tokens, 0);
    close_bench(&b);
}

static void rule_7_exactly_one_probe_goes_out_and_decides(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 10, "ann", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM); /* the probe */
    grant_all(&b);
    submit(&b, 11, "bob", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    finish(&b, 11, "bob");
    assert_int_equal(ask_now(&b, attempt_of(10, 0, 1), "hands"), 1);
    hear(&b, attempt_of(10, 0, 1), OUTCOME_TIMEOUT, 0);
    finish(&b, 10, "ann");
    submit(&b, 12, "cat", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED); /* open again */
    finish(&b, 12, "cat");
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 13, "dan", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(13, 0, 1), "hands"), 1);
    hear(&b, attempt_of(13, 0, 1), OUTCOME_NONE, 0);
    submit(&b, 14, "eve", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM); /* closed */
    close_bench(&b);
}

static void rule_7_a_probe_that_is_never_called_is_followed_by_another(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 10, "ann", 1);
    grant_all(&b);
    happen(&b, 10, "ann", 2, JOB_CANCELLED, NULL); /* sworn off */
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    struct batch_answer answer = {.result = RESULT_RELEASED, .job_status = JOB_CANCELLED};
    answer.chunk = done(0);
    answer_batch(&b, &answer);
    submit(&b, 11, "bob", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_7_a_probe_that_came_to_nothing_ends_once(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 10, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(10, 0, 1), "hands"), 1);
    hear(&b, attempt_of(10, 0, 1), OUTCOME_ABORTED, 0);
    submit(&b, 11, "bob", 1); /* the next probe, before the first one's commit */
    assert_int_equal(b.items[0].mode, MODE_LLM);
    grant_all(&b);
    finish(&b, 10, "ann");
    submit(&b, 12, "cat", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    close_bench(&b);
}

static void rule_7_what_waits_for_its_permit_is_taken_back_when_the_breaker_opens(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    for (int i = 0; i < 4; i++)
        call_ending(&b, 1 + i, OUTCOME_CONNECTION);
    submit(&b, 20, "zoe", 1);
    grant_all(&b);
    call_ending(&b, 5, OUTCOME_CONNECTION);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    assert_string_equal(b.items[0].id.job_id, job_id(20));
    struct batch_answer answer = {.result = RESULT_RELEASED, .job_status = JOB_PROCESSING};
    answer.chunk = ready(0);
    answer.chunk.version = 5;
    answer.chunk.attempt = 1;
    answer_batch(&b, &answer);
    assert_int_equal(b.items[0].operation, BATCH_GRANT);
    assert_string_equal(b.items[0].endpoint, "spare");
    close_bench(&b);
}

static void rule_7_an_exhausted_quota_opens_the_breaker_at_once(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    call_ending(&b, 1, OUTCOME_QUOTA_EXHAUSTED);
    submit(&b, 10, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "spare");
    close_bench(&b);
}

static void rule_7_a_new_leader_knows_which_breakers_are_open(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, chain_of(2));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    beat(&b, 100);
    struct ended_call ended[6];
    for (int i = 0; i < 6; i++)
        ended[i] = (struct ended_call){.endpoint = "main",
                                       .granted_in_ms = -20000,
                                       .settled_in_ms = -1000 * (6 - i),
                                       .was_called = true,
                                       .outcome_class = OUTCOME_TIMEOUT};
    tell(&b, (struct event){.kind = EVENT_SNAPSHOT,
                            .is_answered = true,
                            .snapshot = {.epoch = 1,
                                         .now_us = 1000000,
                                         .ended = ended,
                                         .ended_count = 6,
                                         .next_cursor = ""}});
    submit(&b, 1, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "spare");
    assert_false(b.items[0].is_probe);
    finish(&b, 1, "ann");
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 2, "bob", 1);
    assert_string_equal(b.items[0].endpoint, "main");
    assert_true(b.items[0].is_probe);
    close_bench(&b);
}

static void rule_7_an_endpoint_that_is_held_is_passed_over(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    control(&b, SCOPE_ENDPOINT, "main", CONTROL_HELD, 1);
    submit(&b, 1, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "spare");
    grant_all(&b);
    control(&b, SCOPE_ENDPOINT, "main", CONTROL_OPEN, 2);
    submit(&b, 2, "bob", 1);
    assert_string_equal(b.items[0].endpoint, "main");
    close_bench(&b);
}

static void rule_7_while_reduced_all_is_done_by_the_embedded_analysis(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    control(&b, SCOPE_SYSTEM, "", CONTROL_REDUCED, 1);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    struct batch_answer answer = {.result = RESULT_RELEASED, .job_status = JOB_PROCESSING};
    answer.chunk = ready(0);
    answer.chunk.version = 5;
    answer.chunk.attempt = 1;
    answer_batch(&b, &answer);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    assert_true(b.items[0].is_degraded);
    close_bench(&b);
}

static void rule_12_who_is_held_is_told_by_whom_and_why(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    control(&b, SCOPE_TENANT, "acme", CONTROL_HELD, 1);
    submit(&b, 1, "ann", 1);
    struct explanation why = told(&b, 1);
    assert_int_equal(why.reason, WAITING_HELD);
    assert_int_equal(why.scope, SCOPE_TENANT);
    assert_string_equal(why.message, "maintenance");
    control(&b, SCOPE_SYSTEM, "", CONTROL_HELD, 2);
    assert_int_equal(told(&b, 1).scope, SCOPE_SYSTEM);
    close_bench(&b);
}

static void rule_12_a_used_up_limit_is_told_with_whose_it_is_and_until_when(void **state)
{
    (void)state;
    for (int is_tenants = 0; is_tenants < 2; is_tenants++) {
        struct scheduler_config config = chain_of(1);
        struct limits limits = {.requests_per_minute = 1};
        if (is_tenants)
            config.tenant_limits = limits;
        else
            config.endpoints[0].limits = limits;
        struct bench b;
        begin(&b, config);
        call_ending(&b, 1, OUTCOME_NONE);
        submit(&b, 2, "bob", 1);
        assert_int_equal(b.item_count, 0);
        struct explanation why = told(&b, 2);
        assert_int_equal(why.reason, WAITING_LIMIT);
        assert_int_equal(why.scope, is_tenants ? SCOPE_TENANT : SCOPE_ENDPOINT);
        assert_string_equal(why.scope_name, is_tenants ? "" : "main");
        assert_int_equal(why.limit, LIMIT_REQUESTS);
        assert_in_range(why.retry_in_ms, 61000, 62000);
        hush(&b);
        pass(&b, 30000);
        hush(&b);
        pass(&b, 32000);
        assert_int_equal(b.item_count, 1);
        close_bench(&b);
    }
}

static void rule_12_an_endpoint_that_is_down_is_told_by_name_and_until_when(void **state)
{
    (void)state;
    struct scheduler_config config = chain_of(1);
    config.has_fallback = false;
    struct bench b;
    begin(&b, config);
    break_it(&b, 1);
    submit(&b, 10, "ann", 1);
    assert_int_equal(b.item_count, 0);
    struct explanation why = told(&b, 10);
    assert_int_equal(why.reason, WAITING_ENDPOINT);
    assert_string_equal(why.scope_name, "main");
    assert_int_equal(why.retry_in_ms, b.config.breaker_open_ms);
    close_bench(&b);
}

static struct endpoint_figures figures_of(const struct bench *b, int endpoint)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures.endpoints[endpoint];
}

static void rule_7_for_how_long_an_endpoint_is_down_is_told_while_it_is(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    assert_int_equal(figures_of(&b, 0).down_ms, 0);
    break_it(&b, 1);
    assert_int_equal(figures_of(&b, 0).down_ms, b.config.breaker_open_ms);
    pass(&b, 1000);
    assert_int_equal(figures_of(&b, 0).down_ms, b.config.breaker_open_ms - 1000);
    pass(&b, b.config.breaker_open_ms);
    assert_int_equal(figures_of(&b, 0).breaker, BREAKER_HALF_OPEN);
    assert_int_equal(figures_of(&b, 0).down_ms, 0);
    close_bench(&b);
}

static void rule_7_a_model_begins_with_endpoints_as_they_stand(void **state)
{
    (void)state;
    static const struct endpoint_standing STANDING[] = {{0}, {.down_ms = 1}, {.held_ms = 1}};
    for (size_t i = 0; i < sizeof STANDING / sizeof STANDING[0]; i++) {
        struct bench b;
        open_bench(&b, chain_of(2));
        tell(&b, (struct event){.kind = EVENT_TIME});
        renew(&b, 1);
        scheduler_stand_endpoint(b.core, 1, &STANDING[i]);
        answer_snapshot(&b, 1, NULL, 0);
        assert_int_equal(figures_of(&b, 1).breaker,
                         STANDING[i].down_ms ? BREAKER_OPEN : BREAKER_CLOSED);
        assert_int_equal(figures_of(&b, 1).down_ms, STANDING[i].down_ms);
        assert_int_equal(figures_of(&b, 1).held_ms, STANDING[i].held_ms);
        assert_int_equal(figures_of(&b, 0).breaker, BREAKER_CLOSED);
        close_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_7_a_grant_names_the_endpoint_its_price_and_what_it_may_cost),
        cmocka_unit_test(rule_7_the_next_endpoint_takes_over_when_one_fails),
        cmocka_unit_test(rule_7_without_an_endpoint_the_embedded_analysis_stands_in),
        cmocka_unit_test(rule_7_exactly_one_probe_goes_out_and_decides),
        cmocka_unit_test(rule_7_a_probe_that_is_never_called_is_followed_by_another),
        cmocka_unit_test(rule_7_a_probe_that_came_to_nothing_ends_once),
        cmocka_unit_test(rule_7_what_waits_for_its_permit_is_taken_back_when_the_breaker_opens),
        cmocka_unit_test(rule_7_an_exhausted_quota_opens_the_breaker_at_once),
        cmocka_unit_test(rule_7_a_new_leader_knows_which_breakers_are_open),
        cmocka_unit_test(rule_7_for_how_long_an_endpoint_is_down_is_told_while_it_is),
        cmocka_unit_test(rule_7_a_model_begins_with_endpoints_as_they_stand),
        cmocka_unit_test(rule_7_an_endpoint_that_is_held_is_passed_over),
        cmocka_unit_test(rule_7_while_reduced_all_is_done_by_the_embedded_analysis),
        cmocka_unit_test(rule_12_who_is_held_is_told_by_whom_and_why),
        cmocka_unit_test(rule_12_a_used_up_limit_is_told_with_whose_it_is_and_until_when),
        cmocka_unit_test(rule_12_an_endpoint_that_is_down_is_told_by_name_and_until_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
