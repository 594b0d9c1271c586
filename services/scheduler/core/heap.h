/* A heap of nodes that live inside what they order: least key first, then least tie.
 *
 *   struct chunk { struct heap_node node; ... };
 *   heap_add(&heap, &chunk->node, key);  HEAP_OWNER(heap_first(&heap), struct chunk, node)
 *
 * A node is in one heap at a time and knows its place, so it can be taken out anywhere in O(log n).
 * Four children to a node, and the keys beside each other, once: with a million nodes what costs is
 * the memory that is not in the cache. Ties are looked up in the nodes, where keys are equal. The
 * heap owns its array, never the nodes. Equal keys and ties come out in an order that depends only
 * on the calls made. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

struct heap_node {
    uint32_t tie;   /* the owner's, before the node is added; orders equal keys */
    uint32_t place; /* from 1; 0 = in no heap */
};

struct heap {
    struct heap_entry {
        uint64_t key;
        struct heap_node *node;
    } *entries;
    uint32_t count, capacity;
};

#define HEAP_OWNER(node, type, member) ((type *)heap_owner((node), offsetof(type, member)))
static inline void *heap_owner(struct heap_node *node, size_t offset)
{
    return (char *)node - offset;
}

void heap_free(struct heap *heap); /* empties it and drops its array */

void heap_add(struct heap *heap, struct heap_node *node, uint64_t key);
void heap_remove(struct heap *heap, struct heap_node *node);

/* Puts it where its new key belongs; adds it if it is in no heap. */
void heap_set(struct heap *heap, struct heap_node *node, uint64_t key);
/* Works every key out anew. */
void heap_set_all(struct heap *heap, uint64_t (*key_of)(void *context, struct heap_node *node),
                  void *context);

/* Those in it, the least first and the others in no order: place is below the count. */
static inline const struct heap_entry *heap_at(const struct heap *heap, uint32_t place)
{
    CHECK(place < heap->count);
    return &heap->entries[place];
}

static inline bool heap_has(const struct heap_node *node)
{
    return node->place != 0;
}

/* Of a node that is in it. */
static inline uint64_t heap_key(const struct heap *heap, const struct heap_node *node)
{
    return heap_at(heap, node->place - 1)->key;
}

/* The least, or NULL; its key, if there is one. */
struct heap_node *heap_first(const struct heap *heap);
static inline uint64_t heap_first_key(const struct heap *heap)
{
    return heap_at(heap, 0)->key;
}

/* Takes the least out if its key is at most `key`, else NULL. */
struct heap_node *heap_take_until(struct heap *heap, uint64_t key);

/* How many have a key below that one. Of a large heap every heap_sample_step()th node is looked at,
 * so it is an estimate in bounded time. */
size_t heap_count_below(const struct heap *heap, uint64_t key);
uint32_t heap_sample_step(const struct heap *heap);
