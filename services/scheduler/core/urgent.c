#include "urgent.h"

#include "due.h"
#include "retry.h"

static bool needs_no_endpoint(const struct chunk *chunk)
{
    return !book_job_of(chunk)->is_healing &&
           (chunk->is_by_embedded || retry_mode(&chunk->facts, INT64_MAX) == MODE_EMBEDDED);
}

uint64_t urgent_key(const struct chunk *chunk)
{
    if (needs_no_endpoint(chunk))
        return NEEDS_NO_ENDPOINT;
    return book_has_stand_in(book_job_of(chunk)) ? (uint64_t)book_deadline(book_job_of(chunk)).ns
                                                 : MAY_WAIT_FOR_EVER;
}

/* Equal ones go round. */
static void put(struct queue *queue, struct heap *heap, struct heap_node *node, uint64_t key)
{
    node->tie = ++queue->last_tie;
    heap_set(heap, node, key);
}

void urgent_settle_turn(struct queue *queue, struct share *share, struct turn *turn,
                        bool is_runnable)
{
    uint64_t key = MAY_WAIT_FOR_EVER;
    if (is_runnable)
        key = urgent_key(due_first(turn));
    bool is_there = heap_has(&turn->urgent);
    if (key == MAY_WAIT_FOR_EVER && is_there)
        heap_remove(&share->urgent, &turn->urgent);
    else if (key != MAY_WAIT_FOR_EVER &&
             !(is_there && heap_key(&share->urgent, &turn->urgent) == key))
        put(queue, &share->urgent, &turn->urgent, key);
}

void urgent_settle_share(struct queue *queue, struct share *share)
{
    struct heap_node *node = &share->urgent_node;
    bool is_there = heap_has(node);
    bool may_go = share->urgent.count > 0 && !(share->tenant->shut & SHUT_BY_CONTROL);
    uint64_t first = may_go ? heap_first_key(&share->urgent) : MAY_WAIT_FOR_EVER;
    if (!may_go && is_there)
        heap_remove(&queue->urgent, node);
    else if (may_go && !(is_there && heap_key(&queue->urgent, node) == first))
        put(queue, &queue->urgent, node, first);
}

bool urgent_has_some(const struct share *share)
{
    return share->urgent.count > 0 && heap_first_key(&share->urgent) < share->tenant->urgent_before;
}

struct turn *urgent_first(const struct share *share)
{
    return HEAP_OWNER(heap_first(&share->urgent), struct turn, urgent);
}

struct chunk *queue_next_urgent(struct queue *queue, uint64_t before)
{
    struct heap_node *first = heap_first(&queue->urgent);
    if (queue->shut || !first || heap_first_key(&queue->urgent) >= before)
        return NULL;
    const struct turn *turn = urgent_first(HEAP_OWNER(first, struct share, urgent_node));
    return due_first(turn);
}
