/* A post cut into what it is made of: words, tags, links, emoji, marks.
 *
 * Words are read with HTML escapes undone ("don&#39;t" is one word, don't) and accents joined to
 * their letters; what a token holds of the text, and its place, are as they stand there. What an
 * apostrophe joins to a word nobody knows otherwise (the "'s" of "bitcoin's", the "l'" of
 * "l'Europe") is in its token but not in its `word`. All memory comes from the arena: at most some
 * 100 bytes per byte of text. The text must be valid UTF-8 (tokens_clean() makes it so) and live as
 * long as the tokens. Pure; any thread.
 */
#pragma once

#include "embedded/words/vocabulary.h"
#include "tags.h"

enum token_kind {
    TOKEN_WORD,
    TOKEN_HASHTAG,
    TOKEN_MENTION,
    TOKEN_CASHTAG,
    TOKEN_URL,
    TOKEN_EMOJI,
    TOKEN_EMOTICON,
    TOKEN_MARK, /* one character of punctuation or anything else */
};

struct token {
    enum token_kind kind;
    uint32_t first;      /* first code point, an escape undone */
    struct piece raw;    /* as it stands in the text, sign and all */
    uint32_t start, end; /* code points */
    uint64_t hash;       /* of `word`; of the first code point of an emoji; of an emoticon */
    const char *word;    /* words and hashtags: lower case without the sign, and behind it a NUL
                          * and seven bytes that may be read; others "" */
    uint32_t word_length;
    uint32_t known;       /* the bits of the vocabularies that have the hash */
    const int32_t *entry; /* vocabulary_entry() of the hash */
    bool is_capital;      /* begins with a capital letter */
    bool is_all_caps;     /* of at least two letters, all of them capital */
    bool is_glued;        /* no space before it */
    bool is_number;       /* digits only */
    bool has_digit;
    bool has_inner_capital; /* behind its first letter */
    bool has_apostrophe;
    bool is_stretched; /* has a letter three times in a row */
    /* What of `raw` stands before and behind `word`; and in code points. */
    uint8_t lead_bytes, trail_bytes, lead_places, trail_places;
};

/* How many letters of a script there are; Latin letters are counted as such only. */
struct scripts {
    uint32_t latin, cyrillic, ukrainian, greek, arabic, persian, hebrew, devanagari, thai, han,
        kana, hangul;
};

struct tokens {
    struct token *items;
    size_t count, capacity;
    struct tags tags; /* the tags and links among them */
    struct scripts scripts;
    size_t words, capital_words, shouted_words; /* all; is_capital; is_all_caps */
};

/* The text itself if it is valid UTF-8, else a copy with U+FFFD for each bad byte. */
struct piece tokens_clean(struct piece text, struct arena *arena);

struct tokens tokens_cut(struct piece text, struct arena *arena);

/* vocabulary_find() of a token's hash, without another probe. */
static inline bool token_find(const struct token *token, const struct vocabulary *vocabulary,
                              int *value)
{
    return (token->known & vocabulary->bit) != 0 &&
           vocabulary_entry_find(token->entry, vocabulary, value);
}

static inline bool token_is_in(const struct token *token, const struct vocabulary *vocabulary)
{
    return (token->known & vocabulary->bit) != 0;
}
