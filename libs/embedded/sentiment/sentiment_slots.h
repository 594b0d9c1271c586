/* Where words, pairs of words and parts of words stand in the table of weights: their hash.
 * Pure; any thread. */
#pragma once

#include <stddef.h>

#include "sentiment_features.h"

static inline uint16_t sentiment_slot_of(uint64_t key)
{
    return (uint16_t)((key * 0x9E3779B97F4A7C15u) >> (64 - SENTIMENT_SLOT_BITS));
}

static inline void sentiment_add(struct sentiment_features *features, uint64_t key, float value)
{
    if (features->word_count == SENTIMENT_MAX_WORDS)
        return;
    features->words[features->word_count++] =
        (struct sentiment_slot){.slot = sentiment_slot_of(key), .value = value};
}

/* A word's identity is its vocabulary_key(); others are below 2^12. */

/* The word itself, the value of its rules. */
static inline void sentiment_add_word(struct sentiment_features *features, uint32_t id, float value)
{
    sentiment_add(features, id, value);
}

/* How a turned word stands apart. */
static inline void sentiment_add_turned(struct sentiment_features *features, uint32_t id)
{
    sentiment_add(features, (uint64_t)id << 32 | 0x5EED, 1);
}

static inline void sentiment_add_pair(struct sentiment_features *features, uint32_t first,
                                      uint32_t second)
{
    sentiment_add(features, ((uint64_t)first << 32 | first) * 0xD6E8FEB86659FD93u + second, 1);
}

/* The parts of a word. */
void sentiment_add_parts(struct sentiment_features *features, const char *word, size_t length);
