#include "queue.h"

#include <stdlib.h>

#include "base/check.h"
#include "due.h"
#include "share.h"
#include "urgent.h"

#define FULL_PRICE UINT64_C(1000000)
enum { AVERAGE_OVER = 8 };

void queue_open(struct queue *queue, const struct queue_config *config)
{
    *queue = (struct queue){.config = *config,
                            .stakes.size = sizeof(struct stake),
                            .call_us = 1,
                            .urgent_below = 1,
                            .mean_tokens = QUANTUM_TOKENS};
    for (int i = 0; i < CLASSES; i++) {
        CHECK(config->weights[i] > 0);
        queue->classes[i].price = FULL_PRICE / config->weights[i];
    }
}

void queue_close(struct queue *queue)
{
    heap_free(&queue->urgent); /* it knows the shares, as those of the classes do */
    for (int i = 0; i < CLASSES; i++)
        heap_free(&queue->classes[i].shares);
    while (queue->shares) {
        struct share *share = queue->shares;
        queue->shares = share->next;
        heap_free(&share->runnable);
        heap_free(&share->urgent);
        sojourn_close(&share->sojourn);
        free(share);
    }
    heap_free(&queue->bursting);
    pool_free(&queue->stakes);
}

void queue_forget(struct queue *queue)
{
    CHECK(queue->occupied == 0 && queue->urgent.count == 0 && queue->bursting.count == 0);
    queue_close(queue);
    struct queue before = *queue;
    queue_open(queue, &before.config);
    queue->now = before.now;
    queue->slots = before.slots;
    queue->call_us = before.call_us;
}

void queue_drop_turn(struct turn *turn)
{
    CHECK(!heap_has(&turn->node) && !heap_has(&turn->urgent) && turn->due_count == 0 &&
          turn->waiting == 0);
    struct share *share = queue_share(turn);
    if (share)
        sojourn_forget(&share->sojourn, turn);
}

static uint64_t rank_of(const struct queue *queue, const struct share *share,
                        const struct turn *turn)
{
    switch (queue->config.fairness) {
    case FAIRNESS_SOJOURN:
        return sojourn_key(&share->sojourn, turn);
    case FAIRNESS_ROUND_ROBIN:
        return turn->rank;
    case FAIRNESS_FIFO:
        return due_key(due_first(turn));
    }
    CHECK_UNREACHABLE();
}

static bool is_shut(const struct turn *turn)
{
    return book_user_of(turn)->shut || turn->is_limited;
}

static bool is_runnable(const struct turn *turn)
{
    return turn->due_count > 0 && book_user_of(turn)->occupied == 0 && !is_shut(turn);
}

/* Of a user whose chunk in flight is not all it may have while nobody else waits (rule 1). */
static bool may_burst(const struct queue *queue, const struct turn *turn)
{
    const struct user *user = book_user_of(turn);
    uint32_t most = queue->config.burst;
    if (user->burst || user->tenant->burst)
        most = user->burst ? user->burst : user->tenant->burst;
    if (most > MOST_BURST)
        most = MOST_BURST;
    return turn->due_count > 0 && user->occupied > 0 && user->occupied < most &&
           turn->service_class != CLASS_INTERACTIVE && !is_shut(turn) && !user->tenant->shut;
}

/* Those with the least in flight first, so that they are alike; then by who has waited longest. */
static void settle_burst(struct queue *queue, struct turn *turn)
{
    bool is_bursting = may_burst(queue, turn);
    if (turn->is_bursting)
        heap_remove(&queue->bursting, &turn->node);
    turn->is_bursting = is_bursting;
    if (!is_bursting)
        return;
    turn->node.tie = ++queue->last_tie;
    heap_add(&queue->bursting, &turn->node, book_user_of(turn)->occupied);
}

/* Puts the turn where it belongs now: among the runnable by its rank, or nowhere. */
static void settle(struct queue *queue, struct turn *turn)
{
    struct share *share = share_of(queue, turn);
    bool is_sojourn = queue->config.fairness == FAIRNESS_SOJOURN;
    if (is_sojourn)
        share_catch_up(queue, share);
    bool was_runnable = heap_has(&turn->node) && !turn->is_bursting;
    urgent_settle_turn(queue, share, turn, is_runnable(turn));
    if (is_runnable(turn)) {
        if (turn->is_bursting)
            settle_burst(queue, turn);
        if (is_sojourn)
            sojourn_set_runnable(&share->sojourn, turn);
        heap_set(&share->runnable, &turn->node, rank_of(queue, share, turn));
    } else {
        if (was_runnable)
            heap_remove(&share->runnable, &turn->node);
        sojourn_set_idle(&share->sojourn, turn);
        settle_burst(queue, turn);
    }
    share_settle(queue, share);
}

/* The same, with its laxity worked out anew. */
static void resettle(struct queue *queue, struct turn *turn)
{
    sojourn_set_idle(&share_of(queue, turn)->sojourn, turn);
    settle(queue, turn);
}

/* Equal sharing counts the work of a chunk once for each attempt: no refusal adds to it. */
static void stake(struct queue *queue, struct chunk *chunk)
{
    bool is_staked = chunk->is_staked && book_turn_of(chunk)->stake;
    if (queue->config.fairness != FAIRNESS_SOJOURN || is_staked)
        return;
    chunk->is_staked = chunk->was_staked = true;
    if (is_shut(book_turn_of(chunk)))
        return; /* joins with all it has, once it is open again */
    struct share *share = share_of(queue, book_turn_of(chunk));
    share_catch_up(queue, share);
    sojourn_add(&share->sojourn, book_turn_of(chunk));
}

void queue_withdraw(struct queue *queue, struct chunk *chunk)
{
    if (!chunk->is_staked)
        return;
    chunk->is_staked = chunk->was_staked = false;
    struct share *share = share_of(queue, book_turn_of(chunk));
    share_catch_up(queue, share);
    sojourn_withdraw(&share->sojourn, book_turn_of(chunk));
    resettle(queue, book_turn_of(chunk));
}

/* Its user comes with something new, with nothing of this class in hand: a busy period begins. */
static bool begins_a_period(const struct chunk *chunk)
{
    const struct turn *turn = book_turn_of(chunk);
    return turn->due_count == 0 && turn->occupied == 0 && !chunk->was_staked;
}

/* The back of the order; who is being served in another class has had a first chunk already. */
static uint64_t rank_of_newcomer(struct queue *queue, const struct turn *turn)
{
    uint64_t rank = ++queue->last_rank;
    bool is_served = queue->config.fairness == FAIRNESS_SOJOURN && book_user_of(turn)->occupied > 0;
    return is_served ? sojourn_rank_begun(rank) : rank;
}

void queue_add(struct queue *queue, struct chunk *chunk)
{
    struct turn *turn = book_turn_of(chunk);
    if (begins_a_period(chunk))
        turn->rank = rank_of_newcomer(queue, turn);
    stake(queue, chunk);
    due_add(turn, chunk);
    resettle(queue, turn);
}

void queue_remove(struct queue *queue, struct chunk *chunk)
{
    due_remove(book_turn_of(chunk), chunk);
    settle(queue, book_turn_of(chunk));
}

void queue_user_changed(struct queue *queue, struct user *user)
{
    for (struct turn *turn = book_first_turn(user); turn; turn = book_turn_after(turn))
        settle(queue, turn);
}

struct chunk *queue_next(struct queue *queue)
{
    int next = -1;
    for (int i = 0; i < CLASSES && !queue->shut; i++) {
        if (queue->classes[i].shares.count == 0)
            continue;
        if (next < 0 || queue->classes[i].paid < queue->classes[next].paid)
            next = i;
    }
    if (next < 0)
        return NULL;
    struct share *share = HEAP_OWNER(heap_first(&queue->classes[next].shares), struct share, node);
    const struct turn *turn = NULL;
    if (share->tenant->shut) {
        turn = urgent_first(share);
    } else if (queue->config.fairness == FAIRNESS_SOJOURN) {
        share_catch_up(queue, share);
        turn = sojourn_urgent(&share->sojourn, &share->runnable);
    }
    if (!turn)
        turn = HEAP_OWNER(heap_first(&share->runnable), struct turn, node);
    return due_first(turn);
}

struct chunk *queue_next_burst(struct queue *queue)
{
    if (queue->shut || queue_runnable(queue) > 0)
        return NULL;
    while (queue->bursting.count > 0) {
        struct turn *turn = HEAP_OWNER(heap_first(&queue->bursting), struct turn, node);
        if (may_burst(queue, turn))
            return due_first(turn);
        settle_burst(queue, turn); /* an operator lowered what it may have */
    }
    return NULL;
}

/* How far the sharing has come: to what the class has paid that is next. What is granted out of
 * turn, because it must not wait, says nothing of that; a burst, which is granted while nobody
 * waits, does. It never goes back. */
static void note_paid(struct queue *queue, enum service_class granted)
{
    uint64_t least = queue->classes[granted].paid;
    for (int i = 0; i < CLASSES; i++)
        if (queue->classes[i].shares.count > 0 && queue->classes[i].paid < least)
            least = queue->classes[i].paid;
    if (queue->paid < least)
        queue->paid = least;
}

void queue_charge(struct queue *queue, struct chunk *chunk, uint64_t tokens)
{
    struct turn *turn = book_turn_of(chunk);
    enum service_class mine = turn->service_class;
    struct share *share = share_of(queue, turn);
    note_paid(queue, mine);
    queue->classes[mine].paid += queue->classes[mine].price;
    if (queue->classes[mine].paid_until < share->paid)
        queue->classes[mine].paid_until = share->paid;
    if (tokens < LEAST_TOKENS)
        tokens = LEAST_TOKENS;
    share->paid += queue_price(share->tenant, tokens);
    queue->mean_tokens += ((int64_t)tokens - queue->mean_tokens) / AVERAGE_OVER;
    turn->rank = queue->config.fairness == FAIRNESS_SOJOURN ? sojourn_rank_begun(turn->rank)
                                                            : ++queue->last_rank;
}

void queue_restore(struct queue *queue, struct turn *turn, uint64_t rank)
{
    turn->rank = rank;
    settle(queue, turn);
}

void queue_shut_all(struct queue *queue, enum shut_reason reason)
{
    queue->shut |= reason;
}

void queue_open_all(struct queue *queue, enum shut_reason reason)
{
    queue->shut &= ~(uint32_t)reason;
}

static void hold(struct queue *queue, struct turn *turn)
{
    settle(queue, turn);
    sojourn_hold(&share_of(queue, turn)->sojourn, turn);
}

static void let_go(struct queue *queue, struct turn *turn)
{
    struct share *share = share_of(queue, turn);
    share_catch_up(queue, share);
    if (queue->config.fairness == FAIRNESS_SOJOURN && turn->due_count > 0 && !is_shut(turn))
        sojourn_join_anew(&share->sojourn, turn);
    settle(queue, turn);
}

void queue_limit_turn(struct queue *queue, struct turn *turn)
{
    turn->is_limited = true;
    hold(queue, turn);
}

void queue_open_turn(struct queue *queue, struct turn *turn)
{
    turn->is_limited = false;
    let_go(queue, turn);
}

void queue_shut_user(struct queue *queue, struct user *user, enum shut_reason reason)
{
    user->shut = (uint8_t)(user->shut | (uint32_t)reason);
    for (struct turn *turn = book_first_turn(user); turn; turn = book_turn_after(turn))
        hold(queue, turn);
}

void queue_open_user(struct queue *queue, struct user *user, enum shut_reason reason)
{
    bool was_shut = user->shut != 0;
    user->shut = (uint8_t)(user->shut & ~(uint32_t)reason);
    if (!was_shut || user->shut)
        return;
    for (struct turn *turn = book_first_turn(user); turn; turn = book_turn_after(turn))
        let_go(queue, turn);
}

bool queue_runs_ahead(const struct queue *queue)
{
    switch (queue->config.fairness) {
    case FAIRNESS_SOJOURN:
    case FAIRNESS_ROUND_ROBIN:
        return true;
    case FAIRNESS_FIFO:
        return false;
    }
    CHECK_UNREACHABLE();
}

size_t queue_runnable(const struct queue *queue)
{
    size_t runnable = 0;
    for (int i = 0; i < CLASSES && !queue->shut; i++)
        runnable += queue->classes[i].turns;
    return runnable;
}
