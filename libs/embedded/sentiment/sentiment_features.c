#include "sentiment_features.h"

#include <math.h>
#include <string.h>

#include "embedded/text/characters.h"
#include "embedded/words/vocabulary.h"
#include "sentiment_slots.h"
#include "sentiment_valence.h"

enum { NEGATION_REACH = 3, TAG_MAX_BYTES = 64, SHORT_WORD = 3 };

static const float TURNED = -0.5F, TURNED_PRAISE = 10, CAPITALS = 1.25F, BEFORE_CONTRAST = 0.5F,
                   AFTER_CONTRAST = 1.3F;

/* Identities of what is no word, beside those of words. */
enum { ID_BEGIN = 0x10, ID_MENTION = 0x20, ID_LINK = 0x30, ID_CASHTAG = 0x40, ID_MARK = 0x100 };

/* What has been seen so far. */
struct walk {
    struct sentiment_features *features;
    enum language language;
    bool is_shouted;
    uint32_t telling;     /* the vocabularies that the rules ask */
    uint32_t before;      /* identity of what stood before */
    int turned_for;       /* words that a negator still reaches */
    float booster_tenths; /* valence of the word before, if it is a booster; else 0 */
    float boost;          /* what the word before does to this one; 1 is nothing */
    /* valences, in tenths */
    float earlier, sum; /* earlier: of the clauses before the last contrast */
    float sentence;     /* of the last sentence that has any */
    float positive, negative, most_positive, most_negative, first, last, signs, tags;
    float emoji_weight; /* of the next emoji */
    bool had_contrast, is_sentence_over;
    uint32_t words, hits, capitals, stretched, negators, boosters;
    uint32_t exclamations, questions, ellipses, quotes, links, mentions, hashtags;
};

static void feel(struct walk *walk, float valence)
{
    if (walk->is_sentence_over)
        walk->sentence = 0;
    walk->is_sentence_over = false;
    walk->sentence += valence;
    walk->sum += valence;
    if (walk->hits++ == 0)
        walk->first = valence;
    walk->last = valence;
    if (valence > 0) {
        walk->positive += valence;
        walk->most_positive = fmaxf(walk->most_positive, valence);
    } else {
        walk->negative -= valence;
        walk->most_negative = fmaxf(walk->most_negative, -valence);
    }
}

/* A booster with a valence of its own counts unless it scales the word after it. */
static void settle_booster(struct walk *walk)
{
    if (walk->booster_tenths != 0)
        feel(walk, walk->booster_tenths);
    walk->booster_tenths = 0;
}

/* Rules 1 to 4 for one word; answers what they make of its weight. */
static float feel_word(struct walk *walk, const struct token *token)
{
    if (walk->before != ID_BEGIN && sentiment_is_contrast(token)) {
        settle_booster(walk);
        walk->earlier += walk->sum;
        walk->sum = 0;
        walk->had_contrast = true;
        walk->turned_for = 0;
        return 1;
    }
    struct valence valence = sentiment_valence(token, walk->language);
    bool is_negator = sentiment_is_negator(token);
    float scale = walk->boost;
    if (walk->turned_for > 0)
        scale *= TURNED;
    if (token->is_all_caps && !walk->is_shouted)
        scale *= CAPITALS;
    walk->stretched += valence.is_stretched;
    bool is_felt = valence.is_known && !is_negator;
    if (walk->turned_for > 0 && valence.tenths > 0)
        valence.tenths += TURNED_PRAISE; /* "not nice" is worse than "not bad" is good */
    if (!is_felt)
        settle_booster(walk);
    walk->booster_tenths = 0; /* "damn good" is good, and nothing else */
    walk->boost = sentiment_boost(token);
    if (is_felt && walk->boost > 1)
        walk->booster_tenths = valence.tenths * scale;
    else if (is_felt)
        feel(walk, valence.tenths * scale);
    walk->boosters += walk->boost > 1;
    walk->turned_for -= walk->turned_for > 0;
    if (is_negator) {
        walk->negators++;
        walk->turned_for = NEGATION_REACH;
    }
    return scale;
}

/* feel_word() of what is none of the words that the rules know, as most are. */
static float pass_word(struct walk *walk, const struct token *token)
{
    float scale = walk->boost;
    if (walk->turned_for > 0)
        scale *= TURNED;
    if (token->is_all_caps && !walk->is_shouted)
        scale *= CAPITALS;
    settle_booster(walk);
    walk->boost = 1;
    walk->turned_for -= walk->turned_for > 0;
    return scale;
}

/* May be one of them. */
static bool is_telling(const struct walk *walk, const struct token *token)
{
    return (token->known & walk->telling) != 0 || token->has_apostrophe || token->is_stretched;
}

static void see_word(struct walk *walk, const struct token *token)
{
    size_t length = token->word_length;
    uint32_t id = vocabulary_key(token->hash);
    walk->words++;
    walk->capitals += token->is_all_caps;
    bool is_turned = walk->turned_for > 0;
    float scale = is_telling(walk, token) ? feel_word(walk, token) : pass_word(walk, token);
    sentiment_add_word(walk->features, id, scale);
    if (is_turned)
        sentiment_add_turned(walk->features, id);
    sentiment_add_pair(walk->features, walk->before, id);
    if (length > SHORT_WORD)
        sentiment_add_parts(walk->features, token->word, length);
    walk->before = id;
}

/* The words that a tag is written of: #LoveThisGame, #love_this. */
static void see_tag_words(struct walk *walk, const struct token *token)
{
    size_t length = token->word_length, sign = token->raw.length - length;
    if (length > TAG_MAX_BYTES || token->raw.length < length)
        return;
    const char *raw = token->raw.at + sign;
    for (size_t from = 0, at = 1; at <= length; at++) {
        bool is_break = at == length || raw[at] == '_' ||
                        (raw[at] >= 'A' && raw[at] <= 'Z' && raw[at - 1] >= 'a');
        if (!is_break)
            continue;
        if (at - from >= 2 && at - from < length) {
            uint64_t hash = hash_bytes(HASH_BEGIN, token->word + from, at - from);
            sentiment_add_word(walk->features, vocabulary_key(hash), 1);
            struct valence valence = sentiment_piece_valence(hash, walk->language);
            if (valence.is_known) {
                feel(walk, valence.tenths);
                walk->tags += valence.tenths;
            }
        }
        from = at < length && raw[at] == '_' ? at + 1 : at;
    }
}

static void see_tag(struct walk *walk, const struct token *token)
{
    size_t length = token->word_length;
    uint32_t id = vocabulary_key(token->hash);
    walk->hashtags++;
    struct valence valence = sentiment_valence(token, walk->language);
    if (valence.is_known) {
        feel(walk, valence.tenths);
        walk->tags += valence.tenths;
    }
    sentiment_add_word(walk->features, id, 1);
    sentiment_add_pair(walk->features, walk->before, id);
    sentiment_add_parts(walk->features, token->word, length);
    see_tag_words(walk, token);
    walk->before = id;
}

static void see_sign(struct walk *walk, const struct token *token)
{
    struct valence valence = sentiment_sign_valence(token);
    uint32_t id = vocabulary_key(token->hash);
    if (valence.is_known) {
        float tenths = valence.tenths;
        if (token->kind == TOKEN_EMOJI) {
            tenths *= walk->emoji_weight;
            walk->emoji_weight *= 0.5F;
        }
        feel(walk, tenths);
        walk->signs += tenths;
    }
    sentiment_add_word(walk->features, id, 1);
    walk->before = id;
}

static void see_mark(struct walk *walk, const struct token *token)
{
    uint32_t c = token->first;
    walk->exclamations += c == '!';
    walk->questions += c == '?';
    walk->ellipses += c == 0x2026 || (c == '.' && walk->before == (ID_MARK + '.'));
    walk->quotes += c == '"' || c == 0x201C || c == 0x201D;
    if (c == '.' || c == '!' || c == '?')
        walk->is_sentence_over = true;
    if (c < 0x80 && c > 0 && strchr(".,;:!?", (int)c) != NULL) {
        settle_booster(walk);
        walk->turned_for = 0;
        walk->boost = 1;
    }
    uint32_t id = ID_MARK + c;
    if (walk->before != id)
        sentiment_add_pair(walk->features, walk->before, id);
    walk->before = id;
}

static void see(struct walk *walk, const struct token *token)
{
    switch (token->kind) {
    case TOKEN_WORD:
        see_word(walk, token);
        return;
    case TOKEN_HASHTAG:
        see_tag(walk, token);
        return;
    case TOKEN_EMOJI:
    case TOKEN_EMOTICON:
        see_sign(walk, token);
        return;
    case TOKEN_MARK:
        see_mark(walk, token);
        return;
    case TOKEN_MENTION:
        walk->mentions++;
        walk->before = ID_MENTION;
        return;
    case TOKEN_CASHTAG:
        walk->before = ID_CASHTAG;
        return;
    case TOKEN_URL:
        walk->links++;
        walk->before = ID_LINK;
        return;
    }
}

/* -1..1, steep near 0; +-0.7 at `half`. */
static float saturate(float sum, float half)
{
    return sum / sqrtf(sum * sum + half * half);
}

static float up_to(uint32_t count, uint32_t most)
{
    return (float)(count < most ? count : most) / (float)most;
}

static void fill_valences(const struct walk *walk, float dense[DENSE_COUNT])
{
    float sum = walk->had_contrast ? BEFORE_CONTRAST * walk->earlier + AFTER_CONTRAST * walk->sum
                                   : walk->sum;
    sum *= 1 + 0.28F * up_to(walk->exclamations, 4); /* rule 5 */
    float rules = saturate(sum, 14);
    dense[DENSE_RULES] = rules;
    dense[DENSE_RULES_WIDE] = saturate(sum, 39);
    dense[DENSE_RULES_CUBED] = rules * rules * rules;
    dense[DENSE_POSITIVE] = saturate(walk->positive, 20);
    dense[DENSE_POSITIVE_WIDE] = saturate(walk->positive, 60);
    dense[DENSE_NEGATIVE] = saturate(walk->negative, 20);
    dense[DENSE_NEGATIVE_WIDE] = saturate(walk->negative, 60);
    dense[DENSE_MOST_POSITIVE] = walk->most_positive / 40;
    dense[DENSE_MOST_NEGATIVE] = walk->most_negative / 40;
    dense[DENSE_FIRST] = walk->first / 40;
    dense[DENSE_LAST] = walk->last / 40;
    dense[DENSE_BEFORE_CONTRAST] = saturate(walk->earlier, 20);
    dense[DENSE_AFTER_CONTRAST] = walk->had_contrast ? saturate(walk->sum, 20) : 0;
    dense[DENSE_LAST_SENTENCE] = saturate(walk->sentence, 20);
    dense[DENSE_SIGNS] = saturate(walk->signs, 20);
    dense[DENSE_TAGS] = saturate(walk->tags, 20);
    dense[DENSE_CONFLICT] = saturate(fminf(walk->positive, walk->negative), 20);
    dense[DENSE_NO_HIT] = walk->hits == 0;
}

static void fill_manner(const struct walk *walk, float dense[DENSE_COUNT])
{
    float words = (float)(walk->words > 0 ? walk->words : 1), rules = dense[DENSE_RULES];
    dense[DENSE_ONE] = 1;
    dense[DENSE_EXCLAMATIONS] = up_to(walk->exclamations, 3);
    dense[DENSE_EXCLAIMED] = up_to(walk->exclamations, 3) * rules;
    dense[DENSE_QUESTIONS] = up_to(walk->questions, 2);
    dense[DENSE_QUESTIONED] = up_to(walk->questions, 2) * rules;
    dense[DENSE_ELLIPSES] = up_to(walk->ellipses, 2);
    dense[DENSE_CAPITALS] = (float)walk->capitals / words;
    dense[DENSE_SHOUTED] = up_to(walk->capitals, 3) * rules;
    dense[DENSE_NEGATORS] = up_to(walk->negators, 3);
    dense[DENSE_BOOSTERS] = up_to(walk->boosters, 3);
    dense[DENSE_HIT_SHARE] = fminf((float)walk->hits / words, 1);
    dense[DENSE_MEAN] = fmaxf(-1, fminf((walk->positive - walk->negative) / (words * 10), 1));
    dense[DENSE_LENGTH] = logf(1 + words) / 4;
    dense[DENSE_LINKS] = up_to(walk->links, 1);
    dense[DENSE_MENTIONS] = up_to(walk->mentions, 3);
    dense[DENSE_HASHTAGS] = up_to(walk->hashtags, 3);
    dense[DENSE_QUOTES] = up_to(walk->quotes, 2);
    dense[DENSE_STRETCHED] = up_to(walk->stretched, 2);
}

void sentiment_features_find(const struct tokens *tokens, enum language language,
                             struct sentiment_features *features)
{
    struct walk walk = {.features = features,
                        .language = language,
                        .is_shouted = tokens->shouted_words * 2 > tokens->words,
                        .telling = sentiment_valences(language) | NEGATORS.bit | BOOSTERS.bit |
                                   CONTRASTS.bit,
                        .before = ID_BEGIN,
                        .boost = 1,
                        .emoji_weight = 1};
    features->word_count = 0;
    features->gram_count = 0;
    for (size_t i = 0; i < tokens->count; i++)
        see(&walk, &tokens->items[i]);
    settle_booster(&walk);
    fill_valences(&walk, features->dense);
    fill_manner(&walk, features->dense);
    features->dense[DENSE_BEGINS_WITH_MENTION] =
        tokens->count > 0 && tokens->items[0].kind == TOKEN_MENTION;
    features->is_english =
        features->word_count > 0 && (language == LANGUAGE_EN || language == LANGUAGE_UNKNOWN);
    features->word_scale = 1 / sqrtf((float)features->word_count + 4);
    features->gram_scale = 1 / sqrtf((float)features->gram_count + 16);
}
