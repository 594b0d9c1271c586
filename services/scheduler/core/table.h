/* Finds the numbers of objects by the hash of what names them; the caller compares the names.
 *
 *   struct table_search search = table_search(&table, hash);
 *   while ((number = table_next(&table, &search)))
 *       if (is_named(pool_at(&pool, number), name))
 *           return number;
 *
 * Open addressing, eight bytes for each place, at most five sixths full;
 * it grows by a sixth, since one that doubles is half empty afterwards. Places are in the order
 * of the hashes: growing goes through the memory from front to back. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct table_slot {
    uint32_t hash, number; /* number 0 = empty */
};

struct table {
    struct table_slot *slots;
    uint32_t capacity, count;
};

struct table_search {
    uint32_t hash, place, looked_at;
};

void table_free(struct table *table);
void table_add(struct table *table, uint32_t hash, uint32_t number);
void table_remove(struct table *table, uint32_t hash, uint32_t number); /* which must be in it */

struct table_search table_search(const struct table *table, uint32_t hash);
uint32_t table_next(const struct table *table, struct table_search *search); /* 0 = no more */

/* Of any bytes, mixed well. */
uint32_t table_hash(const void *bytes, size_t length);
