/* The queue alone, without the rest of the core: its calls are begun and ended by hand. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "due.h"
#include "names_for_test.h"
#include "queue.h"

enum { CHUNK_MS = 100 };

struct hall {
    struct queue queue;
    struct book book;
    int last_job;
};

static inline void open_hall_with(struct hall *hall, uint32_t slots, struct queue_config config)
{
    *hall = (struct hall){0};
    for (int i = 0; i < CLASSES; i++)
        config.weights[i] = 1;
    queue_open(&hall->queue, &config);
    queue_set_pace(&hall->queue, slots, CHUNK_MS * 1000);
}

static inline void open_hall(struct hall *hall, uint32_t slots, bool has_first_chunks_first)
{
    open_hall_with(hall, slots,
                   (struct queue_config){.has_first_chunks_first = has_first_chunks_first});
}

static inline void send_away(void *context, struct job *job)
{
    while (job->turn->due_count > 0)
        queue_remove(context, due_first(job->turn));
}

static inline void close_hall(struct hall *hall)
{
    book_each_job(&hall->book, send_away, &hall->queue);
    book_free(&hall->book);
    queue_close(&hall->queue);
}

static inline void pass(struct hall *hall, int64_t ms)
{
    queue_pass_time(&hall->queue, instant_plus_ms(hall->queue.now, ms));
}

static inline struct job *come_to(struct hall *hall, const struct job_facts *facts, uint32_t chunks)
{
    struct job *job = book_add_job(&hall->book, facts, hall->queue.now);
    for (uint32_t i = 0; i < chunks; i++) {
        struct chunk *chunk = book_add_chunk(job, i);
        chunk->facts.status = CHUNK_READY;
        queue_add(&hall->queue, chunk);
    }
    return job;
}

static inline struct job *come(struct hall *hall, const char *name, const char *user,
                               uint32_t chunks)
{
    struct job_facts facts = {.job_id = id_named(name),
                              .tenant_id = "acme",
                              .user_id = user,
                              .service_class = CLASS_STANDARD};
    return come_to(hall, &facts, chunks);
}

/* A job of some id, of the tenant's user. */
static inline struct job *come_of(struct hall *hall, const char *tenant, const char *user,
                                  uint32_t chunks)
{
    char name[16];
    snprintf(name, sizeof name, "job %d", ++hall->last_job);
    struct job_facts facts = {.job_id = id_named(name),
                              .tenant_id = tenant,
                              .user_id = user,
                              .service_class = CLASS_STANDARD};
    return come_to(hall, &facts, chunks);
}

static inline void occupy(struct hall *hall, const struct chunk *chunk, int change)
{
    struct user *user = book_user_of(book_turn_of(chunk));
    user->occupied = (uint16_t)(user->occupied + change);
    queue_occupy(&hall->queue, book_turn_of(chunk), change);
    queue_user_changed(&hall->queue, user);
}

/* Takes who is next into service, for so many tokens; NULL = nobody is runnable. */
static inline struct chunk *start_for(struct hall *hall, uint64_t tokens)
{
    struct chunk *chunk = queue_next(&hall->queue);
    if (!chunk)
        return NULL;
    queue_charge(&hall->queue, chunk, tokens);
    queue_remove(&hall->queue, chunk);
    occupy(hall, chunk, 1);
    return chunk;
}

static inline struct chunk *start(struct hall *hall)
{
    return start_for(hall, QUANTUM_TOKENS);
}

/* One slot serves one chunk of whoever is next; answers whose it was. */
static inline const struct user *serve_for(struct hall *hall, uint64_t tokens)
{
    struct chunk *chunk = start_for(hall, tokens);
    assert_non_null(chunk);
    pass(hall, CHUNK_MS);
    occupy(hall, chunk, -1);
    return book_user_of(book_turn_of(chunk));
}

/* The same; it must be of this job. */
static inline void assert_serves(struct hall *hall, const struct job *job)
{
    struct chunk *chunk = start(hall);
    assert_non_null(chunk);
    assert_ptr_equal(book_job_of(chunk), job);
    pass(hall, CHUNK_MS);
    occupy(hall, chunk, -1);
}
