#include "translate.h"

#include <stdio.h>

#include "base/check.h"

/* The core's enums follow the wire's, whose zero stands for "not set". */
_Static_assert(CLASS_BACKGROUND + 1 == (int)TP__SERVICE_CLASS__BACKGROUND, "classes");
_Static_assert(JOB_EXPIRED + 1 == (int)TP__JOB_STATUS__EXPIRED, "job states");
_Static_assert(CHUNK_DONE + 1 == (int)TP__CHUNK_STATUS__DONE, "chunk states");
_Static_assert(MODE_EMBEDDED + 1 == (int)TP__ANALYSIS_MODE__BY_EMBEDDED, "modes");
_Static_assert(OUTCOME_ABORTED + 1 == (int)TP__OUTCOME_CLASS__ABORTED, "outcomes");
_Static_assert(BATCH_SPLIT + 1 == (int)TP__BATCH_OPERATION__SPLIT, "operations");
_Static_assert(BATCH_OLD + 1 == (int)TP__BATCH_STATUS__OLD, "batch states");
_Static_assert(WAITING_ANALYZER + 1 == (int)TP__WAITING_REASON__NO_ANALYZER, "reasons");
_Static_assert(RESULT_SPLIT + 1 == (int)TP__BATCH_RESULT__WAS_SPLIT, "batch results");

static enum analysis_mode mode_of(Tp__AnalysisMode mode)
{
    return mode == TP__ANALYSIS_MODE__BY_EMBEDDED ? MODE_EMBEDDED : MODE_LLM;
}

static enum outcome_class class_of(Tp__OutcomeClass outcome_class)
{
    bool is_well = outcome_class <= TP__OUTCOME_CLASS__OK;
    return is_well ? OUTCOME_NONE : (enum outcome_class)(outcome_class - 1);
}

static enum job_status status_of(Tp__JobStatus status)
{
    return status == TP__JOB_STATUS__NO_STATUS ? JOB_QUEUED : (enum job_status)(status - 1);
}

void translate_chunk(const Tp__ChunkState *chunk, struct chunk_facts *facts)
{
    *facts = (struct chunk_facts){
        .number = chunk->chunk_number,
        .status = (enum chunk_status)(chunk->status - 1),
        .version = chunk->version,
        .attempt = chunk->attempt,
        .epoch = chunk->epoch,
        .tries = chunk->tries,
        .depth = chunk->depth,
        .open_posts = chunk->open_posts,
        .text_bytes = chunk->text_bytes,
        .retry_in_ms = chunk->retry_in_ms,
        .lease_left_ms = chunk->lease_left_ms,
        .last_class = class_of(chunk->last_class),
        .mode = mode_of(chunk->mode),
    };
}

void translate_job(struct arena *arena, const Tp__JobState *job, struct job_facts *facts)
{
    struct chunk_facts *chunks = arena_array(arena, struct chunk_facts, job->n_chunks);
    for (size_t i = 0; i < job->n_chunks; i++)
        translate_chunk(job->chunks[i], &chunks[i]);
    *facts = (struct job_facts){
        .job_id = job->job_id,
        .tenant_id = job->tenant_id,
        .user_id = job->user_id,
        .service_class = (enum service_class)(job->service_class - 1),
        .status = status_of(job->status),
        .event_number = job->event_number,
        .deadline_left_ms = job->deadline_left_ms,
        .chunks = chunks,
        .chunk_count = job->n_chunks,
    };
}

const struct job_facts *translate_jobs(struct arena *arena, Tp__JobState *const *jobs, size_t count)
{
    struct job_facts *facts = arena_array(arena, struct job_facts, count);
    for (size_t i = 0; i < count; i++)
        translate_job(arena, jobs[i], &facts[i]);
    return facts;
}

/* What the store does not know any more has ended. */
static void answer_gone(struct batch_answer *answer)
{
    answer->job_status = JOB_EXPIRED;
    answer->chunk.status = CHUNK_DONE;
    answer->chunk.version = UINT32_MAX;
}

bool translate_answers(struct arena *arena, const Tp__BatchReply *reply, struct event *event)
{
    enum { PARTS = sizeof((struct batch_answer *)0)->parts / sizeof(struct chunk_facts) };
    if (reply->status == TP__BATCH_STATUS__NO_BATCH_STATUS)
        return false;
    struct batch_answer *answers = arena_array(arena, struct batch_answer, reply->n_items);
    for (size_t i = 0; i < reply->n_items; i++) {
        const Tp__BatchItemReply *item = reply->items[i];
        if (item->result == TP__BATCH_RESULT__NO_RESULT || item->n_parts > PARTS)
            return false;
        answers[i].result = (enum batch_result)(item->result - 1);
        answers[i].job_status = status_of(item->job_status);
        answers[i].part_count = item->n_parts;
        if (item->chunk == NULL)
            answer_gone(&answers[i]);
        else
            translate_chunk(item->chunk, &answers[i].chunk);
        for (size_t k = 0; k < item->n_parts; k++)
            translate_chunk(item->parts[k], &answers[i].parts[k]);
    }
    event->batch.status = (enum batch_status)(reply->status - 1);
    event->batch.answers = answers;
    event->batch.answer_count = reply->n_items;
    return true;
}

Tp__BatchItem **translate_items(struct arena *arena, const struct batch_item *items, size_t count)
{
    Tp__BatchItem **wire = arena_array(arena, Tp__BatchItem *, count);
    for (size_t i = 0; i < count; i++) {
        wire[i] = arena_new(arena, sizeof *wire[i]);
        *wire[i] = (Tp__BatchItem)TP__BATCH_ITEM__INIT;
        wire[i]->operation = (Tp__BatchOperation)(items[i].operation + 1);
        wire[i]->job_id = arena_string(arena, items[i].id.job_id);
        wire[i]->chunk_number = items[i].id.chunk_number;
        wire[i]->attempt = items[i].id.attempt;
        wire[i]->is_charged = items[i].is_charged;
        wire[i]->mode = (Tp__AnalysisMode)(items[i].mode + 1);
        wire[i]->reserved_tokens = items[i].reserved_tokens;
        wire[i]->lease_ms = items[i].lease_ms;
        wire[i]->lane = items[i].lane;
    }
    return wire;
}

struct attempt_id translate_attempt(const char *job_id, uint32_t chunk_number, uint32_t attempt)
{
    struct attempt_id id = {.chunk_number = chunk_number, .attempt = attempt};
    snprintf(id.job_id, sizeof id.job_id, "%s", job_id);
    return id;
}

Tp__ServiceClass translate_class(enum service_class service_class)
{
    return (Tp__ServiceClass)(service_class + 1);
}

void translate_explanation(const struct explanation *told, Tp__WaitingReply *reply)
{
    reply->is_known = told->is_known;
    if (!told->is_known)
        return;
    reply->reason = (Tp__WaitingReason)(told->reason + 1);
    reply->position = told->position;
    reply->served_users = told->served_users;
    reply->most_users = told->most_users;
    reply->retry_in_ms = told->retry_in_ms;
}
