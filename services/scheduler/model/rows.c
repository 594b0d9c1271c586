#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "world.h"

enum { ID_PREFIX = 24 };

static struct user_row *user_of(struct model *model, const struct model_job *job)
{
    char key[TENANT_ID_SIZE + USER_ID_SIZE];
    size_t tenant = strlen(job->tenant_id) + 1, user = strlen(job->user_id) + 1;
    CHECK(tenant <= TENANT_ID_SIZE && user <= USER_ID_SIZE);
    memcpy(key, job->tenant_id, tenant);
    memcpy(key + tenant, job->user_id, user);
    struct user_row *found = NULL;
    HASH_FIND(hh, model->users, key, tenant + user, found);
    if (found)
        return found;
    found = calloc(1, sizeof(*found) + tenant + user);
    CHECK(found);
    found->key_length = (uint32_t)(tenant + user);
    memcpy(found->key, key, tenant + user);
    HASH_ADD_KEYPTR(hh, model->users, found->key, found->key_length, found);
    return found;
}

static void free_chunk(struct chunk_row *chunk)
{
    if (!chunk)
        return;
    free_chunk(chunk->parts[0]);
    free_chunk(chunk->parts[1]);
    free((void *)(uintptr_t)chunk->told.failures);
    free(chunk);
}

static void add_chunk(struct job_row *job, struct chunk_row *chunk)
{
    if (job->count == job->capacity) {
        job->capacity = job->capacity ? job->capacity * 2 : job->told.chunk_count + 1;
        job->chunks = reallocarray((void *)job->chunks, job->capacity, sizeof(struct chunk_row *));
        CHECK(job->chunks);
    }
    chunk->facts.number = (uint32_t)job->count;
    job->chunks[job->count++] = chunk;
    job->left++;
}

static struct chunk_row *new_chunk(struct job_row *job, const struct model_chunk *told)
{
    struct chunk_row *chunk = calloc(1, sizeof(*chunk));
    CHECK(chunk);
    chunk->job = job;
    chunk->told = *told;
    chunk->told.failures = NULL;
    chunk->facts = (struct chunk_facts){.status = CHUNK_READY,
                                        .version = 1,
                                        .tries = told->tries,
                                        .depth = told->depth,
                                        .open_posts = told->open_posts,
                                        .text_bytes = told->text_bytes,
                                        .last_class = told->last_class,
                                        .mode = told->mode};
    if (told->failure_count > 0) {
        size_t bytes = told->failure_count * sizeof(told->failures[0]);
        struct model_failure *failures = malloc(bytes);
        CHECK(failures);
        chunk->told.failures = memcpy(failures, told->failures, bytes);
    }
    return chunk;
}

/* Those that are parts wait until what they are parts of is split. */
static void add_chunks(struct job_row *job, const struct model_chunk *told, size_t count)
{
    struct chunk_row **rows = calloc(count + 1, sizeof(struct chunk_row *));
    CHECK(rows);
    for (size_t i = 0; i < count; i++) {
        rows[i] = new_chunk(job, &told[i]);
        if (told[i].part_of == 0) {
            add_chunk(job, rows[i]);
            continue;
        }
        CHECK(told[i].part_of <= i);
        struct chunk_row *whole = rows[told[i].part_of - 1];
        CHECK(!whole->parts[1]);
        whole->parts[whole->parts[0] != NULL] = rows[i];
    }
    free((void *)rows);
}

struct job_row *rows_add(struct model *model, const struct model_job *told)
{
    if (model->job_count == model->job_capacity) {
        model->job_capacity = model->job_capacity ? model->job_capacity * 2 : 64;
        model->jobs =
            reallocarray((void *)model->jobs, model->job_capacity, sizeof(struct job_row *));
        CHECK(model->jobs);
    }
    struct job_row *job = calloc(1, sizeof(*job));
    CHECK(job);
    snprintf(job->id, sizeof(job->id), "00000000-0000-7000-8000-%012zu", model->job_count);
    job->told = *told;
    job->user = user_of(model, told);
    job->result = (struct model_result){.first_us = -1, .finish_us = -1};
    add_chunks(job, told->chunks, told->chunk_count);
    job->told.chunks = NULL; /* they were copied */
    model->jobs[model->job_count++] = job;
    model->jobs_left++;
    return job;
}

void rows_close(struct model *model)
{
    for (size_t i = 0; i < model->job_count; i++) {
        for (size_t k = 0; k < model->jobs[i]->count; k++)
            free_chunk(model->jobs[i]->chunks[k]);
        free((void *)model->jobs[i]->chunks);
        free(model->jobs[i]);
    }
    free((void *)model->jobs);
    struct user_row *user, *next;
    HASH_ITER (hh, model->users, user, next) {
        HASH_DEL(model->users, user);
        free(user);
    }
}

struct chunk_row *rows_find(const struct model *model, const struct attempt_id *id)
{
    size_t number = (size_t)strtoull(id->job_id + ID_PREFIX, NULL, 10);
    CHECK(number < model->job_count);
    struct job_row *job = model->jobs[number];
    return id->chunk_number < job->count ? job->chunks[id->chunk_number] : NULL;
}

struct attempt_id rows_attempt(const struct chunk_row *chunk)
{
    struct attempt_id id = {.chunk_number = chunk->facts.number, .attempt = chunk->facts.attempt};
    memcpy(id.job_id, chunk->job->id, sizeof(id.job_id));
    return id;
}

/* Nobody told what it is split into. */
static void halve(struct chunk_row *chunk)
{
    struct model_chunk half = chunk->told;
    half.stage = (struct chunk_stage){.kind = STAGE_WAITS};
    half.failure_count = 0;
    half.tries = 0;
    half.depth++;
    half.text_bytes = chunk->facts.text_bytes / 2;
    for (int i = 0; i < 2; i++) {
        half.open_posts = (chunk->facts.open_posts + (uint32_t)i) / 2;
        chunk->parts[i] = new_chunk(chunk->job, &half);
    }
}

size_t rows_split(struct chunk_row *chunk, struct chunk_facts parts[2])
{
    size_t count = 0;
    if (!chunk->parts[0])
        halve(chunk);
    for (int i = 0; i < 2 && chunk->parts[i]; i++) {
        add_chunk(chunk->job, chunk->parts[i]);
        parts[count++] = chunk->parts[i]->facts;
        chunk->parts[i] = NULL;
    }
    chunk->job->left--;
    return count;
}
