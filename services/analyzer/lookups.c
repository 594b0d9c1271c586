#include "lookups.h"

#include <pthread.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/check.h"
#include "calls.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "near_lookup.h"
#include "question/prompt.h"
#include "reuse/cache_key.h"
#include "shell.h"

enum stage { QUESTION_NONE, QUESTION_UNDER_WAY, QUESTION_ANSWERED };

struct lookups {
    struct analyzer *analyzer;
    struct work *waiting; /* for the next question, the first comes first */
    struct work *asked;   /* what the last question is about, in the order of its keys */
    pthread_mutex_t lock; /* a leaf; of all that follows */
    pthread_cond_t returned;
    int callers; /* of hear_answer(), now or later: until then nobody frees this */
    enum stage stage;
    struct arena *arena;         /* the answer's */
    const Tp__CacheFound *found; /* in it; NULL = no answer that can be used */
};

static void lock(struct lookups *lookups)
{
    CHECK(pthread_mutex_lock(&lookups->lock) == 0);
}

static void unlock(struct lookups *lookups)
{
    CHECK(pthread_mutex_unlock(&lookups->lock) == 0);
}

struct lookups *lookups_new(struct analyzer *analyzer)
{
    struct lookups *lookups = calloc(1, sizeof *lookups);
    CHECK(lookups != NULL);
    lookups->analyzer = analyzer;
    CHECK(pthread_mutex_init(&lookups->lock, NULL) == 0);
    CHECK(pthread_cond_init(&lookups->returned, NULL) == 0);
    return lookups;
}

void lookups_free(struct lookups **lookups_)
{
    struct lookups *lookups = *lookups_;
    *lookups_ = NULL;
    if (lookups == NULL)
        return;
    lock(lookups);
    while (lookups->callers > 0)
        CHECK(pthread_cond_wait(&lookups->returned, &lookups->lock) == 0);
    unlock(lookups);
    arena_close(&lookups->arena);
    pthread_cond_destroy(&lookups->returned);
    pthread_mutex_destroy(&lookups->lock);
    free(lookups);
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
    struct lookups *lookups = context;
    struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__CacheFound *found = NULL;
    struct error unreadable;
    if (why != NULL || !unpack_cache_found(arena, reply, &found, &unreadable))
        found = NULL;
    lock(lookups);
    lookups->arena = arena;
    lookups->found = found;
    lookups->stage = QUESTION_ANSWERED;
    unlock(lookups);
    shell_wake(lookups->analyzer);
    lock(lookups);
    lookups->callers--;
    CHECK(pthread_cond_signal(&lookups->returned) == 0);
    unlock(lookups);
}

static void add_keys(const struct work *work, Tp__CacheFind *find)
{
    const struct plan *plan = &work->plan;
    for (size_t i = 0; i < work->dispatch->n_posts; i++)
        if (plan->posts[i].origin == ORIGIN_UNKNOWN)
            find->keys[find->n_keys++] = (ProtobufCBinaryData){CACHE_KEY_BYTES, plan->posts[i].key};
}

/* As many of those that wait as one question may be about. */
static void choose_asked(struct lookups *lookups, Tp__CacheFind *find)
{
    struct work *work;
    while ((work = lookups->waiting) != NULL &&
           find->n_keys + plan_count(&work->plan, ORIGIN_UNKNOWN) <= CHUNK_MAX_POSTS) {
        DL_DELETE2(lookups->waiting, work, look_previous, look_next);
        DL_APPEND2(lookups->asked, work, look_previous, look_next);
        work->lookup = LOOKUP_ASKED;
        work->first_key = find->n_keys;
        add_keys(work, find);
    }
}

/* One question at a time: what comes meanwhile goes together with the next. So where there is much
 * to do, many chunks share a question, and where there is little, none waits. */
static void ask_store(struct lookups *lookups)
{
    lock(lookups);
    bool may_ask = lookups->stage == QUESTION_NONE && lookups->waiting != NULL;
    if (may_ask) {
        lookups->stage = QUESTION_UNDER_WAY;
        lookups->callers++;
    }
    unlock(lookups);
    if (!may_ask)
        return;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    Tp__CacheFind find = TP__CACHE_FIND__INIT;
    find.schema_version = SCHEMA_VERSION;
    find.keys = arena_array(arena, ProtobufCBinaryData, CHUNK_MAX_POSTS);
    choose_asked(lookups, &find);
    bus_request_async(lookups->analyzer->bus, RPC_STORE_CACHE_FIND, pack_cache_find(arena, &find),
                      lookups->analyzer->settings->cache_wait_ms, hear_answer, lookups);
}

static void wait_for_question(struct work *work)
{
    struct lookups *lookups = work->analyzer->lookups;
    work->lookup = LOOKUP_WAITING;
    work->looked_up_at = clock_now();
    DL_APPEND2(lookups->waiting, work, look_previous, look_next);
    ask_store(lookups);
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
        wait_for_question(work);
}

/* Key n of the work's is that of its n-th post that is unknown. */
static size_t take_found(struct work *work, const Tp__CacheFound *found)
{
    struct plan *plan = &work->plan;
    size_t hits = 0, nth = work->first_key, at = 0;
    while (at < found->n_results && found->results[at]->nth < nth)
        at++;
    for (size_t i = 0; i < work->dispatch->n_posts && at < found->n_results; i++) {
        if (plan->posts[i].origin != ORIGIN_UNKNOWN || nth++ != found->results[at]->nth)
            continue;
        const Tp__PostResult *result = found->results[at++]->result;
        if (!plan_know(plan, i, result))
            continue;
        struct kept *kept = kept_new(result);
        memory_keep(work->analyzer->memory, plan->posts[i].key, &kept);
        hits++;
    }
    return hits;
}

void lookups_end(struct work *work)
{
    struct lookups *lookups = work->analyzer->lookups;
    switch (work->lookup) {
    case LOOKUP_NONE:
        break;
    case LOOKUP_WAITING:
        DL_DELETE2(lookups->waiting, work, look_previous, look_next);
        break;
    case LOOKUP_ASKED:
        DL_DELETE2(lookups->asked, work, look_previous, look_next);
        break;
    }
    work->lookup = LOOKUP_NONE;
}

static void take_answer(struct work *work, const Tp__CacheFound *found)
{
    lookups_end(work);
    size_t wanted = plan_count(&work->plan, ORIGIN_UNKNOWN);
    size_t hits = found != NULL ? take_found(work, found) : 0;
    analyzer_metrics_lookups(LEVEL_REDIS, hits, wanted - hits);
    analyzer_metrics_lookup_time(LEVEL_REDIS, seconds_since(work->looked_up_at, clock_now()));
    conclude(work);
}

void lookups_tend(struct lookups *lookups)
{
    lock(lookups);
    bool is_answered = lookups->stage == QUESTION_ANSWERED;
    SCOPED(arena_close) struct arena *arena = is_answered ? TAKE(lookups->arena) : NULL;
    const Tp__CacheFound *found = lookups->found;
    if (is_answered)
        lookups->stage = QUESTION_NONE;
    unlock(lookups);
    if (!is_answered)
        return;
    while (lookups->asked != NULL)
        take_answer(lookups->asked, found);
    while (found == NULL && lookups->waiting != NULL) /* nobody is there: they need not ask */
        take_answer(lookups->waiting, NULL);
    ask_store(lookups);
}
