#include "flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/scoped.h"
#include "flow_state.h"

static const struct instant NEVER = {INT64_MAX};

static struct instant earlier(struct instant a, struct instant b)
{
    return instant_is_before(a, b) ? a : b;
}

static bool is_due(struct instant at, struct instant now)
{
    return !instant_is_before(now, at);
}

struct flow *flow_new(const struct flow_config *config)
{
    CHECK(config->slots > 0 && config->memory > 0);
    struct flow *flow = calloc(1, sizeof *flow);
    CHECK(flow != NULL);
    flow->config = *config;
    flow->look_at = NEVER;
    return flow;
}

void flow_free(struct flow **flow)
{
    if (*flow == NULL)
        return;
    attempts_free(*flow);
    free(*flow);
    *flow = NULL;
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
    lane_unlist(item);
    item->memory->item = NULL;
    free(item);
}

enum flow_taken flow_take(struct flow *flow, const struct flow_dispatch *dispatch, void *load,
                          struct instant now)
{
    struct attempt_key key;
    CHECK(attempt_key_make(dispatch->job_id, dispatch->chunk_number, dispatch->attempt, &key));
    struct remembered *memory = attempts_find(flow, &key);
    if (memory != NULL)
        return memory->item != NULL ? FLOW_HELD_ALREADY : FLOW_DONE_BEFORE;
    struct flow_item *item = calloc(1, sizeof *item);
    CHECK(item != NULL);
    item->load = load;
    item->service_class = dispatch->service_class;
    item->is_embedded = dispatch->mode == TP__ANALYSIS_MODE__BY_EMBEDDED;
    item->state = item->is_embedded ? WAITING : UNKNOWN;
    item->give_up_at = instant_plus_ms(now, dispatch->lease_ms + GIVE_UP_MS);
    item->memory = attempts_remember(flow, &key);
    item->memory->item = item;
    append(flow, item);
    lane_place(flow, item);
    flow->look_at = earlier(flow->look_at, item->give_up_at);
    flow->held++;
    return FLOW_TAKEN;
}

void flow_looked_up(struct flow *flow, struct flow_item *item, bool is_whole)
{
    CHECK(item->state == LOOKING);
    item->state = WAITING;
    item->is_whole = is_whole;
    lane_place(flow, item);
}

/* Rules 9 and 12. */
static int slots_of(const struct flow_item *item)
{
    return item->is_embedded || item->is_whole ? 0 : 1;
}

static struct instant last_asked(const struct flow_item *item)
{
    return item->asked[(item->asks - 1) % ASKS_KEPT];
}

void flow_answered(struct flow *flow, const struct flow_permit *permit, struct instant now)
{
    struct attempt_key key;
    if (!attempt_key_make(permit->job_id, permit->chunk_number, permit->attempt, &key))
        return;
    struct remembered *memory = attempts_find(flow, &key);
    struct flow_item *item = memory != NULL ? memory->item : NULL;
    if (item == NULL || item->state != ASKING)
        return;
    if (!permit->is_permitted) {
        item->is_dropped = true;
        lane_place(flow, item);
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
    flow->look_at = earlier(flow->look_at, item->abort_at);
    lane_place(flow, item);
}

void flow_cancelled(struct flow *flow, const char *job_id)
{
    for (struct flow_item *item = flow->first; item != NULL; item = item->next) {
        if (strcmp(item->memory->key.job_id, job_id) != 0)
            continue;
        item->is_cancelled = true;
        if (item->state == CALLING)
            lane_place(flow, item);
    }
}

/* Rules 10 and 13: what has neither asked nor been called goes back. */
static void look_at_what_waits(struct flow *flow)
{
    for (struct flow_item *item = flow->first; item != NULL; item = item->next)
        if (item->state == UNKNOWN || item->state == LOOKING || item->state == WAITING)
            lane_enlist(item, &lane_of(flow, item)->ready);
}

void flow_drain(struct flow *flow, struct instant end)
{
    flow->is_draining = true;
    flow->drain_end = end;
    flow->look_at = earlier(flow->look_at, end);
    look_at_what_waits(flow);
}

void flow_weigh(struct flow *flow, size_t used_bytes)
{
    size_t ceiling = flow->config.ceiling_bytes;
    bool was_full = flow->is_full;
    if (used_bytes > ceiling)
        flow->is_full = ceiling > 0;
    else if (used_bytes < ceiling / 10 * 9)
        flow->is_full = false;
    if (flow->is_full && !was_full)
        look_at_what_waits(flow);
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
    if (kind == FLOW_RETURN)
        attempts_forget(flow, memory);
    return action;
}

static bool may_ask(const struct flow *flow, const struct flow_item *item)
{
    if (slots_of(item) == 0) /* rule 12 */
        return true;
    int extra = item->service_class == TP__SERVICE_CLASS__INTERACTIVE ? INTERACTIVE_EXTRA : 0;
    return flow->asking + flow->calling < flow->config.slots + extra;
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

static bool takes_nothing(const struct flow *flow)
{
    return flow->is_draining || flow->is_full;
}

static struct flow_action action_of_unknown(struct flow *flow, struct flow_item *item)
{
    if (takes_nothing(flow))
        return end_item(flow, item, FLOW_RETURN);
    item->state = LOOKING;
    return action_of(FLOW_LOOK_UP, item);
}

static bool next_of_looking(struct flow *flow, struct flow_item *item, struct instant now,
                            struct flow_action *action)
{
    if (!takes_nothing(flow) && !is_due(item->give_up_at, now))
        return false;
    *action = end_item(flow, item, takes_nothing(flow) ? FLOW_RETURN : FLOW_DROP);
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
    if (flow->is_draining || (flow->is_full && !item->is_whole))
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
        flow->publishing += item->is_whole;
        *action = action_of(item->is_whole ? FLOW_PUBLISH : FLOW_CALL, item);
        return true;
    case CALLING:
        return next_of_calling(flow, item, now, action);
    case OVER:
        return false;
    }
    CHECK_UNREACHABLE();
}

static bool next_ready(struct flow *flow, struct lane *lane, struct instant now,
                       struct flow_action *action)
{
    struct flow_item *item;
    while ((item = lane->ready.first) != NULL) {
        bool has_action = next_of(flow, item, now, action);
        if (!has_action || action->item != NULL)
            lane_place(flow, item);
        if (has_action)
            return true;
        CHECK(item->list != &lane->ready);
    }
    return false;
}

static bool next_of_first(struct flow *flow, struct item_list *list, struct instant now,
                          struct flow_action *action)
{
    struct flow_item *item = list->first;
    if (item == NULL || !next_of(flow, item, now, action))
        return false;
    if (action->item != NULL)
        lane_place(flow, item);
    return true;
}

static bool next_in(struct flow *flow, struct lane *lane, struct instant now,
                    struct flow_action *action)
{
    return next_ready(flow, lane, now, action) || next_of_first(flow, &lane->asking, now, action) ||
           next_of_first(flow, &lane->waiting, now, action);
}

/* When it ends by itself. */
static struct instant end_of(const struct flow *flow, const struct flow_item *item)
{
    switch (item->state) {
    case UNKNOWN:
    case LOOKING:
    case WAITING:
    case ASKING:
        return item->give_up_at;
    case PERMITTED:
        return item->abort_at;
    case CALLING:
        if (item->is_aborted)
            return NEVER;
        return flow->is_draining ? earlier(item->abort_at, flow->drain_end) : item->abort_at;
    case OVER:
        return NEVER;
    }
    CHECK_UNREACHABLE();
}

static void look_at_all(struct flow *flow, struct instant now)
{
    flow->look_at = NEVER;
    for (struct flow_item *item = flow->first; item != NULL; item = item->next) {
        struct instant end = end_of(flow, item);
        if (is_due(end, now))
            lane_enlist(item, &lane_of(flow, item)->ready);
        else
            flow->look_at = earlier(flow->look_at, end);
    }
}

bool flow_next(struct flow *flow, struct instant now, struct flow_action *action)
{
    if (is_due(flow->look_at, now))
        look_at_all(flow, now);
    return next_in(flow, &flow->interactive, now, action) ||
           next_in(flow, &flow->others, now, action);
}

static struct instant lane_next_at(const struct flow *flow, const struct lane *lane)
{
    if (lane->ready.first != NULL)
        return (struct instant){0};
    return lane->asking.first != NULL ? ask_due(flow, lane->asking.first) : NEVER;
}

struct instant flow_next_at(const struct flow *flow)
{
    struct instant at = earlier(flow->look_at, lane_next_at(flow, &flow->interactive));
    return earlier(at, lane_next_at(flow, &flow->others));
}

void flow_over(struct flow *flow, struct flow_item *item)
{
    CHECK(item->state == CALLING);
    item->state = OVER;
    flow->held--;
    flow->calling -= slots_of(item);
    flow->publishing -= item->is_whole;
}

void flow_close(struct flow *flow, struct flow_item **item)
{
    CHECK((*item)->state == OVER);
    leave(flow, TAKE(*item));
}

int flow_slots(const struct flow *flow)
{
    if (flow->is_draining)
        return 0;
    int used = flow->asking + flow->calling;
    return flow->is_full && used < flow->config.slots ? used : flow->config.slots;
}

int flow_busy(const struct flow *flow)
{
    return flow->calling;
}

int flow_room(const struct flow *flow)
{
    int slots = flow->config.slots;
    int waiting = flow->publishing < slots ? flow->publishing : slots; /* rule 14 */
    int room = slots + flow->config.prefetch + waiting - flow->held;
    return takes_nothing(flow) || room < 0 ? 0 : room;
}

bool flow_is_empty(const struct flow *flow)
{
    return flow->first == NULL;
}

bool flow_is_full(const struct flow *flow)
{
    return flow->is_full;
}
