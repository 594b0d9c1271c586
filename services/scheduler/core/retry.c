#include "retry.h"

#include "base/check.h"
#include "base/splitmix.h"
#include "errors.h"

enum { STEP_MS = 2000, MOST_STEPS = 15 };

bool retry_tries_are_used(const struct kept_facts *chunk)
{
    return chunk->tries >= (chunk->depth == 0 ? TRIES_OF_A_CHUNK : TRIES_OF_A_PART);
}

bool retry_must_split(const struct kept_facts *chunk)
{
    /* A part is told the class of what it was split from: before its own try that says nothing. */
    if (chunk->open_posts < 2 || chunk->tries == 0)
        return false;
    return retry_tries_are_used(chunk) || error_class_of(chunk->last_class)->is_split;
}

/* Steps of 2 s (rule 6). */
static uint32_t steps_of(const struct kept_facts *chunk)
{
    switch (error_class_of(chunk->last_class)->backoff) {
    case BACKOFF_NONE:
        return 0;
    case BACKOFF_BY_ATTEMPTS:
        return chunk->attempt;
    case BACKOFF_BY_TRIES:
        return chunk->tries;
    }
    CHECK_UNREACHABLE();
}

int64_t retry_wait_ms(const struct kept_facts *chunk, uint64_t *random)
{
    if (chunk->due_in_ms > 0)
        return chunk->due_in_ms + (int64_t)(splitmix_next(random) % (chunk->due_in_ms / 10 + 1));
    uint32_t steps = steps_of(chunk);
    if (steps > MOST_STEPS)
        steps = MOST_STEPS;
    if (steps == 0)
        return 0;
    int64_t wait_ms = STEP_MS * (int64_t)steps;
    return wait_ms + (int64_t)(splitmix_next(random) % (uint64_t)(wait_ms / 4 + 1));
}

enum analysis_mode retry_mode(const struct kept_facts *chunk, int64_t left_ms)
{
    bool is_last_resort = retry_tries_are_used(chunk) && chunk->open_posts < 2;
    return is_last_resort || left_ms < FALLBACK_MARGIN_MS ? MODE_EMBEDDED : MODE_LLM;
}
