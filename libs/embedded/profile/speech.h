/* The words of a post one by one, for whoever counts them or puts them together anew.
 *
 *   struct speech speech = speech_of(&tokens);
 *   struct spoken spoken;
 *   while (speech_next(&speech, &spoken)) ...
 *
 * They are the tokens; but a word of a script that is written without spaces is cut: each Chinese
 * character, each run of hiragana or katakana, and each Thai consonant with what is written around
 * it is one. Tokens and text are lent. Pure; any thread.
 */
#pragma once

#include "embedded/text/tokens.h"

struct spoken {
    const struct token *token; /* that it is, or is a piece of */
    size_t nth;                /* of the token */
    bool is_first;             /* of the token's pieces */
    struct piece raw;          /* as it stands in the text */
    uint64_t hash;             /* of a word or hashtag, whatever its case; 0: it is neither */
};

struct speech {
    const struct tokens *tokens;
    bool may_be_cut; /* there are letters of such a script */
    size_t nth, at;  /* token, and the byte of it */
};

struct speech speech_of(const struct tokens *tokens);
bool speech_next(struct speech *speech, struct spoken *spoken);

/* How many words and hashtags. */
uint32_t speech_words(const struct tokens *tokens);
