/* How often things occur, by their hash: tags of an author, words of a chunk.
 *
 *   struct tally tally = {.arena = arena, .most = 1000};
 *   tally_add(&tally, hash, text)
 *   size_t count = tally_top(&tally, best, 10);
 *
 * All memory is the arena's, texts are copied into it; at most `most` different things are told
 * apart, those that come first. One thread at a time.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/arena.h"

struct tallied {
    uint64_t hash;
    struct piece text; /* as it stood where it came first */
    uint32_t count;
};

struct tally {
    struct arena *arena;
    size_t most;
    struct tallied *items; /* in order of arrival */
    uint32_t *slots;       /* 0 = empty, else the place in `items` and 1 */
    size_t count, slot_count;
};

#define TALLY_NONE SIZE_MAX

/* Its place; TALLY_NONE: it is new and there are `most` already. */
size_t tally_add(struct tally *tally, uint64_t hash, struct piece text);

/* Without counting it. */
bool tally_has(const struct tally *tally, uint64_t hash);

/* The places of the most frequent ones, at most `wanted`; of equal ones those that came first. */
size_t tally_top(const struct tally *tally, size_t *places, size_t wanted);
