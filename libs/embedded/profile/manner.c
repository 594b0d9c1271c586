#include "manner.h"

#include <math.h>
#include <string.h>

#include "embedded/model/frequencies.h"
#include "embedded/words/vocabulary.h"

enum { LETTER_GRAM = 3, SHAPE_BITS = 12, LETTERS_PER_LENGTH = 20, SHORT_TEXT = 20 };

/* Of which kind a feature is, so that no word is taken for four letters. */
enum feature_kind { WORD = 1, PAIR, LETTERS, SHAPE, TWO_SHAPES, THREE_SHAPES, LENGTH };

static void put(struct bag *bag, enum feature_kind kind, uint64_t hash)
{
    if (bag->count == BAG_MAX)
        return;
    uint64_t mixed = (hash ^ (uint64_t)kind << 56) * UINT64_C(0x9E3779B97F4A7C15);
    bag->features[bag->count++] = (uint16_t)(mixed >> 48);
}

/* Links and mentions all look alike: whom and what they name is no manner. */
static uint64_t hash_of(const struct token *token)
{
    switch (token->kind) {
    case TOKEN_WORD:
    case TOKEN_HASHTAG:
    case TOKEN_EMOJI:
    case TOKEN_EMOTICON:
        return token->hash;
    case TOKEN_MENTION:
    case TOKEN_CASHTAG:
    case TOKEN_URL:
        return (uint64_t)token->kind + 1;
    case TOKEN_MARK:
        return 0x100 + (uint64_t)token->first;
    }
    return 0;
}

/* Each three bytes that follow one another in the word, with a blank on both sides of it. */
static void put_letters(struct bag *bag, const struct token *token)
{
    uint32_t gram = ' ';
    for (size_t i = 0; i <= token->word_length; i++) {
        uint8_t byte = i < token->word_length ? (uint8_t)token->word[i] : ' ';
        gram = (gram << 8 | byte) & 0xFFFFFF;
        if (i + 2 >= LETTER_GRAM)
            put(bag, LETTERS, gram);
    }
}

static uint64_t shape_of(const struct token *token)
{
    return (uint64_t)token->kind << 8 | (uint64_t)token->is_glued << 2 |
           (uint64_t)token->is_capital << 1 | (uint64_t)token->is_all_caps;
}

/* How marks, words, tags and capitals follow one another. */
static void put_shapes(struct bag *bag, uint64_t shapes)
{
    put(bag, SHAPE, shapes & ((1u << SHAPE_BITS) - 1));
    put(bag, TWO_SHAPES, shapes & ((UINT64_C(1) << 2 * SHAPE_BITS) - 1));
    put(bag, THREE_SHAPES, shapes & ((UINT64_C(1) << 3 * SHAPE_BITS) - 1));
}

void manner_features(const struct tokens *tokens, struct bag *bag)
{
    bag->count = 0;
    uint64_t before = 0, shapes = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        uint64_t hash = hash_of(token);
        put(bag, WORD, hash);
        put_shapes(bag, shapes = shapes << SHAPE_BITS | shape_of(token));
        put(bag, PAIR, before * 31 + hash);
        if (token->kind == TOKEN_WORD)
            put_letters(bag, token);
        before = hash;
    }
    put(bag, PAIR, before * 31);
    uint32_t letters = tokens->count > 0 ? tokens->items[tokens->count - 1].end : 0;
    for (int i = 0; i < 3; i++) /* weighs more than a word */
        put(bag, LENGTH, letters / LETTERS_PER_LENGTH);
}

struct manner manner_new(struct arena *arena)
{
    return (struct manner){.counts = arena_array(arena, uint32_t, MANNER_BUCKETS)};
}

void manner_add(struct manner *manner, const struct bag *bag)
{
    for (size_t i = 0; i < bag->count; i++)
        manner->counts[bag->features[i]]++;
    manner->total += bag->count;
}

static double gain(const struct manner *manner, uint16_t feature)
{
    double at_large = frequency_of_feature(feature);
    double own = (double)manner->counts[feature] / (double)manner->total;
    return log((own + at_large) / (2 * at_large));
}

static double score(const struct manner *manner, const struct bag *bag)
{
    double sum = 0;
    for (size_t i = 0; i < bag->count; i++)
        sum += gain(manner, bag->features[i]);
    return bag->count > 0 ? sum / (double)bag->count : 0;
}

/* ---- the scale ---- */

void manner_begin_scale(struct manner *manner)
{
    manner->own = manner->others = 0;
    manner->weighed = 0;
}

static void take_out(struct manner *manner, const struct bag *bag)
{
    for (size_t i = 0; i < bag->count; i++)
        manner->counts[bag->features[i]]--;
    manner->total -= bag->count;
}

/* What the post scores if it is none of those that it is compared with. */
void manner_weigh(struct manner *manner, const struct bag *bag)
{
    take_out(manner, bag);
    manner->own += manner->total > 0 ? score(manner, bag) : 0;
    manner->weighed++;
    manner_add(manner, bag);
}

/* The mean gain of a feature that is drawn from posts at large. */
static double expected_at_large(const struct manner *manner)
{
    double sum = 0, seen = 0;
    for (size_t i = 0; i < MANNER_BUCKETS; i++) {
        if (manner->counts[i] == 0)
            continue;
        double share = frequency_of_feature((uint16_t)i);
        sum += share * gain(manner, (uint16_t)i);
        seen += share;
    }
    return sum + (1 - seen) * log(0.5);
}

void manner_end_scale(struct manner *manner)
{
    static const double LEAST_APART = 0.02;
    if (manner->total == 0)
        return;
    manner->others = expected_at_large(manner);
    manner->own /= manner->weighed > 0 ? (double)manner->weighed : 1;
    if (manner->own < manner->others + LEAST_APART)
        manner->own = manner->others + LEAST_APART;
}

double manner_fit(const struct manner *manner, const struct bag *bag)
{
    if (manner->total == 0)
        return 0;
    double middle = (manner->own + manner->others) / 2;
    double logit = 4 * (score(manner, bag) - middle) / (manner->own - manner->others);
    double trust = (double)bag->count / (double)(bag->count + SHORT_TEXT);
    return 1 / (1 + exp(-logit * trust));
}

double manner_fit_of_known(struct manner *manner, const struct bag *bag)
{
    take_out(manner, bag);
    double fit = manner_fit(manner, bag);
    manner_add(manner, bag);
    return fit;
}

double manner_fit_of_own(struct manner *manner, const struct bag *bag)
{
    bool is_taken[BAG_MAX];
    size_t taken = 0;
    for (size_t i = 0; i < bag->count; i++) {
        uint32_t *count = &manner->counts[bag->features[i]];
        is_taken[i] = *count > 0;
        *count -= is_taken[i];
        taken += is_taken[i];
    }
    manner->total -= taken;
    double fit = manner_fit(manner, bag);
    for (size_t i = 0; i < bag->count; i++)
        manner->counts[bag->features[i]] += is_taken[i];
    manner->total += taken;
    return fit;
}
