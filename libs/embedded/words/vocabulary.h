/* Words with a number each: what the embedded analysis knows by heart, found by one probe with the
 * hash of the lower-cased word.
 *
 * The lists are written in *_words.c, valences*.c and known_names.c (words.h); a program of the
 * build, hash_words.c, makes tables of them. To add a list: write it, name it in VOCABULARIES, and
 * if its file is new name that in CMakeLists.txt.
 * Found is what agrees in 32 bits of the hash and lands in the same row of slots; that no two
 * words of a list do is checked at build time. Constant; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the words of posts; each has a bit in vocabularies_of(). */
#define VOCABULARIES(X)                                                                            \
    X(VALENCES_EN)                                                                                 \
    X(VALENCES_DE)                                                                                 \
    X(VALENCES_ES)                                                                                 \
    X(VALENCES_FR)                                                                                 \
    X(VALENCES_PT)                                                                                 \
    X(VALENCES_IT)                                                                                 \
    X(VALENCES_EMOJI)                                                                              \
    X(VALENCES_EMOTICON)                                                                           \
    X(FREQUENT_WORDS)                                                                              \
    X(NEGATORS)                                                                                    \
    X(BOOSTERS)                                                                                    \
    X(CONTRASTS)                                                                                   \
    X(TOPIC_WORDS)                                                                                 \
    X(LANGUAGE_WORDS)                                                                              \
    X(KNOWN_NAMES)                                                                                 \
    X(CALLS)                                                                                       \
    X(HOOKS)                                                                                       \
    X(STOP_WORDS)

/* Of anything else. */
#define OTHER_VOCABULARIES(X)                                                                      \
    X(LANGUAGE_ENDINGS)                                                                            \
    X(LANGUAGE_LETTERS)                                                                            \
    X(TOP_DOMAINS)

struct vocabulary_slot {
    uint32_t key; /* 0 = empty */
    int32_t value;
};

struct vocabulary {
    const struct vocabulary_slot *slots;
    uint32_t mask; /* slots - 1; at least half of the slots are empty */
    uint32_t bit;  /* in vocabularies_of(); 0 for the others */
};

#define VOCABULARY_DECLARE(name) extern const struct vocabulary name;
VOCABULARIES(VOCABULARY_DECLARE)
OTHER_VOCABULARIES(VOCABULARY_DECLARE)
#undef VOCABULARY_DECLARE

/* FNV-1a, 64 bits. Never another: trained models are kept by it. */
#define HASH_BEGIN UINT64_C(0xCBF29CE484222325)

static inline uint64_t hash_byte(uint64_t hash, char byte)
{
    return (hash ^ (uint8_t)byte) * UINT64_C(0x100000001B3);
}

/* `hash` of what stands before: HASH_BEGIN, or the hash of a word that these bytes go on. */
static inline uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = hash_byte(hash, bytes[i]);
    return hash;
}

static inline uint32_t vocabulary_key(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

static inline uint32_t vocabulary_place(uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32);
}

/* The number of the word with that hash; false if it is not there. */
static inline bool vocabulary_find(const struct vocabulary *vocabulary, uint64_t hash, int *value)
{
    uint32_t key = vocabulary_key(hash);
    for (uint32_t at = vocabulary_place(hash);; at++) {
        const struct vocabulary_slot *slot = &vocabulary->slots[at & vocabulary->mask];
        if (slot->key == key) {
            *value = slot->value;
            return true;
        }
        if (slot->key == 0)
            return false;
    }
}

static inline bool vocabulary_has(const struct vocabulary *vocabulary, uint64_t hash)
{
    int value;
    return vocabulary_find(vocabulary, hash, &value);
}

/* Of all words of the VOCABULARIES, in which they are. Four share a row, which is looked at as a
 * whole, without a branch; a row that is full goes on in the next. */
typedef uint32_t vocabulary_four __attribute__((vector_size(16)));

struct vocabulary_row {
    vocabulary_four keys; /* 0 = empty, and so are those behind */
    vocabulary_four bits;
};

extern const struct vocabulary_row VOCABULARY_ROWS[];
extern const uint32_t VOCABULARY_ROWS_MASK;

static inline uint32_t vocabularies_of(uint64_t hash)
{
    uint32_t key = vocabulary_key(hash), at = vocabulary_place(hash), bits;
    const struct vocabulary_row *row;
    do {
        row = &VOCABULARY_ROWS[at++ & VOCABULARY_ROWS_MASK];
        vocabulary_four found = (vocabulary_four)(row->keys == key) & row->bits;
        found |= __builtin_shufflevector(found, found, 2, 3, 0, 1);
        bits = found[0] | found[1];
    } while (bits == 0 && row->keys[3] != 0);
    return bits;
}
