/* A list of words as it is written: only hash_words.c reads it, and makes a vocabulary of it.
 * Words are in lower case, none stands twice.
 *
 *   static const struct word NEGATORS_ENTRIES[] = {{"not", 1}, ...};
 *   WORD_LIST(NEGATORS);
 * or, where many words have one number:
 *   static const struct word VALENCES_EN_ENTRIES[] = {{"bad badly", -24}, ...};
 *   WORD_GROUPS(VALENCES_EN);
 * or, where the numbers tell nothing and are all 1:
 *   static const char *const TITLES_LINES[] = {"dr mr mrs", ...};
 *   WORD_LINES(TITLES);
 * or as such lines with bits, all of which a word has that stands in several:
 *   static const struct word LANGUAGE_WORDS_ENTRIES[] = {{"the of", EN}, {"de of", NL}};
 *   WORD_BITS(LANGUAGE_WORDS);
 */
#pragma once

#include "vocabulary.h"

struct word {
    const char *word;
    int value;
};

struct word_list {
    const struct word *words;
    size_t count;
    const char *const *lines; /* of words with a space between; then there are no `words` */
    size_t line_count;
    bool are_lines; /* each of `words` is such a line */
    bool are_bits;  /* ... and its number bits */
};

#define WORD_LIST(name)                                                                            \
    const struct word_list name##_WORDS = {                                                        \
        name##_ENTRIES, sizeof name##_ENTRIES / sizeof name##_ENTRIES[0], NULL, 0, false, false}

#define WORD_GROUPS(name)                                                                          \
    const struct word_list name##_WORDS = {                                                        \
        name##_ENTRIES, sizeof name##_ENTRIES / sizeof name##_ENTRIES[0], NULL, 0, true, false}

#define WORD_LINES(name)                                                                           \
    const struct word_list name##_WORDS = {                                                        \
        NULL, 0, name##_LINES, sizeof name##_LINES / sizeof name##_LINES[0], false, false}

#define WORD_BITS(name)                                                                            \
    const struct word_list name##_WORDS = {                                                        \
        name##_ENTRIES, sizeof name##_ENTRIES / sizeof name##_ENTRIES[0], NULL, 0, true, true}

#define WORD_LIST_DECLARE(name) extern const struct word_list name##_WORDS;
VOCABULARIES(WORD_LIST_DECLARE)
OTHER_VOCABULARIES(WORD_LIST_DECLARE)
#undef WORD_LIST_DECLARE
