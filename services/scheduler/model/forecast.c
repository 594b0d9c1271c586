#include "forecast.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"
#include "model.h"

enum { MOST_RUNS = 40, LEAST_RUNS = 5, MOST_OLD_CALLS = 5000 };

const struct forecast_bounds FORECAST_BOUNDS = {
    .most_chunks = 20000, .most_steps = 10000, .batch_us = 3000, .commit_us = 3000};

struct foretold {
    UT_hash_handle hh;
    char id[JOB_ID_SIZE], tenant_id[TENANT_ID_SIZE], user_id[USER_ID_SIZE];
    struct model_job job;
    struct model_chunk *chunks;
    int64_t finish_us[MOST_RUNS]; /* -1 = it did not end */
    bool is_rough;
};

struct forecast {
    struct model_options options;
    struct forecast_bounds bounds;
    struct foretold *jobs; /* by id, oldest first */
    size_t chunk_count, runs;
    struct call_sample samples[CALLS_SEEN];
    struct call_facts *calls;
    uint64_t one_of; /* of so many calls one is kept, so that a run stays short */
    struct spend_facts *spends;
    struct control_facts *controls;
    struct kept_text {
        struct kept_text *next;
        char text[];
    } *texts;
};

/* ---- what the core knows ---- */
static void keep_job(void *context, const struct job_facts *facts, const struct chunk_stage *stages)
{
    struct forecast *forecast = context;
    struct foretold *told = calloc(1, sizeof(*told));
    CHECK(told);
    strcpy(told->id, facts->job_id);
    strcpy(told->tenant_id, facts->tenant_id);
    strcpy(told->user_id, facts->user_id);
    told->chunks = calloc(facts->chunk_count + 1, sizeof(told->chunks[0]));
    CHECK(told->chunks);
    for (size_t i = 0; i < facts->chunk_count; i++)
        told->chunks[i] = (struct model_chunk){.open_posts = facts->chunks[i].open_posts,
                                               .text_bytes = facts->chunks[i].text_bytes,
                                               .tries = facts->chunks[i].tries,
                                               .depth = facts->chunks[i].depth,
                                               .last_class = facts->chunks[i].last_class,
                                               .mode = facts->chunks[i].mode,
                                               .stage = stages[i]};
    told->job = (struct model_job){.tenant_id = told->tenant_id,
                                   .user_id = told->user_id,
                                   .service_class = facts->service_class,
                                   .deadline_left_ms = facts->deadline_left_ms,
                                   .is_healing = facts->is_healing,
                                   .needs_llm = facts->needs_llm,
                                   .chunks = told->chunks,
                                   .chunk_count = facts->chunk_count};
    forecast->chunk_count += facts->chunk_count;
    HASH_ADD_STR(forecast->jobs, id, told);
}

/* Copied, as long as the forecast lives. */
static const char *keep_text(struct forecast *forecast, const char *text)
{
    if (text[0] == '\0')
        return "";
    if (forecast->texts && strcmp(forecast->texts->text, text) == 0)
        return forecast->texts->text; /* of one tenant much is told, one after the other */
    struct kept_text *kept = malloc(sizeof(*kept) + strlen(text) + 1);
    CHECK(kept);
    kept->next = forecast->texts;
    forecast->texts = kept;
    return strcpy(kept->text, text);
}

static void keep_calls(struct forecast *forecast, const struct recent_use *use, size_t count)
{
    size_t before = forecast->options.call_count;
    forecast->calls = reallocarray(forecast->calls, before + count, sizeof(forecast->calls[0]));
    CHECK(forecast->calls);
    for (size_t i = 0; i < count; i++)
        forecast->calls[before + i] =
            (struct call_facts){.tenant_id = keep_text(forecast, use->tenant_id),
                                .user_id = keep_text(forecast, use->user_id),
                                .endpoint = keep_text(forecast, use->endpoint),
                                .granted_in_ms = -use->ago_ms,
                                .lease_in_ms = forecast->options.config.call_limit_ms,
                                .settled_in_ms = -use->ago_ms,
                                .is_settled = true,
                                .was_called = true,
                                .is_of_user_alone = use->user_id[0] != '\0',
                                .tokens = (uint32_t)(use->tokens / count)};
    forecast->options.calls = forecast->calls;
    forecast->options.call_count = before + count;
}

static void keep_spend(struct forecast *forecast, const struct recent_use *use)
{
    size_t before = forecast->options.spend_count++;
    forecast->spends = reallocarray(forecast->spends, before + 1, sizeof(forecast->spends[0]));
    CHECK(forecast->spends);
    forecast->spends[before] =
        (struct spend_facts){.tenant_id = keep_text(forecast, use->tenant_id),
                             .user_id = keep_text(forecast, use->user_id),
                             .endpoint = keep_text(forecast, use->endpoint),
                             .ended_ago_ms = use->ago_ms,
                             .micros = use->micros};
    forecast->options.spends = forecast->spends;
}

/* When a call leaves its window decides when the next may go, so each is kept where it counts. */
static void keep_use(void *context, const struct recent_use *use)
{
    struct forecast *forecast = context;
    size_t count = (size_t)((use->calls + forecast->one_of - 1) / forecast->one_of);
    if (count > 0)
        keep_calls(forecast, use, count);
    if (use->micros > 0)
        keep_spend(forecast, use);
}

/* Limits as they are in force: learned from the server, or set by an operator. */
static void take_endpoints(struct forecast *forecast, const struct scheduler_figures *figures)
{
    struct scheduler_config *config = &forecast->options.config;
    uint64_t calls = 0;
    for (uint32_t i = 0; i < config->endpoint_count && i < figures->endpoint_count; i++) {
        const struct endpoint_figures *now = &figures->endpoints[i];
        struct limits *limits = &config->endpoints[i].limits;
        limits->requests_per_minute = (uint32_t)now->limits[LIMIT_REQUESTS];
        limits->tokens_per_minute = now->limits[LIMIT_TOKENS];
        limits->calls_in_flight = (uint32_t)now->limits[LIMIT_IN_FLIGHT];
        limits->micros_per_day = now->limits[LIMIT_MONEY];
        forecast->options.standing[i] =
            (struct endpoint_standing){.held_ms = now->held_ms, .down_ms = now->down_ms};
        calls += now->used[LIMIT_REQUESTS];
    }
    forecast->one_of = 1 + calls / MOST_OLD_CALLS;
}

/* The limits of endpoints have been taken as they are in force. */
static void keep_control(void *context, const struct control_facts *control)
{
    struct forecast *forecast = context;
    size_t before = forecast->options.control_count++;
    forecast->controls =
        reallocarray(forecast->controls, before + 1, sizeof(forecast->controls[0]));
    CHECK(forecast->controls);
    struct control_facts *kept = &forecast->controls[before];
    *kept = *control;
    kept->tenant_id = keep_text(forecast, control->tenant_id);
    kept->name = keep_text(forecast, control->name);
    kept->message = "";
    kept->has_limits = control->has_limits && control->scope != SCOPE_ENDPOINT;
    forecast->options.controls = forecast->controls;
}

struct forecast *forecast_new(const struct scheduler *core, const struct scheduler_config *config,
                              struct forecast_bounds bounds)
{
    struct forecast *forecast = calloc(1, sizeof(*forecast));
    CHECK(forecast);
    struct scheduler_figures figures;
    scheduler_figures(core, &figures);
    forecast->bounds = bounds;
    forecast->options = (struct model_options){
        .config = *config,
        .analyzers = 1,
        .slots = figures.slots,
        .samples = forecast->samples,
        .sample_count = scheduler_recent_calls(core, forecast->samples),
        .batch_us = bounds.batch_us,
        .commit_us = bounds.commit_us,
    };
    scheduler_describe(core, bounds.most_chunks, keep_job, forecast);
    take_endpoints(forecast, &figures);
    scheduler_recent_use(core, keep_use, forecast);
    scheduler_each_control(core, keep_control, forecast);
    if (forecast->jobs == NULL || forecast->options.sample_count == 0)
        forecast_free(&forecast);
    return forecast;
}

void forecast_free(struct forecast **forecast_)
{
    struct forecast *forecast = *forecast_;
    *forecast_ = NULL;
    if (!forecast)
        return;
    struct foretold *told, *next;
    HASH_ITER (hh, forecast->jobs, told, next) {
        HASH_DEL(forecast->jobs, told);
        free(told->chunks);
        free(told);
    }
    while (forecast->texts) {
        struct kept_text *text = forecast->texts;
        forecast->texts = text->next;
        free(text);
    }
    free(forecast->calls);
    free(forecast->spends);
    free(forecast->controls);
    free(forecast);
}

/* ---- the rest of a run that was cut short ---- */
/* A user of the rest: under equal sharing all get the same until one is done. */
struct share_left {
    const struct foretold *told;
    uint64_t chunks;
};

static int by_owner(const void *a_, const void *b_)
{
    const struct share_left *a = a_, *b = b_;
    int order = strcmp(a->told->tenant_id, b->told->tenant_id);
    return order != 0 ? order : strcmp(a->told->user_id, b->told->user_id);
}

static int by_chunks(const void *a_, const void *b_)
{
    const struct share_left *a = a_, *b = b_;
    return a->chunks < b->chunks ? -1 : a->chunks > b->chunks;
}

/* Who has so many chunks left is done when each has had as many, or all it wants. */
static int64_t reckon(const struct share_left *users, size_t count, uint64_t chunks,
                      double us_per_chunk)
{
    uint64_t served = 0;
    size_t i = 0;
    for (; i < count && users[i].chunks <= chunks; i++)
        served += users[i].chunks;
    served += (count - i) * chunks;
    return (int64_t)((double)served * us_per_chunk);
}

static void reckon_rest(struct forecast *forecast, const struct model *model, size_t run)
{
    struct model_totals totals = model_totals(model);
    size_t jobs = HASH_COUNT(forecast->jobs), count = 0, users = 0, i = 0;
    double us_per_chunk = totals.chunks > 0 ? (double)totals.end_us / (double)totals.chunks : 0;
    struct share_left *left = calloc(jobs, sizeof(*left));
    CHECK(left);
    for (struct foretold *told = forecast->jobs; told; told = told->hh.next, i++)
        if (model_result(model, i).finish_us < 0)
            left[count++] = (struct share_left){told, model_result(model, i).chunks_left};
    qsort(left, count, sizeof(*left), by_owner);
    for (size_t k = 0; k < count; k++) {
        if (users > 0 && by_owner(&left[users - 1], &left[k]) == 0)
            left[users - 1].chunks += left[k].chunks;
        else
            left[users++] = left[k];
    }
    qsort(left, users, sizeof(*left), by_chunks);
    i = 0;
    for (struct foretold *told = forecast->jobs; told; told = told->hh.next, i++) {
        struct model_result result = model_result(model, i);
        if (result.finish_us >= 0 || us_per_chunk <= 0)
            continue;
        told->is_rough = true;
        told->finish_us[run] =
            totals.end_us + reckon(left, users, result.chunks_left, us_per_chunk);
    }
    free(left);
}

/* ---- the runs ---- */
static size_t runs_of(const struct forecast *forecast)
{
    size_t runs = forecast->bounds.most_steps / (forecast->chunk_count + 1);
    if (runs < LEAST_RUNS)
        return LEAST_RUNS;
    return runs < MOST_RUNS ? runs : MOST_RUNS;
}

/* Drawn with replacement from those seen (bootstrap, Efron 1979): few say little of all calls, and
 * the runs are to differ accordingly. */
static void draw_samples(const struct forecast *forecast, uint64_t random,
                         struct call_sample drawn[CALLS_SEEN])
{
    for (size_t i = 0; i < forecast->options.sample_count; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        drawn[i] = forecast->samples[(random >> 33) % forecast->options.sample_count];
    }
}

static void run_once(struct forecast *forecast, size_t run, uint64_t seed)
{
    struct call_sample drawn[CALLS_SEEN];
    forecast->options.seed = seed + run * UINT64_C(0x9e3779b97f4a7c15);
    draw_samples(forecast, forecast->options.seed, drawn);
    forecast->options.samples = drawn;
    struct model *model = model_new(&forecast->options);
    for (struct foretold *told = forecast->jobs; told; told = told->hh.next)
        model_add_job(model, &told->job);
    model_run(model);
    size_t i = 0;
    for (struct foretold *told = forecast->jobs; told; told = told->hh.next)
        told->finish_us[run] = model_result(model, i++).finish_us;
    if (forecast->options.most_chunks > 0 &&
        model_totals(model).chunks >= forecast->options.most_chunks)
        reckon_rest(forecast, model, run);
    model_free(&model);
}

static int by_time(const void *a_, const void *b_)
{
    const int64_t *a = a_, *b = b_;
    return *a < *b ? -1 : *a > *b;
}

void forecast_run(struct forecast *forecast, uint64_t seed)
{
    forecast->runs = runs_of(forecast);
    size_t most = forecast->bounds.most_steps / forecast->runs;
    forecast->options.most_chunks = forecast->chunk_count > most ? most : 0;
    for (size_t run = 0; run < forecast->runs; run++)
        run_once(forecast, run, seed);
    for (struct foretold *told = forecast->jobs; told; told = told->hh.next)
        qsort(told->finish_us, forecast->runs, sizeof(told->finish_us[0]), by_time);
}

/* A job that is late expires: it is over by then. */
static int64_t ms_of(const struct foretold *told, size_t place, int64_t least_ms)
{
    int64_t ms = told->finish_us[place] / 1000, deadline_ms = told->job.deadline_left_ms;
    if (ms < least_ms)
        ms = least_ms;
    return deadline_ms > 0 && deadline_ms < ms ? deadline_ms : ms;
}

bool forecast_find(const struct forecast *forecast, const char *job_id, int64_t least_ms,
                   struct forecast_finish *finish)
{
    struct foretold *told = NULL;
    HASH_FIND_STR(forecast->jobs, job_id, told);
    if (!told || told->finish_us[0] < 0)
        return false;
    /* Of n runs the k-th lies above a part k / (n + 1) of all that could be. */
    size_t runs = forecast->runs, place = (9 * (runs + 1) + 9) / 10;
    if (place > runs)
        place = runs;
    *finish = (struct forecast_finish){.p50_ms = ms_of(told, (runs - 1) / 2, least_ms),
                                       .p90_ms = ms_of(told, place - 1, least_ms),
                                       .is_rough = told->is_rough};
    return true;
}
