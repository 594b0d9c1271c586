/* What a forecast is made of: the unfinished jobs, and how long calls took lately (rule 12). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

/* One description on its way. */
struct telling {
    const struct scheduler *scheduler;
    scheduler_visit_job *visit;
    void *context;
    struct chunk_facts *chunks;
    struct chunk_stage *stages;
    size_t capacity, chunks_left;
    size_t left_out; /* jobs */
};

void calls_seen_note(struct calls_seen *seen, const struct chunk *chunk, int64_t took_us)
{
    struct call_sample *sample = &seen->samples[seen->count++ % CALLS_SEEN];
    *sample = (struct call_sample){
        .service_class = book_job_of(chunk)->service_class,
        .text_bytes = chunk->facts.text_bytes,
        .took_us = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX,
    };
}

size_t scheduler_recent_calls(const struct scheduler *s, struct call_sample samples[CALLS_SEEN])
{
    size_t count = s->calls_seen.count < CALLS_SEEN ? s->calls_seen.count : CALLS_SEEN;
    memcpy(samples, s->calls_seen.samples, count * sizeof(samples[0]));
    return count;
}

/* Whose it is stands in `use`. */
static void tell_use(const struct scheduler *s, const struct account *account,
                     struct recent_use use, scheduler_visit_use *visit, void *context)
{
    const struct window *requests = &account->requests, *money = &account->money;
    for (uint32_t i = requests->first; i < requests->end; i++) {
        const struct window_bucket *bucket = &requests->buckets[i];
        struct instant begin = {bucket->number * requests->bucket_ns};
        use.ago_ms = instant_ms_between(begin, s->now);
        use.calls = bucket->amount;
        use.tokens = window_at(&account->tokens, begin);
        visit(context, &use);
    }
    use.calls = use.tokens = 0;
    for (uint32_t i = money->first; i < money->end; i++) {
        struct instant begin = {money->buckets[i].number * money->bucket_ns};
        use.ago_ms = instant_ms_between(begin, s->now);
        use.micros = money->buckets[i].amount;
        visit(context, &use);
    }
}

static bool are_limits(const struct limits *limits)
{
    return !limits->is_shadow && (limits->requests_per_minute > 0 ||
                                  limits->tokens_per_minute > 0 || limits->micros_per_day > 0);
}

static void tell_users(const struct scheduler *s, scheduler_visit_use *visit, void *context)
{
    for (uint32_t number = 1; number <= s->budget.last_user_purse; number++) {
        const struct purse *purse = purses_at(s, number);
        if (purse && are_limits(orders_limits_of_user(s, purse)))
            tell_use(s, &purse->account,
                     (struct recent_use){.tenant_id = book_tenant_id(purse->tenant),
                                         .user_id = purse->user_id,
                                         .endpoint = ""},
                     visit, context);
    }
}

void scheduler_recent_use(const struct scheduler *s, scheduler_visit_use *visit, void *context)
{
    for (uint32_t i = 0; i < s->config.endpoint_count; i++)
        tell_use(s, &s->budget.endpoints[i].account,
                 (struct recent_use){
                     .tenant_id = "", .user_id = "", .endpoint = s->config.endpoints[i].name},
                 visit, context);
    for (const struct purse *purse = s->budget.purses; purse; purse = purse->next)
        if (are_limits(orders_limits_of_tenant(s, purse->tenant)))
            tell_use(s, &purse->account,
                     (struct recent_use){
                         .tenant_id = book_tenant_id(purse->tenant), .user_id = "", .endpoint = ""},
                     visit, context);
    tell_users(s, visit, context);
}

void scheduler_each_control(const struct scheduler *s, scheduler_visit_control *visit,
                            void *context)
{
    controls_each(&s->controls, visit, context);
}

static struct chunk_stage stage_of_attempt(const struct scheduler *s, const struct attempt *attempt)
{
    switch (attempt->phase) {
    case ATTEMPT_WAITING:
    case ATTEMPT_SWORN:
        return (struct chunk_stage){.kind = STAGE_WAITS};
    case ATTEMPT_CALLING:
        return (struct chunk_stage){.kind = STAGE_RUNS,
                                    .runs_for_us = (s->now.ns - attempt->permitted_at.ns) / 1000};
    case ATTEMPT_FOREIGN:
        return (struct chunk_stage){.kind = STAGE_RUNS};
    case ATTEMPT_CACHED:
    case ATTEMPT_ENDED:
        return (struct chunk_stage){.kind = STAGE_ENDS};
    case ATTEMPT_LOST:
        return (struct chunk_stage){.kind = STAGE_WAITS,
                                    .due_in_ms = instant_ms_between(
                                        s->now, instant_plus_ms(attempt->end, LEASE_MARGIN_MS))};
    }
    CHECK_UNREACHABLE();
}

static struct chunk_stage stage_of(const struct scheduler *s, const struct chunk *chunk)
{
    struct chunk_stage stage = {.kind = STAGE_WAITS};
    const struct attempt *attempt = book_flight_of(chunk);
    if (attempt)
        stage = stage_of_attempt(s, attempt);
    else if (chunk->place == PLACE_WAITING)
        stage.due_in_ms = instant_ms_between(
            s->now, (struct instant){(int64_t)heap_key(&s->waiting, &chunk->node)});
    if (stage.due_in_ms < 0)
        stage.due_in_ms = 0;
    return stage;
}

static void make_room(struct telling *telling, size_t count)
{
    if (count <= telling->capacity)
        return;
    telling->capacity = count;
    telling->chunks = reallocarray(telling->chunks, count, sizeof(telling->chunks[0]));
    telling->stages = reallocarray(telling->stages, count, sizeof(telling->stages[0]));
    CHECK(telling->chunks && telling->stages);
}

static void tell_job(void *context, struct job *job)
{
    struct telling *telling = context;
    const struct scheduler *s = telling->scheduler;
    if (job_status_is_terminal(job->status) || orders_is_user_held(s, book_user_of(job->turn)))
        return;
    if (job->chunk_count > telling->chunks_left) {
        telling->left_out++;
        return;
    }
    make_room(telling, job->chunk_count);
    size_t count = 0;
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        if (book_chunk_at(job, i)->facts.status == CHUNK_DONE)
            continue;
        telling->chunks[count] = book_row_of(book_chunk_at(job, i));
        telling->stages[count++] = stage_of(s, book_chunk_at(job, i));
    }
    telling->chunks_left -= count;
    char id[JOB_ID_SIZE];
    uuid_format(&job->id, id);
    struct job_facts facts = {.job_id = id,
                              .service_class = job->service_class,
                              .status = job->status,
                              .event_number = job->event_number,
                              .is_healing = job->is_healing,
                              .needs_llm = job->needs_llm,
                              .chunks = telling->chunks,
                              .chunk_count = count};
    book_name_user(&s->book, book_user_of(job->turn), &facts.tenant_id, &facts.user_id);
    if (book_deadline(job).ns != INT64_MAX) {
        int64_t left_ms = instant_ms_between(s->now, book_deadline(job));
        facts.deadline_left_ms = left_ms < 1 ? 1 : (uint32_t)left_ms;
    }
    telling->visit(telling->context, &facts, telling->stages);
}

size_t scheduler_describe(const struct scheduler *s, size_t most_chunks, scheduler_visit_job *visit,
                          void *context)
{
    struct telling telling = {
        .scheduler = s, .visit = visit, .context = context, .chunks_left = most_chunks};
    book_each_job(&s->book, tell_job, &telling);
    free(telling.chunks);
    free(telling.stages);
    return telling.left_out;
}
