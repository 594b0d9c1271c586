#include "tally.h"

#include <string.h>

enum { LEAST_SLOTS = 64 };

/* Where it is, or would be. */
static uint32_t *slot_of(const struct tally *tally, uint64_t hash)
{
    size_t at = (size_t)(hash ^ hash >> 32);
    for (;; at++) {
        uint32_t *slot = &tally->slots[at & (tally->slot_count - 1)];
        if (*slot == 0 || tally->items[*slot - 1].hash == hash)
            return slot;
    }
}

static void grow(struct tally *tally)
{
    size_t slots = tally->slot_count > 0 ? tally->slot_count * 2 : LEAST_SLOTS;
    struct tallied *items = arena_array(tally->arena, struct tallied, slots / 2);
    if (tally->count > 0)
        memcpy(items, tally->items, tally->count * sizeof *items);
    tally->items = items;
    tally->slots = arena_array(tally->arena, uint32_t, slots);
    tally->slot_count = slots;
    for (size_t i = 0; i < tally->count; i++)
        *slot_of(tally, items[i].hash) = (uint32_t)i + 1;
}

size_t tally_add(struct tally *tally, uint64_t hash, struct piece text)
{
    if (2 * tally->count == tally->slot_count)
        grow(tally);
    uint32_t *slot = slot_of(tally, hash);
    if (*slot == 0 && tally->count == tally->most)
        return TALLY_NONE;
    if (*slot == 0) {
        struct piece kept = {arena_bytes(tally->arena, text.at, text.length), text.length};
        tally->items[tally->count++] = (struct tallied){.hash = hash, .text = kept};
        *slot = (uint32_t)tally->count;
    }
    tally->items[*slot - 1].count++;
    return *slot - 1;
}

bool tally_has(const struct tally *tally, uint64_t hash)
{
    return tally->count > 0 && *slot_of(tally, hash) != 0;
}

size_t tally_top(const struct tally *tally, size_t *places, size_t wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < tally->count; i++) {
        size_t at = count;
        while (at > 0 && tally->items[places[at - 1]].count < tally->items[i].count)
            at--;
        if (at == wanted)
            continue;
        if (count < wanted)
            count++;
        memmove(places + at + 1, places + at, (count - at - 1) * sizeof *places);
        places[at] = i;
    }
    return count;
}
