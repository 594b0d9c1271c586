#include <string.h>

#include "reading.h"

static bool is_over(enum job_status status)
{
    return status >= JOB_COMPLETED;
}

static void hear_done(struct reading *reading, struct past_job *job, struct past_chunk *chunk)
{
    chunk->is_done = true;
    if (chunk->is_being_split)
        return; /* its parts bring the results */
    if (job->first_us < 0)
        job->first_us = reading->now_us;
    const struct past_call *call = chunk->calls;
    /* What ended while nobody led was committed before it was told. */
    if (call && call->chapter == reading->in_force.chapters + 1) {
        reading->commit_sum_us += reading->now_us - call->over_us;
        reading->commits++;
    }
}

static void hear_chunk(struct reading *reading, struct past_job *job,
                       const struct chunk_facts *facts)
{
    struct past_chunk *chunk = past_chunk(job, facts->number);
    if (!chunk || (chunk->is_told && facts->version < chunk->version))
        return;
    if (!chunk->is_told) {
        chunk->is_told = true;
        chunk->open_posts = facts->open_posts;
        chunk->text_bytes = facts->text_bytes;
        chunk->depth = facts->depth;
    }
    chunk->version = facts->version;
    if (facts->status == CHUNK_IN_FLIGHT)
        return;
    struct past_call *call = chunk->calls;
    if (call && call->attempt == facts->attempt && call->over_us > 0 && !call->has_after) {
        call->has_after = true;
        call->after = *facts;
    }
    if (facts->status == CHUNK_DONE && !chunk->is_done)
        hear_done(reading, job, chunk);
}

void jobs_hear(struct reading *reading, const struct job_facts *facts)
{
    struct past_job *job = past_find(reading->history->jobs, facts->job_id);
    if (!job && is_over(facts->status))
        return; /* it was over before */
    job = past_job(&reading->history->jobs, facts->job_id);
    if (!job->is_told) {
        job->is_told = true;
        strcpy(job->tenant_id, facts->tenant_id);
        strcpy(job->user_id, facts->user_id);
        job->service_class = facts->service_class;
        job->is_healing = facts->is_healing;
        job->needs_llm = facts->needs_llm;
        job->came_us = reading->now_us;
    }
    for (size_t i = 0; i < facts->chunk_count; i++)
        hear_chunk(reading, job, &facts->chunks[i]);
    if (facts->status == JOB_COMPLETED && !job->is_completed) {
        job->is_completed = true;
        job->finish_us = reading->now_us;
    }
}

/* A part stands behind its whole and one deeper, and is a part of nothing else. */
static void take_part(struct past_job *job, uint32_t whole_number, uint32_t number)
{
    if (number >= job->count || whole_number >= number)
        return;
    struct past_chunk *part = &job->chunks[number], *whole = &job->chunks[whole_number];
    if (part->is_part || part->depth != whole->depth + 1 || whole->part_count == 2)
        return;
    part->is_part = true;
    whole->parts[whole->part_count++] = number;
}

void jobs_hear_split(struct reading *reading, const struct attempt_id *id,
                     const struct batch_answer *answer)
{
    struct past_job *job = past_job(&reading->history->jobs, id->job_id);
    for (size_t i = 0; i < answer->part_count; i++) {
        hear_chunk(reading, job, &answer->parts[i]);
        take_part(job, id->chunk_number, answer->parts[i].number);
    }
}
