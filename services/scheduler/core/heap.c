#include "heap.h"

#include <stdlib.h>

#include "base/check.h"

/* Of a heap that is only estimated. */
enum { MOST_LOOKED_AT = 4096 };

/* Places count from 1; the children of p are 4p - 2 to 4p + 1. */
enum { CHILDREN = 4 };

static uint32_t parent_of(uint32_t place)
{
    return (place + 2) / CHILDREN;
}

static void put(struct heap *heap, uint32_t place, struct heap_entry entry)
{
    heap->entries[place - 1] = entry;
    entry.node->place = place;
}

static bool is_less(const struct heap_entry *a, const struct heap_entry *b)
{
    return a->key != b->key ? a->key < b->key : a->node->tie < b->node->tie;
}

static void rise(struct heap *heap, uint32_t place)
{
    struct heap_entry entry = heap->entries[place - 1];
    while (place > 1 && is_less(&entry, &heap->entries[parent_of(place) - 1])) {
        put(heap, place, heap->entries[parent_of(place) - 1]);
        place = parent_of(place);
    }
    put(heap, place, entry);
}

static uint32_t least_child(const struct heap *heap, uint32_t place)
{
    uint32_t first = place * CHILDREN - 2, least = first;
    for (uint32_t child = first + 1; child < first + CHILDREN && child <= heap->count; child++)
        if (is_less(&heap->entries[child - 1], &heap->entries[least - 1]))
            least = child;
    return least;
}

static void sink(struct heap *heap, uint32_t place)
{
    struct heap_entry entry = heap->entries[place - 1];
    while (place <= parent_of(heap->count)) {
        uint32_t child = least_child(heap, place);
        if (!is_less(&heap->entries[child - 1], &entry))
            break;
        put(heap, place, heap->entries[child - 1]);
        place = child;
    }
    put(heap, place, entry);
}

void heap_free(struct heap *heap)
{
    for (uint32_t i = 0; i < heap->count; i++)
        heap->entries[i].node->place = 0;
    free(heap->entries);
    *heap = (struct heap){0};
}

void heap_add(struct heap *heap, struct heap_node *node, uint64_t key)
{
    CHECK(!heap_has(node));
    if (heap->count == heap->capacity) {
        uint32_t wider = heap->capacity ? heap->capacity + heap->capacity / 2 + 1 : 1;
        heap->entries = reallocarray(heap->entries, wider, sizeof(struct heap_entry));
        CHECK(heap->entries);
        heap->capacity = wider;
    }
    node->key = key;
    heap->count++;
    heap->entries[heap->count - 1] = (struct heap_entry){key, node};
    rise(heap, heap->count);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    CHECK(node->place > 0 && node->place <= heap->count);
    CHECK(heap->entries[node->place - 1].node == node);
    uint32_t place = node->place;
    struct heap_entry last = heap->entries[--heap->count];
    node->place = 0;
    if (last.node == node)
        return;
    put(heap, place, last);
    rise(heap, place);
    sink(heap, last.node->place);
}

void heap_set(struct heap *heap, struct heap_node *node, uint64_t key)
{
    if (!heap_has(node)) {
        heap_add(heap, node, key);
        return;
    }
    node->key = key;
    heap->entries[node->place - 1].key = key;
    rise(heap, node->place);
    sink(heap, node->place);
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count ? heap->entries[0].node : NULL;
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
        below += heap->entries[i].key < key;
    return below * step;
}
