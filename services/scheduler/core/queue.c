#include "queue.h"

#include "base/check.h"

#define FULL_PRICE UINT64_C(1000000)

void queue_open(struct queue *queue, const struct queue_config *config)
{
    *queue = (struct queue){.fairness = config->fairness};
    for (int i = 0; i < CLASSES; i++) {
        CHECK(config->weights[i] > 0);
        queue->classes[i].price = FULL_PRICE / config->weights[i];
        sojourn_open(&queue->classes[i].sojourn, config->has_first_chunks_first);
    }
}

void queue_close(struct queue *queue)
{
    for (int i = 0; i < CLASSES; i++) {
        heap_free(&queue->classes[i].runnable);
        sojourn_close(&queue->classes[i].sojourn);
    }
}

void queue_forget(struct queue *queue)
{
    queue->paid = queue->last_rank = 0;
    for (int i = 0; i < CLASSES; i++) {
        queue->classes[i].paid = 0;
        struct sojourn *sojourn = &queue->classes[i].sojourn;
        CHECK(queue->classes[i].runnable.count == 0 && queue->classes[i].occupied == 0);
        bool has_first_chunks_first = sojourn->has_first_chunks_first;
        sojourn_close(sojourn);
        sojourn_open(sojourn, has_first_chunks_first);
        sojourn_set_slots(sojourn, queue->slots > 0 ? queue->slots : 1);
    }
}

static uint64_t rank_of(const struct queue *queue, const struct turn *turn)
{
    switch (queue->fairness) {
    case FAIRNESS_SOJOURN:
        return sojourn_key(&queue->classes[turn->service_class].sojourn, turn);
    case FAIRNESS_ROUND_ROBIN:
        return turn->rank;
    case FAIRNESS_FIFO:
        return heap_first(&turn->ready)->key;
    }
    CHECK_UNREACHABLE();
}

/* Puts the turn where it belongs now: among the runnable by its rank, or nowhere. */
static void settle(struct queue *queue, struct turn *turn)
{
    struct heap *runnable = &queue->classes[turn->service_class].runnable;
    struct sojourn *sojourn = &queue->classes[turn->service_class].sojourn;
    bool is_sojourn = queue->fairness == FAIRNESS_SOJOURN;
    if (turn->ready.count > 0 && turn->user->occupied == 0) {
        /* A class that comes back has no claim on what was shared while it was away. */
        if (runnable->count == 0 && queue->classes[turn->service_class].paid < queue->paid)
            queue->classes[turn->service_class].paid = queue->paid;
        if (is_sojourn)
            sojourn_set_runnable(sojourn, turn);
        heap_set(runnable, &turn->node, rank_of(queue, turn));
    } else if (heap_has(&turn->node)) {
        heap_remove(runnable, &turn->node);
        if (is_sojourn)
            sojourn_set_idle(sojourn, turn);
    }
}

/* The same, with its laxity worked out anew. */
static void resettle(struct queue *queue, struct turn *turn)
{
    sojourn_set_idle(&queue->classes[turn->service_class].sojourn, turn);
    settle(queue, turn);
}

void queue_pass_time(struct queue *queue, struct instant now)
{
    double chunks = (double)(now.ns - queue->now.ns) / 1000 / (double)queue->call_us;
    queue->now = now;
    if (queue->fairness != FAIRNESS_SOJOURN || queue->slots == 0 || chunks <= 0)
        return;
    for (int i = 0; i < CLASSES; i++) {
        /* Equal sharing inside a class is of what the class gets (rule 4). */
        double left = chunks;
        if (queue->occupied > 0)
            left *= (double)queue->classes[i].occupied / queue->occupied;
        sojourn_pass(&queue->classes[i].sojourn, left);
    }
}

void queue_set_pace(struct queue *queue, uint32_t slots, int64_t call_us)
{
    queue->call_us = call_us > 0 ? call_us : 1;
    if (slots == queue->slots)
        return;
    queue->slots = slots;
    for (int i = 0; i < CLASSES; i++)
        sojourn_set_slots(&queue->classes[i].sojourn, slots > 0 ? slots : 1);
}

void queue_occupy(struct queue *queue, enum service_class service_class, int change)
{
    queue->occupied += (uint32_t)change;
    queue->classes[service_class].occupied += (uint32_t)change;
}

/* Equal sharing counts the work of a chunk once for each attempt: no refusal adds to it. */
static void stake(struct queue *queue, struct chunk *chunk)
{
    uint32_t attempt = chunk->facts.attempt + 1;
    if (queue->fairness != FAIRNESS_SOJOURN || chunk->staked >= attempt)
        return;
    chunk->staked = attempt;
    sojourn_add(&queue->classes[chunk->turn->service_class].sojourn, chunk->turn);
}

void queue_withdraw(struct queue *queue, struct chunk *chunk)
{
    if (chunk->staked <= chunk->facts.attempt)
        return;
    chunk->staked = 0;
    sojourn_withdraw(&queue->classes[chunk->turn->service_class].sojourn, chunk->turn);
    resettle(queue, chunk->turn);
}

/* Its user comes with something new, with nothing in hand: a busy period begins. */
static bool begins_a_period(const struct queue *queue, const struct chunk *chunk)
{
    const struct turn *turn = chunk->turn;
    if (turn->ready.count > 0 || turn->user->occupied > 0)
        return false;
    return queue->fairness != FAIRNESS_SOJOURN || chunk->staked == 0;
}

void queue_add(struct queue *queue, struct chunk *chunk)
{
    struct turn *turn = chunk->turn;
    CHECK(chunk->facts.number < 1u << CHUNK_NUMBER_BITS);
    if (begins_a_period(queue, chunk))
        turn->rank = ++queue->last_rank;
    stake(queue, chunk);
    /* The job's age first, then the place in the job. */
    heap_add(&turn->ready, &chunk->node,
             chunk->job->order << CHUNK_NUMBER_BITS | chunk->facts.number);
    resettle(queue, turn);
}

void queue_remove(struct queue *queue, struct chunk *chunk)
{
    heap_remove(&chunk->turn->ready, &chunk->node);
    settle(queue, chunk->turn);
}

void queue_user_changed(struct queue *queue, struct user *user)
{
    for (struct turn *turn = user->turns; turn; turn = turn->next)
        settle(queue, turn);
}

struct chunk *queue_next(struct queue *queue)
{
    int next = -1;
    for (int i = 0; i < CLASSES; i++) {
        if (queue->classes[i].runnable.count == 0)
            continue;
        if (next < 0 || queue->classes[i].paid < queue->classes[next].paid)
            next = i;
    }
    if (next < 0)
        return NULL;
    const struct turn *turn =
        queue->fairness == FAIRNESS_SOJOURN
            ? sojourn_urgent(&queue->classes[next].sojourn, &queue->classes[next].runnable)
            : NULL;
    if (!turn)
        turn = HEAP_OWNER(heap_first(&queue->classes[next].runnable), struct turn, node);
    return HEAP_OWNER(heap_first(&turn->ready), struct chunk, node);
}

void queue_charge(struct queue *queue, struct chunk *chunk)
{
    struct turn *turn = chunk->turn;
    queue->paid = queue->classes[turn->service_class].paid;
    queue->classes[turn->service_class].paid += queue->classes[turn->service_class].price;
    turn->rank =
        queue->fairness == FAIRNESS_SOJOURN ? sojourn_rank_begun(turn->rank) : ++queue->last_rank;
    settle(queue, turn);
}

void queue_restore(struct queue *queue, struct turn *turn, uint64_t rank)
{
    turn->rank = rank;
    settle(queue, turn);
}

bool queue_runs_ahead(const struct queue *queue)
{
    switch (queue->fairness) {
    case FAIRNESS_SOJOURN:
    case FAIRNESS_ROUND_ROBIN:
        return true;
    case FAIRNESS_FIFO:
        return false;
    }
    CHECK_UNREACHABLE();
}

/* How many of the other turn's chunks stand before the one that has `own` before it in its turn. */
static size_t ahead_in_turn(const struct queue *queue, const struct turn *mine,
                            const struct turn *other, size_t own)
{
    size_t ahead = 0;
    switch (queue->fairness) {
    case FAIRNESS_SOJOURN:
        return sojourn_ahead(&queue->classes[mine->service_class].sojourn, mine, other, own == 0);
    case FAIRNESS_ROUND_ROBIN: /* once each round, and a round for each of its own */
        ahead = own + (other->node.key < mine->rank);
        break;
    case FAIRNESS_FIFO:
        ahead = other->node.key < heap_first(&mine->ready)->key;
        break;
    }
    return ahead < other->ready.count ? ahead : other->ready.count;
}

static size_t ahead_in_class(const struct queue *queue, const struct chunk *chunk)
{
    const struct turn *mine = chunk->turn;
    const struct heap *runnable = &queue->classes[mine->service_class].runnable;
    size_t own = heap_count_below(&mine->ready, chunk->node.key);
    size_t step = heap_sample_step(runnable), ahead = 0;
    for (size_t i = 0; i < runnable->count; i += step) {
        const struct turn *other = HEAP_OWNER(runnable->nodes[i], struct turn, node);
        if (other != mine)
            ahead += ahead_in_turn(queue, mine, other, own);
    }
    return own + ahead * step;
}

size_t queue_ahead_of(const struct queue *queue, const struct chunk *chunk)
{
    int mine = (int)chunk->turn->service_class;
    size_t own_class = ahead_in_class(queue, chunk), ahead = own_class;
    uint64_t until = queue->classes[mine].paid + own_class * queue->classes[mine].price;
    for (int i = 0; i < CLASSES; i++) {
        uint64_t paid = queue->classes[i].paid, price = queue->classes[i].price;
        uint64_t limit = i < mine ? until + 1 : until; /* equal: the better class is first */
        if (i == mine || paid >= limit)
            continue;
        uint64_t turns = (limit - paid + price - 1) / price;
        uint32_t users = queue->classes[i].runnable.count;
        ahead += turns < users ? turns : users;
    }
    return ahead;
}

size_t queue_runnable(const struct queue *queue)
{
    size_t runnable = 0;
    for (int i = 0; i < CLASSES; i++)
        runnable += queue->classes[i].runnable.count;
    return runnable;
}
