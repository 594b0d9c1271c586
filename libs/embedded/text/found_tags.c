#include "found_tags.h"

#include <string.h>

struct tag tag_spanning(enum tag_kind kind, size_t begin, size_t name, size_t end)
{
    return (struct tag){kind, (uint32_t)begin, (uint32_t)end, (uint32_t)name, (uint32_t)end};
}

void tags_add(struct tags *tags, struct tag tag, struct arena *arena)
{
    if (tags->count == tags->capacity) {
        size_t capacity = tags->capacity > 0 ? tags->capacity * 4 : 8;
        struct tag *items = arena_array(arena, struct tag, capacity);
        if (tags->count > 0)
            memcpy(items, tags->items, tags->count * sizeof *items);
        tags->items = items;
        tags->capacity = capacity;
    }
    tags->items[tags->count++] = tag;
}
