/* What follows a failed attempt (rule 6): wait, split, or the last resort. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "book.h"

enum { TRIES_OF_A_CHUNK = 3, TRIES_OF_A_PART = 1, FALLBACK_MARGIN_MS = 3000 };

/* All tries of the chunk, or of the part, are used. */
bool retry_tries_are_used(const struct kept_facts *chunk);

/* It must become two chunks: tries used, or an answer that can never fit. A single post cannot. */
bool retry_must_split(const struct kept_facts *chunk);

/* How long the chunk waits for its next attempt. What its row says comes first (what the server
 * asked for, or the wait the store noted at the commit), else 2 s for each try, or for each attempt
 * while the provider is in trouble, when no try is charged. Both with jitter, drawn from *random,
 * which moves on. */
int64_t retry_wait_ms(const struct kept_facts *chunk, uint64_t *random);

/* The embedded analysis: for a single post whose tries are used, and when the wait would end too
 * close to the deadline. left_ms: from the end of the wait to the deadline, INT64_MAX = none. */
enum analysis_mode retry_mode(const struct kept_facts *chunk, int64_t left_ms);
