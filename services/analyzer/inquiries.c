#include "inquiries.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/check.h"
#include "calls.h"
#include "lookups.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "shell.h"

enum {
    COMMIT_MS = 10 * 1000, /* from the end of a lease until its outcome is surely committed */
    CLAIM_MAX_MS = 3600 * 1000,
    FAREWELL_MS = 50,
};

static const struct instant NEVER = {INT64_MAX};

enum stage { QUESTION_NONE, QUESTION_UNDER_WAY, QUESTION_ANSWERED };

struct inquiries {
    struct analyzer *analyzer;
    struct work *waiting;  /* to be looked up by the next question, the first comes first */
    struct work *watching; /* between two questions */
    struct work *asked;    /* what the last question is about, in the order of its keys */
    struct claims *claims;
    bool is_sign; /* of life: the last question */
    struct instant asked_at;
    pthread_mutex_t lock; /* a leaf; of all that follows */
    pthread_cond_t returned;
    int callers; /* of hear_answer(), now or later: until then nobody frees this */
    enum stage stage;
    struct arena *arena;         /* the answer's */
    const Tp__CacheFound *found; /* in it; NULL = no answer that can be used */
};

static void lock(struct inquiries *inquiries)
{
    CHECK(pthread_mutex_lock(&inquiries->lock) == 0);
}

static void unlock(struct inquiries *inquiries)
{
    CHECK(pthread_mutex_unlock(&inquiries->lock) == 0);
}

struct inquiries *inquiries_new(struct analyzer *analyzer)
{
    struct inquiries *inquiries = calloc(1, sizeof *inquiries);
    CHECK(inquiries != NULL);
    inquiries->analyzer = analyzer;
    inquiries->claims = claims_new();
    CHECK(pthread_mutex_init(&inquiries->lock, NULL) == 0);
    CHECK(pthread_cond_init(&inquiries->returned, NULL) == 0);
    return inquiries;
}

/* Chunks handed back shall not wait until we are heard no more. */
static void take_leave(struct inquiries *inquiries)
{
    struct analyzer *analyzer = inquiries->analyzer;
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    Tp__CacheFind find = TP__CACHE_FIND__INIT;
    find.schema_version = SCHEMA_VERSION;
    find.claimant = analyzer->instance_id;
    struct bytes reply;
    struct error why;
    bool is_heard = bus_request(analyzer->bus, RPC_STORE_CACHE_FIND, pack_cache_find(arena, &find),
                                FAREWELL_MS, NULL, arena, &reply, &why);
    (void)is_heard;
}

void inquiries_free(struct inquiries **inquiries_)
{
    struct inquiries *inquiries = *inquiries_;
    *inquiries_ = NULL;
    if (inquiries == NULL)
        return;
    lock(inquiries);
    while (inquiries->callers > 0)
        CHECK(pthread_cond_wait(&inquiries->returned, &inquiries->lock) == 0);
    unlock(inquiries);
    if (claims_were_made(inquiries->claims))
        take_leave(inquiries);
    claims_free(&inquiries->claims);
    arena_close(&inquiries->arena);
    pthread_cond_destroy(&inquiries->returned);
    pthread_mutex_destroy(&inquiries->lock);
    free(inquiries);
}

/* ---- the next question ---- */

/* On a thread of the broker's. */
static void hear_answer(void *context, struct bytes reply, const struct error *why)
{
    struct inquiries *inquiries = context;
    struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__CacheFound *found = NULL;
    struct error unreadable;
    if (why != NULL || !unpack_cache_found(arena, reply, &found, &unreadable))
        found = NULL;
    lock(inquiries);
    inquiries->arena = arena;
    inquiries->found = found;
    inquiries->stage = QUESTION_ANSWERED;
    unlock(inquiries);
    shell_wake(inquiries->analyzer);
    lock(inquiries);
    inquiries->callers--;
    CHECK(pthread_cond_signal(&inquiries->returned) == 0);
    unlock(inquiries);
}

static size_t add_keys(const struct work *work, enum origin origin, ProtobufCBinaryData *keys)
{
    const struct plan *plan = &work->plan;
    size_t count = 0;
    for (size_t i = 0; i < work->dispatch->n_posts; i++)
        if (plan->posts[i].origin == origin)
            keys[count++] = (ProtobufCBinaryData){CACHE_KEY_BYTES, plan->posts[i].key};
    return count;
}

static void move_to_asked(struct inquiries *inquiries, struct work *work, struct work **from)
{
    DL_DELETE2(*from, work, look_previous, look_next);
    DL_APPEND2(inquiries->asked, work, look_previous, look_next);
}

/* As many of those that wait as one question may be about. */
static void choose_looked_up(struct inquiries *inquiries, Tp__CacheFind *find)
{
    struct work *work;
    while ((work = inquiries->waiting) != NULL &&
           find->n_keys + plan_count(&work->plan, ORIGIN_UNKNOWN) <= CHUNK_MAX_POSTS) {
        move_to_asked(inquiries, work, &inquiries->waiting);
        work->inquiry = INQUIRY_LOOKS_UP;
        work->first_key = find->n_keys;
        find->n_keys += add_keys(work, ORIGIN_UNKNOWN, find->keys + find->n_keys);
        if (work->dispatch->lease_ms + COMMIT_MS > find->claim_ms)
            find->claim_ms = work->dispatch->lease_ms + COMMIT_MS;
    }
    if (find->claim_ms > CLAIM_MAX_MS)
        find->claim_ms = CLAIM_MAX_MS;
}

static void choose_watched(struct inquiries *inquiries, struct instant now, Tp__CacheFind *find)
{
    struct work *work, *next;
    DL_FOREACH_SAFE2(inquiries->watching, work, next, look_next)
    {
        size_t used = find->n_keys + find->n_watched;
        if (!patience_may_ask(&work->patience, now) ||
            used + plan_count(&work->plan, ORIGIN_ABROAD) > CHUNK_MAX_POSTS)
            continue;
        move_to_asked(inquiries, work, &inquiries->watching);
        work->inquiry = INQUIRY_ASKS_AGAIN;
        work->first_key = used;
        find->n_watched += add_keys(work, ORIGIN_ABROAD, find->watched + find->n_watched);
    }
}

static void choose_released(struct inquiries *inquiries, Tp__CacheFind *find, struct arena *arena)
{
    uint8_t(*keys)[CACHE_KEY_BYTES] = arena_new(arena, CHUNK_MAX_POSTS * sizeof keys[0]);
    find->n_released = claims_take_released(inquiries->claims, keys, CHUNK_MAX_POSTS);
    for (size_t i = 0; i < find->n_released; i++)
        find->released[i] = (ProtobufCBinaryData){CACHE_KEY_BYTES, keys[i]};
}

static bool is_due(struct instant at, struct instant now)
{
    return !instant_is_before(now, at);
}

static struct instant watch_due(const struct inquiries *inquiries)
{
    struct instant at = NEVER;
    const struct work *work;
    DL_FOREACH2(inquiries->watching, work, look_next)
    {
        struct instant next = patience_next_at(&work->patience);
        if (instant_is_before(next, at))
            at = next;
    }
    return at;
}

static bool has_to_say(const struct inquiries *inquiries, struct instant now)
{
    return inquiries->waiting != NULL || claims_has_released(inquiries->claims) ||
           is_due(watch_due(inquiries), now) || is_due(claims_sign_at(inquiries->claims), now);
}

static bool is_under_way(struct inquiries *inquiries)
{
    lock(inquiries);
    bool is_under_way = inquiries->stage != QUESTION_NONE;
    unlock(inquiries);
    return is_under_way;
}

static void ask_store(struct inquiries *inquiries)
{
    struct instant now = clock_now();
    if (is_under_way(inquiries) || !has_to_say(inquiries, now))
        return;
    struct analyzer *analyzer = inquiries->analyzer;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    Tp__CacheFind find = TP__CACHE_FIND__INIT;
    find.schema_version = SCHEMA_VERSION;
    find.claimant = analyzer->instance_id;
    find.claim_ms = COMMIT_MS;
    find.keys = arena_array(arena, ProtobufCBinaryData, CHUNK_MAX_POSTS);
    find.watched = arena_array(arena, ProtobufCBinaryData, CHUNK_MAX_POSTS);
    find.released = arena_array(arena, ProtobufCBinaryData, CHUNK_MAX_POSTS);
    choose_looked_up(inquiries, &find);
    choose_watched(inquiries, now, &find);
    choose_released(inquiries, &find, arena);
    inquiries->is_sign = find.n_keys + find.n_watched == 0;
    inquiries->asked_at = now;
    if (inquiries->is_sign)
        claims_signed(inquiries->claims, now);
    lock(inquiries);
    inquiries->stage = QUESTION_UNDER_WAY;
    inquiries->callers++;
    unlock(inquiries);
    bus_request_async(analyzer->bus, RPC_STORE_CACHE_FIND, pack_cache_find(arena, &find),
                      analyzer->settings->cache_wait_ms, hear_answer, inquiries);
}

/* ---- what a chunk wants ---- */

void inquiries_look_up(struct work *work)
{
    struct inquiries *inquiries = work->analyzer->inquiries;
    work->inquiry = INQUIRY_WAITS;
    work->looked_up_at = clock_now();
    DL_APPEND2(inquiries->waiting, work, look_previous, look_next);
    ask_store(inquiries);
}

void inquiries_watch(struct work *work, enum patience_kind kind)
{
    struct inquiries *inquiries = work->analyzer->inquiries;
    if (work->inquiry != INQUIRY_NONE) {
        patience_become(&work->patience, kind, clock_now());
        return;
    }
    patience_begin(&work->patience, kind, clock_now());
    work->inquiry = INQUIRY_WATCHES;
    DL_APPEND2(inquiries->watching, work, look_previous, look_next);
}

static void leave_lists(struct work *work)
{
    struct inquiries *inquiries = work->analyzer->inquiries;
    switch (work->inquiry) {
    case INQUIRY_NONE:
        break;
    case INQUIRY_WAITS:
        DL_DELETE2(inquiries->waiting, work, look_previous, look_next);
        break;
    case INQUIRY_WATCHES:
        DL_DELETE2(inquiries->watching, work, look_previous, look_next);
        break;
    case INQUIRY_LOOKS_UP:
    case INQUIRY_ASKS_AGAIN:
        DL_DELETE2(inquiries->asked, work, look_previous, look_next);
        break;
    }
    work->inquiry = INQUIRY_NONE;
}

/* What a flight of this replica has brought is another chunk's, whose commit ends the claim. */
static bool is_brought(const struct planned *post)
{
    return post->result != NULL &&
           (post->origin == ORIGIN_KNOWN || post->result->cache_key.len > 0);
}

void inquiries_settle(struct work *work)
{
    struct inquiries *inquiries = work->analyzer->inquiries;
    leave_lists(work);
    if (work->claims == 0 || work->plan.posts == NULL)
        return;
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        struct planned *post = &work->plan.posts[i];
        if (!post->is_claimed || is_brought(post))
            continue;
        claims_release(inquiries->claims, post->key);
        post->is_claimed = false;
        work->claims--;
    }
}

void inquiries_end(struct work *work)
{
    inquiries_settle(work);
    claims_leave(work->analyzer->inquiries->claims, work->claims);
    work->claims = 0;
}

/* ---- what the store answers ---- */

/* Chunk by chunk in the order of the keys, so that each list is gone through once. */
struct reading {
    const Tp__CacheFound *found;
    size_t results, claimed, flying;
};

static const Tp__PostResult *read_result(struct reading *reading, size_t nth)
{
    const Tp__CacheFound *found = reading->found;
    while (reading->results < found->n_results && found->results[reading->results]->nth < nth)
        reading->results++;
    return reading->results < found->n_results && found->results[reading->results]->nth == nth
               ? found->results[reading->results]->result
               : NULL;
}

static bool is_among(const uint32_t *list, size_t count, size_t *at, size_t nth)
{
    while (*at < count && list[*at] < nth)
        ++*at;
    return *at < count && list[*at] == nth;
}

static bool is_claimed(struct reading *reading, size_t nth)
{
    return is_among(reading->found->claimed, reading->found->n_claimed, &reading->claimed, nth);
}

static bool is_flying(struct reading *reading, size_t nth)
{
    return is_among(reading->found->flying, reading->found->n_flying, &reading->flying, nth);
}

static bool learn(struct work *work, size_t nth, const Tp__PostResult *result)
{
    if (!plan_know(&work->plan, nth, result))
        return false;
    struct kept *kept = kept_new(result);
    memory_keep(work->analyzer->memory, work->plan.posts[nth].key, &kept);
    return true;
}

static void note_claim(struct work *work, struct planned *post)
{
    post->is_claimed = true;
    work->claims++;
    claims_add(work->analyzer->inquiries->claims);
}

/* Key n of the work's is that of its n-th post that is unknown. */
static size_t take_looked_up(struct work *work, struct reading *reading)
{
    size_t hits = 0, nth = work->first_key;
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        struct planned *post = &work->plan.posts[i];
        if (post->origin != ORIGIN_UNKNOWN)
            continue;
        const Tp__PostResult *result = read_result(reading, nth);
        if (result != NULL)
            hits += learn(work, i, result);
        else if (is_claimed(reading, nth))
            note_claim(work, post);
        else if (is_flying(reading, nth))
            post->origin = ORIGIN_ABROAD;
        nth++;
    }
    return hits;
}

static void hear_looked_up(struct work *work, struct reading *reading)
{
    leave_lists(work);
    size_t wanted = plan_count(&work->plan, ORIGIN_UNKNOWN);
    size_t hits = reading->found != NULL ? take_looked_up(work, reading) : 0;
    analyzer_metrics_joined(JOINED_ELSEWHERE, plan_count(&work->plan, ORIGIN_ABROAD));
    analyzer_metrics_lookups(LEVEL_REDIS, hits, wanted - hits);
    analyzer_metrics_lookup_time(LEVEL_REDIS, seconds_since(work->looked_up_at, clock_now()));
    lookups_conclude(work);
}

/* Whoever has called, or may not, gets it with the next attempt. */
static void lose(struct work *work, size_t nth, enum wait_end end)
{
    bool may_call = work->sent == NULL && !work->is_free;
    work->plan.posts[nth].origin = may_call ? ORIGIN_UNKNOWN : ORIGIN_LOST;
    analyzer_metrics_waited(end);
}

static void take_watched(struct work *work, struct reading *reading)
{
    size_t nth = work->first_key;
    for (size_t i = 0; i < work->dispatch->n_posts; i++) {
        if (work->plan.posts[i].origin != ORIGIN_ABROAD)
            continue;
        const Tp__PostResult *result = read_result(reading, nth);
        if (result != NULL && learn(work, i, result))
            analyzer_metrics_waited(WAIT_ANSWERED);
        else if (!is_flying(reading, nth))
            lose(work, i, WAIT_LOST);
        nth++;
    }
}

/* Without an answer nothing is known to have changed. */
static void hear_watched(struct work *work, struct reading *reading)
{
    struct inquiries *inquiries = work->analyzer->inquiries;
    leave_lists(work);
    size_t awaited = plan_count(&work->plan, ORIGIN_ABROAD);
    if (reading->found != NULL)
        take_watched(work, reading);
    size_t left = plan_count(&work->plan, ORIGIN_ABROAD);
    if (left > 0) {
        patience_answered(&work->patience, clock_now());
        work->inquiry = INQUIRY_WATCHES;
        DL_APPEND2(inquiries->watching, work, look_previous, look_next);
    }
    if (left < awaited)
        calls_go_on(work);
}

static void give_up(struct work *work)
{
    leave_lists(work);
    for (size_t i = 0; i < work->dispatch->n_posts; i++)
        if (work->plan.posts[i].origin == ORIGIN_ABROAD)
            lose(work, i, WAIT_GIVEN_UP);
    calls_go_on(work);
}

static struct work *find_impatient(const struct inquiries *inquiries)
{
    struct instant now = clock_now();
    struct work *work;
    DL_FOREACH2(inquiries->watching, work, look_next)
    if (patience_is_over(&work->patience, now))
        return work;
    return NULL;
}

static void take_answer(struct inquiries *inquiries, const Tp__CacheFound *found)
{
    struct reading reading = {.found = found};
    struct work *work;
    if (found != NULL && (inquiries->is_sign || found->n_claimed > 0))
        claims_heard(inquiries->claims, inquiries->asked_at);
    while ((work = inquiries->asked) != NULL) {
        if (work->inquiry == INQUIRY_LOOKS_UP)
            hear_looked_up(work, &reading);
        else
            hear_watched(work, &reading);
    }
    while (found == NULL && (work = inquiries->waiting) != NULL) /* they need not ask */
        hear_looked_up(work, &reading);
}

void inquiries_tend(struct inquiries *inquiries)
{
    lock(inquiries);
    bool is_answered = inquiries->stage == QUESTION_ANSWERED;
    SCOPED(arena_close) struct arena *arena = is_answered ? TAKE(inquiries->arena) : NULL;
    const Tp__CacheFound *found = inquiries->found;
    if (is_answered)
        inquiries->stage = QUESTION_NONE;
    unlock(inquiries);
    if (is_answered)
        take_answer(inquiries, found);
    struct work *work;
    while ((work = find_impatient(inquiries)) != NULL)
        give_up(work);
    ask_store(inquiries);
}

struct instant inquiries_next_at(struct inquiries *inquiries)
{
    if (is_under_way(inquiries)) /* its answer wakes us */
        return NEVER;
    if (claims_has_released(inquiries->claims))
        return (struct instant){0};
    struct instant watch = watch_due(inquiries), sign = claims_sign_at(inquiries->claims);
    return instant_is_before(watch, sign) ? watch : sign;
}
