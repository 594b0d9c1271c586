/* What a post speaks of: its keywords, and the topics whose words it uses. Pure; any thread. */
#pragma once

#include "language.h"
#include "tokens.h"

enum { MAX_KEYWORDS = 6, MAX_TOPICS = 3, TOPIC_COUNT = 18 };

extern const char *const TOPIC_NAMES[TOPIC_COUNT];

/* Content words by weight: tags first, then names and long or repeated words. */
struct pieces keywords_find(const struct tokens *tokens, enum language language,
                            struct arena *arena);

/* By number of their words in the text; ties by the table's order. */
struct pieces topics_find(const struct tokens *tokens, struct arena *arena);
