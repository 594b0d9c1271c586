#include "retry.h"

enum { STEP_MS = 2000, MOST_STEPS = 15 };

bool retry_tries_are_used(const struct chunk_facts *chunk)
{
    return chunk->tries >= (chunk->depth == 0 ? TRIES_OF_A_CHUNK : TRIES_OF_A_PART);
}

bool retry_must_split(const struct chunk_facts *chunk)
{
    /* A part is told the class of what it was split from: before its own try that says nothing. */
    if (chunk->open_posts < 2 || chunk->tries == 0)
        return false;
    return retry_tries_are_used(chunk) || chunk->last_class == OUTCOME_TOO_LARGE ||
           chunk->last_class == OUTCOME_TRUNCATED;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t next_random(uint64_t *random)
{
    *random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *random;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* Steps of 2 s; an attempt that failed by the provider's fault is no try (rule 6). */
static uint32_t steps_of(const struct chunk_facts *chunk)
{
    switch (chunk->last_class) {
    case OUTCOME_NONE:
        return 0;
    case OUTCOME_RATE_LIMITED:
    case OUTCOME_QUOTA_EXHAUSTED:
    case OUTCOME_CONNECTION:
    case OUTCOME_SERVER_ERROR:
    case OUTCOME_AUTH:
        return chunk->attempt;
    case OUTCOME_PARTIAL:
    case OUTCOME_TOO_LARGE:
    case OUTCOME_TRUNCATED:
    case OUTCOME_INVALID_ANSWER:
    case OUTCOME_CONTENT_FILTER:
    case OUTCOME_TIMEOUT:
    case OUTCOME_BAD_REQUEST:
    case OUTCOME_ABORTED:
        break;
    }
    return chunk->tries;
}

int64_t retry_wait_ms(const struct chunk_facts *chunk, uint64_t *random)
{
    if (chunk->retry_in_ms > 0)
        return chunk->retry_in_ms + (int64_t)(next_random(random) % (chunk->retry_in_ms / 10 + 1));
    uint32_t steps = steps_of(chunk);
    if (steps > MOST_STEPS)
        steps = MOST_STEPS;
    if (steps == 0)
        return 0;
    int64_t wait_ms = STEP_MS * (int64_t)steps;
    return wait_ms + (int64_t)(next_random(random) % (uint64_t)(wait_ms / 4 + 1));
}

enum analysis_mode retry_mode(const struct chunk_facts *chunk, int64_t left_ms)
{
    bool is_last_resort = retry_tries_are_used(chunk) && chunk->open_posts < 2;
    return is_last_resort || left_ms < FALLBACK_MARGIN_MS ? MODE_EMBEDDED : MODE_LLM;
}
