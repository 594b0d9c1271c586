/* What the model of sentiment sees of a post: a few numbers that the valence rules make, and the
 * slots of its words, pairs of words and parts of words in the table of weights.
 *
 *   sentiment_features_find(tokens, language, &features);
 *
 * The engine and the trainer (tools/train_sentiment) both call this, so what was learned is what is
 * used. The rules, by number:
 *
 * 1 A word counts with its valence in the post's language, else in English.
 * 2 A negator among the three words before it in the same clause turns it, at less strength.
 * 3 A booster just before it, capital letters among small ones, and stretched letters scale it.
 * 4 What stands before a contrasting word ("but") counts half, what stands after it more.
 * 5 Exclamation marks scale the whole; repeated emoji count less and less.
 *
 * Pure; no memory but the caller's; any thread.
 */
#pragma once

#include "embedded/language/language.h"
#include "embedded/text/tokens.h"

enum {
    SENTIMENT_SLOT_BITS = 16,
    SENTIMENT_SLOTS = 1 << SENTIMENT_SLOT_BITS,
    SENTIMENT_MAX_WORDS = 1024, /* slots of words; a longer post is judged by its beginning */
    SENTIMENT_MAX_GRAMS = 6144, /* slots of parts of words */
};

enum sentiment_dense {
    DENSE_ONE,
    DENSE_RULES, /* the rules' own score, -1..1 */
    DENSE_RULES_WIDE,
    DENSE_RULES_CUBED,
    DENSE_POSITIVE,
    DENSE_POSITIVE_WIDE,
    DENSE_NEGATIVE,
    DENSE_NEGATIVE_WIDE,
    DENSE_MOST_POSITIVE,
    DENSE_MOST_NEGATIVE,
    DENSE_FIRST,
    DENSE_LAST,
    DENSE_BEFORE_CONTRAST,
    DENSE_AFTER_CONTRAST,
    DENSE_LAST_SENTENCE,
    DENSE_SIGNS,
    DENSE_TAGS,
    DENSE_EXCLAMATIONS,
    DENSE_EXCLAIMED,
    DENSE_QUESTIONS,
    DENSE_QUESTIONED,
    DENSE_ELLIPSES,
    DENSE_CAPITALS,
    DENSE_SHOUTED,
    DENSE_NEGATORS,
    DENSE_BOOSTERS,
    DENSE_HIT_SHARE,
    DENSE_MEAN,
    DENSE_LENGTH,
    DENSE_LINKS,
    DENSE_MENTIONS,
    DENSE_HASHTAGS,
    DENSE_BEGINS_WITH_MENTION,
    DENSE_QUOTES,
    DENSE_STRETCHED,
    DENSE_CONFLICT,
    DENSE_NO_HIT,
    DENSE_COUNT,
};

struct sentiment_slot {
    uint32_t slot;
    float value;
};

struct sentiment_features {
    bool is_english; /* so what was learnt holds; else only the rules do */
    float dense[DENSE_COUNT];
    size_t word_count, gram_count;
    float word_scale, gram_scale; /* what the weights of all words, of all parts, count */
    struct sentiment_slot words[SENTIMENT_MAX_WORDS];
    uint16_t grams[SENTIMENT_MAX_GRAMS];
};

void sentiment_features_find(const struct tokens *tokens, enum language language,
                             struct sentiment_features *features);
