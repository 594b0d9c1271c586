#include "whatif.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { SEED = 1 };

struct whatif_setting whatif_setting(const struct history *history)
{
    const struct history_setting *was = &history->setting;
    return (struct whatif_setting){
        .config = was->config,
        .analyzers = was->analyzers,
        .slots = was->slots,
        .prompt_usd = was->config.endpoints[0].prompt_nanos / 1e3,
        .completion_usd = was->config.endpoints[0].completion_nanos / 1e3,
    };
}

/* The times of jobs, as they are gathered. */
struct gathering {
    int64_t *firsts_us, *finishes_us;
    size_t first_count, finish_count;
    int64_t end_us, call_us;
    uint64_t calls, prompt_tokens, completion_tokens;
    struct model *model;
    size_t next;
};

static struct gathering open_gathering(const struct history *history)
{
    struct gathering all = {0};
    all.firsts_us = calloc(history->job_count + 1, sizeof(int64_t));
    all.finishes_us = calloc(history->job_count + 1, sizeof(int64_t));
    CHECK(all.firsts_us && all.finishes_us);
    return all;
}

static void gather_job(struct gathering *all, int64_t came_us, int64_t first_us, int64_t finish_us)
{
    if (first_us >= 0)
        all->firsts_us[all->first_count++] = first_us - came_us;
    if (finish_us < 0)
        return;
    all->finishes_us[all->finish_count++] = finish_us - came_us;
    if (finish_us > all->end_us)
        all->end_us = finish_us;
}

static void gather_recorded(void *context, const struct past_view *view)
{
    struct gathering *all = context;
    gather_job(all, view->job.arrives_us, view->first_us, view->finish_us);
    for (size_t i = 0; i < view->job.chunk_count; i++) {
        const struct model_chunk *chunk = &view->job.chunks[i];
        if (chunk->call_us <= 1)
            continue;
        all->calls++;
        all->call_us += chunk->call_us;
        all->prompt_tokens += chunk->prompt_tokens;
        all->completion_tokens += chunk->completion_tokens;
    }
}

static double part_of(double used_per_minute, uint64_t limit)
{
    return limit > 0 ? used_per_minute / (double)limit : 0;
}

static struct figures close_gathering(struct gathering *all, const struct whatif_setting *setting)
{
    const struct limits *limits = &setting->config.endpoints[0].limits;
    /* A limit is of any minute: what took less has a minute's allowance. */
    double makespan_s = (double)all->end_us / 1e6, minutes = makespan_s > 60 ? makespan_s / 60 : 1;
    uint64_t tokens = all->prompt_tokens + all->completion_tokens;
    double slots_s = makespan_s * setting->analyzers * setting->slots;
    struct figures figures = {
        .first = spread_of(all->firsts_us, all->first_count),
        .finish = spread_of(all->finishes_us, all->finish_count),
        .jobs = all->finish_count,
        .makespan_s = makespan_s,
        .slots_part = slots_s > 0 ? (double)all->call_us / 1e6 / slots_s : 0,
        .requests_part = part_of((double)all->calls / minutes, limits->requests_per_minute),
        .tokens_part = part_of((double)tokens / minutes, limits->tokens_per_minute),
        .usd = (double)all->prompt_tokens * setting->prompt_usd / 1e6 +
               (double)all->completion_tokens * setting->completion_usd / 1e6,
    };
    free(all->firsts_us);
    free(all->finishes_us);
    return figures;
}

struct figures whatif_recorded(const struct history *history, const struct whatif_setting *setting)
{
    struct gathering all = open_gathering(history);
    history_each(history, gather_recorded, &all);
    return close_gathering(&all, setting);
}

static void add_job(void *context, const struct past_view *view)
{
    struct gathering *all = context;
    model_add_job(all->model, &view->job);
}

static void gather_modelled(void *context, const struct past_view *view)
{
    struct gathering *all = context;
    struct model_result result = model_result(all->model, all->next++);
    gather_job(all, view->job.arrives_us, result.first_us, result.finish_us);
}

struct figures whatif_run(const struct history *history, const struct whatif_setting *setting)
{
    struct model_options options = {
        .config = setting->config,
        .analyzers = setting->analyzers,
        .slots = setting->slots,
        .samples = history->samples,
        .sample_count = history->sample_count,
        .batch_us = history->setting.batch_us,
        .commit_us = history->setting.commit_us,
        .seed = SEED,
    };
    struct gathering all = open_gathering(history);
    all.model = model_new(&options);
    history_each(history, add_job, &all);
    model_run(all.model);
    history_each(history, gather_modelled, &all);
    struct model_totals totals = model_totals(all.model);
    all.calls = totals.calls;
    all.call_us = totals.call_us;
    all.prompt_tokens = totals.prompt_tokens;
    all.completion_tokens = totals.completion_tokens;
    model_free(&all.model);
    return close_gathering(&all, setting);
}
