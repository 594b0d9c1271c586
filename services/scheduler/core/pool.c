#include "pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void add_slab(struct pool *pool)
{
    void *slabs = reallocarray((void *)pool->slabs, pool->slab_count + 1, sizeof(char *));
    CHECK(slabs);
    pool->slabs = slabs;
    pool->slabs[pool->slab_count] = calloc(OBJECTS_PER_SLAB, pool->size);
    CHECK(pool->slabs[pool->slab_count]);
    pool->slab_count++;
}

uint32_t pool_take(struct pool *pool)
{
    uint32_t number = pool->given;
    if (number) {
        void *object = pool_at(pool, number);
        memcpy(&pool->given, object, sizeof(pool->given));
        memset(object, 0, pool->size);
        return number;
    }
    CHECK(pool->last < UINT32_MAX);
    if (pool->last / OBJECTS_PER_SLAB == pool->slab_count)
        add_slab(pool);
    return ++pool->last;
}

void pool_give(struct pool *pool, uint32_t number)
{
    CHECK(number > 0 && number <= pool->last);
    memcpy(pool_at(pool, number), &pool->given, sizeof(pool->given));
    pool->given = number;
}

void pool_free(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->slab_count; i++)
        free(pool->slabs[i]);
    free((void *)pool->slabs);
    *pool = (struct pool){.size = pool->size};
}
