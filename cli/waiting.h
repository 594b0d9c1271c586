/* Why a job waits and when it will be done, in words (rule 12). Pure. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "json/json.h"

/* "position 12, about 40 s (90 %: 65 s): 10 of 10 calls are running", from a job's document or
 * an event of it; nothing if that does not say. */
void waiting_tell(const json_t *document, struct text *out);

/* "40 s", "3 min", "2 h 05 min" */
void waiting_add_duration(struct text *out, int64_t seconds);
