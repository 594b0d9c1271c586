/* What-if over a recorded life of the model, whose answers are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "trace/tape_for_test.h"
#include "whatif.h"

enum { USERS = 100, CHUNKS = 10, CALL_US = 50000, STEP_US = 4000 };

struct recorded {
    struct recorder *recorder;
    struct tape tape;
    struct model_options options;
    struct history history;
};

static void before(void *context, const struct scheduler *core, const struct event *event)
{
    struct recorded *recorded = context;
    recorder_begin(recorded->recorder, core, event);
}

static void after(void *context, const struct scheduler *core, const struct event *event,
                  struct instant now, const struct actions *actions)
{
    struct recorded *recorded = context;
    recorder_end(recorded->recorder, core, event, now, actions);
}

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

/* A hundred equal users, ten chunks of 50 ms each, one analyzer with five slots. */
static void record(struct recorded *recorded)
{
    *recorded = (struct recorded){0};
    recorded->options = (struct model_options){.config = SCHEDULER_DEFAULTS,
                                               .analyzers = 1,
                                               .slots = 5,
                                               .call_us = CALL_US,
                                               .batch_us = STEP_US / 2,
                                               .commit_us = STEP_US / 2,
                                               .before = before,
                                               .after = after,
                                               .context = recorded,
                                               .seed = 1};
    struct scheduler_config *config = &recorded->options.config;
    config->max_active_users = USERS;
    config->endpoint_count = 1;
    strcpy(config->endpoints[0].name, "main");
    config->endpoints[0].prompt_nanos = 150;
    config->endpoints[0].completion_nanos = 600;
    recorded->recorder = recorder_new(&(struct recorder_options){.instance_id = "brain",
                                                                 .config = config,
                                                                 .take = tape_take,
                                                                 .context = &recorded->tape,
                                                                 .wall_ms = tape_wall_ms});
    struct model *model = model_new(&recorded->options);
    add_users(model);
    model_run(model);
    model_free(&model);
    recorder_free(&recorded->recorder);
    SCOPED(trace_close) struct trace *trace = NULL;
    struct error why;
    if (!trace_open_bytes(recorded->tape.file.chars, recorded->tape.file.length, &trace, &why) ||
        !history_read(trace, &recorded->history, &why))
        fail_msg("%s", why.message);
}

static void forget(struct recorded *recorded)
{
    history_free(&recorded->history);
    text_free(&recorded->tape.file);
}

static void expect_about(double is, double wanted)
{
    if (is < 0.95 * wanted || is > 1.05 * wanted)
        fail_msg("%.3f, not about %.3f", is, wanted);
}

static void a_trace_tells_what_was_done_and_how(void **state)
{
    (void)state;
    struct recorded recorded;
    record(&recorded);
    const struct history *history = &recorded.history;
    assert_int_equal(history->job_count, USERS);
    assert_int_equal(history->chunks, USERS * CHUNKS);
    assert_int_equal(history->chunks_without_usage, 0);
    assert_true(history->setting.is_config_known);
    assert_int_equal(history->setting.analyzers, 1);
    assert_int_equal(history->setting.slots, 5);
    assert_int_equal(history->setting.commit_us, STEP_US / 2);
    struct whatif_setting setting = whatif_setting(history);
    struct figures figures = whatif_recorded(history, &setting);
    assert_int_equal(figures.jobs, USERS);
    expect_about(figures.makespan_s, 10);
    expect_about(figures.slots_part, 1);
    expect_about(figures.usd, 1000 * (700 * 0.15 + 300 * 0.6) / 1e6);
    forget(&recorded);
}

static void the_baseline_is_what_was_recorded(void **state)
{
    (void)state;
    struct recorded recorded;
    record(&recorded);
    struct whatif_setting setting = whatif_setting(&recorded.history);
    struct figures was = whatif_recorded(&recorded.history, &setting);
    struct figures again = whatif_run(&recorded.history, &setting);
    expect_about(again.finish.mean_s, was.finish.mean_s);
    expect_about(again.first.p90_s, was.first.p90_s);
    expect_about(again.makespan_s, was.makespan_s);
    expect_about(again.usd, was.usd);
    forget(&recorded);
}

static void twice_the_slots_halve_the_makespan_of_equal_users(void **state)
{
    (void)state;
    struct recorded recorded;
    record(&recorded);
    struct whatif_setting setting = whatif_setting(&recorded.history);
    double once_s = whatif_run(&recorded.history, &setting).makespan_s;
    setting.slots *= 2;
    expect_about(whatif_run(&recorded.history, &setting).makespan_s, once_s / 2);
    setting.slots /= 2;
    setting.analyzers *= 2;
    expect_about(whatif_run(&recorded.history, &setting).makespan_s, once_s / 2);
    forget(&recorded);
}

/* rule 5: of 1,000 calls, 400 may be made in a minute and a permit's life. */
static void a_limit_of_requests_stretches_the_makespan(void **state)
{
    (void)state;
    struct recorded recorded;
    record(&recorded);
    struct whatif_setting setting = whatif_setting(&recorded.history);
    setting.config.endpoints[0].limits.requests_per_minute = 400;
    struct figures figures = whatif_run(&recorded.history, &setting);
    assert_int_equal(figures.jobs, USERS);
    if (figures.makespan_s < 120 || figures.makespan_s > 135)
        fail_msg("%.1f s", figures.makespan_s);
    forget(&recorded);
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
