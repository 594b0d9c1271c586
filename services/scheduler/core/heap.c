#include "heap.h"

#include <stdlib.h>

/* Of a heap that is only estimated. */
enum { MOST_LOOKED_AT = 4096 };

/* A long array grows by little, since spare room for a million nodes is many megabytes. */
enum { LONG = 1024 };

/* Places count from 1; the children of p are 4p - 2 to 4p + 1. */
enum { CHILDREN = 4 };

static uint32_t parent_of(uint32_t place)
{
    return (place + 2) / CHILDREN;
}

static void put(struct heap_entry *entries, uint32_t place, struct heap_entry entry)
{
    entries[place - 1] = entry;
    entry.node->place = place;
}

static bool is_less(const struct heap_entry *a, const struct heap_entry *b)
{
    return a->key != b->key ? a->key < b->key : a->node->tie < b->node->tie;
}

static void rise(struct heap *heap, uint32_t place)
{
    struct heap_entry *entries = heap->entries, entry = entries[place - 1];
    while (place > 1 && is_less(&entry, &entries[parent_of(place) - 1])) {
        put(entries, place, entries[parent_of(place) - 1]);
        place = parent_of(place);
    }
    put(entries, place, entry);
}

static uint32_t least_child(const struct heap_entry *entries, uint32_t count, uint32_t place)
{
    uint32_t first = place * CHILDREN - 2, least = first;
    for (uint32_t child = first + 1; child < first + CHILDREN && child <= count; child++)
        if (is_less(&entries[child - 1], &entries[least - 1]))
            least = child;
    return least;
}

static void sink(struct heap *heap, uint32_t place)
{
    struct heap_entry *entries = heap->entries, entry = entries[place - 1];
    while (place <= parent_of(heap->count)) {
        uint32_t child = least_child(entries, heap->count, place);
        if (!is_less(&entries[child - 1], &entry))
            break;
        put(entries, place, entries[child - 1]);
        place = child;
    }
    put(entries, place, entry);
}

void heap_free(struct heap *heap)
{
    for (uint32_t i = 0; i < heap->count; i++)
        heap_at(heap, i)->node->place = 0;
    free(heap->entries);
    *heap = (struct heap){0};
}

static void make_room(struct heap *heap)
{
    if (heap->count < heap->capacity)
        return;
    uint32_t more = heap->count < LONG ? heap->count / 2 + 1 : heap->count / 32;
    struct heap_entry *entries =
        reallocarray(heap->entries, heap->count + more, sizeof(struct heap_entry));
    CHECK(entries);
    heap->entries = entries;
    heap->capacity = heap->count + more;
}

void heap_add(struct heap *heap, struct heap_node *node, uint64_t key)
{
    CHECK(!heap_has(node));
    make_room(heap);
    heap->count++;
    heap->entries[heap->count - 1] = (struct heap_entry){key, node};
    rise(heap, heap->count);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_entry *entries = heap->entries;
    CHECK(node->place > 0 && node->place <= heap->count);
    CHECK(entries[node->place - 1].node == node);
    uint32_t place = node->place;
    struct heap_entry last = entries[--heap->count];
    node->place = 0;
    if (last.node == node)
        return;
    put(entries, place, last);
    rise(heap, place);
    sink(heap, last.node->place);
}

void heap_set(struct heap *heap, struct heap_node *node, uint64_t key)
{
    if (!heap_has(node)) {
        heap_add(heap, node, key);
        return;
    }
    heap->entries[node->place - 1].key = key;
    rise(heap, node->place);
    sink(heap, node->place);
}

void heap_set_all(struct heap *heap, uint64_t (*key_of)(void *context, struct heap_node *node),
                  void *context)
{
    struct heap_entry *entries = heap->entries;
    for (uint32_t i = 0; i < heap->count; i++) {
        entries[i].key = key_of(context, entries[i].node);
        rise(heap, i + 1); /* those behind are not looked at yet */
    }
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count > 0 ? heap_at(heap, 0)->node : NULL;
}

struct heap_node *heap_take_until(struct heap *heap, uint64_t key)
{
    struct heap_node *first = heap_first(heap);
    if (!first || heap_first_key(heap) > key)
        return NULL;
    heap_remove(heap, first);
    return first;
}

uint32_t heap_sample_step(const struct heap *heap)
{
    return heap->count / MOST_LOOKED_AT + 1;
}

size_t heap_count_below(const struct heap *heap, uint64_t key)
{
    uint32_t step = heap_sample_step(heap);
    size_t below = 0;
    for (uint32_t i = 0; i < heap->count; i += step)
        below += heap_at(heap, i)->key < key;
    return below * step;
}
