#include "inquiries.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/check.h"
#include "findings.h"
#include "metrics.h"
#include "shell.h"
#include "store_question.h"

enum {
    COMMIT_MS = 10 * 1000, /* from the end of a lease until its outcome is surely committed */
    CLAIM_MAX_MS = 3600 * 1000,
};

static const struct instant NEVER = {INT64_MAX};

struct inquiries {
    struct analyzer *analyzer;
    struct inquiry_ends ends;
    struct work *waiting;  /* to be looked up by the next question, the first comes first */
    struct work *watching; /* between two questions */
    struct work *asked;    /* what the last question is about, in the order of its keys */
    struct claims *claims;
    struct store_question *question;
    bool is_sign; /* of life: the last question */
    struct instant asked_at;
};

struct inquiries *inquiries_new(struct analyzer *analyzer, const struct inquiry_ends *ends)
{
    struct inquiries *inquiries = calloc(1, sizeof *inquiries);
    CHECK(inquiries != NULL);
    inquiries->analyzer = analyzer;
    inquiries->ends = *ends;
    inquiries->claims = claims_new();
    inquiries->question = store_question_new(analyzer);
    return inquiries;
}

void inquiries_free(struct inquiries **inquiries_)
{
    struct inquiries *inquiries = *inquiries_;
    *inquiries_ = NULL;
    if (inquiries == NULL)
        return;
    if (claims_were_made(inquiries->claims))
        store_question_take_leave(inquiries->question);
    store_question_free(&inquiries->question);
    claims_free(&inquiries->claims);
    free(inquiries);
}

/* ---- the next question ---- */

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

static void ask_store(struct inquiries *inquiries)
{
    struct instant now = clock_now();
    if (store_question_is_under_way(inquiries->question) || !has_to_say(inquiries, now))
        return;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    Tp__CacheFind find = TP__CACHE_FIND__INIT;
    find.schema_version = SCHEMA_VERSION;
    find.claimant = inquiries->analyzer->instance_id;
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
    store_question_ask(inquiries->question, &find, arena);
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

static void hear_looked_up(struct work *work, struct findings *findings)
{
    leave_lists(work);
    size_t wanted = plan_count(&work->plan, ORIGIN_UNKNOWN);
    size_t hits = findings_of_looked_up(findings, work, work->analyzer->inquiries->claims);
    analyzer_metrics_joined(JOINED_ELSEWHERE, plan_count(&work->plan, ORIGIN_ABROAD));
    analyzer_metrics_lookups(LEVEL_REDIS, hits, wanted - hits);
    analyzer_metrics_lookup_time(LEVEL_REDIS, seconds_since(work->looked_up_at, clock_now()));
    work->analyzer->inquiries->ends.looked_up(work);
}

/* Without an answer nothing is known to have changed. */
static void hear_watched(struct work *work, struct findings *findings)
{
    struct inquiries *inquiries = work->analyzer->inquiries;
    leave_lists(work);
    size_t awaited = plan_count(&work->plan, ORIGIN_ABROAD);
    findings_of_watched(findings, work);
    size_t left = plan_count(&work->plan, ORIGIN_ABROAD);
    if (left > 0) {
        patience_answered(&work->patience, clock_now());
        work->inquiry = INQUIRY_WATCHES;
        DL_APPEND2(inquiries->watching, work, look_previous, look_next);
    }
    if (left < awaited)
        inquiries->ends.changed(work);
}

static void give_up(struct work *work)
{
    leave_lists(work);
    findings_give_up(work);
    work->analyzer->inquiries->ends.changed(work);
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
    struct findings findings = {.found = found};
    struct work *work;
    if (found != NULL && (inquiries->is_sign || found->n_claimed > 0))
        claims_heard(inquiries->claims, inquiries->asked_at);
    while ((work = inquiries->asked) != NULL) {
        if (work->inquiry == INQUIRY_LOOKS_UP)
            hear_looked_up(work, &findings);
        else
            hear_watched(work, &findings);
    }
    while (found == NULL && (work = inquiries->waiting) != NULL) /* they need not ask */
        hear_looked_up(work, &findings);
}

void inquiries_tend(struct inquiries *inquiries)
{
    SCOPED(arena_close) struct arena *arena = NULL;
    const Tp__CacheFound *found;
    if (store_question_take_answer(inquiries->question, &arena, &found))
        take_answer(inquiries, found);
    struct work *work;
    while ((work = find_impatient(inquiries)) != NULL)
        give_up(work);
    ask_store(inquiries);
}

struct instant inquiries_next_at(struct inquiries *inquiries)
{
    if (store_question_is_under_way(inquiries->question)) /* its answer wakes us */
        return NEVER;
    if (claims_has_released(inquiries->claims))
        return (struct instant){0};
    struct instant watch = watch_due(inquiries), sign = claims_sign_at(inquiries->claims);
    return instant_is_before(watch, sign) ? watch : sign;
}
