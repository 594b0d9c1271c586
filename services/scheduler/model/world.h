/* The model's parts, seen by its own files only. Times in us since the start. */
#pragma once

#include <uthash.h>

#include "core/heap.h"
#include "model.h"

enum { SIZE_CLASSES = 33, LEAST_OF_A_SIZE = 8, EMBEDDED_US = 20000 };

struct job_row;

struct user_row {
    UT_hash_handle hh;
    uint64_t lanes; /* in which a chunk is in flight */
    uint32_t key_length;
    char key[];
};

struct chunk_row {
    struct chunk_facts facts;
    struct model_chunk told;
    struct job_row *job;
    int64_t due_us; /* not granted before */
    uint32_t lane;
    struct {
        uint32_t endpoint, prompt_nanos, completion_nanos, tokens;
        uint64_t micros;
    } booked;                            /* by its last grant */
    const struct model_failure *failure; /* that its call comes to; NULL = it does not fail */
    size_t failed;                       /* of the failures told */
    struct chunk_row *parts[2];          /* until it is split */
    enum { CHUNK_IS_IDLE, CHUNK_IS_DISPATCHED, CHUNK_IS_ASKING, CHUNK_IS_CALLING } at;
    struct chunk_row *behind; /* in the work queue of its class */
};

struct job_row {
    char id[JOB_ID_SIZE];
    struct model_job told;
    struct user_row *user;
    struct chunk_row **chunks;
    size_t count, capacity;
    uint32_t event_number, left;
    bool is_known; /* the core has been told of it */
    struct model_result result;
};

enum happening_kind {
    ARRIVES,      /* a job */
    IS_ANSWERED,  /* the batch */
    IS_OVER,      /* a call */
    IS_COMMITTED, /* a chunk */
    ASKS_AGAIN,   /* an analyzer, that waits for a permit */
};

struct happening {
    struct heap_node node;
    enum happening_kind kind;
    uint32_t attempt; /* of the chunk */
    void *what;
    struct happening *next; /* among those not in use */
};

/* Lengths of calls, by size. */
struct calls {
    uint32_t *took_us; /* sorted by size class */
    size_t first[SIZE_CLASSES + 1], count;
    uint32_t fixed_us;
};

struct model {
    struct model_options options;
    struct scheduler *core;
    uint64_t random;
    int64_t now_us;
    struct heap happenings;
    uint32_t vain_looks; /* of the core, while nothing else was to happen */
    uint64_t happened;   /* orders what is at the same time */
    struct happening *spare;
    struct calls calls;
    struct job_row **jobs;
    size_t job_count, job_capacity, jobs_left;
    struct user_row *users;
    /* the batch under way */
    struct batch_item items[BATCH_LIMIT];
    size_t item_count;
    uint64_t sequence;
    int64_t store_free_us;
    /* analyzers */
    uint32_t free_slots;
    struct {
        struct chunk_row *first, **last;
    } work[CLASSES];
    struct chunk_row **asking; /* whose turn to ask has come; a ring */
    size_t asking_head, asking_count, asking_capacity;
    struct model_totals totals;
};

/* ---- world.c ---- */
/* The core takes the event, and all that it says is performed, which may be further steps. */
void model_step(struct model *model, struct event *event);

/* ---- happenings.c: what is still to happen ---- */
void model_happens_in(struct model *model, int64_t in_us, enum happening_kind kind, void *what,
                      uint32_t attempt);
int64_t happenings_next_us(const struct model *model); /* INT64_MAX = there are none */
struct happening happenings_take(struct model *model); /* the next one, which there must be */
void happenings_close(struct model *model);

/* ---- calls.c ---- */
void calls_open(struct calls *calls, const struct model_options *options);
void calls_close(struct calls *calls);
/* How long the call takes from now; so much of it has passed. */
int64_t calls_draw(struct model *model, const struct chunk_row *chunk, int64_t passed_us);

/* ---- rows.c ---- */
struct job_row *rows_add(struct model *model, const struct model_job *job);
struct chunk_row *rows_find(const struct model *model, const struct attempt_id *id);
struct attempt_id rows_attempt(const struct chunk_row *chunk);
/* Into the parts that were told, else into halves; answers how many. */
size_t rows_split(struct chunk_row *chunk, struct chunk_facts parts[2]);
void rows_close(struct model *model);

/* ---- store.c ---- */
void store_begin(struct model *model); /* what runs at the start */
void store_answer_snapshot(struct model *model, uint64_t epoch);
void store_answer_job(struct model *model, const struct action *action);
void store_take_batch(struct model *model, const struct action *action);
void store_answer_batch(struct model *model);
void store_tell_job(struct model *model, struct job_row *job);
void store_commit(struct model *model, struct chunk_row *chunk);

/* ---- told.c: calls that are told how to end ---- */
/* It has its permit, at the endpoint it was granted for: does this call fail? */
void told_begin(struct chunk_row *chunk);
bool told_is_free(const struct chunk_row *chunk);
int64_t told_length_us(struct model *model, const struct chunk_row *chunk);
/* Its outcome, which is charged. */
struct outcome_facts told_end(struct model *model, const struct chunk_row *chunk);
/* What the store makes of the chunk, whose call has failed. */
void told_fail(struct model *model, struct chunk_row *chunk);

/* ---- analyzers.c ---- */
void analyzers_begin(struct model *model);
void analyzers_close(struct model *model);
void analyzers_beat(struct model *model);
void analyzers_take(struct model *model, struct chunk_row *chunk); /* a dispatch has come */
void analyzers_hear(struct model *model, const struct action *action);
void analyzers_ask(struct model *model, struct chunk_row *chunk, uint32_t ask_number);
/* Lets those ask whose turn it is; false: nobody. */
bool analyzers_go_on(struct model *model);
void analyzers_end_call(struct model *model, struct chunk_row *chunk);
