#include "past.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { MOST_JOB_CHUNKS = 20000 };

struct past_job *past_find(struct past_job *jobs, const char *id)
{
    struct past_job *found = NULL;
    HASH_FIND_STR(jobs, id, found);
    return found;
}

struct past_job *past_job(struct past_job **jobs, const char *id)
{
    struct past_job *job = past_find(*jobs, id);
    if (job)
        return job;
    job = calloc(1, sizeof(*job));
    CHECK(job && strlen(id) < JOB_ID_SIZE);
    strcpy(job->id, id);
    job->came_us = job->first_us = job->finish_us = -1;
    HASH_ADD_STR(*jobs, id, job);
    return job;
}

struct past_chunk *past_chunk(struct past_job *job, uint32_t number)
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

struct past_call *past_call(struct past_chunk *chunk, uint32_t attempt)
{
    struct past_call **place = &chunk->calls;
    while (*place && (*place)->attempt > attempt)
        place = &(*place)->older;
    if (*place && (*place)->attempt == attempt)
        return *place;
    struct past_call *call = calloc(1, sizeof(*call));
    CHECK(call);
    call->attempt = attempt;
    call->older = *place;
    *place = call;
    return call;
}

struct past_call *past_call_of(struct past_job **jobs, const struct attempt_id *id)
{
    struct past_chunk *chunk = past_chunk(past_job(jobs, id->job_id), id->chunk_number);
    return chunk ? past_call(chunk, id->attempt) : NULL;
}

static void free_calls(struct past_chunk *chunk)
{
    while (chunk->calls) {
        struct past_call *call = chunk->calls;
        chunk->calls = call->older;
        free(call);
    }
}

void past_free(struct past_job **jobs)
{
    struct past_job *job, *next;
    HASH_ITER (hh, *jobs, job, next) {
        HASH_DEL(*jobs, job);
        for (size_t i = 0; i < job->count; i++)
            free_calls(&job->chunks[i]);
        free(job->chunks);
        free(job);
    }
}
