#include "lookups.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "cache_key.h"
#include "calls.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "near_lookup.h"
#include "prompt.h"
#include "shell.h"

struct lookups {
    struct analyzer *analyzer;
    uint64_t last;     /* number of a question */
    struct work *open; /* by number, those whose answer has not come */
    pthread_mutex_t lock;
    pthread_cond_t answered;
    int under_way; /* under the lock */
};

/* A question on its way. */
struct question {
    struct lookups *lookups;
    uint64_t number;
};

struct lookups *lookups_new(struct analyzer *analyzer)
{
    struct lookups *lookups = calloc(1, sizeof *lookups);
    CHECK(lookups != NULL);
    lookups->analyzer = analyzer;
    CHECK(pthread_mutex_init(&lookups->lock, NULL) == 0);
    CHECK(pthread_cond_init(&lookups->answered, NULL) == 0);
    return lookups;
}

static void count_under_way(struct lookups *lookups, int change)
{
    CHECK(pthread_mutex_lock(&lookups->lock) == 0);
    lookups->under_way += change;
    CHECK(pthread_cond_signal(&lookups->answered) == 0);
    CHECK(pthread_mutex_unlock(&lookups->lock) == 0);
}

void lookups_free(struct lookups **lookups)
{
    if (*lookups == NULL)
        return;
    CHECK(pthread_mutex_lock(&(*lookups)->lock) == 0);
    while ((*lookups)->under_way > 0)
        CHECK(pthread_cond_wait(&(*lookups)->answered, &(*lookups)->lock) == 0);
    CHECK(pthread_mutex_unlock(&(*lookups)->lock) == 0);
    pthread_cond_destroy(&(*lookups)->answered);
    pthread_mutex_destroy(&(*lookups)->lock);
    free(*lookups);
    *lookups = NULL;
}

/* ---- in this replica ---- */

/* An audit asks what may well be known, to compare it. */
static bool may_look(const struct work *work)
{
    return work->analyzer->settings->caches && work->dispatch->order_seed == 0 &&
           calls_llm_of(work->analyzer, work->dispatch) != NULL &&
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
        .model = llm_model(calls_llm_of(analyzer, dispatch)),
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

static void conclude(struct work *work)
{
    flow_looked_up(work->analyzer->flow, work->item, plan_count(&work->plan, ORIGIN_UNKNOWN) == 0);
}

/* ---- at the store ---- */

/* On a thread of the broker's. */
static void hear_answer(void *context, struct bytes reply, const struct error *why)
{
    struct question *question = context;
    struct lookups *lookups = question->lookups;
    struct letter *letter = calloc(1, sizeof *letter);
    CHECK(letter != NULL);
    letter->kind = LETTER_FOUND;
    letter->lookup = question->number;
    letter->arena = arena_open(UNPACK_CAP_BYTES);
    struct error unreadable;
    if (why != NULL || !unpack_cache_found(letter->arena, reply, &letter->found, &unreadable))
        letter->found = NULL;
    inbox_post(lookups->analyzer->inbox, letter);
    free(question);
    count_under_way(lookups, -1);
}

static void ask_store(struct work *work)
{
    struct lookups *lookups = work->analyzer->lookups;
    struct plan *plan = &work->plan;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    Tp__CacheFind find = TP__CACHE_FIND__INIT;
    find.schema_version = SCHEMA_VERSION;
    find.keys = arena_array(arena, ProtobufCBinaryData, work->dispatch->n_posts);
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        if (plan->posts[i].origin == ORIGIN_UNKNOWN)
            find.keys[find.n_keys++] = (ProtobufCBinaryData){CACHE_KEY_BYTES, plan->posts[i].key};
    }
    struct question *question = malloc(sizeof *question);
    CHECK(question != NULL);
    work->lookup = ++lookups->last;
    HASH_ADD(hh, lookups->open, lookup, sizeof work->lookup, work);
    work->looked_up_at = clock_now();
    *question = (struct question){lookups, work->lookup};
    count_under_way(lookups, 1);
    bus_request_async(work->analyzer->bus, RPC_STORE_CACHE_FIND, pack_cache_find(arena, &find),
                      LOOKUP_MS, hear_answer, question);
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
        conclude(work);
    else
        ask_store(work);
}

/* Post n of those that were asked for is the n-th that is unknown. */
static size_t take_found(struct work *work, const Tp__CacheFound *found)
{
    struct plan *plan = &work->plan;
    size_t hits = 0, nth = 0, at = 0;
    for (size_t i = 0; i < work->dispatch->n_posts && at < found->n_results; i++) {
        if (plan->posts[i].origin != ORIGIN_UNKNOWN || nth++ != found->results[at]->nth)
            continue;
        const Tp__PostResult *result = found->results[at++]->result;
        if (!plan_know(plan, i, result))
            continue;
        struct kept *kept = kept_new(result);
        memory_keep(work->analyzer->memory, plan->posts[i].key, &kept);
        near_lookup_keep(work, i, plan->posts[i].key);
        hits++;
    }
    return hits;
}

void lookups_end(struct work *work)
{
    if (work->lookup == 0)
        return;
    HASH_DEL(work->analyzer->lookups->open, work);
    work->lookup = 0;
}

void lookups_hear(struct analyzer *analyzer, struct letter *letter)
{
    struct work *work;
    HASH_FIND(hh, analyzer->lookups->open, &letter->lookup, sizeof letter->lookup, work);
    if (work == NULL) /* it was handed back meanwhile */
        return;
    lookups_end(work);
    size_t wanted = plan_count(&work->plan, ORIGIN_UNKNOWN);
    size_t hits = letter->found != NULL ? take_found(work, letter->found) : 0;
    analyzer_metrics_lookups(LEVEL_REDIS, hits, wanted - hits);
    analyzer_metrics_lookup_time(LEVEL_REDIS, seconds_since(work->looked_up_at, clock_now()));
    conclude(work);
}
