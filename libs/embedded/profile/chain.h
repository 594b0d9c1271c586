/* The words of an author in their order, and walks through them that make new posts (a Markov chain
 * of order two, of order one where two words are always followed by the same).
 *
 *   chain_add(&chain, &tokens)              each post; links, mentions and what repeats a post are
 *                                           left out
 *   chain_settle(&chain, arena)             once, before the first walk
 *   chain_walk(&chain, &random, &bounds, &out)
 *   chain_is_copy(&chain, &tokens)          is it a post of the author's, or does it hold one?
 *
 * Memory is that of the arenas; what chain_settle() makes is of no use once a post is added. Random
 * numbers come from the caller's seed. Any thread, one at a time.
 */
#pragma once

#include "base/text.h"
#include "embedded/text/tokens.h"
#include "embedded/topics/tally.h"

enum { CHAIN_MAX_STEPS = 1 << 20, CHAIN_MAX_WORDS = 1 << 16, CHAIN_WORD_MAX_BYTES = 100 };

struct chain {
    struct arena *arena;
    struct tally words; /* each with the blank before it, as it is written */
    uint32_t *steps;    /* places in `words` and 1; 0 between posts, and before the first */
    size_t count, capacity;
    struct tally posts;        /* by the hash of their words */
    size_t longest;            /* words of the longest post */
    uint32_t *pairs, *singles; /* by hash of one or two words: the last step behind them, or 0 */
    uint32_t *before_pair, *before_single; /* of each step: the one before with the same words */
    size_t mask;                           /* slots of `pairs` and `singles` - 1 */
};

/* How long a walk shall be, in bytes that it may not exceed and that it should reach. */
struct walk_bounds {
    size_t wanted, most;
};

struct chain chain_new(struct arena *arena);
void chain_add(struct chain *chain, const struct tokens *tokens);
void chain_settle(struct chain *chain, struct arena *arena);

/* splitmix64 */
uint64_t chain_random(uint64_t *state);

/* Appends the words of one walk, which begins as a post does and ends as one does, or where it is
 * long enough. False: there was no way on within `most`. */
bool chain_walk(const struct chain *chain, uint64_t *random, const struct walk_bounds *bounds,
                struct text *out);

/* By words alone, whatever stands between them; within another text only posts of four words or
 * more count. */
bool chain_is_copy(const struct chain *chain, const struct tokens *tokens);
