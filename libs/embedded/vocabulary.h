/* Words with a number each, sorted by bytes: the tables that the embedded analysis knows by heart.
 * All in lower case. Constant; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct vocabulary_entry {
    const char *word;
    int value;
};

struct vocabulary {
    const struct vocabulary_entry *entries;
    size_t count;
};

#define VOCABULARY(entries) {(entries), sizeof(entries) / sizeof(entries)[0]}

/* The number of a word; false if it is not there. */
bool vocabulary_find(const struct vocabulary *vocabulary, const char *word, int *value);
bool vocabulary_has(const struct vocabulary *vocabulary, const char *word);

extern const struct vocabulary VALENCES_EN, VALENCES_DE, VALENCES_ES, VALENCES_FR, VALENCES_PT,
    VALENCES_IT, VALENCES_EMOJI, VALENCES_EMOTICON;
extern const struct vocabulary FREQUENT_WORDS, NEGATORS, BOOSTERS, CONTRASTS;
extern const struct vocabulary TOPIC_WORDS;
extern const struct vocabulary KNOWN_NAMES, TITLES, ORGANISATION_TAILS;
