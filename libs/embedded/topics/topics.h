/* What a post speaks of: the topics whose words it uses. Pure; any thread. */
#pragma once

#include "embedded/text/tokens.h"

enum { MAX_TOPICS = 3, TOPIC_COUNT = 18 };

extern const char *const TOPIC_NAMES[TOPIC_COUNT];

/* By number of their words in the text; ties by the table's order. */
struct pieces topics_find(const struct tokens *tokens, struct arena *arena);
