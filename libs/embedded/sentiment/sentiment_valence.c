#include "sentiment_valence.h"

#include <string.h>

#include "embedded/words/vocabulary.h"

static const float STRETCHED = 1.2F;

static const struct vocabulary *valences_of(enum language language)
{
    if (language == LANGUAGE_DE)
        return &VALENCES_DE;
    if (language == LANGUAGE_ES)
        return &VALENCES_ES;
    if (language == LANGUAGE_FR)
        return &VALENCES_FR;
    if (language == LANGUAGE_PT)
        return &VALENCES_PT;
    if (language == LANGUAGE_IT)
        return &VALENCES_IT;
    return &VALENCES_EN;
}

static bool known_valence(const int32_t *entry, enum language language, int *tenths)
{
    const struct vocabulary *own = valences_of(language);
    if (vocabulary_entry_find(entry, own, tenths))
        return true;
    /* English words are at home everywhere, unless they mean something else there ("die"). */
    return own != &VALENCES_EN && !language_is_frequent(language, entry) &&
           vocabulary_entry_find(entry, &VALENCES_EN, tenths);
}

/* Of the word with runs of a letter cut to `most`: "soooo gooood" to "soo good" and "so god". */
static const int32_t *squeezed(const char *word, size_t most)
{
    size_t run = 0;
    uint64_t hash = HASH_BEGIN;
    for (size_t i = 0; word[i] != '\0'; i++) {
        run = i > 0 && word[i] == word[i - 1] ? run + 1 : 1;
        if (run <= most)
            hash = hash_byte(hash, word[i]);
    }
    return vocabulary_entry(hash);
}

uint32_t sentiment_valences(enum language language)
{
    return valences_of(language)->bit | VALENCES_EN.bit;
}

struct valence sentiment_valence(const struct token *token, enum language language)
{
    int tenths = 0;
    if ((token->known & sentiment_valences(language)) != 0 &&
        known_valence(token->entry, language, &tenths))
        return (struct valence){.is_known = true, .tenths = (float)tenths};
    if (!token->is_stretched)
        return (struct valence){0};
    struct valence valence = {.is_stretched = true};
    valence.is_known = known_valence(squeezed(token->word, 2), language, &tenths) ||
                       known_valence(squeezed(token->word, 1), language, &tenths);
    valence.tenths = STRETCHED * (float)tenths;
    return valence;
}

struct valence sentiment_piece_valence(uint64_t hash, enum language language)
{
    int tenths = 0;
    bool is_known = known_valence(vocabulary_entry(hash), language, &tenths);
    return (struct valence){.is_known = is_known, .tenths = (float)tenths};
}

struct valence sentiment_sign_valence(const struct token *token)
{
    int tenths = 0;
    bool is_known = token_find(
        token, token->kind == TOKEN_EMOJI ? &VALENCES_EMOJI : &VALENCES_EMOTICON, &tenths);
    return (struct valence){.is_known = is_known, .tenths = (float)tenths};
}
