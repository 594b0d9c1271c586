#include "topics.h"

#include <string.h>

#include "vocabulary.h"

enum { MIN_KEYWORD_LETTERS = 4, MAX_KEYWORD_BYTES = 60 };

const char *const TOPIC_NAMES[TOPIC_COUNT] = {
    "politics",      "sports",    "technology", "business", "crypto",   "health",
    "entertainment", "music",     "gaming",     "food",     "travel",   "weather",
    "science",       "education", "nature",     "family",   "shopping", "transport"};

struct candidate {
    const struct token *token;
    int weight;
};

static int weight_of(const struct token *token, enum language language)
{
    if (token->kind == TOKEN_HASHTAG)
        return 30;
    size_t letters = token->end - token->start;
    bool is_ascii = token->raw.length == letters;
    if (token->kind != TOKEN_WORD || token->raw.length > MAX_KEYWORD_BYTES ||
        (is_ascii && letters < MIN_KEYWORD_LETTERS) || letters < 2)
        return 0;
    if (language_is_frequent(language, token->hash) || vocabulary_has(&BOOSTERS, token->hash) ||
        vocabulary_has(&NEGATORS, token->hash) || strchr(token->word, '\'') != NULL ||
        (token->word[0] >= '0' && token->word[0] <= '9'))
        return 0;
    int length = letters < 12 ? (int)letters : 12;
    return length + (token->is_capital ? 4 : 0) +
           (vocabulary_has(&TOPIC_WORDS, token->hash) ? 5 : 0);
}

/* Keeps the best, in order of weight; of equal weight the earlier one stays before. */
static void consider(struct candidate best[MAX_KEYWORDS], size_t *count, struct candidate one)
{
    for (size_t i = 0; i < *count; i++) {
        if (best[i].token->hash == one.token->hash) {
            one = (struct candidate){best[i].token, best[i].weight + 3};
            memmove(best + i, best + i + 1, (*count - i - 1) * sizeof *best);
            (*count)--;
            break;
        }
    }
    size_t place = *count;
    while (place > 0 && best[place - 1].weight < one.weight)
        place--;
    if (place == MAX_KEYWORDS)
        return;
    if (*count < MAX_KEYWORDS)
        (*count)++;
    memmove(best + place + 1, best + place, (*count - place - 1) * sizeof *best);
    best[place] = one;
}

struct pieces keywords_find(const struct tokens *tokens, enum language language,
                            struct arena *arena)
{
    struct candidate best[MAX_KEYWORDS];
    size_t count = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        int weight = weight_of(&tokens->items[i], language);
        if (weight > 0)
            consider(best, &count, (struct candidate){&tokens->items[i], weight});
    }
    struct pieces keywords = {arena_array(arena, struct piece, count), count};
    for (size_t i = 0; i < count; i++)
        keywords.items[i] = (struct piece){best[i].token->word, best[i].token->word_length};
    return keywords;
}

struct pieces topics_find(const struct tokens *tokens, struct arena *arena)
{
    int words[TOPIC_COUNT] = {0};
    for (size_t i = 0; i < tokens->count; i++) {
        int topic;
        if (vocabulary_find(&TOPIC_WORDS, tokens->items[i].hash, &topic))
            words[topic]++;
    }
    struct pieces topics = {arena_array(arena, struct piece, MAX_TOPICS), 0};
    while (topics.count < MAX_TOPICS) {
        int best = 0;
        for (int i = 1; i < TOPIC_COUNT; i++)
            if (words[i] > words[best])
                best = i;
        if (words[best] == 0)
            break;
        topics.items[topics.count++] = (struct piece){TOPIC_NAMES[best], strlen(TOPIC_NAMES[best])};
        words[best] = 0;
    }
    return topics;
}
