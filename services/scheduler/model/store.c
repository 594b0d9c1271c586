#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/splitmix.h"
#include "world.h"

enum { LONG_LEASE_MS = 3600 * 1000, LANES = 64 };

static void fly(struct chunk_row *chunk, uint32_t lane)
{
    CHECK(lane < LANES);
    chunk->lane = lane;
    chunk->job->user->lanes |= UINT64_C(1) << lane;
    chunk->facts.status = CHUNK_IN_FLIGHT;
    chunk->facts.attempt++;
    chunk->facts.version++;
}

static void land(struct chunk_row *chunk, enum chunk_status status)
{
    chunk->job->user->lanes &= ~(UINT64_C(1) << chunk->lane);
    chunk->facts.status = status;
    chunk->facts.version++;
    chunk->facts.retry_in_ms = chunk->facts.lease_left_ms = 0;
}

/* ---- what the core is told ---- */
static enum job_status status_of(const struct job_row *job)
{
    if (job->left == 0)
        return JOB_COMPLETED;
    return job->result.first_us >= 0 || job->event_number > 1 ? JOB_PROCESSING : JOB_QUEUED;
}

static struct job_facts facts_of(const struct model *model, const struct job_row *job)
{
    struct job_facts facts = {.job_id = job->id,
                              .tenant_id = job->told.tenant_id,
                              .user_id = job->told.user_id,
                              .service_class = job->told.service_class,
                              .status = status_of(job),
                              .event_number = job->event_number,
                              .is_healing = job->told.is_healing,
                              .needs_llm = job->told.needs_llm};
    if (job->told.deadline_left_ms > 0) {
        int64_t begun_us = job->told.arrives_us > 0 ? job->told.arrives_us : 0;
        int64_t left_ms = job->told.deadline_left_ms - (model->now_us - begun_us) / 1000;
        facts.deadline_left_ms = left_ms > 1 ? (uint32_t)left_ms : 1;
    }
    return facts;
}

/* The rows of its chunks, which the caller frees. */
static struct chunk_facts *rows_of(const struct model *model, const struct job_row *job)
{
    struct chunk_facts *rows = reallocarray(NULL, job->count + 1, sizeof(rows[0]));
    CHECK(rows);
    for (size_t i = 0; i < job->count; i++) {
        rows[i] = job->chunks[i]->facts;
        int64_t due_us = job->chunks[i]->due_us - model->now_us;
        rows[i].retry_in_ms = due_us > 0 ? (uint32_t)(due_us / 1000) : 0;
    }
    return rows;
}

/* What runs at the start was begun by an earlier leader. */
static void resume(struct model *model, struct chunk_row *chunk)
{
    uint32_t lane = chunk->job->told.service_class == CLASS_INTERACTIVE;
    while (chunk->job->user->lanes >> lane & 1 && lane < LANES - 2)
        lane += 2; /* a burst */
    fly(chunk, lane);
    chunk->facts.lease_left_ms = LONG_LEASE_MS;
    chunk->at = CHUNK_IS_CALLING;
    int64_t left_us = 0, passed_us = chunk->told.stage.runs_for_us;
    if (chunk->told.stage.kind == STAGE_RUNS)
        left_us = calls_draw(model, chunk, passed_us);
    if (chunk->told.stage.kind == STAGE_RUNS && passed_us == 0)
        left_us = (int64_t)(splitmix_next(&model->random) % (uint64_t)(left_us + 1));
    if (model->free_slots > 0)
        model->free_slots--;
    model->totals.call_us += left_us;
    model_happens_in(model, left_us, IS_OVER, chunk, chunk->facts.attempt);
}

void store_begin(struct model *model)
{
    for (size_t i = 0; i < model->job_count; i++) {
        struct job_row *job = model->jobs[i];
        if (job->told.arrives_us > 0) {
            model_happens_in(model, job->told.arrives_us, ARRIVES, job, 0);
            continue;
        }
        job->event_number = 1;
        for (size_t k = 0; k < job->count; k++) {
            struct chunk_row *chunk = job->chunks[k];
            chunk->due_us = chunk->told.stage.due_in_ms * 1000;
            if (chunk->told.stage.kind != STAGE_WAITS)
                resume(model, chunk);
        }
    }
}

void store_answer_snapshot(struct model *model, uint64_t epoch)
{
    struct job_facts *jobs = reallocarray(NULL, model->job_count + 1, sizeof(jobs[0]));
    CHECK(jobs);
    size_t count = 0;
    for (size_t i = 0; i < model->job_count; i++) {
        struct job_row *job = model->jobs[i];
        if (job->event_number == 0)
            continue; /* it has not come yet */
        job->is_known = true;
        jobs[count] = facts_of(model, job);
        jobs[count].chunks = rows_of(model, job);
        jobs[count++].chunk_count = job->count;
    }
    for (uint32_t i = 0; i < model->options.config.endpoint_count; i++)
        scheduler_stand_endpoint(model->core, i, &model->options.standing[i]);
    struct event event = {.kind = EVENT_SNAPSHOT,
                          .is_answered = true,
                          .snapshot = {.epoch = epoch,
                                       .now_us = model->now_us,
                                       .jobs = jobs,
                                       .job_count = count,
                                       .calls = model->options.calls,
                                       .call_count = model->options.call_count,
                                       .spends = model->options.spends,
                                       .spend_count = model->options.spend_count,
                                       .controls = model->options.controls,
                                       .control_count = model->options.control_count,
                                       .next_cursor = ""}};
    model_step(model, &event);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)jobs[i].chunks);
    free(jobs);
}

/* All of it, whether it has come or is asked about. */
static void with_rows(struct model *model, struct job_row *job, struct event *event)
{
    struct job_facts facts = facts_of(model, job);
    struct chunk_facts *rows = rows_of(model, job);
    facts.chunks = rows;
    facts.chunk_count = job->count;
    if (event->kind == EVENT_JOB)
        event->job.job = &facts;
    else
        event->job_event.job = &facts;
    model_step(model, event);
    free(rows);
}

void store_tell_job(struct model *model, struct job_row *job)
{
    job->event_number = 1;
    struct event event = {.kind = EVENT_JOB_EVENT, .job_event.number = 1};
    with_rows(model, job, &event);
}

void store_answer_job(struct model *model, const struct action *action)
{
    struct attempt_id id = {0};
    strcpy(id.job_id, action->job_id);
    struct event event = {.kind = EVENT_JOB, .is_answered = true, .job.epoch = action->epoch};
    strcpy(event.job.job_id, action->job_id);
    const struct chunk_row *first = rows_find(model, &id);
    CHECK(first);
    with_rows(model, first->job, &event);
}

static void finish(struct model *model, struct job_row *job)
{
    job->left--;
    model->totals.chunks++;
    model->totals.end_us = model->now_us;
    if (job->result.first_us < 0)
        job->result.first_us = model->now_us;
    if (job->left > 0)
        return;
    job->result.finish_us = model->now_us;
    model->jobs_left--;
}

void store_commit(struct model *model, struct chunk_row *chunk)
{
    struct job_row *job = chunk->job;
    bool has_failed = chunk->failure != NULL;
    land(chunk, has_failed ? CHUNK_READY : CHUNK_DONE);
    if (has_failed)
        told_fail(model, chunk);
    else
        finish(model, job);
    job->event_number++;
    struct job_facts facts = facts_of(model, job);
    facts.chunks = &chunk->facts;
    facts.chunk_count = 1;
    struct event event = {.kind = EVENT_JOB_EVENT,
                          .job_event = {.job = &facts, .number = job->event_number}};
    model_step(model, &event);
}

/* ---- the numbered batch ---- */
void store_take_batch(struct model *model, const struct action *action)
{
    CHECK(model->item_count == 0);
    memcpy(model->items, action->batch.items, action->batch.count * sizeof(model->items[0]));
    model->item_count = action->batch.count;
    model->sequence = action->batch.sequence;
    if (model->store_free_us < model->now_us)
        model->store_free_us = model->now_us;
    model->store_free_us += model->options.batch_us;
    model_happens_in(model, model->store_free_us - model->now_us, IS_ANSWERED, NULL, 0);
}

static void book(const struct model *model, struct chunk_row *chunk, const struct batch_item *item)
{
    const struct scheduler_config *config = &model->options.config;
    uint32_t endpoint = 0;
    while (endpoint + 1 < config->endpoint_count &&
           strcmp(config->endpoints[endpoint].name, item->endpoint) != 0)
        endpoint++;
    chunk->booked.endpoint = endpoint;
    chunk->booked.prompt_nanos = item->prompt_nanos;
    chunk->booked.completion_nanos = item->completion_nanos;
    chunk->booked.tokens = item->reserved_tokens;
    chunk->booked.micros = item->reserved_micros;
}

static enum batch_result grant(struct model *model, struct chunk_row *chunk,
                               const struct batch_item *item)
{
    if (chunk->facts.status != CHUNK_READY)
        return RESULT_GONE;
    if (chunk->due_us > model->now_us || item->lane >= LANES ||
        chunk->job->user->lanes >> item->lane & 1)
        return RESULT_BUSY;
    fly(chunk, item->lane);
    book(model, chunk, item);
    chunk->facts.mode = item->mode;
    chunk->facts.lease_left_ms = item->lease_ms;
    chunk->at = CHUNK_IS_IDLE;
    return RESULT_GRANTED;
}

static enum batch_result take_back(struct chunk_row *chunk, const struct batch_item *item)
{
    if (chunk->facts.status != CHUNK_IN_FLIGHT || chunk->facts.attempt != item->id.attempt ||
        chunk->at == CHUNK_IS_CALLING)
        return RESULT_GONE;
    land(chunk, CHUNK_READY);
    chunk->facts.tries += item->is_charged;
    return item->operation == BATCH_REAP ? RESULT_REAPED : RESULT_RELEASED;
}

static enum batch_result split(struct chunk_row *chunk, struct batch_answer *answer)
{
    if (chunk->facts.status != CHUNK_READY || chunk->facts.open_posts < 2)
        return RESULT_GONE;
    answer->part_count = rows_split(chunk, answer->parts);
    chunk->facts.status = CHUNK_DONE;
    chunk->facts.version++;
    return RESULT_SPLIT;
}

static enum batch_result do_item(struct model *model, const struct batch_item *item,
                                 struct batch_answer *answer)
{
    struct chunk_row *chunk = rows_find(model, &item->id);
    CHECK(chunk);
    switch (item->operation) {
    case BATCH_GRANT:
        return grant(model, chunk, item);
    case BATCH_REAP:
    case BATCH_RELEASE:
        return take_back(chunk, item);
    case BATCH_SPLIT:
        return split(chunk, answer);
    }
    CHECK_UNREACHABLE();
}

void store_answer_batch(struct model *model)
{
    static const struct batch_answer EMPTY;
    struct batch_answer answers[BATCH_LIMIT];
    size_t count = model->item_count;
    model->item_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct chunk_row *chunk = rows_find(model, &model->items[i].id);
        CHECK(chunk);
        answers[i] = EMPTY;
        answers[i].result = do_item(model, &model->items[i], &answers[i]);
        answers[i].chunk = chunk->facts;
        answers[i].job_status = JOB_PROCESSING;
    }
    struct event event = {
        .kind = EVENT_BATCH,
        .is_answered = true,
        .batch = {
            .epoch = 1, .sequence = model->sequence, .answers = answers, .answer_count = count}};
    model_step(model, &event);
}
