#include "speech.h"

#include "embedded/text/characters.h"
#include "embedded/words/vocabulary.h"

enum script { WITH_SPACES, HAN, HIRAGANA, KATAKANA, THAI };

static enum script script_of(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        enum script script;
    } RANGES[] = {
        {0x0E01, 0x0E4E, THAI},     {0x3005, 0x3007, HAN},      {0x3041, 0x309F, HIRAGANA},
        {0x30A0, 0x30FF, KATAKANA}, {0x31F0, 0x31FF, KATAKANA}, {0x3400, 0x9FFF, HAN},
        {0xF900, 0xFAFF, HAN},      {0xFF66, 0xFF9F, KATAKANA}, {0x20000, 0x3FFFF, HAN},
    };
    for (size_t i = 0; c >= RANGES[0].first && i < sizeof RANGES / sizeof RANGES[0]; i++) {
        if (c >= RANGES[i].first && c <= RANGES[i].last)
            return RANGES[i].script;
    }
    return WITH_SPACES;
}

/* What is written behind, above or below a Thai consonant. */
static bool is_thai_mark(uint32_t c)
{
    return (c >= 0x0E30 && c <= 0x0E3A) || c == 0x0E45 || c >= 0x0E47;
}

/* Vowels that are written before the consonant behind which they are spoken. */
static bool is_thai_vowel_before(uint32_t c)
{
    return c >= 0x0E40 && c <= 0x0E44;
}

static bool is_cut_between(uint32_t before, uint32_t c)
{
    static const uint32_t LONG_VOWEL = 0x30FC;
    enum script script = script_of(c), script_before = script_of(before);
    if (c == LONG_VOWEL)
        return script_before != HIRAGANA && script_before != KATAKANA;
    if (script != script_before)
        return before != LONG_VOWEL || script != HIRAGANA;
    if (script == THAI)
        return !is_thai_mark(c) && !is_thai_vowel_before(before);
    return script == HAN;
}

static size_t end_of_piece(struct piece word, size_t at)
{
    uint32_t before = character_next(word.at, word.length, &at);
    while (at < word.length) {
        size_t next = at;
        uint32_t c = character_next(word.at, word.length, &next);
        if (is_cut_between(before, c))
            break;
        at = next;
        before = c;
    }
    return at;
}

struct speech speech_of(const struct tokens *tokens)
{
    const struct scripts *scripts = &tokens->scripts;
    return (struct speech){.tokens = tokens,
                           .may_be_cut = scripts->han + scripts->kana + scripts->thai > 0};
}

static uint64_t hash_of(const struct token *token, struct piece raw)
{
    if (token->kind != TOKEN_WORD && token->kind != TOKEN_HASHTAG)
        return 0;
    uint64_t hash =
        raw.length == token->raw.length ? token->hash : hash_bytes(HASH_BEGIN, raw.at, raw.length);
    return hash != 0 ? hash : 1;
}

bool speech_next(struct speech *speech, struct spoken *spoken)
{
    if (speech->nth == speech->tokens->count)
        return false;
    const struct token *token = &speech->tokens->items[speech->nth];
    size_t begin = speech->at;
    bool is_cut = speech->may_be_cut && token->kind == TOKEN_WORD;
    size_t end = is_cut ? end_of_piece(token->raw, begin) : token->raw.length;
    struct piece raw = {token->raw.at + begin, end - begin};
    *spoken = (struct spoken){.token = token,
                              .nth = speech->nth,
                              .is_first = begin == 0,
                              .raw = raw,
                              .hash = hash_of(token, raw)};
    bool is_last = end == token->raw.length;
    speech->nth += is_last;
    speech->at = is_last ? 0 : end;
    return true;
}

uint32_t speech_words(const struct tokens *tokens)
{
    struct speech speech = speech_of(tokens);
    struct spoken spoken;
    uint32_t words = 0;
    while (speech_next(&speech, &spoken))
        words += spoken.hash != 0;
    return words;
}
