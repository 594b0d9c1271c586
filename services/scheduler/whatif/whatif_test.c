/* What-if over a recorded life of the model, whose answers are known. */
#include "life_for_test.h"

enum { USERS = 100, CHUNKS = 10, CALL_US = 50000 };

static void add_users(struct model *model)
{
    static char names[USERS][8];
    struct model_chunk chunks[CHUNKS];
    for (int i = 0; i < CHUNKS; i++)
        chunks[i] = (struct model_chunk){
            .open_posts = 10, .text_bytes = 1000, .prompt_tokens = 700, .completion_tokens = 300};
    for (int i = 0; i < USERS; i++) {
        snprintf(names[i], sizeof names[i], "u%d", i);
        model_add_job(model, &(struct model_job){.tenant_id = "acme",
                                                 .user_id = names[i],
                                                 .service_class = CLASS_STANDARD,
                                                 .arrives_us = 1000,
                                                 .chunks = chunks,
                                                 .chunk_count = CHUNKS});
    }
}

/* A hundred equal users, ten chunks of 50 ms each. */
static struct life recorded_life(void)
{
    struct life life = life_planned(CALL_US);
    life.options.config.max_active_users = USERS;
    life_live(&life, add_users);
    return life;
}

static void a_trace_tells_what_was_done_and_how(void **state)
{
    (void)state;
    struct life recorded = recorded_life();
    const struct history *history = &recorded.history;
    assert_int_equal(history->job_count, USERS);
    assert_int_equal(history->chunks, USERS * CHUNKS);
    assert_int_equal(history->use.without_usage, 0);
    assert_int_equal(history->drawn, 0);
    assert_true(history->setting.is_config_known);
    assert_int_equal(history->setting.analyzers, 1);
    assert_int_equal(history->setting.slots, 5);
    assert_int_equal(history->setting.commit_us, STEP_US / 2);
    struct figures figures = whatif_recorded(history);
    assert_int_equal(figures.jobs, USERS);
    expect_about(figures.makespan_s, 10);
    expect_about(figures.slots_part, 1);
    expect_about(figures.usd, 1000 * (700 * 0.15 + 300 * 0.6) / 1e6);
    life_forget(&recorded);
}

static void the_baseline_is_what_was_recorded(void **state)
{
    (void)state;
    struct life recorded = recorded_life();
    struct whatif_setting setting = whatif_setting(&recorded.history);
    struct figures was = whatif_recorded(&recorded.history);
    struct figures again = whatif_run(&recorded.history, &setting);
    expect_about(again.finish.mean_s, was.finish.mean_s);
    expect_about(again.first.p90_s, was.first.p90_s);
    expect_about(again.makespan_s, was.makespan_s);
    expect_about(again.usd, was.usd);
    life_forget(&recorded);
}

static void twice_the_slots_halve_the_makespan_of_equal_users(void **state)
{
    (void)state;
    struct life recorded = recorded_life();
    struct whatif_setting setting = whatif_setting(&recorded.history);
    double once_s = whatif_run(&recorded.history, &setting).makespan_s;
    setting.slots *= 2;
    expect_about(whatif_run(&recorded.history, &setting).makespan_s, once_s / 2);
    setting.slots /= 2;
    setting.analyzers *= 2;
    expect_about(whatif_run(&recorded.history, &setting).makespan_s, once_s / 2);
    life_forget(&recorded);
}

/* rule 5: of 1,000 calls, 400 may be made in a minute and a permit's life. */
static void a_limit_of_requests_stretches_the_makespan(void **state)
{
    (void)state;
    struct life recorded = recorded_life();
    struct whatif_setting setting = whatif_setting(&recorded.history);
    setting.config.endpoints[0].limits.requests_per_minute = 400;
    struct figures figures = whatif_run(&recorded.history, &setting);
    assert_int_equal(figures.jobs, USERS);
    if (figures.makespan_s < 120 || figures.makespan_s > 135)
        fail_msg("%.1f s", figures.makespan_s);
    life_forget(&recorded);
}

static void spreads_are_of_their_places(void **state)
{
    (void)state;
    int64_t times_us[200];
    for (int i = 0; i < 200; i++)
        times_us[i] = (200 - i) * INT64_C(1000000);
    struct spread spread = spread_of(times_us, 200);
    expect_about(spread.mean_s, 100.5);
    assert_int_equal(spread.p50_s, 100);
    assert_int_equal(spread.p90_s, 180);
    assert_int_equal(spread.p99_s, 198);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_tells_what_was_done_and_how),
        cmocka_unit_test(the_baseline_is_what_was_recorded),
        cmocka_unit_test(twice_the_slots_halve_the_makespan_of_equal_users),
        cmocka_unit_test(a_limit_of_requests_stretches_the_makespan),
        cmocka_unit_test(spreads_are_of_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
