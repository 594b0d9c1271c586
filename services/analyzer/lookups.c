#include "lookups.h"

#include "metrics.h"
#include "near_lookup.h"
#include "question/prompt.h"
#include "reuse/cache_key.h"
#include "shell.h"

/* An audit asks what may well be known, to compare it. */
static bool may_look(const struct work *work)
{
    return work->analyzer->settings->caches && work->dispatch->order_seed == 0 &&
           shell_llm_of(work->analyzer, work->dispatch) != NULL &&
           brief_is_of_posts(work->dispatch);
}

/* False: it makes no sense to look, or nobody wants it. */
static bool set_keys(struct work *work)
{
    const struct analyzer *analyzer = work->analyzer;
    const struct analyzer_settings *settings = analyzer->settings;
    const Tp__Dispatch *dispatch = work->dispatch;
    if (!may_look(work))
        return false;
    const struct cache_scope scope = {
        .tenant_id = settings->shares_cache ? NULL : dispatch->tenant_id,
        .task_count = dispatch->n_tasks,
        .tasks = dispatch->tasks,
        .instruction = dispatch->instruction,
        .schema = {dispatch->schema_json.data, dispatch->schema_json.len},
        .prompt_version = PROMPTS_VERSION,
        .model = llm_model(shell_llm_of(analyzer, dispatch)),
    };
    cache_scope_hash(&scope, settings->user_salt, work->scope);
    size_t twins = plan_set_keys(&work->plan, work->scope, settings->user_salt);
    analyzer_metrics_lookups(LEVEL_CHUNK, twins, dispatch->n_posts - twins);
    return true;
}

static void look_in_memory(struct work *work)
{
    struct plan *plan = &work->plan;
    size_t hits = 0, misses = 0;
    struct instant began = clock_now();
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        if (plan->posts[i].origin != ORIGIN_UNKNOWN)
            continue;
        const Tp__PostResult *found = memory_find(work->analyzer->memory, plan->posts[i].key);
        if (found != NULL && plan_know(plan, i, found))
            hits++;
        else
            misses++;
    }
    analyzer_metrics_lookups(LEVEL_MEMORY, hits, misses);
    analyzer_metrics_lookup_time(LEVEL_MEMORY, seconds_since(began, clock_now()));
}

void lookups_conclude(struct work *work)
{
    flow_looked_up(work->analyzer->flow, work->item, plan_count(&work->plan, ORIGIN_UNKNOWN) == 0);
}

void lookups_begin(struct work *work)
{
    work->plan_arena = arena_open(ANALYSIS_CAP_BYTES);
    plan_open(&work->plan, work->dispatch, work->plan_arena);
    if (!set_keys(work)) {
        flow_looked_up(work->analyzer->flow, work->item, false);
        return;
    }
    look_in_memory(work);
    near_lookup(work);
    if (plan_count(&work->plan, ORIGIN_UNKNOWN) == 0)
        lookups_conclude(work);
    else
        inquiries_look_up(work);
}
