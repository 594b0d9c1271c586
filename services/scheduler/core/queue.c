#include "queue.h"

#include "base/check.h"

#define FULL_PRICE UINT64_C(1000000)

void queue_open(struct queue *queue, enum fairness fairness, const uint32_t weights[CLASSES])
{
    *queue = (struct queue){.fairness = fairness};
    for (int i = 0; i < CLASSES; i++) {
        CHECK(weights[i] > 0);
        queue->classes[i].price = FULL_PRICE / weights[i];
    }
}

void queue_close(struct queue *queue)
{
    for (int i = 0; i < CLASSES; i++)
        heap_free(&queue->classes[i].runnable);
}

static uint64_t rank_of(const struct queue *queue, const struct turn *turn)
{
    switch (queue->fairness) {
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
    if (turn->ready.count > 0 && turn->user->occupied == 0) {
        /* A class that comes back has no claim on what was shared while it was away. */
        if (runnable->count == 0 && queue->classes[turn->service_class].paid < queue->paid)
            queue->classes[turn->service_class].paid = queue->paid;
        heap_set(runnable, &turn->node, rank_of(queue, turn));
    } else if (heap_has(&turn->node)) {
        heap_remove(runnable, &turn->node);
    }
}

void queue_add(struct queue *queue, struct chunk *chunk)
{
    struct turn *turn = chunk->turn;
    CHECK(chunk->facts.number < 1u << CHUNK_NUMBER_BITS);
    if (turn->ready.count == 0 && turn->user->occupied == 0)
        turn->rank = ++queue->last_rank;
    /* The job's age first, then the place in the job. */
    heap_add(&turn->ready, &chunk->node,
             chunk->job->order << CHUNK_NUMBER_BITS | chunk->facts.number);
    settle(queue, turn);
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

struct chunk *queue_next(const struct queue *queue)
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
        HEAP_OWNER(heap_first(&queue->classes[next].runnable), struct turn, node);
    return HEAP_OWNER(heap_first(&turn->ready), struct chunk, node);
}

void queue_charge(struct queue *queue, struct chunk *chunk)
{
    struct turn *turn = chunk->turn;
    queue->paid = queue->classes[turn->service_class].paid;
    queue->classes[turn->service_class].paid += queue->classes[turn->service_class].price;
    turn->rank = ++queue->last_rank;
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
    case FAIRNESS_ROUND_ROBIN:
        return true;
    case FAIRNESS_FIFO:
        return false;
    }
    CHECK_UNREACHABLE();
}

/* Each turn before that of the chunk, once; while turns go round, also once for each chunk that
 * stands before it in its own turn. */
static size_t ahead_in_class(const struct queue *queue, const struct chunk *chunk)
{
    const struct turn *mine = chunk->turn;
    const struct heap *runnable = &queue->classes[mine->service_class].runnable;
    bool goes_round = queue->fairness == FAIRNESS_ROUND_ROBIN;
    size_t own = heap_count_below(&mine->ready, chunk->node.key);
    size_t rounds = goes_round ? own : 0, step = heap_sample_step(runnable), ahead = 0;
    uint64_t rank = goes_round ? mine->rank : heap_first(&mine->ready)->key;
    for (size_t i = 0; i < runnable->count; i += step) {
        const struct turn *other = HEAP_OWNER(runnable->nodes[i], struct turn, node);
        size_t turns = rounds + (other->node.key < rank);
        if (other != mine)
            ahead += turns < other->ready.count ? turns : other->ready.count;
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
