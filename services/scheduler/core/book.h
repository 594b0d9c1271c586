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

#include "base/uuid.h"
#include "facts.h"
#include "heap.h"
#include "pool.h"
#include "table.h"
#include "texts.h"

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
    struct heap_node node;   /* among the runnable turns of its share, or those that may burst */
    struct heap_node urgent; /* among those that must not wait for a limit (urgent.h) */
    struct heap_node latest; /* among the runnable, by when its work must start (sojourn.h) */
    struct turn *next;       /* book_turn_after() */
    uint64_t rank;
    union {
        struct chunk *only;
        struct heap *many;
    } due; /* its chunks that are due (due.h) */
    uint32_t due_count;
    uint32_t waiting;  /* chunks that wait: for their turn, or for their retry */
    uint32_t stake;    /* in equal sharing (sojourn.h); 0 = none */
    uint16_t occupied; /* of its user's chunks in flight, those in this class */
    enum service_class service_class;
    bool is_bursting : 1; /* node is among those that may burst */
    bool is_limited : 1;  /* its user has used up a limit: nothing of it is granted */
    bool is_later : 1;    /* not its user's first (book_user_of()) */
};

/* One user in one lane: what has at most one chunk in flight (rule 1). */
struct user {
    struct turn first; /* most have no other; later ones have chunks in other classes */
    struct tenant *tenant;
    uint32_t jobs;     /* it lives while there are some */
    uint32_t purse;    /* number of what it uses of its limits (purses.c); 0 = it has none */
    uint32_t name;     /* in the book's names */
    uint16_t occupied; /* chunks in flight, or asked to be: at most one in each lane */
    uint8_t burst;     /* chunks it may have in flight while nobody else waits; 0 = its tenant's */
    uint8_t shut;      /* as its tenant's */
};
_Static_assert(sizeof(struct turn) == 64 && sizeof(struct user) == 88,
               "bytes of each of a million users who wait");

struct later_turn {
    struct turn turn;
    struct user *user;
};

/* Which heap a chunk stands in. */
enum chunk_place { PLACE_NOWHERE, PLACE_TURN, PLACE_WAITING, PLACE_SPLITS } FACTS_SMALL;

/* What is needed of chunk_facts after they were applied. */
struct kept_facts {
    uint32_t version, attempt;
    uint32_t open_posts, text_bytes;
    uint32_t due_in_ms; /* ready: the wait its row asks for; in flight: what is left of its lease */
    uint32_t number : CHUNK_NUMBER_BITS;
    uint8_t tries, depth; /* UINT8_MAX = as many or more */
    enum chunk_status status;
    enum outcome_class last_class;
    enum analysis_mode mode; /* of the attempt in flight */
};

struct chunk {
    union {
        struct heap_node node;  /* in its turn, among the waiting, or among those to be split */
        struct attempt *flight; /* while it flies: the attempt (book_flight_of()) */
    };
    struct kept_facts facts;
    uint8_t lane; /* in which it is, or is to be, in flight */
    enum chunk_place place;
    bool is_of_this_epoch : 1;    /* the attempt in flight */
    bool was_staked : 1;          /* equal sharing has counted its work, for some attempt */
    bool is_staked : 1;           /* and for the next one */
    bool is_patient : 1;          /* of a healing job: it has waited long after this attempt */
    bool is_without_endpoint : 1; /* it waits for one, since nothing else may stand in */
    bool is_by_embedded : 1;      /* its wait would have ended too close to the deadline */
    bool is_in_batch : 1;         /* an item of the outstanding batch is about it */
    bool is_occupying : 1;
    bool is_waiting : 1; /* counted among its user's */
    bool is_flying : 1;  /* as far as this leader tracks it */
    bool is_later : 1;   /* not its job's first (book_job_of()) */
};

struct later_chunk {
    struct chunk chunk;
    struct job *job;
};

/* With a chunk's number it is a key (due.h). */
enum { JOB_ORDER_BITS = 64 - CHUNK_NUMBER_BITS };

/* A million of them wait: text of ids, times nobody compares and room for what most have not would
 * be half of all memory. */
struct job {
    struct uuid id;
    struct turn *turn;     /* of its user, in the lane and the class of the job */
    struct chunk **chunks; /* by number, if there are more than one (book_chunk_at()) */
    struct instant heard;
    uint64_t order : JOB_ORDER_BITS; /* of hearing of it */
    enum job_status status;
    enum service_class service_class;
    bool is_unserved : 1;  /* it never had a permit (book_longest_unserved()) */
    bool is_asked_for : 1; /* the store is being asked about it */
    bool is_healing : 1;   /* never by the embedded analysis (rule 7) */
    bool needs_llm : 1;    /* not by it either, but as a last resort */
    uint32_t chunk_count;
    uint32_t deadline_ms; /* after it was heard of (book_deadline()); 0 = none */
    uint32_t event_number;
    uint32_t in_hand;      /* chunks in flight or in the batch: the job cannot be dropped yet */
    uint32_t older, newer; /* numbers of jobs: all by age; 0 = none */
    struct chunk first;    /* most have no other; its node is the job's own while that is over */
};
_Static_assert(sizeof(struct chunk) == 40 && sizeof(struct job) == 112,
               "bytes of each of a million jobs that wait");

struct book {
    struct pool jobs, users;
    struct table job_places, user_places;
    uint32_t oldest, newest; /* numbers of jobs; 0 = none */
    uint32_t longest_unserved;
    struct tenant_index *tenants;
    struct texts names; /* of users */
    struct heap over;   /* jobs, by when they may be forgotten */
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

/* Whose turn it is. */
static inline struct user *book_user_of(const struct turn *turn)
{
    if (turn->is_later)
        return ((const struct later_turn *)turn)->user;
    return (struct user *)((uintptr_t)turn - offsetof(struct user, first));
}

/* All turns of a user: the last that was made first, and the one in the user last. */
static inline struct turn *book_first_turn(struct user *user)
{
    return user->first.next ? user->first.next : &user->first;
}
static inline struct turn *book_turn_after(struct turn *turn)
{
    if (!turn->is_later)
        return NULL;
    return turn->next ? turn->next : &book_user_of(turn)->first;
}

static inline struct job *book_job_of(const struct chunk *chunk)
{
    if (chunk->is_later)
        return ((const struct later_chunk *)chunk)->job;
    return (struct job *)((uintptr_t)chunk - offsetof(struct job, first));
}
/* Its user's, in its job's lane and class. */
static inline struct turn *book_turn_of(const struct chunk *chunk)
{
    return book_job_of(chunk)->turn;
}
/* Its attempt in flight, or NULL. */
static inline struct attempt *book_flight_of(const struct chunk *chunk)
{
    return chunk->is_flying ? chunk->flight : NULL;
}

/* The tenant, made known if it is not. */
struct tenant *book_tenant(struct book *book, const char *tenant_id);
const char *book_tenant_id(const struct tenant *tenant);
static inline struct tenant *book_tenant_of(const struct chunk *chunk)
{
    return book_user_of(book_turn_of(chunk))->tenant;
}
/* The user in that lane, or NULL = it has no jobs. */
struct user *book_user(const struct book *book, const char *tenant_id, const char *user_id,
                       uint32_t lane);

/* Whose jobs the user's are. */
void book_name_user(const struct book *book, const struct user *user, const char **tenant_id,
                    const char **user_id);

struct job *book_job(const struct book *book, const char *job_id); /* NULL = unknown */
struct job *book_add_job(struct book *book, const struct job_facts *facts, struct instant now);
/* From now on until the end of the waiting, which is answered once, it is one of the unserved. */
void book_await_service(struct book *book, struct job *job);
bool book_end_waiting(struct book *book, struct job *job);
const struct job *book_longest_unserved(const struct book *book); /* or NULL */
/* With its chunks; nothing of it may be in hand. */
void book_drop_job(struct book *book, struct job *job);

/* INT64_MAX = none. */
static inline struct instant book_deadline(const struct job *job)
{
    return job->deadline_ms ? instant_plus_ms(job->heard, job->deadline_ms)
                            : (struct instant){INT64_MAX};
}

/* May the embedded analysis do it, for want of an endpoint or of time (rules 6 and 7)? */
static inline bool book_has_stand_in(const struct job *job)
{
    return !job->is_healing && !job->needs_llm;
}

/* Places count from 0, in the order of numbers. */
struct chunk *book_chunk_at(struct job *job, uint32_t place);
struct chunk *book_chunk(struct job *job, uint32_t number); /* NULL = unknown */
/* Without a row yet: it counts as done until one is applied. */
struct chunk *book_add_chunk(struct job *job, uint32_t number);
/* Its row now says so. Told as facts again, only what is kept of them is there. */
void book_keep_row(struct chunk *chunk, const struct chunk_facts *facts);
struct chunk_facts book_row_of(const struct chunk *chunk);

/* Calls `visit` for every job; it must not add or drop jobs. */
void book_each_job(const struct book *book, void (*visit)(void *context, struct job *job),
                   void *context);
