#include "flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"
#include "base/scoped.h"

enum { ASKS_KEPT = 4 };

static const struct instant NEVER = {INT64_MAX};

enum item_state { UNKNOWN, LOOKING, WAITING, ASKING, PERMITTED, CALLING, OVER };

struct attempt_key {
    char job_id[FLOW_JOB_SIZE];
    uint32_t chunk_number, attempt;
};

struct flow_item {
    struct flow_item *next, *previous; /* in order of arrival */
    struct remembered *memory;
    void *load;
    Tp__ServiceClass service_class;
    bool is_embedded, is_whole, is_cancelled, is_dropped, is_aborted;
    enum item_state state;
    struct instant give_up_at, abort_at;
    uint32_t asks;                   /* made so far: the number of the next one */
    struct instant asked[ASKS_KEPT]; /* ask n at n % ASKS_KEPT */
};

/* Rule 1: an attempt that is in hand, or was. */
struct remembered {
    UT_hash_handle hh;
    struct attempt_key key;
    struct flow_item *item; /* NULL = done */
};

struct flow {
    struct flow_config config;
    struct remembered *memories; /* in order of arrival */
    struct flow_item *first, *last;
    int held, asking, calling; /* held: not over yet */
    bool is_draining;
    struct instant drain_end;
};

struct flow *flow_new(const struct flow_config *config)
{
    CHECK(config->slots > 0 && config->memory > 0);
    struct flow *flow = calloc(1, sizeof *flow);
    CHECK(flow != NULL);
    flow->config = *config;
    return flow;
}

void flow_free(struct flow **flow)
{
    if (*flow == NULL)
        return;
    struct remembered *memory, *next;
    HASH_ITER (hh, (*flow)->memories, memory, next) {
        HASH_DEL((*flow)->memories, memory);
        free(memory->item);
        free(memory);
    }
    free(*flow);
    *flow = NULL;
}

static bool make_key(const char *job_id, uint32_t chunk_number, uint32_t attempt,
                     struct attempt_key *key)
{
    *key = (struct attempt_key){.chunk_number = chunk_number, .attempt = attempt};
    size_t length = strlen(job_id);
    if (length >= sizeof key->job_id)
        return false;
    memcpy(key->job_id, job_id, length);
    return true;
}

static struct remembered *find(const struct flow *flow, const struct attempt_key *key)
{
    struct remembered *memory;
    HASH_FIND(hh, flow->memories, key, sizeof *key, memory);
    return memory;
}

static void forget_oldest(struct flow *flow)
{
    struct remembered *memory, *next;
    HASH_ITER (hh, flow->memories, memory, next) {
        if (HASH_COUNT(flow->memories) <= flow->config.memory)
            return;
        if (memory->item != NULL)
            continue;
        HASH_DEL(flow->memories, memory);
        free(memory);
    }
}

static struct remembered *remember(struct flow *flow, const struct attempt_key *key)
{
    struct remembered *memory = calloc(1, sizeof *memory);
    CHECK(memory != NULL);
    memory->key = *key;
    HASH_ADD(hh, flow->memories, key, sizeof memory->key, memory);
    forget_oldest(flow);
    return memory;
}

static void append(struct flow *flow, struct flow_item *item)
{
    item->previous = flow->last;
    if (flow->last != NULL)
        flow->last->next = item;
    else
        flow->first = item;
    flow->last = item;
}

static void leave(struct flow *flow, struct flow_item *item)
{
    if (item->previous != NULL)
        item->previous->next = item->next;
    else
        flow->first = item->next;
    if (item->next != NULL)
        item->next->previous = item->previous;
    else
        flow->last = item->previous;
    item->memory->item = NULL;
    free(item);
}

enum flow_taken flow_take(struct flow *flow, const struct flow_dispatch *dispatch, void *load,
                          struct instant now)
{
    struct attempt_key key;
    CHECK(make_key(dispatch->job_id, dispatch->chunk_number, dispatch->attempt, &key));
    struct remembered *memory = find(flow, &key);
    if (memory != NULL)
        return memory->item != NULL ? FLOW_HELD_ALREADY : FLOW_DONE_BEFORE;
    struct flow_item *item = calloc(1, sizeof *item);
    CHECK(item != NULL);
    item->load = load;
    item->service_class = dispatch->service_class;
    item->is_embedded = dispatch->mode == TP__ANALYSIS_MODE__BY_EMBEDDED;
    item->state = item->is_embedded ? WAITING : UNKNOWN;
    item->give_up_at = instant_plus_ms(now, dispatch->lease_ms + GIVE_UP_MS);
    item->memory = remember(flow, &key);
    item->memory->item = item;
    append(flow, item);
    flow->held++;
    return FLOW_TAKEN;
}

void flow_looked_up(struct flow_item *item, bool is_whole)
{
    CHECK(item->state == LOOKING);
    item->state = WAITING;
    item->is_whole = is_whole;
}

/* Rules 9 and 12. */
static int slots_of(const struct flow_item *item)
{
    return item->is_embedded || item->is_whole ? 0 : 1;
}

static struct instant earlier(struct instant a, struct instant b)
{
    return instant_is_before(a, b) ? a : b;
}

static bool is_due(struct instant at, struct instant now)
{
    return !instant_is_before(now, at);
}

static struct instant last_asked(const struct flow_item *item)
{
    return item->asked[(item->asks - 1) % ASKS_KEPT];
}

void flow_answered(struct flow *flow, const struct flow_permit *permit, struct instant now)
{
    struct attempt_key key;
    if (!make_key(permit->job_id, permit->chunk_number, permit->attempt, &key))
        return;
    struct remembered *memory = find(flow, &key);
    struct flow_item *item = memory != NULL ? memory->item : NULL;
    if (item == NULL || item->state != ASKING)
        return;
    if (!permit->is_permitted) {
        item->is_dropped = true;
        return;
    }
    if (permit->ask_number >= item->asks || item->asks - permit->ask_number > ASKS_KEPT)
        return;
    struct instant asked = item->asked[permit->ask_number % ASKS_KEPT];
    if (is_due(instant_plus_ms(asked, permit->life_ms), now)) /* rule 4 */
        return;
    item->state = PERMITTED;
    item->abort_at = earlier(instant_plus_ms(asked, permit->lease_left_ms),
                             instant_plus_ms(now, flow->config.call_max_ms));
    flow->asking -= slots_of(item);
    flow->calling += slots_of(item);
}

void flow_cancelled(struct flow *flow, const char *job_id)
{
    for (struct flow_item *item = flow->first; item != NULL; item = item->next)
        if (strcmp(item->memory->key.job_id, job_id) == 0)
            item->is_cancelled = true;
}

void flow_drain(struct flow *flow, struct instant end)
{
    flow->is_draining = true;
    flow->drain_end = end;
}

/* ---- what to do next ---- */

static struct flow_action action_of(enum flow_action_kind kind, struct flow_item *item)
{
    return (struct flow_action){.kind = kind, .item = item, .load = item->load};
}

/* DROP and RETURN end an item that has not been called. */
static struct flow_action end_item(struct flow *flow, struct flow_item *item,
                                   enum flow_action_kind kind)
{
    struct flow_action action = {.kind = kind, .load = item->load};
    struct remembered *memory = item->memory;
    flow->held--;
    if (item->state == ASKING)
        flow->asking -= slots_of(item);
    leave(flow, item);
    if (kind == FLOW_RETURN) {
        HASH_DEL(flow->memories, memory);
        free(memory);
    }
    return action;
}

static bool may_ask(const struct flow *flow, const struct flow_item *item)
{
    int extra = item->service_class == TP__SERVICE_CLASS__INTERACTIVE ? INTERACTIVE_EXTRA : 0;
    return flow->asking + flow->calling + slots_of(item) <= flow->config.slots + extra;
}

static struct flow_action ask(struct flow *flow, struct flow_item *item, struct instant now)
{
    if (item->state == WAITING) {
        item->state = ASKING;
        flow->asking += slots_of(item);
    }
    struct flow_action action = action_of(FLOW_ASK, item);
    action.ask_number = item->asks;
    action.is_free = item->is_whole;
    item->asked[item->asks++ % ASKS_KEPT] = now;
    return action;
}

static struct flow_action action_of_unknown(struct flow *flow, struct flow_item *item)
{
    if (flow->is_draining)
        return end_item(flow, item, FLOW_RETURN);
    item->state = LOOKING;
    return action_of(FLOW_LOOK_UP, item);
}

static bool next_of_looking(struct flow *flow, struct flow_item *item, struct instant now,
                            struct flow_action *action)
{
    if (!flow->is_draining && !is_due(item->give_up_at, now))
        return false;
    *action = end_item(flow, item, flow->is_draining ? FLOW_RETURN : FLOW_DROP);
    return true;
}

static bool next_of_waiting(struct flow *flow, struct flow_item *item, struct instant now,
                            struct flow_action *action)
{
    if (item->is_embedded && !flow->is_draining) {
        item->state = CALLING;
        item->abort_at = NEVER;
        *action = action_of(FLOW_ANALYSE, item);
        return true;
    }
    if (flow->is_draining)
        *action = end_item(flow, item, FLOW_RETURN);
    else if (is_due(item->give_up_at, now))
        *action = end_item(flow, item, FLOW_DROP);
    else if (may_ask(flow, item))
        *action = ask(flow, item, now);
    else
        return false;
    return true;
}

static struct instant ask_due(const struct flow *flow, const struct flow_item *item)
{
    int64_t wait_ms = flow->is_draining ? flow->config.permit_life_ms : flow->config.ask_repeat_ms;
    return instant_plus_ms(last_asked(item), wait_ms);
}

static bool next_of_asking(struct flow *flow, struct flow_item *item, struct instant now,
                           struct flow_action *action)
{
    if (item->is_dropped || is_due(item->give_up_at, now)) {
        *action = end_item(flow, item, FLOW_DROP);
        return true;
    }
    if (!is_due(ask_due(flow, item), now))
        return false;
    *action = flow->is_draining ? end_item(flow, item, FLOW_RETURN) : ask(flow, item, now);
    return true;
}

static bool next_of_calling(const struct flow *flow, struct flow_item *item, struct instant now,
                            struct flow_action *action)
{
    bool is_drained = flow->is_draining && is_due(flow->drain_end, now);
    if (item->is_aborted || !(item->is_cancelled || is_drained || is_due(item->abort_at, now)))
        return false;
    item->is_aborted = true;
    *action = action_of(FLOW_ABORT, item);
    return true;
}

static bool next_of(struct flow *flow, struct flow_item *item, struct instant now,
                    struct flow_action *action)
{
    switch (item->state) {
    case UNKNOWN:
        *action = action_of_unknown(flow, item);
        return true;
    case LOOKING:
        return next_of_looking(flow, item, now, action);
    case WAITING:
        return next_of_waiting(flow, item, now, action);
    case ASKING:
        return next_of_asking(flow, item, now, action);
    case PERMITTED:
        item->state = CALLING;
        *action = action_of(item->is_whole ? FLOW_PUBLISH : FLOW_CALL, item);
        return true;
    case CALLING:
        return next_of_calling(flow, item, now, action);
    case OVER:
        return false;
    }
    CHECK_UNREACHABLE();
}

static bool next_where(struct flow *flow, bool is_interactive, struct instant now,
                       struct flow_action *action)
{
    for (struct flow_item *item = flow->first, *next; item != NULL; item = next) {
        next = item->next;
        if ((item->service_class == TP__SERVICE_CLASS__INTERACTIVE) == is_interactive &&
            next_of(flow, item, now, action))
            return true;
    }
    return false;
}

bool flow_next(struct flow *flow, struct instant now, struct flow_action *action)
{
    return next_where(flow, true, now, action) || next_where(flow, false, now, action);
}

static struct instant due_of(const struct flow *flow, const struct flow_item *item)
{
    switch (item->state) {
    case UNKNOWN:
        return (struct instant){0};
    case LOOKING:
    case WAITING:
        return item->give_up_at;
    case ASKING:
        return earlier(item->give_up_at, ask_due(flow, item));
    case CALLING:
        if (item->is_aborted)
            return NEVER;
        return flow->is_draining ? earlier(item->abort_at, flow->drain_end) : item->abort_at;
    case PERMITTED:
        return (struct instant){0};
    case OVER:
        return NEVER;
    }
    CHECK_UNREACHABLE();
}

struct instant flow_next_at(const struct flow *flow)
{
    struct instant at = NEVER;
    for (const struct flow_item *item = flow->first; item != NULL; item = item->next)
        at = earlier(at, due_of(flow, item));
    return at;
}

void flow_over(struct flow *flow, struct flow_item *item)
{
    CHECK(item->state == CALLING);
    item->state = OVER;
    flow->held--;
    flow->calling -= slots_of(item);
}

void flow_close(struct flow *flow, struct flow_item **item)
{
    CHECK((*item)->state == OVER);
    leave(flow, TAKE(*item));
}

int flow_slots(const struct flow *flow)
{
    return flow->is_draining ? 0 : flow->config.slots;
}

int flow_busy(const struct flow *flow)
{
    return flow->calling;
}

int flow_room(const struct flow *flow)
{
    int room = flow->config.slots + flow->config.prefetch - flow->held;
    return flow->is_draining || room < 0 ? 0 : room;
}

bool flow_is_empty(const struct flow *flow)
{
    return flow->first == NULL;
}
