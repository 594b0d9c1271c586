/* Cursors as clients see them: opaque words that say where a list goes on. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/scoped.h"
#include "base/uuid.h"

enum { CURSOR_SIZE = UUID_TEXT_SIZE + 1, CURSOR_KEY_MAX_BYTES = 1000 };

void cursor_of_seq(uint32_t seq, char cursor[CURSOR_SIZE]);
MUST_USE bool cursor_read_seq(const char *cursor, uint32_t *seq);

void cursor_of_version(uint64_t version, char cursor[CURSOR_SIZE]);
MUST_USE bool cursor_read_version(const char *cursor, uint64_t *version);

void cursor_of_job(const char *job_id, char cursor[CURSOR_SIZE]);
/* Lends the job id inside the cursor. */
MUST_USE bool cursor_read_job(const char *cursor, const char **job_id);

/* Of any text, even an empty one; both live in the arena. */
const char *cursor_of_key(const char *key, struct arena *arena);
MUST_USE bool cursor_read_key(const char *cursor, struct arena *arena, const char **key);
