#include "views.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "core/errors.h"

enum { MOST_DEPTH = 16 };

bool views_is_good(const struct past_call *call)
{
    return call->outcome_class == OUTCOME_NONE || call->outcome_class == OUTCOME_PARTIAL;
}

bool views_is_cached(const struct past_call *call)
{
    return call->over_us > 0 && call->mode == MODE_LLM && !call->was_called && views_is_good(call);
}

uint32_t views_call_us(const struct past_call *call)
{
    if (call->permitted_us == 0 || call->over_us == 0 || call->is_free)
        return 0;
    int64_t took_us = call->over_us - call->permitted_us;
    if (took_us < 1)
        return 1;
    return took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
}

/* The last one of which the outcome was heard. */
static const struct past_call *last_heard(const struct past_chunk *chunk)
{
    const struct past_call *call = chunk->calls;
    while (call && call->over_us == 0)
        call = call->older;
    return call;
}

static bool has_parts(const struct past_job *job, const struct past_chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->part_count; i++)
        if (views_is_work(job, &job->chunks[chunk->parts[i]]))
            return true;
    return false;
}

bool views_is_work(const struct past_job *job, const struct past_chunk *chunk)
{
    bool is_split_unseen = chunk->is_done && chunk->is_being_split && chunk->part_count == 0;
    if (!job->is_told || !chunk->is_told || chunk->depth > MOST_DEPTH || is_split_unseen)
        return false;
    return last_heard(chunk) || has_parts(job, chunk) ||
           (job->is_completed && chunk->open_posts > 0);
}

/* The call that did it, or its last one; NULL = its length and usage say nothing. */
static const struct past_call *final_call(const struct past_chunk *chunk)
{
    const struct past_call *last = last_heard(chunk);
    bool is_of_use = last && last->mode == MODE_LLM && (last->was_called || views_is_cached(last));
    return is_of_use ? last : NULL;
}

bool views_is_drawn(const struct past_job *job, const struct past_chunk *chunk)
{
    const struct past_call *last = final_call(chunk);
    if (has_parts(job, chunk))
        return false;
    return !last || (!views_is_cached(last) && views_call_us(last) == 0);
}

/* ---- for the model ---- */
struct making {
    const struct history *history;
    const struct past_job *job;
    struct model_chunk *chunks;
    size_t count;
};

/* What says something of the endpoint is repeated there only. */
static uint32_t failing_endpoint(const struct history *history, const struct past_call *call)
{
    const struct error_class *class = error_class_of(call->outcome_class);
    const struct scheduler_config *config = &history->setting.config;
    bool is_of_endpoint =
        class->holds || class->word == BREAKER_FAILS || class->word == BREAKER_REFUSES;
    for (uint32_t i = 0; is_of_endpoint && i < config->endpoint_count; i++)
        if (strcmp(config->endpoints[i].name, call->endpoint) == 0)
            return i + 1;
    return 0;
}

/* It was to be called again, or to be split. */
static bool is_failure(const struct past_call *call)
{
    return call->mode == MODE_LLM && call->over_us > 0 && views_call_us(call) > 0 &&
           call->has_after && call->after.status == CHUNK_READY;
}

static void add_failures(const struct making *making, const struct past_chunk *chunk,
                         const struct past_call *before, struct model_chunk *made)
{
    size_t count = 0;
    for (const struct past_call *call = chunk->calls; call; call = call->older)
        count += is_failure(call) && call != before;
    if (count == 0)
        return;
    struct model_failure *failures = calloc(count, sizeof(failures[0]));
    CHECK(failures);
    made->failures = failures;
    made->failure_count = count;
    for (const struct past_call *call = chunk->calls; call; call = call->older)
        if (is_failure(call) && call != before)
            failures[--count] = (struct model_failure){
                .endpoint = failing_endpoint(making->history, call),
                .took_us = views_call_us(call),
                .prompt_tokens = call->prompt_tokens,
                .completion_tokens = call->completion_tokens,
                .retry_after_ms = call->retry_after_ms,
                .was_called = call->was_called,
                .is_usage_known = call->is_usage_known,
                .outcome_class = call->outcome_class,
                .last_class = call->after.last_class,
                .tries = call->after.tries,
                .open_posts = call->after.open_posts,
                .text_bytes = call->after.text_bytes,
                .retry_in_ms = call->after.retry_in_ms,
            };
}

static void tell_call(const struct history *history, const struct past_call *call,
                      struct model_chunk *made)
{
    const struct history_setting *setting = &history->setting;
    made->is_cached = call && views_is_cached(call);
    made->call_us = call ? views_call_us(call) : 0;
    if (call && call->is_usage_known) {
        made->prompt_tokens = call->prompt_tokens;
        made->completion_tokens = call->completion_tokens;
    } else if (!call) {
        made->prompt_tokens = (uint32_t)(made->text_bytes * setting->prompt_per_byte);
        made->completion_tokens = (uint32_t)(made->text_bytes * setting->completion_per_byte);
    }
}

static void make_chunk(struct making *making, uint32_t number, size_t part_of)
{
    const struct past_chunk *chunk = &making->job->chunks[number];
    bool is_split = has_parts(making->job, chunk);
    const struct past_call *last = is_split ? NULL : final_call(chunk);
    struct model_chunk *made = &making->chunks[making->count++];
    size_t own = making->count;
    *made = (struct model_chunk){.open_posts = chunk->open_posts,
                                 .text_bytes = chunk->text_bytes,
                                 .depth = chunk->depth,
                                 .part_of = part_of};
    add_failures(making, chunk, last, made);
    tell_call(making->history, last, made);
    for (uint32_t i = 0; is_split && i < chunk->part_count; i++)
        if (views_is_work(making->job, &making->job->chunks[chunk->parts[i]]))
            make_chunk(making, chunk->parts[i], own);
}

static void visit_job(const struct history *history, const struct past_job *job,
                      void (*visit)(void *context, const struct past_view *view), void *context)
{
    struct making making = {.history = history, .job = job};
    making.chunks = calloc(job->count + 1, sizeof(making.chunks[0]));
    CHECK(making.chunks);
    for (uint32_t i = 0; i < job->count; i++)
        if (!job->chunks[i].is_part && views_is_work(job, &job->chunks[i]))
            make_chunk(&making, i, 0);
    struct past_view view = {
        .job = {.tenant_id = job->tenant_id,
                .user_id = job->user_id,
                .service_class = job->service_class,
                .arrives_us = job->came_us - history->begun_us + 1, /* 0 would be: before */
                .is_healing = job->is_healing,
                .needs_llm = job->needs_llm,
                .chunks = making.chunks,
                .chunk_count = making.count},
        .first_us = job->first_us < 0 ? -1 : job->first_us - history->begun_us + 1,
        .finish_us = job->finish_us < 0 ? -1 : job->finish_us - history->begun_us + 1,
    };
    if (making.count > 0)
        visit(context, &view);
    for (size_t i = 0; i < making.count; i++)
        free((void *)(uintptr_t)making.chunks[i].failures);
    free(making.chunks);
}

void history_each(const struct history *history,
                  void (*visit)(void *context, const struct past_view *view), void *context)
{
    for (const struct past_job *job = history->jobs; job; job = job->hh.next)
        visit_job(history, job, visit, context);
}
