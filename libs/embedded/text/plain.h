/* Runs of ASCII letters, digits and '_', read eight bytes at a time: most words of posts are one.
 *
 * A number of eight bytes has the first in its lowest ones (little-endian), and a byte of 0x80 in a
 * mask for each byte that is meant. Pure; any thread.
 */
#pragma once

#include <string.h>

#include "embedded/words/vocabulary.h"

enum { EIGHT = sizeof(uint64_t) };

/* A byte eight times. */
#define EIGHT_OF(byte) (UINT64_C(0x0101010101010101) * (uint64_t)(byte))

static inline uint64_t eight_at(const void *at)
{
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    return eight;
}

/* Those from `end` on read as 0. */
static inline uint64_t eight_before(const char *at, const char *end)
{
    uint64_t eight = 0;
    size_t left = (size_t)(end - at);
    if (left >= EIGHT)
        return eight_at(at);
    memcpy(&eight, at, left);
    return eight;
}

/* Which of eight bytes below 0x80 are `first` to `last`. */
static inline uint64_t eight_within(uint64_t eight, uint8_t first, uint8_t last)
{
    uint64_t from = eight + EIGHT_OF(0x80 - first), beyond = eight + EIGHT_OF(0x7F - last);
    return from & ~beyond & EIGHT_OF(0x80);
}

/* Which of them are 0. */
static inline uint64_t eight_zeros(uint64_t eight)
{
    return ~(((eight & EIGHT_OF(0x7F)) + EIGHT_OF(0x7F)) | eight) & EIGHT_OF(0x80);
}

/* Is one of them, other than 0, followed by two of its like? */
static inline bool eight_has_three(uint64_t eight)
{
    uint64_t alike = eight_zeros(eight ^ eight >> 8) & ~eight_zeros(eight);
    return (alike & alike >> 8) != 0;
}

/* All bits of the first `count` of them, at most seven. */
static inline uint64_t eight_first(size_t count)
{
    return (UINT64_C(1) << 8 * count) - 1;
}

static inline uint32_t eight_count(uint64_t mask)
{
    return (uint32_t)((mask >> 7) * EIGHT_OF(1) >> 56);
}

/* hash_bytes() of the first `count` of them: all eight steps are made, and one taken, for a loop
 * that ends at a word's end is a branch that nobody can foresee. */
static inline uint64_t hash_eight(uint64_t hash, uint64_t eight, size_t count)
{
    uint64_t hashes[EIGHT + 1] = {hash};
    for (size_t i = 0; i < EIGHT; i++, eight >>= 8)
        hashes[i + 1] = hash_byte(hashes[i], (char)eight);
    return hashes[count];
}

/* What is known of such a run. */
struct plain {
    uint64_t hash; /* of what stands before and of the run, written small */
    uint32_t count, digits, capitals;
    bool is_stretched; /* has a letter three times in a row */
};

enum { PLAIN_SLACK = EIGHT }; /* bytes that plain_read() may write behind the run */

/* The run from `at` on, before `end`; written small to `words`, zeros behind it. */
static inline struct plain plain_read(const char *at, const char *end, char *words, uint64_t hash)
{
    struct plain plain = {.hash = hash};
    uint64_t others, before = 0;
    do {
        uint64_t eight = eight_before(at + plain.count, end), low = eight & EIGHT_OF(0x7F);
        uint64_t letters = eight_within(low | EIGHT_OF(0x20), 'a', 'z');
        uint64_t digits = eight_within(low, '0', '9');
        uint64_t known = letters | digits | eight_within(low, '_', '_');
        others = (~known | eight) & EIGHT_OF(0x80);
        /* All bits below that of the first byte that is of no word. */
        uint64_t run = ((others & (0 - others)) >> 7) - 1;
        uint64_t capitals = letters & ~(eight << 2) & run;
        uint64_t small = (eight | capitals >> 2) & run;
        memcpy(words + plain.count, &small, sizeof small);
        uint32_t count = eight_count(run & EIGHT_OF(0x80));
        plain.digits += eight_count(digits & run);
        plain.capitals += eight_count(capitals);
        plain.count += count;
        plain.hash = hash_eight(plain.hash, small, count);
        plain.is_stretched |= eight_has_three(small);
        if (before != 0) /* the last two and what follows them */
            plain.is_stretched |= eight_has_three(small << 16 | before >> 48);
        before = small;
    } while (others == 0);
    return plain;
}
