#include "plan.h"

#include <string.h>

#include "base/check.h"
#include "outcome.h"
#include "question/order.h"
#include "reuse/cache_key.h"
#include "reuse/reuse.h"

void plan_open(struct plan *plan, const Tp__Dispatch *dispatch, struct arena *arena)
{
    *plan = (struct plan){.dispatch = dispatch, .arena = arena};
    plan->posts = arena_array(arena, struct planned, dispatch->n_posts);
}

static bool has_key(const struct planned *post, const uint8_t key[CACHE_KEY_BYTES])
{
    return memcmp(post->key, key, CACHE_KEY_BYTES) == 0;
}

size_t plan_set_keys(struct plan *plan, const uint8_t scope[CACHE_KEY_BYTES], const char *secret)
{
    size_t twins = 0;
    for (size_t i = 0; i < plan->dispatch->n_posts; i++) {
        const ProtobufCBinaryData *text = &plan->dispatch->posts[i]->text;
        struct planned *post = &plan->posts[i];
        cache_key(scope, secret, (const char *)text->data, text->len, post->key);
        while (post->twin < i && !has_key(&plan->posts[post->twin], post->key))
            post->twin++;
        if (post->twin == i)
            continue;
        post->origin = ORIGIN_TWIN;
        twins++;
    }
    plan->has_keys = true;
    return twins;
}

size_t plan_count(const struct plan *plan, enum origin origin)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->dispatch->n_posts; i++)
        count += plan->posts[i].origin == origin;
    return count;
}

/* most: its provenance, if it is not lower. */
static bool adopt(struct plan *plan, size_t nth, const Tp__PostResult *result, Tp__Provenance most)
{
    Tp__PostResult *made;
    size_t count = plan->dispatch->n_posts;
    if (!reuse(result, plan->dispatch->posts[nth], outcome_share(count), plan->arena, &made))
        return false;
    if (made->provenance > most)
        made->provenance = most;
    plan->posts[nth].result = made;
    return true;
}

bool plan_know(struct plan *plan, size_t nth, const Tp__PostResult *result)
{
    if (!adopt(plan, nth, result, TP__PROVENANCE__FROM_CACHE))
        return false;
    plan->posts[nth].origin = ORIGIN_KNOWN;
    return true;
}

bool plan_know_near(struct plan *plan, size_t nth, const Tp__PostResult *result)
{
    if (!adopt(plan, nth, result, TP__PROVENANCE__FROM_NEAR_DUPLICATE))
        return false;
    plan->posts[nth].origin = ORIGIN_KNOWN;
    return true;
}

void plan_join_near(struct plan *plan, size_t nth, size_t elder)
{
    struct planned *post = &plan->posts[nth];
    CHECK(elder < nth && post->origin == ORIGIN_UNKNOWN);
    post->origin = ORIGIN_TWIN;
    post->twin = elder;
    post->is_near = true;
}

static void reorder(Tp__Dispatch *sent, struct arena *arena)
{
    size_t *order = arena_array(arena, size_t, sent->n_posts);
    Tp__Post **posts = arena_array(arena, Tp__Post *, sent->n_posts);
    order_draw(sent->order_seed, sent->n_posts, order);
    for (size_t i = 0; i < sent->n_posts; i++)
        posts[i] = sent->posts[order[i]];
    sent->posts = posts;
}

const Tp__Dispatch *plan_dispatch(const struct plan *plan, struct arena *arena)
{
    bool is_whole = plan_count(plan, ORIGIN_SENT) == plan->dispatch->n_posts;
    if (is_whole && plan->dispatch->order_seed == 0)
        return plan->dispatch;
    Tp__Dispatch *sent = arena_new(arena, sizeof *sent);
    *sent = *plan->dispatch;
    sent->n_posts = 0;
    sent->posts = arena_array(arena, Tp__Post *, plan->dispatch->n_posts);
    for (size_t i = 0; i < plan->dispatch->n_posts; i++) {
        if (plan->posts[i].origin == ORIGIN_SENT)
            sent->posts[sent->n_posts++] = plan->dispatch->posts[i];
    }
    if (sent->order_seed != 0)
        reorder(sent, arena);
    return sent;
}

Tp__PostResult *plan_result(const struct plan *plan, const Tp__Outcome *outcome, size_t nth)
{
    uint32_t seq = plan->dispatch->posts[nth]->seq;
    for (size_t i = 0; i < outcome->n_results; i++) {
        if (outcome->results[i]->seq == seq)
            return outcome->results[i];
    }
    return NULL;
}

void plan_sign(const struct plan *plan, Tp__Outcome *outcome)
{
    if (!plan->has_keys)
        return;
    for (size_t i = 0; i < plan->dispatch->n_posts; i++) {
        Tp__PostResult *result = plan_result(plan, outcome, i);
        if (result != NULL && (result->provenance == TP__PROVENANCE__FROM_LLM ||
                               result->provenance == TP__PROVENANCE__FROM_REPAIR))
            result->cache_key = (ProtobufCBinaryData){CACHE_KEY_BYTES, plan->posts[i].key};
    }
}

static Tp__MissingPost *find_missing(const Tp__Outcome *outcome, uint32_t seq)
{
    for (size_t i = 0; i < outcome->n_missing; i++) {
        if (outcome->missing[i]->seq == seq)
            return outcome->missing[i];
    }
    return NULL;
}

/* As an elder of the same text is, or just missing. */
static void add_missing(const struct plan *plan, size_t nth, Tp__Outcome *outcome,
                        struct arena *arena)
{
    uint32_t seq = plan->dispatch->posts[nth]->seq;
    if (find_missing(outcome, seq) != NULL)
        return;
    Tp__MissingPost *missing = arena_new(arena, sizeof *missing);
    tp__missing_post__init(missing);
    missing->reason = "missing";
    if (plan->posts[nth].origin == ORIGIN_TWIN && !plan->posts[nth].is_near) {
        size_t twin = plan->posts[nth].twin;
        const Tp__MissingPost *elder = find_missing(outcome, plan->dispatch->posts[twin]->seq);
        if (elder != NULL)
            *missing = *elder;
    }
    missing->seq = seq;
    outcome->missing[outcome->n_missing++] = missing;
}

/* Lists with room for all posts. */
static void widen(Tp__Outcome *outcome, size_t count, struct arena *arena)
{
    Tp__PostResult **results = arena_array(arena, Tp__PostResult *, count);
    Tp__MissingPost **missing = arena_array(arena, Tp__MissingPost *, count);
    if (outcome->n_results > 0)
        memcpy(results, outcome->results, outcome->n_results * sizeof(Tp__PostResult *));
    if (outcome->n_missing > 0)
        memcpy(missing, outcome->missing, outcome->n_missing * sizeof(Tp__MissingPost *));
    outcome->results = results;
    outcome->missing = missing;
}

/* Of known posts and of twins; what was sent is there already. */
static void add_result(struct plan *plan, size_t nth, Tp__Outcome *outcome)
{
    struct planned *post = &plan->posts[nth];
    if (post->origin == ORIGIN_TWIN && plan->posts[post->twin].result != NULL) {
        bool is_adopted =
            adopt(plan, nth, plan->posts[post->twin].result,
                  post->is_near ? TP__PROVENANCE__FROM_NEAR_DUPLICATE : TP__PROVENANCE__FROM_CACHE);
        (void)is_adopted; /* else it is missing */
    }
    union {
        const Tp__PostResult *lent;
        Tp__PostResult *result;
    } same = {post->result};
    if (post->result != NULL && post->origin != ORIGIN_SENT)
        outcome->results[outcome->n_results++] = same.result;
}

void plan_merge(struct plan *plan, Tp__Outcome *outcome, struct arena *arena)
{
    size_t count = plan->dispatch->n_posts;
    widen(outcome, count, arena);
    for (size_t i = 0; i < count; i++) {
        if (plan->posts[i].origin == ORIGIN_SENT)
            plan->posts[i].result = plan_result(plan, outcome, i);
        add_result(plan, i, outcome);
    }
    if (outcome->outcome_class != TP__OUTCOME_CLASS__OK &&
        outcome->outcome_class != TP__OUTCOME_CLASS__PARTIAL)
        return;
    for (size_t i = 0; i < count; i++) {
        if (plan->posts[i].result == NULL)
            add_missing(plan, i, outcome, arena);
    }
    if (outcome->n_missing > 0)
        outcome->outcome_class = TP__OUTCOME_CLASS__PARTIAL;
}
