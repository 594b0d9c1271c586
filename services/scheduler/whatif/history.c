#include "history.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"

enum { BYTES_PER_TOKEN = 4, MOST_JOB_CHUNKS = 20000, MOST_SCHEDULERS = 1000 };

struct past_job {
    UT_hash_handle hh;
    char id[JOB_ID_SIZE], tenant_id[TENANT_ID_SIZE], user_id[USER_ID_SIZE];
    enum service_class service_class;
    int64_t came_us, first_us, finish_us; /* -1 = not known */
    bool is_completed;
    struct past_chunk *chunks;
    size_t count;
};

struct seen_analyzer {
    UT_hash_handle hh;
    char id[INSTANCE_ID_SIZE];
};

/* A reading under way. */
struct reading {
    struct history *history;
    int64_t now_us, offset_us;
    const char *writer;
    uint64_t sequence;
    int64_t batch_asked_us;
    uint64_t batches, commits;
    int64_t batch_sum_us, commit_sum_us;
    struct seen_analyzer *analyzers;
};

static struct past_job *find_job(const struct history *history, const char *id)
{
    struct past_job *found = NULL;
    HASH_FIND_STR(history->jobs, id, found);
    return found;
}

static struct past_chunk *chunk_of(struct past_job *job, uint32_t number)
{
    if (number >= MOST_JOB_CHUNKS)
        return NULL;
    if (number >= job->count) {
        size_t count = number + 1;
        job->chunks = reallocarray(job->chunks, count, sizeof(job->chunks[0]));
        CHECK(job->chunks);
        memset(&job->chunks[job->count], 0, (count - job->count) * sizeof(job->chunks[0]));
        job->count = count;
    }
    return &job->chunks[number];
}

static struct past_chunk *find_chunk(const struct history *history, const struct attempt_id *id)
{
    struct past_job *job = find_job(history, id->job_id);
    return job && id->chunk_number < job->count ? &job->chunks[id->chunk_number] : NULL;
}

/* ---- jobs and their chunks ---- */
static void hear_done(struct reading *reading, struct past_job *job, struct past_chunk *chunk)
{
    if (chunk->is_done)
        return;
    chunk->is_done = true;
    if (job->first_us < 0)
        job->first_us = reading->now_us;
    if (chunk->outcome_us > 0) {
        reading->commit_sum_us += reading->now_us - chunk->outcome_us;
        reading->commits++;
    }
}

static void hear_chunk(struct reading *reading, struct past_job *job,
                       const struct chunk_facts *facts)
{
    struct past_chunk *chunk = facts->depth == 0 ? chunk_of(job, facts->number) : NULL;
    if (!chunk)
        return;
    if (!chunk->is_there) {
        chunk->is_there = true;
        chunk->told.open_posts = facts->open_posts;
        chunk->told.text_bytes = facts->text_bytes;
    }
    if (facts->status == CHUNK_DONE)
        hear_done(reading, job, chunk);
}

static void hear_job(struct reading *reading, const struct job_facts *facts)
{
    struct past_job *job = find_job(reading->history, facts->job_id);
    if (!job) {
        if (facts->status >= JOB_COMPLETED)
            return; /* it was over before */
        job = calloc(1, sizeof(*job));
        CHECK(job);
        strcpy(job->id, facts->job_id);
        strcpy(job->tenant_id, facts->tenant_id);
        strcpy(job->user_id, facts->user_id);
        job->service_class = facts->service_class;
        job->came_us = reading->now_us;
        job->first_us = job->finish_us = -1;
        HASH_ADD_STR(reading->history->jobs, id, job);
    }
    for (size_t i = 0; i < facts->chunk_count; i++)
        hear_chunk(reading, job, &facts->chunks[i]);
    if (facts->status == JOB_COMPLETED && !job->is_completed) {
        job->is_completed = true;
        job->finish_us = reading->now_us;
    }
}

/* ---- calls ---- */
static void add_sample(struct history *history, const struct call_sample *sample)
{
    if (history->sample_count == history->sample_capacity) {
        history->sample_capacity = history->sample_capacity ? history->sample_capacity * 2 : 256;
        history->samples =
            reallocarray(history->samples, history->sample_capacity, sizeof(history->samples[0]));
        CHECK(history->samples);
    }
    history->samples[history->sample_count++] = *sample;
}

static void hear_outcome(struct reading *reading, const struct outcome_facts *outcome)
{
    struct past_chunk *chunk = find_chunk(reading->history, &outcome->id);
    bool is_good =
        outcome->outcome_class == OUTCOME_NONE || outcome->outcome_class == OUTCOME_PARTIAL;
    if (!chunk || !is_good || chunk->is_done)
        return;
    chunk->outcome_us = reading->now_us;
    if (chunk->permitted_us == 0 || chunk->attempt != outcome->id.attempt) {
        chunk->told.call_us = 1; /* cached, or by the embedded analysis */
        return;
    }
    int64_t took_us = reading->now_us - chunk->permitted_us;
    chunk->was_called = true;
    chunk->is_usage_known = outcome->is_usage_known;
    chunk->told.call_us = took_us > 1 ? (uint32_t)took_us : 1;
    chunk->told.prompt_tokens =
        outcome->is_usage_known ? outcome->prompt_tokens : chunk->told.text_bytes / BYTES_PER_TOKEN;
    chunk->told.completion_tokens = outcome->completion_tokens;
    add_sample(reading->history, &(struct call_sample){.text_bytes = chunk->told.text_bytes,
                                                       .took_us = chunk->told.call_us});
}

static void hear_answer(struct reading *reading, const struct action *action, bool is_free)
{
    struct past_chunk *chunk = find_chunk(reading->history, &action->answer.id);
    if (!chunk || !action->answer.is_permitted || is_free)
        return;
    if (chunk->attempt == action->answer.id.attempt)
        return; /* it got its permit again */
    chunk->attempt = action->answer.id.attempt;
    chunk->permitted_us = reading->now_us;
}

static void hear_heartbeat(struct reading *reading, const char *id, uint32_t slots)
{
    struct history_setting *setting = &reading->history->setting;
    struct seen_analyzer *seen = NULL;
    HASH_FIND_STR(reading->analyzers, id, seen);
    if (!seen && slots > 0 && setting->analyzers < MOST_SCHEDULERS) {
        seen = calloc(1, sizeof(*seen));
        CHECK(seen);
        strcpy(seen->id, id);
        HASH_ADD_STR(reading->analyzers, id, seen);
        setting->analyzers++;
    }
    if (slots > setting->slots)
        setting->slots = slots;
}

static void hear_event(struct reading *reading, const struct event *event)
{
    switch (event->kind) {
    case EVENT_SNAPSHOT:
        for (size_t i = 0; i < event->snapshot.job_count; i++)
            hear_job(reading, &event->snapshot.jobs[i]);
        return;
    case EVENT_CHANGED:
        for (size_t i = 0; i < event->changed.job_count; i++)
            hear_job(reading, &event->changed.jobs[i]);
        return;
    case EVENT_JOB:
        if (event->job.job)
            hear_job(reading, event->job.job);
        return;
    case EVENT_JOB_EVENT:
        hear_job(reading, event->job_event.job);
        return;
    case EVENT_OUTCOME:
        hear_outcome(reading, &event->outcome);
        return;
    case EVENT_HEARTBEAT:
        hear_heartbeat(reading, event->heartbeat.instance_id, event->heartbeat.slots);
        return;
    case EVENT_BATCH:
        if (event->is_answered && event->batch.sequence == reading->sequence &&
            reading->batch_asked_us > 0) {
            reading->batch_sum_us += reading->now_us - reading->batch_asked_us;
            reading->batches++;
            reading->batch_asked_us = 0;
        }
        return;
    case EVENT_TIME:
    case EVENT_LEAVE:
    case EVENT_LEASE:
    case EVENT_PERMIT_ASK:
    case EVENT_WAITING_ASK:
    case EVENT_DISPATCH_FAILED:
    case EVENT_CONTROL:
    case EVENT_HEALING:
        return;
    }
}

static void hear_step(struct reading *reading, const struct trace_record *record)
{
    hear_event(reading, &record->event);
    bool is_free = record->event.kind == EVENT_PERMIT_ASK && record->event.ask.is_free;
    for (size_t i = 0; i < record->actions.count; i++) {
        const struct action *action = &record->actions.list[i];
        if (action->kind == ACTION_ANSWER)
            hear_answer(reading, action, is_free);
        if (action->kind == ACTION_ASK_BATCH) {
            reading->sequence = action->batch.sequence;
            reading->batch_asked_us = reading->now_us;
        }
    }
}

static void hear_start(struct reading *reading, const struct trace_record *record)
{
    struct history_setting *setting = &reading->history->setting;
    setting->config = record->config;
    setting->is_config_known = true;
    for (size_t i = 0; i < record->start.analyzer_count; i++)
        hear_heartbeat(reading, record->start.analyzers[i].instance_id,
                       record->start.analyzers[i].slots);
}

static bool read_all(struct reading *reading, struct trace *trace, struct error *why)
{
    struct trace_record record;
    do {
        if (!trace_next(trace, &record, why))
            return false;
        if (record.kind == TRACE_GAP) {
            reading->history->lost_steps += record.lost_steps;
            reading->history->lost_batches += record.lost_batches;
            continue;
        }
        if (record.kind == TRACE_END)
            break;
        if (reading->writer != record.instance_id) {
            reading->writer = record.instance_id;
            reading->offset_us = record.at_ms * 1000 - record.now.ns / 1000;
        }
        reading->now_us = record.now.ns / 1000 + reading->offset_us;
        if (record.kind == TRACE_START)
            hear_start(reading, &record);
        else
            hear_step(reading, &record);
    } while (true);
    return true;
}

/* ---- what came of it ---- */
static bool is_work(const struct past_job *job, const struct past_chunk *chunk)
{
    return chunk->is_there &&
           (chunk->outcome_us > 0 || (job->is_completed && chunk->told.open_posts > 0));
}

static int by_coming(const struct past_job *a, const struct past_job *b)
{
    return a->came_us < b->came_us ? -1 : a->came_us > b->came_us;
}

static void sum_up(struct reading *reading)
{
    struct history *history = reading->history;
    struct history_setting *setting = &history->setting;
    if (reading->batches > 0)
        setting->batch_us = reading->batch_sum_us / (int64_t)reading->batches;
    if (reading->commits > 0)
        setting->commit_us = reading->commit_sum_us / (int64_t)reading->commits;
    HASH_SORT(history->jobs, by_coming);
    history->begun_us = history->jobs ? history->jobs->came_us : 0;
    for (struct past_job *job = history->jobs; job; job = job->hh.next) {
        uint64_t work = 0;
        for (size_t i = 0; i < job->count; i++) {
            const struct past_chunk *chunk = &job->chunks[i];
            work += is_work(job, chunk);
            history->chunks_without_usage += chunk->was_called && !chunk->is_usage_known;
        }
        history->chunks += work;
        history->job_count += work > 0;
    }
}

bool history_read(struct trace *trace, struct history *history, struct error *why)
{
    *history = (struct history){.setting.config = SCHEDULER_DEFAULTS};
    struct reading reading = {.history = history};
    trace_rewind(trace);
    bool is_read = read_all(&reading, trace, why);
    struct seen_analyzer *analyzer, *next;
    HASH_ITER (hh, reading.analyzers, analyzer, next) {
        HASH_DEL(reading.analyzers, analyzer);
        free(analyzer);
    }
    sum_up(&reading);
    if (is_read && history->chunks == 0)
        return error_set(why, ERROR_INVALID, "no work was recorded in it");
    return is_read;
}

void history_free(struct history *history)
{
    struct past_job *job, *next;
    HASH_ITER (hh, history->jobs, job, next) {
        HASH_DEL(history->jobs, job);
        free(job->chunks);
        free(job);
    }
    free(history->samples);
    *history = (struct history){0};
}

void history_each(const struct history *history,
                  void (*visit)(void *context, const struct past_view *view), void *context)
{
    for (const struct past_job *job = history->jobs; job; job = job->hh.next) {
        struct model_chunk *chunks = calloc(job->count + 1, sizeof(chunks[0]));
        CHECK(chunks);
        size_t count = 0;
        for (size_t i = 0; i < job->count; i++)
            if (is_work(job, &job->chunks[i]))
                chunks[count++] = job->chunks[i].told;
        struct past_view view = {
            .job = {.tenant_id = job->tenant_id,
                    .user_id = job->user_id,
                    .service_class = job->service_class,
                    .arrives_us = job->came_us - history->begun_us + 1, /* 0 would be: before */
                    .chunks = chunks,
                    .chunk_count = count},
            .first_us = job->first_us < 0 ? -1 : job->first_us - history->begun_us + 1,
            .finish_us = job->finish_us < 0 ? -1 : job->finish_us - history->begun_us + 1,
        };
        if (count > 0)
            visit(context, &view);
        free(chunks);
    }
}
