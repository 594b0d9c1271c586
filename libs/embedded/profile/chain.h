/* The words of an author (speech.h) in their order, and walks through them that make new posts (a
 * Markov chain of order two, of order one where two words are always followed by the same).
 *
 *   chain_add(&chain, &tokens)              each post; links, mentions and what repeats a post are
 *                                           left out
 *   chain_settle(&chain, arena)             once, before the first walk
 *   chain_walk(&chain, &random, &bounds, &out)
 *   chain_is_copy(&chain, &tokens)          is it a post of the author's, or does it hold one?
 *   chain_is_piece(&chain, &tokens)         is it mostly a run of words from one of the posts?
 *
 * Memory is that of the arenas; what chain_settle() makes is of no use once a post is added. Random
 * numbers come from the caller's seed. Any thread, one at a time.
 */
#pragma once

#include "base/text.h"
#include "embedded/text/tokens.h"
#include "embedded/topics/tally.h"

enum {
    CHAIN_MAX_STEPS = 1 << 20,
    CHAIN_MAX_WORDS = 1 << 16,
    CHAIN_WORD_MAX_BYTES = 100,
    CHAIN_MAX_DRAFT = 512,
};

/* The steps with one word, whatever its case and the blank before it. */
struct said {
    uint32_t last, count;
};

struct chain {
    struct arena *arena;
    struct tally words; /* each with the blank before it, as it is written */
    uint32_t *hashes;   /* of each of them, without that and whatever its case; 0: it is a mark */
    size_t hash_capacity;
    uint32_t *steps; /* places in `words` and 1; 0 between posts, and before the first */
    size_t count, capacity;
    struct tally posts;        /* by the hash of their words */
    size_t longest;            /* words of the longest post */
    uint32_t *pairs, *singles; /* by hash of one or two words: the last step behind them, or 0 */
    uint32_t *before_pair, *before_single; /* of each step: the one before with the same words */
    struct said *said;                     /* by the hash of a word */
    uint32_t *before_said;
    size_t mask, said_mask; /* slots of `pairs` and of `said`, - 1 */
};

/* How long a walk shall be, in bytes that it may not exceed and that it should reach. */
struct walk_bounds {
    size_t wanted, most;
};

struct chain chain_new(struct arena *arena);
void chain_add(struct chain *chain, const struct tokens *tokens);
void chain_settle(struct chain *chain, struct arena *arena);

/* Appends the words of one walk, which begins as a post does and ends as one does, or where it is
 * long enough. False: there was no way on within `most`. */
bool chain_walk(const struct chain *chain, uint64_t *random, const struct walk_bounds *bounds,
                struct text *out);

/* After chain_settle(): has it a run of more than 70 % of its words, or all of them, from one post?
 * Of more than CHAIN_MAX_DRAFT words only so many are looked at. */
bool chain_is_piece(const struct chain *chain, const struct tokens *tokens);

/* By words alone, whatever stands between them; within another text only posts of four words or
 * more count. */
bool chain_is_copy(const struct chain *chain, const struct tokens *tokens);
