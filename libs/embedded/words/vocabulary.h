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

/* Of the words of posts; each has a bit in vocabulary_entry(). The entries of the first stand next
 * to each other: its words are the most frequent ones. */
#define VOCABULARIES(X)                                                                            \
    X(LANGUAGE_WORDS)                                                                              \
    X(STOP_WORDS)                                                                                  \
    X(FREQUENT_WORDS)                                                                              \
    X(VALENCES_EN)                                                                                 \
    X(VALENCES_DE)                                                                                 \
    X(VALENCES_ES)                                                                                 \
    X(VALENCES_FR)                                                                                 \
    X(VALENCES_PT)                                                                                 \
    X(VALENCES_IT)                                                                                 \
    X(VALENCES_EMOJI)                                                                              \
    X(VALENCES_EMOTICON)                                                                           \
    X(NEGATORS)                                                                                    \
    X(BOOSTERS)                                                                                    \
    X(CONTRASTS)                                                                                   \
    X(TOPIC_WORDS)                                                                                 \
    X(KNOWN_NAMES)                                                                                 \
    X(CALLS)                                                                                       \
    X(HOOKS)

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
    uint32_t bit;  /* in vocabulary_entry(); 0 for the others */
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

/* What all VOCABULARIES say of a word, next to each other: their bits, then the number in each that
 * has it, in the order of the bits. */
extern const int32_t VOCABULARY_ENTRIES[];

/* The bit of words with which one of several words begins, as "new" with "new york" in KNOWN_NAMES;
 * there is no number to it. */
#define VOCABULARY_BEGINS (UINT32_C(1) << 30)

/* Where the entries of all those words begin. Four words share a row, which is looked at as a
 * whole, without a branch; a row that is full goes on in the next. */
typedef uint32_t vocabulary_four __attribute__((vector_size(16)));

struct vocabulary_row {
    vocabulary_four keys;    /* 0 = empty, and so are those behind */
    vocabulary_four entries; /* places in VOCABULARY_ENTRIES; the first is of words in none */
};

extern const struct vocabulary_row VOCABULARY_ROWS[];
extern const uint32_t VOCABULARY_ROWS_MASK;

/* Asks for the row before it is needed: it is seldom in the nearest cache. */
static inline void vocabulary_prefetch(uint64_t hash)
{
    __builtin_prefetch(&VOCABULARY_ROWS[vocabulary_place(hash) & VOCABULARY_ROWS_MASK]);
}

/* The entry of the word with that hash. */
static inline const int32_t *vocabulary_entry(uint64_t hash)
{
    uint32_t key = vocabulary_key(hash), at = vocabulary_place(hash), entry;
    const struct vocabulary_row *row;
    do {
        row = &VOCABULARY_ROWS[at++ & VOCABULARY_ROWS_MASK];
        vocabulary_four found = (vocabulary_four)(row->keys == key) & row->entries;
        found |= __builtin_shufflevector(found, found, 2, 3, 0, 1);
        entry = found[0] | found[1];
    } while (row->keys[3] != 0 && entry == 0);
    return VOCABULARY_ENTRIES + entry;
}

/* The number in one of the VOCABULARIES; false if the word is not there. */
static inline bool vocabulary_entry_find(const int32_t *entry, const struct vocabulary *vocabulary,
                                         int *value)
{
    uint32_t bits = (uint32_t)entry[0], before = bits & (vocabulary->bit - 1);
    if ((bits & vocabulary->bit) == 0)
        return false;
    size_t place = 1;
    for (; before != 0; before &= before - 1)
        place++;
    *value = entry[place];
    return true;
}
