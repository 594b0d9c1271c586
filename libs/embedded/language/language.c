#include "language.h"

#include "embedded/model/name_model.h"
#include "embedded/text/characters.h"
#include "embedded/words/vocabulary.h"

enum {
    /* Points of a word, by how many languages share it. */
    SHARED_MOST = 4,
    ENGLISH_WORD_POINTS = 3,
    LEAST_POINTS = 5, /* less tells nothing */
    ENDING_LEAST = 5, /* shorter words have no ending */
    RARE_HANDICAP = 8,
    CHECKED_WORDS = 4, /* after so many frequent words we look whether that is clear already */
    CLEAR_LEAD = 24,
};

static const char *const CODES[] = {
    "en", "de", "es", "fr", "pt", "it", "nl", "tr", "id", "pl", "sv", "tl", "ro", "cs", "hu",
    "fi", "da", "no", "vi", "ca", "hi", "ru", "uk", "el", "ar", "fa", "ur", "he", "bn", "pa",
    "gu", "ta", "te", "kn", "ml", "si", "th", "my", "ka", "am", "km", "zh", "ja", "ko", "und"};

const char *language_code(enum language language)
{
    return CODES[language];
}

bool language_is_frequent(enum language language, const int32_t *entry)
{
    int languages;
    if (!vocabulary_entry_find(entry, &FREQUENT_WORDS, &languages))
        return false;
    return (languages & 1) != 0 || (language <= LANGUAGE_SV && (languages >> language & 1) != 0);
}

/* ---- Latin letters ---- */

static void add_points(int points[LANGUAGES_BY_WORDS], int languages, const int each[SHARED_MOST])
{
    unsigned left = (unsigned)languages;
    uint32_t but_one = left & (left - 1), but_two = but_one & (but_one - 1);
    int worth = each[(but_one != 0) + (but_two != 0) + ((but_two & (but_two - 1)) != 0)];
    for (; left != 0; left &= left - 1)
        points[__builtin_ctz(left)] += worth;
}

static void weigh_ending(const struct token *token, int points[LANGUAGES_BY_WORDS])
{
    static const int EACH[SHARED_MOST] = {4, 2, 1, 1};
    int languages;
    const char *end = token->word + token->word_length;
    for (size_t size = 4; size >= 3; size--) {
        if (vocabulary_find(&LANGUAGE_ENDINGS, hash_bytes(HASH_BEGIN, end - size, size),
                            &languages)) {
            add_points(points, languages, EACH);
            return;
        }
    }
}

/* A letter with an accent is a sequence of bytes of which the first has both high bits. */
static void weigh_letters(const char *bytes, size_t length, int points[LANGUAGES_BY_WORDS])
{
    static const int EACH[SHARED_MOST] = {6, 4, 2, 2};
    for (size_t i = 0; i < length; i++) {
        if (((uint8_t)bytes[i] & 0xC0) != 0xC0)
            continue;
        size_t size = 1;
        while (i + size < length && ((uint8_t)bytes[i + size] & 0xC0) == 0x80)
            size++;
        int languages;
        if (vocabulary_find(&LANGUAGE_LETTERS, hash_bytes(HASH_BEGIN, bytes + i, size), &languages))
            add_points(points, languages, EACH);
    }
}

/* False if it is no frequent word of any language. */
static bool weigh_frequent(const struct token *token, int points[LANGUAGES_BY_WORDS])
{
    static const int EACH[SHARED_MOST] = {12, 7, 5, 3};
    int languages;
    if (!token_find(token, &LANGUAGE_WORDS, &languages))
        return false;
    add_points(points, languages, EACH);
    return true;
}

/* What else a token tells. */
static void weigh_looks(const struct token *token, const struct name_model *model,
                        int points[LANGUAGES_BY_WORDS])
{
    if (token->kind == TOKEN_MARK && token->first >= 0x80)
        weigh_letters(token->raw.at, token->raw.length, points);
    if (token->kind != TOKEN_WORD && token->kind != TOKEN_HASHTAG)
        return;
    if (token->word_length >= ENDING_LEAST && !token_is_in(token, &LANGUAGE_WORDS)) {
        /* The model of names knows the words of many English posts. */
        if (name_model_habit(model, token->hash) == HABIT_SMALL)
            points[LANGUAGE_EN] += ENGLISH_WORD_POINTS;
        weigh_ending(token, points);
    }
    if (token->raw.length != token->end - token->start)
        weigh_letters(token->word, token->word_length, points);
}

struct lead {
    enum language first;
    int points; /* more than the second has */
};

static struct lead lead_of(const int points[LANGUAGES_BY_WORDS])
{
    /* Each language's points above how early it stands, so that the largest number tells who leads:
     * plain maxima, of which the compiler makes vectors. */
    enum { PLACES = 32 };
    int ranks[LANGUAGES_BY_WORDS], first = 0, second = 0;
    for (int i = 0; i < LANGUAGES_BY_WORDS; i++) {
        /* Who is rare on X must be surer. */
        bool is_rare = i > LANGUAGE_TL && i != LANGUAGE_HI;
        int told = is_rare ? points[i] - points[i] / RARE_HANDICAP : points[i];
        ranks[i] = told * PLACES + PLACES - 1 - i;
        first = ranks[i] > first ? ranks[i] : first;
    }
    for (int i = 0; i < LANGUAGES_BY_WORDS; i++) {
        int other = ranks[i] == first ? 0 : ranks[i];
        second = other > second ? other : second;
    }
    bool is_known = first / PLACES >= LEAST_POINTS;
    return (struct lead){
        is_known ? (enum language)(PLACES - 1 - first % PLACES) : LANGUAGE_UNKNOWN,
        first / PLACES - second / PLACES,
    };
}

/* By frequent words, as many as it takes; if they leave a doubt, by all else. */
static enum language by_words(const struct tokens *tokens)
{
    int points[LANGUAGES_BY_WORDS] = {0};
    size_t frequent = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        if (!weigh_frequent(&tokens->items[i], points) || ++frequent % CHECKED_WORDS != 0)
            continue;
        struct lead lead = lead_of(points);
        if (lead.points >= CLEAR_LEAD)
            return lead.first;
    }
    struct name_model model = name_model_shipped();
    for (size_t i = 0; i < tokens->count; i++)
        weigh_looks(&tokens->items[i], &model, points);
    return lead_of(points).first;
}

/* ---- scripts ---- */

/* Scripts of one language, or of one that most posts in it are in. */
static const struct block {
    uint32_t first, last;
    enum language language;
} BLOCKS[] = {
    {0x0980, 0x09FF, LANGUAGE_BN}, {0x0A00, 0x0A7F, LANGUAGE_PA}, {0x0A80, 0x0AFF, LANGUAGE_GU},
    {0x0B80, 0x0BFF, LANGUAGE_TA}, {0x0C00, 0x0C7F, LANGUAGE_TE}, {0x0C80, 0x0CFF, LANGUAGE_KN},
    {0x0D00, 0x0D7F, LANGUAGE_ML}, {0x0D80, 0x0DFF, LANGUAGE_SI}, {0x1000, 0x109F, LANGUAGE_MY},
    {0x10A0, 0x10FF, LANGUAGE_KA}, {0x1200, 0x137F, LANGUAGE_AM}, {0x1780, 0x17FF, LANGUAGE_KM},
};

/* The others, which tokens.h counts. */
static const struct block TAG_BLOCKS[] = {
    {0x0370, 0x03FF, LANGUAGE_EL}, {0x0400, 0x052F, LANGUAGE_RU}, {0x0590, 0x05FF, LANGUAGE_HE},
    {0x0600, 0x06FF, LANGUAGE_AR}, {0x0900, 0x097F, LANGUAGE_HI}, {0x0E00, 0x0E7F, LANGUAGE_TH},
    {0x3040, 0x30FF, LANGUAGE_JA}, {0x4E00, 0x9FFF, LANGUAGE_ZH}, {0xAC00, 0xD7A3, LANGUAGE_KO},
};

static enum language by_block(const struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        uint32_t first = tokens->items[i].first;
        if (first < BLOCKS[0].first || tokens->items[i].kind != TOKEN_WORD)
            continue;
        for (size_t b = 0; b < sizeof BLOCKS / sizeof BLOCKS[0]; b++)
            if (first >= BLOCKS[b].first && first <= BLOCKS[b].last)
                return BLOCKS[b].language;
    }
    return LANGUAGE_UNKNOWN;
}

/* A post with nothing but tags in another script: by how the first begins. */
static enum language by_tags(const struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        if (tokens->items[i].kind != TOKEN_HASHTAG)
            continue;
        size_t at = 0;
        uint32_t c = character_next(tokens->items[i].word, tokens->items[i].word_length, &at);
        for (size_t b = 0; b < sizeof TAG_BLOCKS / sizeof TAG_BLOCKS[0]; b++)
            if (c >= TAG_BLOCKS[b].first && c <= TAG_BLOCKS[b].last)
                return TAG_BLOCKS[b].language;
    }
    return LANGUAGE_UNKNOWN;
}

/* Arabic letters that only Urdu has: tteh, ddal, rreh, noon ghunna, yeh barree. */
static bool has_urdu_letter(const struct piece *word)
{
    static const char *const LETTERS[] = {"\xD9\xB9", "\xDA\x88", "\xDA\x91", "\xDA\xBA",
                                          "\xDB\x92"};
    for (size_t i = 0; i + 1 < word->length; i++)
        for (size_t l = 0; l < sizeof LETTERS / sizeof LETTERS[0]; l++)
            if (word->at[i] == LETTERS[l][0] && word->at[i + 1] == LETTERS[l][1])
                return true;
    return false;
}

static enum language of_arabic(const struct tokens *tokens)
{
    enum { PERSIAN_SHARE = 40, URDU_SHARE = 12 };
    size_t urdu = 0, words = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        words += tokens->items[i].kind == TOKEN_WORD;
        urdu += tokens->items[i].kind == TOKEN_WORD && has_urdu_letter(&tokens->items[i].raw);
    }
    if (urdu * URDU_SHARE > words)
        return LANGUAGE_UR;
    bool is_persian = tokens->scripts.persian * PERSIAN_SHARE > tokens->scripts.arabic;
    return is_persian ? LANGUAGE_FA : LANGUAGE_AR;
}

enum language language_find(const struct tokens *tokens)
{
    enum { HAN_TO_KANA = 10 };
    const struct scripts *s = &tokens->scripts;
    bool is_japanese = s->kana > 0 && s->kana * HAN_TO_KANA >= s->han;
    /* Letters of other scripts tell more than Latin ones, which every language borrows; and a word
     * of Han, kana or Hangul has but two letters or so. */
    const struct {
        uint32_t weight;
        enum language language;
    } scripts[] = {
        {2 * s->cyrillic, s->ukrainian > 0 ? LANGUAGE_UK : LANGUAGE_RU},
        {2 * s->greek, LANGUAGE_EL},
        {2 * s->arabic, LANGUAGE_AR},
        {2 * s->hebrew, LANGUAGE_HE},
        {2 * s->devanagari, LANGUAGE_HI},
        {2 * s->thai, LANGUAGE_TH},
        {5 * (s->han + s->kana), is_japanese ? LANGUAGE_JA : LANGUAGE_ZH},
        {5 * s->hangul, LANGUAGE_KO},
    };
    uint32_t most = s->latin;
    enum language best = LANGUAGE_UNKNOWN;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (scripts[i].weight > most) {
            most = scripts[i].weight;
            best = scripts[i].language;
        }
    }
    if (best == LANGUAGE_AR)
        return of_arabic(tokens);
    if (best != LANGUAGE_UNKNOWN)
        return best;
    best = by_block(tokens);
    if (best != LANGUAGE_UNKNOWN)
        return best;
    best = by_words(tokens);
    return best != LANGUAGE_UNKNOWN ? best : by_tags(tokens);
}
