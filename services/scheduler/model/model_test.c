/* The model against what can be reckoned by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "model.h"

enum { CALL_US = 50000, MANY = 1000, MOST_CHUNKS = 100 };

static struct model_options options_with(uint32_t cap, uint32_t analyzers, uint32_t slots)
{
    struct model_options options = {
        .config = SCHEDULER_DEFAULTS, .analyzers = analyzers, .slots = slots, .call_us = CALL_US};
    options.config.max_active_users = cap;
    options.seed = 1;
    return options;
}

static size_t add(struct model *model, const char *user, size_t chunks, int64_t arrives_us)
{
    static struct model_chunk list[MOST_CHUNKS];
    assert_true(chunks <= MOST_CHUNKS);
    for (size_t i = 0; i < chunks; i++)
        list[i] = (struct model_chunk){.open_posts = 10, .text_bytes = 1000};
    return model_add_job(model, &(struct model_job){.tenant_id = "acme",
                                                    .user_id = user,
                                                    .service_class = CLASS_STANDARD,
                                                    .arrives_us = arrives_us,
                                                    .chunks = list,
                                                    .chunk_count = chunks});
}

static void add_users(struct model *model, int users, size_t chunks)
{
    static char names[MANY][8];
    for (int i = 0; i < users; i++) {
        snprintf(names[i], sizeof names[i], "u%d", i);
        add(model, names[i], chunks, 0);
    }
}

static double mean_finish_s(const struct model *model, int jobs)
{
    double sum = 0;
    for (int i = 0; i < jobs; i++) {
        assert_true(model_result(model, (size_t)i).finish_us > 0);
        sum += (double)model_result(model, (size_t)i).finish_us;
    }
    return sum / jobs / 1e6;
}

/* Within 5 %. */
static void expect_about(int64_t is_us, int64_t wanted_us)
{
    if (is_us < wanted_us * 95 / 100 || is_us > wanted_us * 105 / 100)
        fail_msg("%.3f s, not about %.3f s", (double)is_us / 1e6, (double)wanted_us / 1e6);
}

static void one_chunk_takes_one_call(void **state)
{
    (void)state;
    struct model_options options = options_with(10, 1, 4);
    options.batch_us = 3000;
    options.commit_us = 2000;
    struct model *model = model_new(&options);
    size_t job = add(model, "ann", 1, 1000000);
    model_run(model);
    assert_int_equal(model_result(model, job).finish_us, 1000000 + 3000 + CALL_US + 2000);
    model_free(&model);
}

/* rule 1 */
static void chunks_of_one_user_run_one_after_another(void **state)
{
    (void)state;
    struct model_options options = options_with(10, 1, 10);
    struct model *model = model_new(&options);
    size_t job = add(model, "ann", 7, 0);
    model_run(model);
    assert_int_equal(model_result(model, job).first_us, CALL_US);
    assert_int_equal(model_result(model, job).finish_us, 7 * CALL_US);
    model_free(&model);
}

/* rules 2 and 3: under equal sharing all would be done after 5 s; the first chunks of all take 0.5
 * s of what would be 2.75 s */
static void equal_users_share_the_slots_as_the_rules_say(void **state)
{
    (void)state;
    struct model_options options = options_with(10, 2, 10);
    struct model *model = model_new(&options);
    add_users(model, 100, 10);
    model_run(model);
    assert_int_equal(model_totals(model).chunks, 1000);
    expect_about(model_totals(model).end_us, 100 * 10 * CALL_US / 10);
    double mean_s = mean_finish_s(model, 100);
    if (mean_s < 2.75 || mean_s > 3.25 + 0.05)
        fail_msg("mean finish %.3f s", mean_s);
    model_free(&model);
}

/* Slots stand idle at the end, where fewer users than slots have work (rule 1). */
static int64_t makespan(uint32_t cap, uint32_t analyzers, uint32_t slots)
{
    struct model_options options = options_with(cap, analyzers, slots);
    struct model *model = model_new(&options);
    add_users(model, 100, 10);
    model_run(model);
    int64_t end_us = model_totals(model).end_us;
    model_free(&model);
    return end_us;
}

static void twice_the_slots_halve_the_makespan(void **state)
{
    (void)state;
    expect_about(makespan(100, 1, 5), 2 * makespan(100, 1, 10));
    expect_about(makespan(100, 1, 10), 2 * makespan(100, 2, 10));
    expect_about(makespan(5, 2, 10), 2 * makespan(10, 2, 10));
}

/* What runs already is not begun again: of 50 ms, 40 have passed. */
static void what_runs_at_the_start_has_its_rest_to_run(void **state)
{
    (void)state;
    struct model_options options = options_with(10, 1, 1);
    struct model *model = model_new(&options);
    struct model_chunk chunks[] = {
        {.open_posts = 10, .text_bytes = 1000, .stage = {.kind = STAGE_RUNS, .runs_for_us = 40000}},
        {.open_posts = 10, .text_bytes = 1000, .stage = {.kind = STAGE_WAITS, .due_in_ms = 30}},
    };
    size_t job = model_add_job(model, &(struct model_job){.tenant_id = "acme",
                                                          .user_id = "ann",
                                                          .service_class = CLASS_STANDARD,
                                                          .chunks = chunks,
                                                          .chunk_count = 2});
    model_run(model);
    assert_int_equal(model_result(model, job).first_us, 10000);
    assert_in_range(model_result(model, job).finish_us, 30000 + CALL_US, 36000 + CALL_US);
    model_free(&model);
}

/* A call of its size is drawn, and of what runs only one that lasts as long. */
static void calls_are_drawn_from_those_of_their_size(void **state)
{
    (void)state;
    struct call_sample samples[40];
    for (int i = 0; i < 40; i++)
        samples[i] = i < 20 ? (struct call_sample){.text_bytes = 900, .took_us = 10000}
                            : (struct call_sample){.text_bytes = 9000, .took_us = 80000};
    struct model_options options = options_with(10, 1, 10);
    options.samples = samples;
    options.sample_count = 40;
    struct model *model = model_new(&options);
    size_t job = add(model, "ann", 3, 0); /* of 1000 bytes */
    model_run(model);
    assert_int_equal(model_result(model, job).finish_us, 3 * 10000);
    model_free(&model);
}

static void the_same_seed_gives_the_same_times(void **state)
{
    (void)state;
    int64_t ends[2];
    for (int i = 0; i < 2; i++) {
        struct call_sample samples[30];
        for (int k = 0; k < 30; k++)
            samples[k] =
                (struct call_sample){.text_bytes = 1000, .took_us = (uint32_t)(k + 1) * 7000};
        struct model_options options = options_with(5, 2, 5);
        options.samples = samples;
        options.sample_count = 30;
        options.seed = 42;
        struct model *model = model_new(&options);
        add_users(model, 40, 5);
        model_run(model);
        ends[i] = model_totals(model).end_us;
        model_free(&model);
    }
    assert_int_equal(ends[0], ends[1]);
}

static void nothing_moves_where_nobody_is_there_to_analyse(void **state)
{
    (void)state;
    struct model_options options = options_with(10, 0, 0);
    struct model *model = model_new(&options);
    size_t job = add(model, "ann", 1, 0);
    model_run(model);
    assert_int_equal(model_result(model, job).finish_us, -1);
    assert_int_equal(model_result(model, job).chunks_left, 1);
    model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_chunk_takes_one_call),
        cmocka_unit_test(chunks_of_one_user_run_one_after_another),
        cmocka_unit_test(equal_users_share_the_slots_as_the_rules_say),
        cmocka_unit_test(twice_the_slots_halve_the_makespan),
        cmocka_unit_test(what_runs_at_the_start_has_its_rest_to_run),
        cmocka_unit_test(calls_are_drawn_from_those_of_their_size),
        cmocka_unit_test(the_same_seed_gives_the_same_times),
        cmocka_unit_test(nothing_moves_where_nobody_is_there_to_analyse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
