#include "topic_table.h"

#include <string.h>

#include "base/check.h"
#include "embedded/text/characters.h"
#include "embedded/words/vocabulary.h"
#include "topics.h"

enum { LEAST_SLOTS = 8, WORD_ARENA_BYTES = 64 * 1024 };

struct topic_set topic_set_new(const char *tenant, size_t topics, size_t tokens,
                               struct arena *arena)
{
    size_t slots = LEAST_SLOTS;
    while (slots < 2 * tokens)
        slots *= 2;
    return (struct topic_set){.tenant = tenant,
                              .names = arena_array(arena, const char *, topics),
                              .nodes = arena_array(arena, struct topic_node, slots),
                              .mask = slots - 1};
}

static uint64_t hash_of_name(struct piece raw)
{
    uint64_t hash = HASH_BEGIN;
    for (size_t i = 0; i < raw.length; i++)
        hash = hash_byte(hash, raw.at[i] >= 'A' && raw.at[i] <= 'Z' ? (char)(raw.at[i] | 0x20)
                                                                    : raw.at[i]);
    return hash;
}

/* Thai and its neighbours, Chinese, Japanese, and Korean, whose words bear endings. */
static bool is_unspaced(uint32_t c)
{
    return (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) ||
           (c >= 0x1780 && c <= 0x17FF) || (c >= 0x3040 && c <= 0x30FF) ||
           (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

/* 0: nothing that a set could hold. */
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
        return hash_of_name(token->raw);
    case TOKEN_MARK:
        return hash_bytes(HASH_BEGIN, (const char *)&token->first, sizeof token->first);
    case TOKEN_URL:
        return 0;
    }
    return 0;
}

/* Of the words up to here and one more. */
static uint64_t go_on(uint64_t hash, uint64_t next)
{
    uint64_t both = (hash ^ (hash >> 29)) * UINT64_C(0x9E3779B97F4A7C15) + next;
    return both != 0 ? both : 1;
}

static struct topic_node *place_of(const struct topic_set *set, uint64_t hash)
{
    size_t at = (size_t)(hash ^ hash >> 32);
    while (set->nodes[at & set->mask].hash != 0 && set->nodes[at & set->mask].hash != hash)
        at++;
    return &set->nodes[at & set->mask];
}

static struct topic_node *add_node(struct topic_set *set, uint64_t hash)
{
    struct topic_node *node = place_of(set, hash);
    if (node->hash == 0) {
        set->node_count++;
        CHECK(2 * set->node_count <= set->mask + 1);
        node->hash = hash;
    }
    return node;
}

bool topic_set_add_word(struct topic_set *set, size_t topic, struct piece word)
{
    CHECK(topic < TOPICS_MAX_OF_TENANT);
    SCOPED(arena_close) struct arena *arena = arena_open(WORD_ARENA_BYTES);
    struct tokens tokens = tokens_cut(tokens_clean(word, arena), arena);
    if (tokens.count == 0 || tokens.count > TOPIC_WORD_MAX_TOKENS)
        return false;
    for (size_t i = 0; i < tokens.count; i++)
        if (hash_of(&tokens.items[i]) == 0)
            return false;
    uint64_t hash = hash_of(&tokens.items[0]);
    struct topic_node *node = add_node(set, hash);
    for (size_t i = 1; i < tokens.count; i++) {
        node->goes_on = true;
        hash = go_on(hash, hash_of(&tokens.items[i]));
        node = add_node(set, hash);
    }
    node->topics |= UINT64_C(1) << topic;
    const struct token *only = &tokens.items[0];
    if (tokens.count == 1 && only->kind == TOKEN_WORD && is_unspaced(only->first) &&
        only->word_length > set->longest_unspaced)
        set->longest_unspaced = only->word_length;
    return true;
}

static void count(uint64_t topics, uint32_t words[TOPICS_MAX_OF_TENANT])
{
    for (; topics != 0; topics &= topics - 1)
        words[__builtin_ctzll(topics)]++;
}

static void count_from(const struct topic_set *set, const struct tokens *tokens, size_t begin,
                       uint32_t words[TOPICS_MAX_OF_TENANT])
{
    uint64_t hash = hash_of(&tokens->items[begin]);
    if (hash == 0)
        return;
    const struct topic_node *node = place_of(set, hash);
    count(node->topics, words);
    for (size_t i = begin + 1; node->goes_on && i < tokens->count; i++) {
        hash = go_on(hash, hash_of(&tokens->items[i]));
        node = place_of(set, hash);
        count(node->topics, words);
    }
}

/* A token in such a script is a run of words: those of the set are looked for inside. */
static void count_within(const struct topic_set *set, const struct token *token,
                         uint32_t words[TOPICS_MAX_OF_TENANT])
{
    size_t length = token->word_length;
    for (size_t begin = 0, next = 0; begin < length; begin = next) {
        if (!is_unspaced(character_next(token->word, length, &next)))
            continue;
        uint64_t hash = HASH_BEGIN;
        for (size_t at = begin; at < length && at - begin < set->longest_unspaced;) {
            size_t from = at;
            character_next(token->word, length, &at);
            hash = hash_bytes(hash, token->word + from, at - from);
            if (begin > 0 || at < length) /* the whole was counted */
                count(place_of(set, hash)->topics, words);
        }
    }
}

struct pieces topic_set_topics(const struct topic_set *set, const struct tokens *tokens,
                               struct arena *arena)
{
    if (set == NULL)
        return topics_find(tokens, arena);
    uint32_t words[TOPICS_MAX_OF_TENANT] = {0};
    for (size_t i = 0; i < tokens->count; i++) {
        count_from(set, tokens, i, words);
        if (set->longest_unspaced > 0 && tokens->items[i].kind == TOKEN_WORD)
            count_within(set, &tokens->items[i], words);
    }
    struct pieces topics = {arena_array(arena, struct piece, MAX_TOPICS), 0};
    while (topics.count < MAX_TOPICS) {
        size_t best = 0;
        for (size_t i = 1; i < set->topic_count; i++)
            if (words[i] > words[best])
                best = i;
        if (words[best] == 0)
            break;
        topics.items[topics.count++] = (struct piece){set->names[best], strlen(set->names[best])};
        words[best] = 0;
    }
    return topics;
}
