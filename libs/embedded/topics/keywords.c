#include "keywords.h"

#include <string.h>

#include "embedded/model/frequencies.h"
#include "embedded/text/ideographs.h"
#include "embedded/words/vocabulary.h"
#include "tally.h"

enum {
    MIN_LETTERS = 4, /* of ASCII words; of others two */
    MAX_WORD_BYTES = 60,
    CHUNK_WORDS = 1 << 14,
    PLACES = 8, /* of a shortlist, and more than those */
    /* in eighths of a bit, as frequencies are */
    TAG_WEIGHT = 200,
    NAME_WEIGHT = 24,
    TOPIC_WEIGHT = 32,
    REPEATED_WEIGHT = 24,
    IDEOGRAPHS_WEIGHT = 100,
    LEAST_RARITY = 64, /* what occurs more often than once in 256 words tells nothing, */
    LEAST_WEIGHT = 72, /* and more often than once in 512 only if it is more than a word */
};

struct candidate {
    uint64_t rank; /* its weight, above how early it came, above its place; weight 0: none */
    uint64_t hash;
    struct piece text;
};

struct shortlist {
    struct candidate best[MAX_KEYWORDS + 1]; /* in no order; the last one is not in the list */
    uint32_t considered;
};

/* "soooo", "hahaha". */
static bool is_laughter(const struct token *token)
{
    return token->is_stretched ||
           (token->word_length >= 4 && memcmp(token->word, token->word + 2, 2) == 0);
}

/* Short words only where capitals say that they are a name: NHS, BBC. Asked of every word, so all
 * at once: which of these says no, no processor foresees. */
static bool may_tell(const struct token *token)
{
    size_t letters = token->end - token->start;
    bool is_ascii = token->raw.length == letters;
    bool is_short = letters < 2 || (is_ascii & (letters < MIN_LETTERS) & !token->is_all_caps);
    bool is_number = (token->word[0] >= '0') & (token->word[0] <= '9');
    return !(is_short | is_number | (token->raw.length > MAX_WORD_BYTES) | token->has_apostrophe |
             token_is_in(token, &STOP_WORDS));
}

/* STOP_WORDS knows the frequent words of English; those of other languages may be content there. */
static bool is_empty(const struct token *token, enum language language)
{
    return (language != LANGUAGE_EN && token_is_in(token, &FREQUENT_WORDS) &&
            language_is_frequent(language, token->entry)) ||
           is_laughter(token);
}

/* 0: none. */
static int weight_of(const struct tokens *tokens, size_t nth, enum language language)
{
    const struct token *token = &tokens->items[nth];
    if (token->kind == TOKEN_HASHTAG)
        return token->raw.length <= MAX_WORD_BYTES ? TAG_WEIGHT : 0;
    if (token->kind != TOKEN_WORD || !may_tell(token) || is_empty(token, language))
        return 0;
    int weight = (int)frequency_rarity_of_word(token->hash);
    if (weight < LEAST_RARITY)
        return 0;
    bool is_name = token->is_capital && nth > 0 && tokens->items[nth - 1].kind == TOKEN_WORD;
    weight += is_name ? NAME_WEIGHT : 0;
    weight += token_is_in(token, &TOPIC_WORDS) ? TOPIC_WEIGHT : 0;
    return weight >= LEAST_WEIGHT ? weight : 0;
}

static uint64_t rank_of(struct shortlist *list, uint64_t weight, size_t place)
{
    uint64_t earliness = UINT32_MAX / PLACES - list->considered++;
    return weight << 32 | earliness * PLACES | place;
}

static uint64_t weight_of_rank(uint64_t rank)
{
    return rank >> 32;
}

/* Keeps the best; of equal weight those that came earlier. All places are looked at each time, for
 * no processor foresees which it will be. */
static void consider(struct shortlist *list, struct piece text, uint64_t hash, int weight)
{
    struct candidate *best = list->best;
    uint64_t least = UINT64_MAX;
    size_t same = MAX_KEYWORDS;
    for (size_t i = 0; i < MAX_KEYWORDS; i++) {
        same = best[i].hash == hash ? i : same;
        least = best[i].rank < least ? best[i].rank : least;
    }
    if (same < MAX_KEYWORDS && weight_of_rank(best[same].rank) > 0) {
        best[same].rank = rank_of(list, weight_of_rank(best[same].rank) + REPEATED_WEIGHT, same);
        return;
    }
    uint64_t rank = rank_of(list, (uint64_t)weight, least % PLACES);
    size_t place = rank > least ? least % PLACES : MAX_KEYWORDS;
    best[place] = (struct candidate){rank, hash, text};
}

/* By weight. */
static struct pieces settle(const struct shortlist *list, struct arena *arena)
{
    struct pieces keywords = {arena_array_room(arena, struct piece, MAX_KEYWORDS), 0};
    for (size_t i = 0; i < MAX_KEYWORDS; i++) {
        size_t place = 0;
        for (size_t other = 0; other < MAX_KEYWORDS; other++)
            place += list->best[other].rank > list->best[i].rank;
        if (weight_of_rank(list->best[i].rank) > 0) {
            keywords.items[place] = list->best[i].text;
            keywords.count++;
        }
    }
    return keywords;
}

static void consider_runs(struct shortlist *list, struct piece text)
{
    size_t at = 0;
    struct piece run;
    while (ideographs_next(text, &at, &run))
        consider(list, run, hash_bytes(HASH_BEGIN, run.at, run.length),
                 IDEOGRAPHS_WEIGHT + (int)run.length);
}

struct pieces keywords_find(const struct tokens *tokens, enum language language,
                            struct arena *arena)
{
    struct shortlist list = {.considered = 0};
    for (size_t i = 0; i < MAX_KEYWORDS; i++)
        list.best[i].rank = i;
    bool has_ideographs = language == LANGUAGE_JA || language == LANGUAGE_ZH;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        if (has_ideographs && token->kind == TOKEN_WORD && token->first >= FIRST_IDEOGRAPHIC) {
            consider_runs(&list, token->raw);
            continue;
        }
        int weight = weight_of(tokens, i, language);
        if (weight > 0)
            consider(&list, (struct piece){token->word, token->word_length}, token->hash, weight);
    }
    return settle(&list, arena);
}

/* ---- of a chunk ---- */

static double weight_in_chunk(const struct tallied *word)
{
    return word->count > 1 ? word->count * frequency_rarity_of_word(word->hash) : 0;
}

struct pieces keywords_of_chunk(const struct post_analysis *analyses, size_t count,
                                struct arena *arena)
{
    struct tally words = {.arena = arena, .most = CHUNK_WORDS};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < analyses[i].keywords.count; k++) {
            struct piece word = analyses[i].keywords.items[k];
            tally_add(&words, hash_bytes(HASH_BEGIN, word.at, word.length), word);
        }
    struct pieces best = {arena_array(arena, struct piece, MAX_CHUNK_KEYWORDS), 0};
    double weights[MAX_CHUNK_KEYWORDS];
    for (size_t i = 0; i < words.count; i++) {
        double weight = weight_in_chunk(&words.items[i]);
        size_t place = best.count;
        while (place > 0 && weights[place - 1] < weight)
            place--;
        if (weight <= 0 || place == MAX_CHUNK_KEYWORDS)
            continue;
        if (best.count < MAX_CHUNK_KEYWORDS)
            best.count++;
        memmove(best.items + place + 1, best.items + place,
                (best.count - place - 1) * sizeof *best.items);
        memmove(weights + place + 1, weights + place, (best.count - place - 1) * sizeof *weights);
        best.items[place] = words.items[i].text;
        weights[place] = weight;
    }
    return best;
}
