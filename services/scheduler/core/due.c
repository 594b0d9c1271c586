#include "due.h"

#include <stdlib.h>

#include "base/check.h"

uint64_t due_key(const struct chunk *chunk)
{
    return (uint64_t)book_job_of(chunk)->order << CHUNK_NUMBER_BITS | chunk->facts.number;
}

static void add_to_heap(struct heap *heap, struct chunk *chunk)
{
    heap_add(heap, &chunk->node, due_key(chunk));
}

void due_add(struct turn *turn, struct chunk *chunk)
{
    if (turn->due_count++ == 0) {
        turn->due.only = chunk;
        return;
    }
    if (turn->due_count == 2) {
        struct heap *many = calloc(1, sizeof(*many));
        CHECK(many);
        add_to_heap(many, turn->due.only);
        turn->due.many = many;
    }
    add_to_heap(turn->due.many, chunk);
}

void due_remove(struct turn *turn, struct chunk *chunk)
{
    CHECK(turn->due_count > 0);
    if (--turn->due_count == 0) {
        CHECK(turn->due.only == chunk);
        turn->due.only = NULL;
        return;
    }
    struct heap *many = turn->due.many;
    heap_remove(many, &chunk->node);
    if (turn->due_count > 1)
        return;
    turn->due.only = HEAP_OWNER(heap_first(many), struct chunk, node);
    heap_free(many);
    free(many);
}

struct chunk *due_first(const struct turn *turn)
{
    if (turn->due_count < 2)
        return turn->due.only;
    return HEAP_OWNER(heap_first(turn->due.many), struct chunk, node);
}

size_t due_count_below(const struct turn *turn, uint64_t key)
{
    if (turn->due_count < 2)
        return turn->due_count > 0 && due_key(turn->due.only) < key;
    return heap_count_below(turn->due.many, key);
}
