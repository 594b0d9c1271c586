/* What the leader knows of jobs, chunks and users: a copy of the store's rows, rebuilt at every
 * takeover, never asked to be right about anything the store will check anyway.
 *
 * A job owns its chunks; a user lives while it has jobs; ids are kept once. Where a chunk waits
 * is the queue's and the rows' business (rows.h). One thread; the book owns all it hands out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"
#include "heap.h"
#include "pool.h"
#include "table.h"

struct attempt;
struct tenant_index;
struct purse;

/* The account that owns the keys: tenants share, and are limited, as wholes (rules 3 and 5). Once
 * heard of it is kept until the book is dropped, so that what it has used stays counted. */
struct tenant {
    struct tenant_index *index;
    struct purse *purse;           /* what it uses of its limits (budget.c); NULL = nothing yet */
    struct share *shares[CLASSES]; /* the queue's; NULL = it never had anything in that class */
    uint32_t burst; /* of each of its users, unless the user has its own; 0 = as the queue says */
    double weight;  /* among tenants; 0 = 1 (queue_set_weight()) */
    uint32_t users;
    uint32_t shut;          /* bits of enum shut_reason (queue.h): nothing of it is granted */
    uint64_t urgent_before; /* but, while shut by a limit only, what ends before (urgent.h) */
};

/* A user's place in the queue of one class. */
struct turn {
    struct heap_node node; /* among the runnable turns of its share, or those that may burst */
    struct heap ready;     /* its chunks that are due, oldest job first */
    struct user *user;
    struct turn *next;
    uint64_t rank;
    struct heap_node urgent; /* among those that must not wait for a limit (urgent.h) */
    struct heap_node latest; /* among the runnable, by when its work must start (sojourn.h) */
    uint32_t stake;          /* in equal sharing (sojourn.h); 0 = none */
    enum service_class service_class;
    uint32_t occupied; /* of its user's chunks in flight, those in this class */
    bool is_bursting;  /* node is among those that may burst */
};

/* One user in one lane: what has at most one chunk in flight (rule 1). */
struct user {
    struct tenant *tenant;
    char *name;
    struct turn *turns; /* one for each class it has chunks in; the first is in here */
    struct turn first;
    uint32_t jobs;     /* it lives while there are some */
    uint32_t shut;     /* as its tenant's */
    uint32_t burst;    /* chunks it may have in flight while nobody else waits; 0 = its tenant's */
    uint64_t lanes;    /* bits: those in which it has a chunk */
    uint32_t occupied; /* chunks in flight, or asked to be */
    uint32_t waiting;  /* chunks that wait: for their turn, or for their retry */
    uint32_t number, lane;
};

/* Which heap a chunk stands in. */
enum chunk_place { PLACE_NOWHERE, PLACE_TURN, PLACE_WAITING, PLACE_SPLITS } FACTS_SMALL;

struct chunk {
    struct heap_node node; /* in its turn, among the waiting, or among those to be split */
    struct job *job;
    struct turn *turn;
    struct attempt *flight; /* the attempt in flight, as far as this leader tracks it */
    struct chunk_facts facts;
    uint32_t staked;          /* equal sharing has counted its work up to this attempt; 0 = never */
    uint32_t patient;         /* the attempt after which, of a healing job, it has waited long */
    bool is_without_endpoint; /* it waits for one, since nothing else may stand in */
    bool is_by_embedded;      /* its wait would have ended too close to the deadline */
    bool is_in_batch;         /* an item of the outstanding batch is about it */
    bool is_occupying;
    bool is_waiting; /* counted among its user's */
    uint8_t lane;    /* in which it is, or is to be, in flight */
    enum chunk_place place;
};

/* Lines of jobs by age: all, and those that never had a permit. */
enum job_line { LINE_ALL, LINE_UNSERVED };
#define JOB_LINES 2

struct job {
    char id[JOB_ID_SIZE];
    struct heap_node over; /* among those that are over, by when they may be forgotten */
    struct user *user;     /* whose it is, in the lane of its class */
    struct chunk **chunks;
    struct chunk *only; /* where they are told if there is one, and that one */
    struct chunk first;
    uint32_t chunk_count, chunk_capacity;
    uint32_t event_number;
    uint32_t in_hand; /* chunks in flight or in the batch: the job cannot be dropped yet */
    uint32_t number;
    struct line_place {
        uint32_t older, newer; /* numbers of jobs; 0 = none */
    } lines[JOB_LINES];
    uint64_t order; /* of hearing of it */
    struct instant heard;
    struct instant deadline; /* INT64_MAX = none */
    enum job_status status;
    enum service_class service_class;
    bool is_unserved;  /* in that line */
    bool is_asked_for; /* the store is being asked about it */
    bool is_healing;   /* never by the embedded analysis (rule 7) */
};

struct book {
    struct pool jobs, users;
    struct table job_places, user_places;
    struct line_end {
        uint32_t oldest, newest; /* numbers of jobs; 0 = none */
    } lines[JOB_LINES];
    struct tenant_index *tenants;
    struct heap over;
    uint64_t last_order;
    size_t job_count, user_count, active_users, waiting_users;
    size_t queued[CLASSES]; /* chunks that wait: ready, or for their retry */
};

void book_free(struct book *book);

static inline bool job_status_is_terminal(enum job_status status)
{
    return status >= JOB_COMPLETED;
}

/* Interactive work has a lane of its own, beside all else of the user; so has each chunk of a burst
 * (rule 1). */
enum {
    INTERACTIVE_LANE = 1,
    FIRST_BURST_LANE = 2,
    MOST_LANES = 64,
    MOST_BURST = MOST_LANES - FIRST_BURST_LANE, /* then one of its lanes is always free */
};
static inline uint32_t book_lane_of(enum service_class service_class)
{
    return service_class == CLASS_INTERACTIVE ? INTERACTIVE_LANE : 0;
}

/* The tenant, made known if it is not. */
struct tenant *book_tenant(struct book *book, const char *tenant_id);
const char *book_tenant_id(const struct tenant *tenant);
static inline struct tenant *book_tenant_of(const struct chunk *chunk)
{
    return chunk->job->user->tenant;
}
/* The user in that lane, or NULL = it has no jobs. */
struct user *book_user(const struct book *book, const char *tenant_id, const char *user_id,
                       uint32_t lane);

/* Whose jobs the user's are. */
void book_name_user(const struct user *user, const char **tenant_id, const char **user_id);

struct job *book_job(const struct book *book, const char *job_id); /* NULL = unknown */
struct job *book_add_job(struct book *book, const struct job_facts *facts, struct instant now);
/* From now on until the end of the waiting, which is answered once, it is one of the unserved. */
void book_await_service(struct book *book, struct job *job);
bool book_end_waiting(struct book *book, struct job *job);
const struct job *book_longest_unserved(const struct book *book); /* or NULL */
/* With its chunks; nothing of it may be in hand. */
void book_drop_job(struct book *book, struct job *job);

struct chunk *book_chunk(const struct job *job, uint32_t number); /* NULL = unknown */
/* Without a row yet: it counts as done until one is applied. */
struct chunk *book_add_chunk(struct job *job, uint32_t number);

/* Calls `visit` for every job; it must not add or drop jobs. */
void book_each_job(const struct book *book, void (*visit)(void *context, struct job *job),
                   void *context);
