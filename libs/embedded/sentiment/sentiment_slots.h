/* Where words, pairs of words and parts of words stand in the table of weights: their hash.
 * Pure; any thread. */
#pragma once

#include <stddef.h>

#include "sentiment_features.h"

/* A word's identity is its vocabulary_key(); others are below 2^12. */

/* The word itself, the value of its rules; how a turned word stands apart; its parts. */
void sentiment_add_word(struct sentiment_features *features, uint32_t id, float value);
void sentiment_add_turned(struct sentiment_features *features, uint32_t id);
void sentiment_add_pair(struct sentiment_features *features, uint32_t first, uint32_t second);
void sentiment_add_parts(struct sentiment_features *features, const char *word, size_t length);
