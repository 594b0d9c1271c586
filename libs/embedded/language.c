#include "language.h"

#include <string.h>

#include "vocabulary.h"

enum { PROFILED = LANGUAGE_SV + 1 };

static const char *const CODES[] = {"en", "de", "es", "fr", "pt", "it", "nl", "tr",
                                    "id", "pl", "sv", "ru", "uk", "el", "ar", "fa",
                                    "he", "hi", "th", "zh", "ja", "ko", "und"};

const char *language_code(enum language language)
{
    return CODES[language];
}

bool language_is_frequent(enum language language, uint64_t hash)
{
    int languages;
    if (!vocabulary_find(&FREQUENT_WORDS, hash, &languages))
        return false;
    return (languages & 1) != 0 || (language <= LANGUAGE_SV && (languages >> language & 1) != 0);
}

/* Letters that only some languages have. */
static const struct {
    const char *letter;
    int languages;
} TELLING[] = {
    {"ß", 1 << LANGUAGE_DE},
    {"ä", 1 << LANGUAGE_DE | 1 << LANGUAGE_SV},
    {"ö", 1 << LANGUAGE_DE | 1 << LANGUAGE_SV | 1 << LANGUAGE_TR},
    {"ü", 1 << LANGUAGE_DE | 1 << LANGUAGE_TR | 1 << LANGUAGE_ES},
    {"ñ", 1 << LANGUAGE_ES},
    {"¿", 1 << LANGUAGE_ES},
    {"¡", 1 << LANGUAGE_ES},
    {"ã", 1 << LANGUAGE_PT},
    {"õ", 1 << LANGUAGE_PT},
    {"ç", 1 << LANGUAGE_PT | 1 << LANGUAGE_FR | 1 << LANGUAGE_TR},
    {"ê", 1 << LANGUAGE_FR | 1 << LANGUAGE_PT},
    {"è", 1 << LANGUAGE_FR | 1 << LANGUAGE_IT},
    {"ù", 1 << LANGUAGE_FR | 1 << LANGUAGE_IT},
    {"œ", 1 << LANGUAGE_FR},
    {"ò", 1 << LANGUAGE_IT},
    {"ı", 1 << LANGUAGE_TR},
    {"ş", 1 << LANGUAGE_TR},
    {"ğ", 1 << LANGUAGE_TR},
    {"ł", 1 << LANGUAGE_PL},
    {"ż", 1 << LANGUAGE_PL},
    {"ę", 1 << LANGUAGE_PL},
    {"ś", 1 << LANGUAGE_PL},
    {"å", 1 << LANGUAGE_SV},
};

static void add_points(int points[PROFILED], int languages, int each)
{
    for (int i = 0; i < PROFILED; i++)
        if ((languages >> i & 1) != 0)
            points[i] += each;
}

static void weigh_word(const struct token *token, int points[PROFILED])
{
    int languages;
    if (vocabulary_find(&FREQUENT_WORDS, token->hash, &languages))
        add_points(points, languages, __builtin_popcount((unsigned)languages) == 1 ? 4 : 2);
    else if (vocabulary_has(&VALENCES_EN, token->hash))
        points[LANGUAGE_EN] += 1;
    if (token->raw.length == token->end - token->start)
        return; /* ASCII only */
    for (size_t i = 0; i < sizeof TELLING / sizeof TELLING[0]; i++)
        if (strstr(token->word, TELLING[i].letter) != NULL)
            add_points(points, TELLING[i].languages, 3);
}

static enum language by_words(const struct tokens *tokens)
{
    int points[PROFILED] = {0};
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        if (token->kind == TOKEN_WORD)
            weigh_word(token, points);
        else if (token->kind == TOKEN_MARK && (token->first == 0xBF || token->first == 0xA1))
            points[LANGUAGE_ES] += 3;
    }
    enum language best = LANGUAGE_UNKNOWN;
    int most = 0;
    for (int i = 0; i < PROFILED; i++) {
        if (points[i] > most) {
            most = points[i];
            best = (enum language)i;
        }
    }
    return best;
}

enum language language_find(const struct tokens *tokens)
{
    const struct scripts *s = &tokens->scripts;
    const struct {
        uint32_t letters;
        enum language language;
    } scripts[] = {
        {s->cyrillic, s->ukrainian > 0 ? LANGUAGE_UK : LANGUAGE_RU},
        {s->greek, LANGUAGE_EL},
        {s->arabic, s->persian > 0 ? LANGUAGE_FA : LANGUAGE_AR},
        {s->hebrew, LANGUAGE_HE},
        {s->devanagari, LANGUAGE_HI},
        {s->thai, LANGUAGE_TH},
        /* Japanese mixes kana with Han; a word there is about two letters, so they weigh double. */
        {2 * (s->han + s->kana), s->kana > 0 ? LANGUAGE_JA : LANGUAGE_ZH},
        {2 * s->hangul, LANGUAGE_KO},
    };
    uint32_t most = s->latin;
    enum language best = LANGUAGE_UNKNOWN;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (scripts[i].letters > most) {
            most = scripts[i].letters;
            best = scripts[i].language;
        }
    }
    return best != LANGUAGE_UNKNOWN ? best : by_words(tokens);
}
