/* What was used, as clients ask for it and see it. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/scoped.h"
#include "base/text.h"
#include "messages/messages.h"

/* A day ("2026-07-01": its beginning) or a time ("2026-07-01T12:30:00Z"), of UTC, from 1970 up to
 * 2199. */
MUST_USE bool usage_time_parse(const char *text, int64_t *wall_ms);

/* "tenant", "user", "model", "endpoint", "class", "day" or "hour". */
MUST_USE bool usage_group_parse(const char *name, Tp__UsageGroup *group);
const char *usage_group_name(Tp__UsageGroup group);

/* {"number": 0, "state": "done", ..., "usage": {...}} */
void view_chunk(const Tp__ChunkRow *row, struct text *out);

/* {"day": "2026-07-01", "llm_calls": ..., "usd": ..., "posts": {...}}: its key is named after the
 * group, null if it has no name. */
void view_usage_row(const Tp__UsageRow *row, Tp__UsageGroup group, struct text *out);
