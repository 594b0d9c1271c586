#include "heap.h"

#include <stdlib.h>

#include "base/check.h"

/* Of a heap that is only estimated. */
enum { MOST_LOOKED_AT = 4096 };

static void put(struct heap *heap, uint32_t place, struct heap_node *node)
{
    heap->nodes[place - 1] = node;
    node->place = place;
}

static bool is_less(const struct heap_node *a, const struct heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->tie < b->tie;
}

static void rise(struct heap *heap, struct heap_node *node)
{
    uint32_t place = node->place;
    while (place > 1 && is_less(node, heap->nodes[place / 2 - 1])) {
        put(heap, place, heap->nodes[place / 2 - 1]);
        place /= 2;
    }
    put(heap, place, node);
}

static void sink(struct heap *heap, struct heap_node *node)
{
    uint32_t place = node->place;
    for (;;) {
        uint32_t child = place * 2;
        if (child > heap->count)
            break;
        if (child < heap->count && is_less(heap->nodes[child], heap->nodes[child - 1]))
            child++;
        if (!is_less(heap->nodes[child - 1], node))
            break;
        put(heap, place, heap->nodes[child - 1]);
        place = child;
    }
    put(heap, place, node);
}

void heap_free(struct heap *heap)
{
    for (uint32_t i = 0; i < heap->count; i++)
        heap->nodes[i]->place = 0;
    free((void *)heap->nodes);
    *heap = (struct heap){0};
}

void heap_add(struct heap *heap, struct heap_node *node, uint64_t key)
{
    CHECK(!heap_has(node));
    if (heap->count == heap->capacity) {
        uint32_t wider = heap->capacity ? heap->capacity * 2 : 1;
        void *grown = reallocarray((void *)heap->nodes, wider, sizeof(struct heap_node *));
        CHECK(grown);
        heap->nodes = grown;
        heap->capacity = wider;
    }
    node->key = key;
    heap->count++;
    put(heap, heap->count, node);
    rise(heap, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    CHECK(node->place > 0 && node->place <= heap->count);
    CHECK(heap->nodes[node->place - 1] == node);
    uint32_t place = node->place;
    struct heap_node *last = heap->nodes[heap->count - 1];
    heap->count--;
    node->place = 0;
    if (last == node)
        return;
    put(heap, place, last);
    rise(heap, last);
    sink(heap, last);
}

void heap_set(struct heap *heap, struct heap_node *node, uint64_t key)
{
    if (!heap_has(node)) {
        heap_add(heap, node, key);
        return;
    }
    node->key = key;
    rise(heap, node);
    sink(heap, node);
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count ? heap->nodes[0] : NULL;
}

struct heap_node *heap_take_until(struct heap *heap, uint64_t key)
{
    struct heap_node *first = heap_first(heap);
    if (!first || first->key > key)
        return NULL;
    heap_remove(heap, first);
    return first;
}

size_t heap_sample_step(const struct heap *heap)
{
    return heap->count / MOST_LOOKED_AT + 1;
}

size_t heap_count_below(const struct heap *heap, uint64_t key)
{
    size_t step = heap_sample_step(heap), below = 0;
    for (size_t i = 0; i < heap->count; i += step)
        below += heap->nodes[i]->key < key;
    return below * step;
}
