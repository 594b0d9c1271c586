/* What is read from a trace, of calls that failed, of parts, of endpoints and controls; and that
 * the model repeats it. */
#include "life_for_test.h"

enum { CALL_US = 50000, TIMEOUT_US = 90000 };

static void add_job(struct model *model, const char *user, const struct model_chunk *chunks,
                    size_t count)
{
    model_add_job(model, &(struct model_job){.tenant_id = "acme",
                                             .user_id = user,
                                             .service_class = CLASS_STANDARD,
                                             .arrives_us = 1000,
                                             .chunks = chunks,
                                             .chunk_count = count});
}

static const struct model_chunk WHOLE = {
    .open_posts = 100, .text_bytes = 10000, .prompt_tokens = 2000, .completion_tokens = 500};

static struct model_failure failure_of(enum outcome_class class, uint32_t tries)
{
    return (struct model_failure){.took_us = TIMEOUT_US,
                                  .was_called = true,
                                  .is_usage_known = true,
                                  .prompt_tokens = 2000,
                                  .completion_tokens = 100,
                                  .outcome_class = class,
                                  .last_class = class,
                                  .tries = tries,
                                  .open_posts = 100,
                                  .text_bytes = 10000};
}

/* What was recorded is what the model says it did. */
static void expect_same(const struct figures *figures, const struct model_totals *totals)
{
    struct model_use sum = {0};
    for (int i = 0; i < MOST_ENDPOINTS; i++) {
        sum.calls += totals->uses[i].calls;
        sum.failed += totals->uses[i].failed;
        sum.tokens += totals->uses[i].tokens;
        sum.micros += totals->uses[i].micros;
    }
    assert_int_equal(figures->calls, sum.calls);
    assert_int_equal(figures->failed_calls, sum.failed);
    assert_int_equal(figures->tokens, sum.tokens);
    assert_int_equal((uint64_t)(figures->usd * 1e6 + 0.5), sum.micros);
}

/* The model, told as it was, does the same once more. */
static void expect_repeated(const struct life *life)
{
    struct whatif_setting setting = whatif_setting(&life->history);
    struct figures was = whatif_recorded(&life->history);
    struct figures again = whatif_run(&life->history, &setting);
    expect_same(&was, &life->totals);
    expect_same(&again, &life->totals);
    assert_int_equal(again.jobs, was.jobs);
    expect_about(again.finish.mean_s, was.finish.mean_s);
    expect_about(again.slots_part, was.slots_part);
}

/* Two calls fail, the second one asking for a longer wait than its try; a third one brings it. */
static void add_failing(struct model *model)
{
    struct model_failure failures[] = {failure_of(OUTCOME_INVALID_ANSWER, 1),
                                       failure_of(OUTCOME_TIMEOUT, 2)};
    failures[1].retry_in_ms = 9000;
    struct model_chunk chunk = WHOLE;
    chunk.failures = failures;
    chunk.failure_count = 2;
    add_job(model, "ann", &chunk, 1);
    add_job(model, "bob", &WHOLE, 1);
}

static void calls_that_failed_are_counted_and_repeated(void **state)
{
    (void)state;
    struct life life = life_planned(CALL_US);
    life_live(&life, add_failing);
    struct figures was = whatif_recorded(&life.history);
    assert_int_equal(was.jobs, 2);
    assert_int_equal(was.calls, 4);
    assert_int_equal(was.failed_calls, 2);
    assert_int_equal(was.tokens, 2 * 2500 + 2 * 2100);
    assert_int_equal(life.history.use.call_us, 2 * CALL_US + 2 * TIMEOUT_US);
    assert_true(was.finish.p99_s > 2 + 9); /* rule 6 */
    expect_repeated(&life);
    life_forget(&life);
}

/* What a call used that did not tell it is what was booked. */
static void add_untold(struct model *model)
{
    struct model_failure failure = failure_of(OUTCOME_TIMEOUT, 1);
    failure.is_usage_known = false;
    failure.prompt_tokens = failure.completion_tokens = 0;
    struct model_chunk chunk = WHOLE;
    chunk.failures = &failure;
    chunk.failure_count = 1;
    add_job(model, "ann", &chunk, 1);
}

static void a_call_that_did_not_tell_its_usage_counts_as_booked(void **state)
{
    (void)state;
    struct life life = life_planned(CALL_US);
    life_live(&life, add_untold);
    assert_int_equal(life.history.use.without_usage, 1);
    assert_true(whatif_recorded(&life.history).tokens > 2500);
    expect_repeated(&life);
    life_forget(&life);
}

/* Too large: it is split, and its second part once more. */
static void add_split(struct model *model)
{
    struct model_failure large = failure_of(OUTCOME_TOO_LARGE, 3);
    struct model_failure part_large = failure_of(OUTCOME_TOO_LARGE, 1);
    part_large.open_posts = 50;
    struct model_chunk chunks[5];
    for (size_t i = 0; i < 5; i++) {
        chunks[i] = WHOLE;
        chunks[i].depth = i == 0 ? 0 : i < 3 ? 1 : 2;
        chunks[i].open_posts = 100 >> chunks[i].depth;
        chunks[i].part_of = i == 0 ? 0 : i < 3 ? 1 : 3;
    }
    chunks[0].failures = &large;
    chunks[2].failures = &part_large;
    chunks[0].failure_count = chunks[2].failure_count = 1;
    add_job(model, "ann", chunks, 5);
}

static void parts_of_a_split_chunk_are_counted_and_repeated(void **state)
{
    (void)state;
    struct life life = life_planned(CALL_US);
    life_live(&life, add_split);
    struct figures was = whatif_recorded(&life.history);
    assert_int_equal(life.history.chunks, 1);
    assert_int_equal(was.calls, 5);
    assert_int_equal(was.failed_calls, 2);
    assert_int_equal(was.tokens, 3 * 2500 + 2 * 2100);
    /* The first result is that of the first part that succeeded: a split is none. */
    assert_true(was.first.mean_s > (TIMEOUT_US + CALL_US) / 1e6);
    expect_repeated(&life);
    life_forget(&life);
}

/* A cached chunk needs no call, and no room under a limit. */
static void add_cached(struct model *model)
{
    struct model_chunk chunks[] = {WHOLE, WHOLE};
    chunks[0].is_cached = true;
    add_job(model, "ann", chunks, 2);
}

static void a_cached_chunk_takes_no_call(void **state)
{
    (void)state;
    struct life life = life_planned(CALL_US);
    life_live(&life, add_cached);
    assert_int_equal(life.history.use.cached, 1);
    assert_int_equal(life.history.drawn, 0);
    assert_int_equal(whatif_recorded(&life.history).calls, 1);
    expect_repeated(&life);
    life_forget(&life);
}

static void add_many(struct model *model)
{
    static const char *const USERS[] = {"ann", "bob", "cid", "dan", "eve", "fay"};
    for (size_t i = 0; i < sizeof USERS / sizeof USERS[0]; i++)
        add_job(model, USERS[i], &WHOLE, 1);
}

/* The first endpoint's money for the day is soon spent: the other one is ten times as dear. */
static struct life life_of_two_endpoints(void)
{
    struct life life = life_planned(CALL_US);
    struct scheduler_config *config = &life.options.config;
    config->endpoint_count = 2;
    config->endpoints[0].limits.micros_per_day = 12000;
    strcpy(config->endpoints[1].name, "dear");
    config->endpoints[1].prompt_nanos = 1500;
    config->endpoints[1].completion_nanos = 6000;
    return life;
}

static void each_call_has_the_price_of_its_own_endpoint(void **state)
{
    (void)state;
    struct life life = life_of_two_endpoints();
    life_live(&life, add_many);
    const struct model_use *use = life.history.use.of;
    assert_true(use[0].calls > 0 && use[1].calls > 0);
    assert_int_equal(use[0].calls + use[1].calls, 6);
    assert_int_equal(use[0].micros, use[0].calls * (2000 * 150 + 500 * 600) / 1000);
    assert_int_equal(use[1].micros, use[1].calls * (2000 * 1500 + 500 * 6000) / 1000);
    expect_repeated(&life);
    life_forget(&life);
}

/* What an endpoint did is not repeated at another one. */
static void add_refused(struct model *model)
{
    struct model_failure refused = failure_of(OUTCOME_SERVER_ERROR, 0);
    refused.endpoint = 1;
    struct model_chunk chunk = WHOLE;
    chunk.failures = &refused;
    chunk.failure_count = 1;
    add_job(model, "ann", &chunk, 1);
}

static void an_endpoints_own_failure_is_repeated_at_it_alone(void **state)
{
    (void)state;
    struct life life = life_of_two_endpoints();
    life_live(&life, add_refused);
    assert_int_equal(whatif_recorded(&life.history).failed_calls, 1);
    expect_repeated(&life);
    struct whatif_setting setting = whatif_setting(&life.history);
    struct control_facts held = {.scope = SCOPE_ENDPOINT,
                                 .tenant_id = "",
                                 .name = setting.config.endpoints[0].name,
                                 .message = "",
                                 .state = CONTROL_HELD,
                                 .version = 1};
    struct control_facts *kept = life.history.setting.controls;
    life.history.setting.controls = &held;
    life.history.setting.control_count = 1;
    assert_int_equal(whatif_run(&life.history, &setting).failed_calls, 0);
    life.history.setting.controls = kept;
    life.history.setting.control_count = 0;
    life_forget(&life);
}

/* rule 5, by an operator's limits: two calls in 60 s and a permit's life. */
static void limits_that_operators_set_hold_in_the_model_too(void **state)
{
    (void)state;
    struct life life = life_planned(CALL_US);
    struct control_facts controls[] = {{.scope = SCOPE_ENDPOINT,
                                        .tenant_id = "",
                                        .name = "main",
                                        .message = "",
                                        .has_limits = true,
                                        .limits.requests_per_minute = 2,
                                        .version = 5},
                                       {.scope = SCOPE_TENANT,
                                        .tenant_id = "acme",
                                        .name = "",
                                        .message = "",
                                        .has_limits = true,
                                        .limits.requests_per_minute = 1,
                                        .version = 6}};
    life.options.controls = controls;
    life.options.control_count = 1;
    life_live(&life, add_many);
    struct whatif_setting setting = whatif_setting(&life.history);
    assert_int_equal(setting.config.endpoints[0].limits.requests_per_minute, 2);
    assert_int_equal(life.history.setting.changes, 0);
    expect_repeated(&life);
    double makespan_s = whatif_recorded(&life.history).makespan_s;
    assert_true(makespan_s > 120 && makespan_s < 135);
    setting.config.endpoints[0].limits.requests_per_minute = 100; /* the control gives way */
    assert_true(whatif_run(&life.history, &setting).makespan_s < 1);
    life_forget(&life);

    life = life_planned(CALL_US);
    life.options.controls = controls;
    life.options.control_count = 2;
    life_live(&life, add_many);
    makespan_s = whatif_recorded(&life.history).makespan_s;
    assert_true(makespan_s > 300 && makespan_s < 340);
    expect_repeated(&life);
    life_forget(&life);
}

static void a_price_of_another_setting_changes_the_cost_alone(void **state)
{
    (void)state;
    struct life life = life_planned(CALL_US);
    life_live(&life, add_failing);
    struct whatif_setting setting = whatif_setting(&life.history);
    struct figures once = whatif_run(&life.history, &setting);
    setting.config.endpoints[0].prompt_nanos *= 2;
    setting.config.endpoints[0].completion_nanos *= 2;
    struct figures twice = whatif_run(&life.history, &setting);
    expect_about(twice.usd, 2 * once.usd);
    assert_int_equal(twice.tokens, once.tokens);
    life_forget(&life);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_that_failed_are_counted_and_repeated),
        cmocka_unit_test(a_call_that_did_not_tell_its_usage_counts_as_booked),
        cmocka_unit_test(parts_of_a_split_chunk_are_counted_and_repeated),
        cmocka_unit_test(a_cached_chunk_takes_no_call),
        cmocka_unit_test(each_call_has_the_price_of_its_own_endpoint),
        cmocka_unit_test(an_endpoints_own_failure_is_repeated_at_it_alone),
        cmocka_unit_test(limits_that_operators_set_hold_in_the_model_too),
        cmocka_unit_test(a_price_of_another_setting_changes_the_cost_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
