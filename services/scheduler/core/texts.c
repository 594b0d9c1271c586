#include "texts.h"

#include <string.h>

#include "base/check.h"

uint32_t texts_keep(struct texts *texts, const char *text)
{
    size_t bytes = strlen(text) + 1;
    CHECK(bytes <= TEXT_LIMIT);
    uint32_t size = (uint32_t)((bytes - 1) / TEXT_STEP);
    struct pool *pool = &texts->of_size[size];
    pool->size = (size_t)(size + 1) * TEXT_STEP;
    uint32_t place = pool_take(pool);
    CHECK(place <= UINT32_MAX / TEXT_SIZES);
    memcpy(pool_at(pool, place), text, bytes);
    return place * TEXT_SIZES + size;
}

void texts_drop(struct texts *texts, uint32_t number)
{
    pool_give(&texts->of_size[number % TEXT_SIZES], number / TEXT_SIZES);
}

void texts_free(struct texts *texts)
{
    for (uint32_t i = 0; i < TEXT_SIZES; i++)
        pool_free(&texts->of_size[i]);
}
