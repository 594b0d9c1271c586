#include "topics.h"

#include <string.h>

#include "embedded/words/vocabulary.h"

const char *const TOPIC_NAMES[TOPIC_COUNT] = {
    "politics",      "sports",    "technology", "business", "crypto",   "health",
    "entertainment", "music",     "gaming",     "food",     "travel",   "weather",
    "science",       "education", "nature",     "family",   "shopping", "transport"};

struct pieces topics_find(const struct tokens *tokens, struct arena *arena)
{
    int words[TOPIC_COUNT] = {0};
    for (size_t i = 0; i < tokens->count; i++) {
        int topic;
        if (token_find(&tokens->items[i], &TOPIC_WORDS, &topic))
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
