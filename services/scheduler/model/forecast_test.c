/* rule 12: half of the jobs are done by their P50 and nine of ten by their P90, if nothing new
 * arrives. The world here is the model itself with lengths of calls of its own; what is tested is
 * whether the forecast, made from what the core knows in mid-run, foretells it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "calibration.h"
#include "forecast.h"
#include "model.h"

enum { HISTORIES = 40, JOBS = 48, MEAN_US = 80000, SAMPLES = 4096 };

/* A life of which a forecast is made once, in its midst. */
struct history {
    struct model_options options;
    uint64_t random;
    struct instant forecast_at, made_at;
    struct forecast *forecast;
    struct forecast_bounds bounds;
    struct call_sample samples[SAMPLES];
    char users[JOBS][8];
    uint32_t arrivals; /* of every so many jobs one comes later than the forecast; 0 = none */
};

struct score {
    unsigned told, by_p50, by_p90, rough, near; /* to within three seconds */
};

static uint32_t below(struct history *history, uint32_t limit)
{
    history->random =
        history->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(history->random >> 33) % limit;
}

static void look(void *context, const struct scheduler *core, const struct event *event,
                 struct instant now, const struct actions *actions)
{
    struct history *history = context;
    (void)event;
    (void)actions;
    if (history->made_at.ns > 0 || instant_is_before(now, history->forecast_at))
        return;
    history->made_at = now;
    history->forecast = forecast_new(core, &history->options.config, history->bounds);
}

static void open_history(struct history *history, uint64_t seed)
{
    *history = (struct history){.random = seed, .bounds = FORECAST_BOUNDS};
    history->bounds.batch_us = history->bounds.commit_us = 1000;
    for (int i = 0; i < SAMPLES; i++) {
        double part = (below(history, 1000000) + 1) / 1000001.0;
        history->samples[i] = (struct call_sample){
            .text_bytes = 1000, .took_us = 1 + (uint32_t)(-log(part) * (double)MEAN_US)};
    }
    history->options = (struct model_options){.config = SCHEDULER_DEFAULTS,
                                              .analyzers = 2,
                                              .slots = 3,
                                              .samples = history->samples,
                                              .sample_count = SAMPLES,
                                              .batch_us = 1000,
                                              .commit_us = 1000,
                                              .seed = seed,
                                              .after = look,
                                              .context = history};
    history->options.config.max_active_users = 5;
    history->forecast_at = (struct instant){1000000000 + (2500 + below(history, 2500)) * CLOCK_MS};
}

static void add_jobs(struct history *history, struct model *model)
{
    static struct model_chunk chunks[20];
    for (int i = 0; i < 20; i++)
        chunks[i] = (struct model_chunk){.open_posts = 10, .text_bytes = 1000};
    for (uint32_t i = 0; i < JOBS; i++) {
        snprintf(history->users[i], sizeof history->users[i], "u%u", i % 30);
        bool is_late = history->arrivals > 0 && i % history->arrivals == 0;
        model_add_job(model,
                      &(struct model_job){.tenant_id = "acme",
                                          .user_id = history->users[i],
                                          .service_class = CLASS_STANDARD,
                                          .arrives_us = is_late ? 5000000 + i * 50000
                                                                : below(history, 2000) * 1000,
                                          .chunks = chunks,
                                          .chunk_count = 1 + below(history, 20)});
    }
}

/* Holds what was foretold against what came. */
static void count(struct history *history, const struct model *model, struct score *score)
{
    for (size_t i = 0; i < JOBS; i++) {
        char id[64];
        struct forecast_finish finish;
        snprintf(id, sizeof id, "00000000-0000-7000-8000-%012zu", i);
        if (!forecast_find(history->forecast, id, 0, &finish))
            continue; /* done before, or not there yet */
        int64_t made_us = (history->made_at.ns - 1000000000) / 1000;
        int64_t took_us = model_result(model, i).finish_us - made_us;
        score->told++;
        score->by_p50 += took_us <= (finish.p50_ms + 1) * 1000;
        score->by_p90 += took_us <= (finish.p90_ms + 1) * 1000;
        score->rough += finish.is_rough;
        score->near += llabs(took_us / 1000 - finish.p50_ms) <= 3000;
    }
}

static void run_history(struct history *history, uint64_t seed, struct score *score)
{
    struct model *model = model_new(&history->options);
    add_jobs(history, model);
    model_run(model);
    if (history->forecast) {
        forecast_run(history->forecast, seed);
        count(history, model, score);
    }
    forecast_free(&history->forecast);
    model_free(&model);
}

static struct score score_of(uint32_t arrivals, size_t most_steps)
{
    struct score score = {0};
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        static struct history history;
        open_history(&history, seed);
        history.arrivals = arrivals;
        if (most_steps > 0)
            history.bounds.most_steps = most_steps;
        run_history(&history, seed, &score);
    }
    print_message("%u jobs: %.1f %% by P50, %.1f %% by P90, %u rough\n", score.told,
                  100.0 * score.by_p50 / score.told, 100.0 * score.by_p90 / score.told,
                  score.rough);
    return score;
}

static void half_are_done_by_their_p50_and_nine_of_ten_by_their_p90(void **state)
{
    (void)state;
    struct score score = score_of(0, 0);
    assert_true(score.told > 500);
    assert_in_range(score.by_p50 * 100 / score.told, 40, 60);
    assert_in_range(score.by_p90 * 100 / score.told, 85, 97);
    assert_int_equal(score.rough, 0);
}

/* It knows nothing of what is yet to come: with a quarter more work to come it is too early. */
static void what_arrives_later_makes_forecasts_too_early(void **state)
{
    (void)state;
    struct score score = score_of(4, 0);
    assert_in_range(score.by_p50 * 100 / score.told, 10, 50);
    assert_in_range(score.by_p90 * 100 / score.told, 30, 90);
}

/* rules 5 and 12: a limit is used up in two seconds, and its window empties a minute later. Who is
 * the last in a minute or the first in the next is open, so not all are told right. */
static void a_minute_that_is_used_up_is_waited_for(void **state)
{
    (void)state;
    struct score score = {0};
    for (uint64_t seed = 1; seed <= HISTORIES / 4; seed++) {
        static struct history history;
        open_history(&history, seed);
        history.options.config.endpoint_count = 1;
        strcpy(history.options.config.endpoints[0].name, "main");
        history.options.config.endpoints[0].limits.requests_per_minute = 100;
        run_history(&history, seed, &score);
    }
    print_message("%u of %u told right\n", score.near, score.told);
    assert_true(score.told > 100);
    assert_true(score.near * 10 >= score.told * 6);
}

/* Bounded work: the rest is reckoned, which is rough and said to be. */
static void what_is_beyond_the_bounds_is_reckoned_and_said_to_be_rough(void **state)
{
    (void)state;
    struct score score = score_of(0, 5 * 40);
    assert_true(score.rough > score.told / 4);
    assert_in_range(score.by_p90 * 100 / score.told, 40, 100);
}

static void a_promise_is_held_against_what_was_told_first(void **state)
{
    (void)state;
    struct calibration calibration = {0};
    calibration_tell(&calibration, "a", (struct instant){100}, (struct instant){200});
    calibration_tell(&calibration, "a", (struct instant){900}, (struct instant){900});
    calibration_tell(&calibration, "b", (struct instant){100}, (struct instant){200});
    calibration_tell(&calibration, "c", (struct instant){100}, (struct instant){200});
    calibration_tell(&calibration, "d", (struct instant){100}, (struct instant){200});
    assert_int_equal(calibration_finish(&calibration, "a", (struct instant){201}), KEPT_LATER);
    assert_int_equal(calibration_finish(&calibration, "a", (struct instant){201}), KEPT_UNKNOWN);
    assert_int_equal(calibration_finish(&calibration, "b", (struct instant){200}), KEPT_P90);
    assert_int_equal(calibration_finish(&calibration, "c", (struct instant){100}), KEPT_P50);
    calibration_forget(&calibration, "d");
    assert_int_equal(calibration_finish(&calibration, "d", (struct instant){1}), KEPT_UNKNOWN);
    calibration_free(&calibration);
}

static void no_more_promises_are_remembered_than_fit(void **state)
{
    (void)state;
    struct calibration calibration = {0};
    for (int i = 0; i <= MOST_PROMISES; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        calibration_tell(&calibration, id, (struct instant){100}, (struct instant){200});
    }
    assert_int_equal(calibration_finish(&calibration, "0", (struct instant){1}), KEPT_UNKNOWN);
    assert_int_equal(calibration_finish(&calibration, "1", (struct instant){1}), KEPT_P50);
    calibration_free(&calibration);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_are_done_by_their_p50_and_nine_of_ten_by_their_p90),
        cmocka_unit_test(what_arrives_later_makes_forecasts_too_early),
        cmocka_unit_test(a_minute_that_is_used_up_is_waited_for),
        cmocka_unit_test(what_is_beyond_the_bounds_is_reckoned_and_said_to_be_rough),
        cmocka_unit_test(a_promise_is_held_against_what_was_told_first),
        cmocka_unit_test(no_more_promises_are_remembered_than_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
