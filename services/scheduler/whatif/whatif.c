#include "whatif.h"

#include <stdlib.h>

#include "base/check.h"

enum { SEED = 1 };

struct whatif_setting whatif_setting(const struct history *history)
{
    const struct history_setting *was = &history->setting;
    return (struct whatif_setting){
        .config = was->config, .analyzers = was->analyzers, .slots = was->slots};
}

/* The times of jobs, as they are gathered, and what their calls came to. */
struct gathering {
    int64_t *firsts_us, *finishes_us;
    size_t first_count, finish_count;
    int64_t finished_us; /* the last one */
    int64_t end_us, call_us, slots_us;
    const struct model_use *uses; /* by endpoint */
    struct model_use others;
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
    if (finish_us > all->finished_us)
        all->finished_us = finish_us;
}

static void gather_recorded(void *context, const struct past_view *view)
{
    gather_job(context, view->job.arrives_us, view->first_us, view->finish_us);
}

static void add_use(struct figures *figures, const struct model_use *use)
{
    figures->calls += use->calls;
    figures->failed_calls += use->failed;
    figures->tokens += use->tokens;
    figures->usd += (double)use->micros / 1e6;
}

static double part_of(double used, uint64_t limit)
{
    return limit > 0 ? used / (double)limit : 0;
}

static struct figures close_gathering(struct gathering *all, const struct scheduler_config *config)
{
    const struct limits *limits = &config->endpoints[0].limits;
    /* A limit is of any minute: what took less has a minute's allowance. */
    double minutes = (double)all->end_us / 60e6;
    if (minutes < 1)
        minutes = 1;
    struct figures figures = {
        .first = spread_of(all->firsts_us, all->first_count),
        .finish = spread_of(all->finishes_us, all->finish_count),
        .jobs = all->finish_count,
        .makespan_s = (double)all->finished_us / 1e6,
        .slots_part = part_of((double)all->call_us, (uint64_t)all->slots_us),
        .requests_part = part_of((double)all->uses[0].calls / minutes, limits->requests_per_minute),
        .tokens_part = part_of((double)all->uses[0].tokens / minutes, limits->tokens_per_minute),
    };
    for (int i = 0; i < MOST_ENDPOINTS; i++)
        add_use(&figures, &all->uses[i]);
    add_use(&figures, &all->others);
    free(all->firsts_us);
    free(all->finishes_us);
    return figures;
}

struct figures whatif_recorded(const struct history *history)
{
    struct gathering all = open_gathering(history);
    history_each(history, gather_recorded, &all);
    all.end_us = history->end_us - history->begun_us;
    all.call_us = history->use.call_us;
    all.slots_us = history->setting.slots_us;
    all.uses = history->use.of;
    all.others = history->use.of_others;
    return close_gathering(&all, &history->setting.config);
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
        .controls = history->setting.controls,
        .control_count = history->setting.control_count,
        .seed = SEED,
    };
    struct gathering all = open_gathering(history);
    all.model = model_new(&options);
    history_each(history, add_job, &all);
    model_run(all.model);
    history_each(history, gather_modelled, &all);
    struct model_totals totals = model_totals(all.model);
    all.end_us = totals.end_us;
    all.call_us = totals.call_us;
    all.slots_us = totals.end_us * setting->analyzers * setting->slots;
    all.uses = totals.uses;
    model_free(&all.model);
    return close_gathering(&all, &setting->config);
}
