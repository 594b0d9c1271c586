#include "sentiment.h"

#include <math.h>
#include <string.h>

#include "vocabulary.h"

enum { NEGATION_REACH = 3 };

static const double TURNED = -0.65, CAPITALS = 1.25, STRETCHED = 1.2, BEFORE_CONTRAST = 0.5,
                    AFTER_CONTRAST = 1.3, HALF_SATURATION = 14, NEUTRAL_WITHIN = 0.12;

/* What has been added up so far. */
struct feeling {
    double before, sum;        /* before: of the clauses before the last contrast */
    double positive, negative; /* sums of magnitudes */
    double emoji_weight;       /* of the next emoji */
    int hits, exclamations;
    bool had_contrast;
};

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

static bool known_valence(uint64_t hash, enum language language, int *tenths)
{
    const struct vocabulary *own = valences_of(language);
    if (vocabulary_find(own, hash, tenths))
        return true;
    /* English words are at home everywhere, unless they mean something else there ("die"). */
    return own != &VALENCES_EN && !language_is_frequent(language, hash) &&
           vocabulary_find(&VALENCES_EN, hash, tenths);
}

/* Of the word with runs of a letter cut to `most`: "soooo gooood" to "soo good" and "so god". */
static uint64_t squeezed_hash(const char *word, size_t most)
{
    size_t run = 0;
    uint64_t hash = HASH_BEGIN;
    for (size_t i = 0; word[i] != '\0'; i++) {
        run = i > 0 && word[i] == word[i - 1] ? run + 1 : 1;
        if (run <= most)
            hash = hash_byte(hash, word[i]);
    }
    return hash;
}

static bool is_stretched(const char *word)
{
    for (size_t i = 0; word[i] != '\0'; i++)
        if (word[i] == word[i + 1] && word[i] == word[i + 2])
            return true;
    return false;
}

/* Rule 1, and the stretching of rule 3. */
static bool word_valence(const struct token *token, enum language language, double *valence)
{
    int tenths = 0;
    double scale = 1;
    if (!known_valence(token->hash, language, &tenths)) {
        if (!is_stretched(token->word))
            return false;
        scale = STRETCHED;
        if (!known_valence(squeezed_hash(token->word, 2), language, &tenths) &&
            !known_valence(squeezed_hash(token->word, 1), language, &tenths))
            return false;
    }
    *valence = scale * tenths;
    return true;
}

static bool is_negator(const struct token *token)
{
    size_t length = token->word_length;
    return (length > 3 && memcmp(token->word + length - 3, "n't", 3) == 0) ||
           vocabulary_has(&NEGATORS, token->hash);
}

static bool ends_clause(const struct token *token)
{
    return token->kind == TOKEN_MARK && strchr(".,;:!?", (int)token->first) != NULL &&
           token->first != 0;
}

/* Rules 2 and 3: what the words before token `at` do to it. */
static double scale_by_neighbours(const struct tokens *tokens, size_t at)
{
    double scale = 1;
    int words = 0;
    for (size_t i = at; i > 0 && words < NEGATION_REACH; i--) {
        const struct token *before = &tokens->items[i - 1];
        if (ends_clause(before))
            break;
        if (before->kind != TOKEN_WORD)
            continue;
        words++;
        int tenths;
        if (words == 1 && vocabulary_find(&BOOSTERS, before->hash, &tenths))
            scale *= tenths / 10.0;
        if (is_negator(before))
            return scale * TURNED;
    }
    return scale;
}

static void feel(struct feeling *feeling, double valence)
{
    feeling->sum += valence;
    feeling->hits++;
    if (valence > 0)
        feeling->positive += valence;
    else
        feeling->negative -= valence;
}

static void feel_word(struct feeling *feeling, const struct tokens *tokens, size_t at,
                      enum language language, bool is_shouted)
{
    const struct token *token = &tokens->items[at];
    if (at > 0 && vocabulary_has(&CONTRASTS, token->hash)) {
        feeling->before += feeling->sum;
        feeling->sum = 0;
        feeling->had_contrast = true;
        return;
    }
    double valence;
    if (!word_valence(token, language, &valence))
        return;
    if (is_negator(token) && token->kind == TOKEN_WORD)
        return;
    if (token->kind == TOKEN_WORD)
        valence *= scale_by_neighbours(tokens, at);
    if (token->is_all_caps && !is_shouted)
        valence *= CAPITALS;
    feel(feeling, valence);
}

static void feel_sign(struct feeling *feeling, const struct token *token)
{
    int tenths;
    if (token->kind == TOKEN_EMOTICON) {
        if (vocabulary_find(&VALENCES_EMOTICON, token->hash, &tenths))
            feel(feeling, tenths);
        return;
    }
    if (vocabulary_find(&VALENCES_EMOJI, token->hash, &tenths)) {
        feel(feeling, tenths * feeling->emoji_weight);
        feeling->emoji_weight *= 0.5;
    }
}

static bool is_mostly_capitals(const struct tokens *tokens)
{
    size_t words = 0, capitals = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        words += tokens->items[i].kind == TOKEN_WORD;
        capitals += tokens->items[i].kind == TOKEN_WORD && tokens->items[i].is_all_caps;
    }
    return capitals * 2 > words;
}

static struct sentiment judge(const struct feeling *feeling)
{
    double sum = feeling->had_contrast
                     ? BEFORE_CONTRAST * feeling->before + AFTER_CONTRAST * feeling->sum
                     : feeling->sum;
    int exclamations = feeling->exclamations < 4 ? feeling->exclamations : 4;
    sum *= 1 + 0.07 * exclamations; /* rule 5 */
    struct sentiment sentiment = {.label = SENTIMENT_NEUTRAL};
    sentiment.score = sum / sqrt(sum * sum + HALF_SATURATION * HALF_SATURATION);
    double strength = fabs(sentiment.score);
    if (strength < NEUTRAL_WITHIN) {
        sentiment.confidence = feeling->hits == 0 ? 0.6 : 0.5;
        return sentiment;
    }
    sentiment.label = sum > 0 ? SENTIMENT_POSITIVE : SENTIMENT_NEGATIVE;
    double all = feeling->positive + feeling->negative;
    double agreement = fabs(feeling->positive - feeling->negative) / all;
    sentiment.confidence = 0.4 + 0.35 * strength + 0.2 * agreement;
    return sentiment;
}

struct sentiment sentiment_find(const struct tokens *tokens, enum language language)
{
    struct feeling feeling = {.emoji_weight = 1};
    bool is_shouted = is_mostly_capitals(tokens);
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        switch (token->kind) {
        case TOKEN_WORD:
        case TOKEN_HASHTAG:
            feel_word(&feeling, tokens, i, language, is_shouted);
            break;
        case TOKEN_EMOJI:
        case TOKEN_EMOTICON:
            feel_sign(&feeling, token);
            break;
        case TOKEN_MARK:
            feeling.exclamations += token->first == '!';
            break;
        case TOKEN_MENTION:
        case TOKEN_CASHTAG:
        case TOKEN_URL:
            break;
        }
    }
    return judge(&feeling);
}
