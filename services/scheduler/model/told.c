#include "world.h"

/* The failure its next call comes to; what another endpoint did is left out. */
static size_t next_failure(const struct chunk_row *chunk)
{
    size_t next = chunk->failed;
    for (; next < chunk->told.failure_count; next++) {
        uint32_t endpoint = chunk->told.failures[next].endpoint;
        if (endpoint == 0 || endpoint == chunk->booked.endpoint + 1)
            break;
    }
    return next;
}

void told_begin(struct chunk_row *chunk)
{
    chunk->failed = next_failure(chunk);
    if (chunk->failed < chunk->told.failure_count)
        chunk->failure = &chunk->told.failures[chunk->failed++];
}

bool told_is_free(const struct chunk_row *chunk)
{
    return chunk->told.is_cached && next_failure(chunk) == chunk->told.failure_count;
}

int64_t told_length_us(struct model *model, const struct chunk_row *chunk)
{
    if (chunk->failure)
        return chunk->failure->took_us;
    return chunk->told.is_cached ? 0 : calls_draw(model, chunk, 0);
}

static void charge(struct model *model, const struct chunk_row *chunk,
                   const struct outcome_facts *outcome)
{
    struct model_use *use = &model->totals.uses[chunk->booked.endpoint];
    if (!outcome->was_called)
        return;
    use->calls++;
    use->failed += outcome->outcome_class > OUTCOME_PARTIAL;
    if (!outcome->is_usage_known) {
        use->tokens += chunk->booked.tokens;
        use->micros += chunk->booked.micros;
        return;
    }
    uint64_t prompt = outcome->prompt_tokens, completion = outcome->completion_tokens;
    use->tokens += prompt + completion;
    use->micros +=
        (prompt * chunk->booked.prompt_nanos + completion * chunk->booked.completion_nanos + 999) /
        1000;
}

struct outcome_facts told_end(struct model *model, const struct chunk_row *chunk)
{
    const struct model_failure *failure = chunk->failure;
    struct outcome_facts outcome = {.id = rows_attempt(chunk),
                                    .server_limits = {-1, -1, -1, -1, -1, -1}};
    if (failure) {
        outcome.was_called = failure->was_called;
        outcome.is_usage_known = failure->is_usage_known;
        outcome.prompt_tokens = failure->prompt_tokens;
        outcome.completion_tokens = failure->completion_tokens;
        outcome.outcome_class = failure->outcome_class;
        outcome.retry_after_ms = failure->retry_after_ms;
    } else if (chunk->facts.mode == MODE_LLM && !chunk->told.is_cached) {
        outcome.was_called = true;
        outcome.prompt_tokens = chunk->told.prompt_tokens;
        outcome.completion_tokens = chunk->told.completion_tokens;
        outcome.is_usage_known = outcome.prompt_tokens + outcome.completion_tokens > 0;
    }
    charge(model, chunk, &outcome);
    return outcome;
}

void told_fail(struct model *model, struct chunk_row *chunk)
{
    const struct model_failure *failure = chunk->failure;
    chunk->failure = NULL;
    chunk->facts.tries = failure->tries;
    chunk->facts.open_posts = failure->open_posts;
    chunk->facts.text_bytes = failure->text_bytes;
    chunk->facts.last_class = failure->last_class;
    chunk->facts.retry_in_ms = failure->retry_in_ms;
    chunk->due_us = model->now_us + failure->retry_in_ms * INT64_C(1000);
}
