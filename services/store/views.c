#include "views.h"

#include <string.h>

#include "base/check.h"

enum { CHUNK_NUMBERS = 14, EVENT_COLUMNS = 18, US_PER_MS = 1000 };

static const char *const STATUS_NAMES[] = {
    [TP__JOB_STATUS__NO_STATUS] = "",
    [TP__JOB_STATUS__QUEUED] = "queued",
    [TP__JOB_STATUS__PROCESSING] = "processing",
    [TP__JOB_STATUS__COMPLETED] = "completed",
    [TP__JOB_STATUS__FAILED] = "failed",
    [TP__JOB_STATUS__CANCELLED] = "cancelled",
    [TP__JOB_STATUS__EXPIRED] = "expired",
};
enum { STATUS_COUNT = sizeof STATUS_NAMES / sizeof STATUS_NAMES[0] };

Tp__JobStatus status_parse(const char *name)
{
    for (size_t i = 1; i < STATUS_COUNT; i++) {
        if (strcmp(name, STATUS_NAMES[i]) == 0)
            return (Tp__JobStatus)i;
    }
    return TP__JOB_STATUS__NO_STATUS;
}

const char *status_name(Tp__JobStatus status)
{
    CHECK((size_t)status < STATUS_COUNT);
    return STATUS_NAMES[status];
}

void made_events_add(struct made_events *events, const Tp__JobEvent *event, struct arena *arena)
{
    if (events->count == events->capacity) {
        size_t capacity = events->capacity == 0 ? 8 : events->capacity * 2;
        const Tp__JobEvent **larger = arena_array(arena, const Tp__JobEvent *, capacity);
        if (events->count > 0)
            memcpy(larger, events->list, events->count * sizeof *larger);
        events->list = larger;
        events->capacity = capacity;
    }
    events->list[events->count++] = event;
}

static uint32_t ms_until(int64_t end_us, int64_t now_us)
{
    if (end_us <= now_us)
        return 0;
    int64_t ms = (end_us - now_us + US_PER_MS - 1) / US_PER_MS;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static void fill_chunk(Tp__ChunkState *chunk, const int64_t *numbers, int64_t now_us)
{
    *chunk = (Tp__ChunkState)TP__CHUNK_STATE__INIT;
    chunk->chunk_number = (uint32_t)numbers[0];
    chunk->status = (Tp__ChunkStatus)numbers[1];
    chunk->version = (uint32_t)numbers[2];
    chunk->attempt = (uint32_t)numbers[3];
    chunk->epoch = (uint64_t)numbers[4];
    chunk->tries = (uint32_t)numbers[5];
    chunk->depth = (uint32_t)numbers[6];
    chunk->lane = (uint32_t)numbers[7];
    chunk->open_posts = (uint32_t)numbers[8];
    chunk->text_bytes = (uint32_t)numbers[9];
    chunk->retry_in_ms = ms_until(numbers[10], now_us);
    chunk->lease_left_ms = ms_until(numbers[11], now_us);
    chunk->last_class = (Tp__OutcomeClass)numbers[12];
    chunk->mode = (Tp__AnalysisMode)numbers[13];
}

/* Numbers as chunk_numbers() writes them, some chunks one after the other; durations count from
 * now_us. Answers how many chunks. */
static size_t read_chunks(struct cells *cells, int64_t now_us, Tp__ChunkState ***chunks)
{
    int64_t *numbers;
    size_t count = cell_ints(cells, &numbers);
    CHECK(count % CHUNK_NUMBERS == 0);
    size_t chunk_count = count / CHUNK_NUMBERS;
    Tp__ChunkState *states = arena_array(cells->arena, Tp__ChunkState, chunk_count);
    *chunks = arena_array(cells->arena, Tp__ChunkState *, chunk_count);
    for (size_t i = 0; i < chunk_count; i++) {
        fill_chunk(&states[i], numbers + i * CHUNK_NUMBERS, now_us);
        (*chunks)[i] = &states[i];
    }
    return chunk_count;
}

Tp__JobEvent *read_event(struct cells *cells)
{
    if (cell_is_null(cells)) {
        cell_skip(cells, EVENT_COLUMNS);
        return NULL;
    }
    Tp__JobEvent *event = arena_new(cells->arena, sizeof *event);
    Tp__JobState *job = arena_new(cells->arena, sizeof *job);
    Tp__Progress *progress = arena_new(cells->arena, sizeof *progress);
    *event = (Tp__JobEvent)TP__JOB_EVENT__INIT;
    *job = (Tp__JobState)TP__JOB_STATE__INIT;
    *progress = (Tp__Progress)TP__PROGRESS__INIT;
    event->schema_version = SCHEMA_VERSION;
    event->job = job;
    event->progress = progress;
    job->job_id = cell_uuid(cells);
    job->tenant_id = cell_text(cells);
    job->user_id = cell_text(cells);
    job->service_class = (Tp__ServiceClass)cell_int(cells);
    job->created_us = cell_int(cells);
    int64_t deadline_us = cell_int(cells);
    progress->total_posts = (uint32_t)cell_int(cells);
    event->number = job->event_number = (uint32_t)cell_int(cells);
    event->kind = cell_text(cells);
    int64_t at_us = cell_int(cells);
    event->at_ms = at_us / US_PER_MS;
    job->deadline_left_ms = ms_until(deadline_us, at_us);
    job->status = status_parse(cell_text(cells));
    progress->processed_posts = (uint32_t)cell_int(cells);
    progress->failed_posts = (uint32_t)cell_int(cells);
    progress->total_chunks = (uint32_t)cell_int(cells);
    progress->done_chunks = (uint32_t)cell_int(cells);
    job->n_chunks = read_chunks(cells, at_us, &job->chunks);
    job->is_healing = cell_int(cells) == 1;
    job->needs_llm = cell_int(cells) == 1;
    return event;
}

Tp__JobState *read_job_state(struct cells *cells, int64_t now_us)
{
    Tp__JobState *job = arena_new(cells->arena, sizeof *job);
    *job = (Tp__JobState)TP__JOB_STATE__INIT;
    job->job_id = cell_uuid(cells);
    job->tenant_id = cell_text(cells);
    job->user_id = cell_text(cells);
    job->service_class = (Tp__ServiceClass)cell_int(cells);
    job->status = status_parse(cell_text(cells));
    job->event_number = (uint32_t)cell_int(cells);
    job->created_us = cell_int(cells);
    job->deadline_left_ms = ms_until(cell_int(cells), now_us);
    job->n_chunks = read_chunks(cells, now_us, &job->chunks);
    job->is_healing = cell_int(cells) == 1;
    job->needs_llm = cell_int(cells) == 1;
    return job;
}

static Tp__Limits *read_limits(struct cells *cells)
{
    enum { LIMIT_COLUMNS = 5 };
    if (cell_is_null(cells)) {
        cell_skip(cells, LIMIT_COLUMNS);
        return NULL;
    }
    Tp__Limits *limits = arena_new(cells->arena, sizeof *limits);
    *limits = (Tp__Limits)TP__LIMITS__INIT;
    limits->requests_per_minute = (uint32_t)cell_int(cells);
    limits->tokens_per_minute = (uint64_t)cell_int(cells);
    limits->calls_in_flight = (uint32_t)cell_int(cells);
    limits->micros_per_day = (uint64_t)cell_int(cells);
    limits->is_shadow = cell_int(cells) == 1;
    return limits;
}

Tp__Control *read_control(struct cells *cells)
{
    Tp__Control *control = arena_new(cells->arena, sizeof *control);
    *control = (Tp__Control)TP__CONTROL__INIT;
    control->scope = (Tp__ControlScope)cell_int(cells);
    control->tenant_id = cell_text(cells);
    control->name = cell_text(cells);
    control->state = (Tp__ControlState)cell_int(cells);
    control->message = cell_text(cells);
    control->weight = cell_double(cells);
    control->burst = (uint32_t)cell_int(cells);
    control->limits = read_limits(cells);
    control->version = (uint64_t)cell_int(cells);
    control->is_removed = cell_int(cells) == 1;
    control->unfinished_jobs = (uint32_t)cell_int(cells);
    return control;
}

static void read_rejected(struct cells *cells, Tp__JobView *view)
{
    int64_t *lines;
    char **reasons;
    view->n_rejected = cell_ints(cells, &lines);
    CHECK(cell_texts(cells, &reasons) == view->n_rejected);
    view->rejected = arena_array(cells->arena, Tp__RejectedPost *, view->n_rejected);
    for (size_t i = 0; i < view->n_rejected; i++) {
        Tp__RejectedPost *rejected = arena_new(cells->arena, sizeof *rejected);
        *rejected = (Tp__RejectedPost)TP__REJECTED_POST__INIT;
        rejected->line = (uint32_t)lines[i];
        rejected->reason = reasons[i];
        view->rejected[i] = rejected;
    }
}

static size_t read_list(struct cells *cells, const char ***list)
{
    char **texts;
    size_t count = cell_texts(cells, &texts);
    *list = arena_array(cells->arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        (*list)[i] = texts[i];
    return count;
}

static ProtobufCBinaryData read_schema(struct cells *cells)
{
    struct bytes schema = cell_bytes(cells);
    return (ProtobufCBinaryData){schema.length, (uint8_t *)(uintptr_t)schema.at};
}

Tp__JobView *read_job_view(struct cells *cells, bool *is_settled)
{
    Tp__JobView *view = arena_new(cells->arena, sizeof *view);
    Tp__Progress *progress = arena_new(cells->arena, sizeof *progress);
    *view = (Tp__JobView)TP__JOB_VIEW__INIT;
    *progress = (Tp__Progress)TP__PROGRESS__INIT;
    view->progress = progress;
    view->job_id = cell_uuid(cells);
    view->tenant_id = cell_text(cells);
    view->user_id = cell_text(cells);
    view->service_class = (Tp__ServiceClass)cell_int(cells);
    view->status = status_parse(cell_text(cells));
    progress->total_posts = (uint32_t)cell_int(cells);
    progress->processed_posts = (uint32_t)cell_int(cells);
    progress->failed_posts = (uint32_t)cell_int(cells);
    progress->total_chunks = (uint32_t)cell_int(cells);
    progress->done_chunks = (uint32_t)cell_int(cells);
    view->event_number = (uint32_t)cell_int(cells);
    view->created_ms = cell_int(cells) / US_PER_MS;
    view->updated_ms = cell_int(cells) / US_PER_MS;
    view->completed_ms = cell_int(cells) / US_PER_MS;
    view->deadline_ms = cell_int(cells) / US_PER_MS;
    view->error = cell_text(cells);
    view->n_tasks = read_list(cells, &view->tasks);
    view->prompt_tokens = (uint64_t)cell_int(cells);
    view->completion_tokens = (uint64_t)cell_int(cells);
    view->llm_calls = (uint32_t)cell_int(cells);
    view->micros = (uint64_t)cell_int(cells);
    view->instruction = cell_text(cells);
    view->schema_json = read_schema(cells);
    read_rejected(cells, view);
    view->n_summaries = read_list(cells, &view->summaries);
    *is_settled = cell_int(cells) == 1;
    return view;
}

static void read_posts(struct cells *cells, Tp__Dispatch *dispatch)
{
    int64_t *seqs;
    char **ids, **texts, **languages;
    size_t count = cell_ints(cells, &seqs);
    CHECK(cell_texts(cells, &ids) == count);
    CHECK(cell_texts(cells, &texts) == count);
    CHECK(cell_texts(cells, &languages) == count);
    Tp__Post *posts = arena_array(cells->arena, Tp__Post, count);
    dispatch->n_posts = count;
    dispatch->posts = arena_array(cells->arena, Tp__Post *, count);
    for (size_t i = 0; i < count; i++) {
        posts[i] = (Tp__Post)TP__POST__INIT;
        posts[i].seq = (uint32_t)seqs[i];
        posts[i].id = ids[i];
        posts[i].text = (ProtobufCBinaryData){strlen(texts[i]), (uint8_t *)texts[i]};
        posts[i].language = languages[i];
        dispatch->posts[i] = &posts[i];
    }
}

Tp__BatchItemReply *read_batch_line(struct cells *cells, const Tp__BatchItem *item, uint64_t epoch)
{
    Tp__BatchItemReply *reply = arena_new(cells->arena, sizeof *reply);
    Tp__Dispatch *dispatch = arena_new(cells->arena, sizeof *dispatch);
    *reply = (Tp__BatchItemReply)TP__BATCH_ITEM_REPLY__INIT;
    *dispatch = (Tp__Dispatch)TP__DISPATCH__INIT;
    reply->result = (Tp__BatchResult)cell_int(cells);
    reply->job_status = status_parse(cell_text(cells));
    int64_t now_us = cell_int(cells);
    Tp__ChunkState **chunk;
    if (read_chunks(cells, now_us, &chunk) > 0)
        reply->chunk = chunk[0];
    reply->n_parts = read_chunks(cells, now_us, &reply->parts);
    dispatch->schema_version = SCHEMA_VERSION;
    dispatch->job_id = item->job_id;
    dispatch->chunk_number = item->chunk_number;
    dispatch->epoch = epoch;
    dispatch->mode = item->mode;
    dispatch->reserved_tokens = item->reserved_tokens;
    dispatch->lease_ms = item->lease_ms;
    dispatch->tenant_id = cell_text(cells);
    dispatch->user_id = cell_text(cells);
    dispatch->service_class = (Tp__ServiceClass)cell_int(cells);
    dispatch->n_tasks = read_list(cells, &dispatch->tasks);
    dispatch->instruction = cell_text(cells);
    dispatch->schema_json = read_schema(cells);
    dispatch->attempt = (uint32_t)cell_int(cells);
    dispatch->endpoint = cell_text(cells);
    dispatch->order_seed = (uint64_t)cell_int(cells);
    read_posts(cells, dispatch);
    if (reply->result == TP__BATCH_RESULT__GRANTED)
        reply->dispatch = dispatch;
    return reply;
}
