/* What the valence rules ask about one word or sign: its valence, and whether it turns, boosts or
 * contrasts what stands beside it. Pure; any thread. */
#pragma once

#include <string.h>

#include "embedded/language/language.h"
#include "embedded/text/tokens.h"

struct valence {
    bool is_known, is_stretched; /* stretched: "soooo" */
    float tenths;                /* -40..40, and somewhat more if stretched */
};

/* Of a word or hashtag. */
struct valence sentiment_valence(const struct token *token, enum language language);
/* Of a part of a hashtag, by the hash of its lower-cased word. */
struct valence sentiment_piece_valence(uint64_t hash, enum language language);
/* Of an emoji or emoticon. */
struct valence sentiment_sign_valence(const struct token *token);

/* The vocabularies, by their bits, of which a word must be in one to have a valence, unless it is
 * stretched. */
uint32_t sentiment_valences(enum language language);

static inline bool sentiment_is_negator(const struct token *token)
{
    size_t length = token->word_length;
    return token_is_in(token, &NEGATORS) ||
           (token->has_apostrophe && length > 3 && memcmp(token->word + length - 3, "n't", 3) == 0);
}

static inline bool sentiment_is_contrast(const struct token *token)
{
    return token_is_in(token, &CONTRASTS);
}

/* By how much the word scales the next one; 1 if it does not. */
static inline float sentiment_boost(const struct token *token)
{
    int tenths;
    return token_find(token, &BOOSTERS, &tenths) ? (float)tenths / 10 : 1;
}
