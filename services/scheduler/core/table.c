#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { LEAST_CAPACITY = 16 };

static uint32_t home_of(const struct table *table, uint32_t hash)
{
    return (uint32_t)((uint64_t)hash * table->capacity >> 32);
}

static uint32_t after(const struct table *table, uint32_t place)
{
    return place + 1 < table->capacity ? place + 1 : 0;
}

static void put(struct table *table, struct table_slot slot)
{
    uint32_t place = home_of(table, slot.hash);
    while (table->slots[place].number)
        place = after(table, place);
    table->slots[place] = slot;
}

static void widen(struct table *table)
{
    struct table before = *table;
    CHECK(before.capacity < UINT32_C(1) << 31);
    table->capacity = before.capacity ? before.capacity + before.capacity / 6 : LEAST_CAPACITY;
    table->slots = calloc(table->capacity, sizeof(struct table_slot));
    CHECK(table->slots);
    for (uint32_t i = 0; i < before.capacity; i++)
        if (before.slots[i].number)
            put(table, before.slots[i]);
    free(before.slots);
}

void table_free(struct table *table)
{
    free(table->slots);
    *table = (struct table){0};
}

void table_add(struct table *table, uint32_t hash, uint32_t number)
{
    CHECK(number > 0);
    if (table->count >= table->capacity / 6 * 5)
        widen(table);
    put(table, (struct table_slot){hash, number});
    table->count++;
}

/* How many places it is behind its home. */
static uint32_t distance(const struct table *table, uint32_t home, uint32_t place)
{
    return place >= home ? place - home : place + table->capacity - home;
}

/* Fills the gap with what would not be found behind it any more. */
static void close_gap(struct table *table, uint32_t gap)
{
    for (uint32_t place = after(table, gap); table->slots[place].number;
         place = after(table, place)) {
        uint32_t home = home_of(table, table->slots[place].hash);
        if (distance(table, home, place) < distance(table, gap, place))
            continue;
        table->slots[gap] = table->slots[place];
        gap = place;
    }
    table->slots[gap] = (struct table_slot){0};
}

void table_remove(struct table *table, uint32_t hash, uint32_t number)
{
    uint32_t place = home_of(table, hash);
    while (table->slots[place].number != number) {
        CHECK(table->slots[place].number != 0);
        place = after(table, place);
    }
    close_gap(table, place);
    table->count--;
}

struct table_search table_search(const struct table *table, uint32_t hash)
{
    return (struct table_search){.hash = hash, .place = table->capacity ? home_of(table, hash) : 0};
}

uint32_t table_next(const struct table *table, struct table_search *search)
{
    while (search->looked_at++ < table->capacity) {
        struct table_slot slot = table->slots[search->place];
        search->place = after(table, search->place);
        if (slot.number == 0)
            return 0;
        if (slot.hash == search->hash)
            return slot.number;
    }
    return 0;
}

uint32_t table_hash(const void *bytes, size_t length)
{
    const char *at = bytes;
    uint64_t hash = length;
    for (size_t left = length; left > 0;) {
        uint64_t word = 0;
        size_t taken = left < sizeof(word) ? left : sizeof(word);
        memcpy(&word, at, taken);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
        at += taken;
        left -= taken;
    }
    return (uint32_t)((hash * UINT64_C(0xbf58476d1ce4e5b9)) >> 32);
}
