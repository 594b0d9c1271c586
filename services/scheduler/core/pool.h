/* Many objects of one size, each with a number: no overhead per object, and a number takes half the
 * room of a pointer.
 *
 *   struct pool pool = {.size = sizeof(struct job)};
 *   uint32_t number = pool_take(&pool);        from 1; zeroed
 *   struct job *job = pool_at(&pool, number);  stays where it is
 *   pool_give(&pool, number);
 *
 * What was given back is taken again first. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pool {
    size_t size; /* of an object, at least that of a number */
    char **slabs;
    uint32_t slab_count;
    uint32_t last;  /* the highest number ever taken */
    uint32_t given; /* the number given back last, which tells the one before it; 0 = none */
};

enum { OBJECTS_PER_SLAB = 256 };

uint32_t pool_take(struct pool *pool);
void pool_give(struct pool *pool, uint32_t number);
void pool_free(struct pool *pool); /* with all objects */

static inline void *pool_at(const struct pool *pool, uint32_t number)
{
    uint32_t place = number - 1;
    return pool->slabs[place / OBJECTS_PER_SLAB] + place % OBJECTS_PER_SLAB * pool->size;
}
