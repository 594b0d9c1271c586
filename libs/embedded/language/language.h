/* Which language a post is in: by its script; for Latin letters by frequent words, the ends of
 * others, and letters that few languages have. Pure; any thread. */
#pragma once

#include "embedded/text/tokens.h"
#include "embedded/words/languages.h"

enum language language_find(const struct tokens *tokens);

/* "en", ...; "und" for unknown. */
const char *language_code(enum language language);

/* Is the word of that entry (vocabulary_entry()) frequent in that language, or in English? */
bool language_is_frequent(enum language language, const int32_t *entry);
