/* How many chunks come before one (rule 12): in its share, of other tenants, of other classes. */
#include "base/check.h"
#include "due.h"
#include "queue.h"

/* How many of the other turn's chunks stand before this one, which has `own` before it in its turn.
 */
static size_t ahead_in_turn(const struct queue *queue, const struct chunk *chunk,
                            const struct turn *other, size_t own)
{
    const struct turn *mine = book_turn_of(chunk);
    size_t rounds = 0;
    switch (queue->config.fairness) {
    case FAIRNESS_SOJOURN:
        return sojourn_ahead(&queue_share(mine)->sojourn, mine, other, own == 0);
    case FAIRNESS_ROUND_ROBIN: /* once each round, and a round for each of its own */
        rounds = own + (heap_key(&queue_share(other)->runnable, &other->node) < mine->rank);
        return rounds < other->due_count ? rounds : other->due_count;
    case FAIRNESS_FIFO: /* all of the older jobs */
        return due_count_below(other, due_key(chunk));
    }
    CHECK_UNREACHABLE();
}

static size_t ahead_in_share(const struct queue *queue, const struct chunk *chunk)
{
    const struct turn *mine = book_turn_of(chunk);
    const struct heap *runnable = &queue_share(mine)->runnable;
    size_t own = due_count_below(mine, due_key(chunk));
    uint32_t step = heap_sample_step(runnable);
    size_t ahead = 0;
    for (uint32_t i = 0; i < runnable->count; i += step) {
        const struct turn *other = HEAP_OWNER(heap_at(runnable, i)->node, struct turn, node);
        if (other != mine)
            ahead += ahead_in_turn(queue, chunk, other, own);
    }
    return own + ahead * step;
}

/* What other tenants take until this one has paid for all that stands before in its own share. */
static size_t ahead_of_share(const struct queue *queue, const struct share *mine, size_t own)
{
    uint64_t tokens = (uint64_t)queue->mean_tokens;
    uint64_t until = mine->paid + own * queue_price(mine->tenant, tokens);
    const struct heap *shares = &queue->classes[mine->service_class].shares;
    uint32_t step = heap_sample_step(shares);
    size_t ahead = 0;
    for (uint32_t i = 0; i < shares->count; i += step) {
        const struct share *other = HEAP_OWNER(heap_at(shares, i)->node, struct share, node);
        uint64_t limit = other->node.tie < mine->node.tie ? until + 1 : until;
        uint64_t price = queue_price(other->tenant, tokens);
        if (other == mine || other->paid >= limit)
            continue;
        uint64_t turns = (limit - other->paid + price - 1) / price;
        ahead += turns < other->counted ? turns : other->counted;
    }
    return ahead * step;
}

size_t queue_ahead_of(const struct queue *queue, const struct chunk *chunk)
{
    int mine = (int)book_turn_of(chunk)->service_class;
    size_t own_share = ahead_in_share(queue, chunk);
    size_t own_class =
        own_share + ahead_of_share(queue, queue_share(book_turn_of(chunk)), own_share);
    size_t ahead = own_class;
    uint64_t until = queue->classes[mine].paid + own_class * queue->classes[mine].price;
    for (int i = 0; i < CLASSES; i++) {
        uint64_t paid = queue->classes[i].paid, price = queue->classes[i].price;
        uint64_t limit = i < mine ? until + 1 : until; /* equal: the better class is first */
        if (i == mine || paid >= limit)
            continue;
        uint64_t turns = (limit - paid + price - 1) / price;
        ahead += turns < queue->classes[i].turns ? turns : queue->classes[i].turns;
    }
    return ahead;
}
