#include <string.h>

#include "reading.h"

/* ---- what is granted ---- */
void calls_hear_batch(struct reading *reading, const struct action *action)
{
    if (action->batch.count > BATCH_LIMIT)
        return;
    reading->sequence = action->batch.sequence;
    reading->batch_asked_us = reading->now_us;
    reading->item_count = action->batch.count;
    for (size_t i = 0; i < action->batch.count; i++) {
        const struct batch_item *item = &action->batch.items[i];
        reading->items[i] = *item;
        struct past_job *job = past_job(&reading->history->jobs, item->id.job_id);
        struct past_chunk *chunk = past_chunk(job, item->id.chunk_number);
        if (chunk) /* who is to be split does nothing else, until the store refuses it */
            chunk->is_being_split = item->operation == BATCH_SPLIT;
    }
}

static void hear_grant(struct reading *reading, const struct batch_item *item, uint32_t attempt)
{
    struct attempt_id id = item->id;
    id.attempt = attempt;
    struct past_call *call = past_call_of(&reading->history->jobs, &id);
    if (!call)
        return;
    call->is_granted = true;
    call->mode = item->mode;
    strcpy(call->endpoint, item->endpoint);
    call->prompt_nanos = item->prompt_nanos;
    call->completion_nanos = item->completion_nanos;
    call->booked_tokens = item->reserved_tokens;
    call->booked_micros = item->reserved_micros;
}

/* Nothing was called: the store voids what was booked. */
static void hear_release(struct reading *reading, const struct batch_item *item)
{
    struct past_call *call = past_call_of(&reading->history->jobs, &item->id);
    if (call)
        call->was_left_open = false;
}

void calls_hear_batch_answer(struct reading *reading, const struct event *event)
{
    if (!event->is_answered || event->batch.sequence != reading->sequence ||
        reading->batch_asked_us == 0)
        return;
    reading->batch_sum_us += reading->now_us - reading->batch_asked_us;
    reading->batches++;
    reading->batch_asked_us = 0;
    if (event->batch.answer_count != reading->item_count)
        return;
    for (size_t i = 0; i < reading->item_count; i++) {
        const struct batch_item *item = &reading->items[i];
        const struct batch_answer *answer = &event->batch.answers[i];
        if (item->operation == BATCH_GRANT && answer->result == RESULT_GRANTED)
            hear_grant(reading, item, answer->chunk.attempt);
        if (item->operation == BATCH_RELEASE && answer->result == RESULT_RELEASED)
            hear_release(reading, item);
        if (item->operation == BATCH_SPLIT && answer->result == RESULT_SPLIT)
            jobs_hear_split(reading, &item->id, answer);
    }
}

/* ---- what is called ---- */
void calls_hear_permit(struct reading *reading, const struct attempt_id *id, bool is_free)
{
    struct past_call *call = past_call_of(&reading->history->jobs, id);
    if (!call || call->permitted_us > 0)
        return; /* it got its permit again */
    call->permitted_us = reading->now_us;
    call->is_free = is_free;
}

/* As the store charges it. */
static void charge(struct past_call *call)
{
    uint64_t prompt = call->prompt_tokens, completion = call->completion_tokens;
    if (!call->was_called)
        return;
    if (!call->is_usage_known) {
        call->tokens = call->booked_tokens;
        call->micros = call->booked_micros;
        return;
    }
    call->tokens = prompt + completion;
    call->micros = (prompt * call->prompt_nanos + completion * call->completion_nanos + 999) / 1000;
}

void calls_hear_outcome(struct reading *reading, const struct outcome_facts *outcome)
{
    struct past_call *call = past_call_of(&reading->history->jobs, &outcome->id);
    if (!call || call->over_us > 0)
        return;
    call->over_us = reading->now_us;
    call->chapter = reading->in_force.chapters + 1;
    call->outcome_class = outcome->outcome_class;
    call->was_called = outcome->was_called;
    call->is_usage_known = outcome->is_usage_known;
    call->prompt_tokens = outcome->prompt_tokens;
    call->completion_tokens = outcome->completion_tokens;
    call->retry_after_ms = outcome->retry_after_ms;
    charge(call);
}

static void take_endpoint(struct reading *reading, struct past_call *call, const char *name)
{
    const struct scheduler_config *config = &reading->in_force.config;
    for (uint32_t i = 0; i < config->endpoint_count; i++) {
        if (strcmp(config->endpoints[i].name, name) != 0)
            continue;
        call->is_granted = true;
        strcpy(call->endpoint, name);
        call->prompt_nanos = config->endpoints[i].prompt_nanos;
        call->completion_nanos = config->endpoints[i].completion_nanos;
    }
}

void calls_hear_settled(struct reading *reading, const struct call_facts *facts)
{
    int64_t granted_us = reading->now_us + facts->granted_in_ms * 1000;
    if (granted_us < reading->first_us)
        return; /* before the trace begins */
    struct past_call *call = past_call_of(&reading->history->jobs, &facts->id);
    if (!call || call->over_us > 0)
        return;
    if (!call->is_granted)
        take_endpoint(reading, call, facts->endpoint);
    if (!facts->is_settled) {
        call->was_left_open = true;
        call->booked_tokens = facts->tokens;
        call->booked_micros = facts->micros;
        return;
    }
    call->over_us = reading->now_us + facts->settled_in_ms * 1000;
    call->outcome_class = facts->outcome_class;
    call->was_called = facts->was_called;
    call->is_usage_known = facts->was_called;
    call->prompt_tokens = facts->tokens; /* which of them were sent is not told */
    call->tokens = facts->tokens;
    call->micros = facts->micros;
}
