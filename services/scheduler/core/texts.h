/* Many short texts, each with a number: none costs what an allocation of its own would.
 *
 *   uint32_t number = texts_keep(&texts, "ann");   a copy, until it is dropped
 *   texts_at(&texts, number)                       stays where it is
 *   texts_drop(&texts, number);
 *
 * Texts of up to TEXT_LIMIT - 1 bytes, each rounded up to a multiple of four. One thread.
 */
#pragma once

#include <stdint.h>

#include "pool.h"

enum { TEXT_STEP = 4, TEXT_SIZES = 64, TEXT_LIMIT = TEXT_STEP * TEXT_SIZES };

struct texts {
    struct pool of_size[TEXT_SIZES];
};

uint32_t texts_keep(struct texts *texts, const char *text);
void texts_drop(struct texts *texts, uint32_t number);
void texts_free(struct texts *texts); /* with all */

/* A number tells the size in its lowest bits. */
static inline const char *texts_at(const struct texts *texts, uint32_t number)
{
    return pool_at(&texts->of_size[number % TEXT_SIZES], number / TEXT_SIZES);
}
