/* Cursors as clients see them: opaque words that say where a list goes on. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/scoped.h"
#include "base/uuid.h"

enum { CURSOR_SIZE = UUID_TEXT_SIZE + 1 };

void cursor_of_seq(uint32_t seq, char cursor[CURSOR_SIZE]);
MUST_USE bool cursor_read_seq(const char *cursor, uint32_t *seq);

void cursor_of_version(uint64_t version, char cursor[CURSOR_SIZE]);
MUST_USE bool cursor_read_version(const char *cursor, uint64_t *version);

void cursor_of_job(const char *job_id, char cursor[CURSOR_SIZE]);
/* Lends the job id inside the cursor. */
MUST_USE bool cursor_read_job(const char *cursor, const char **job_id);
