/* What there is in the simulated fleet: rows of its database, messages, calls, and what operators
 * set. Plain values, written by the parts that are named like them and read by the checkers.
 */
#pragma once

#include "core/core.h"
#include "scale.h"

struct model_post {
    bool is_poison, is_hopeless, is_killer;
    uint32_t results, reasons;    /* how many times each was written */
    bool is_given_up;             /* of healing: its tries are used, and the next is an hour away */
    bool is_degraded, is_healing; /* by the embedded analysis for want of an endpoint */
    uint32_t revised;
    uint32_t original; /* of a job that heals: the post that it replaces */
};

struct model_chunk {
    struct chunk_facts facts; /* without its durations */
    int64_t not_before, lease_until, failed_at;
    int64_t told_to_wait_until; /* by the LLM; of the world's time */
    bool is_refused;            /* for now */
    uint32_t root;              /* the chunk that was split first */
    uint32_t poisoned, good;    /* of a root: LLM outcomes of all its parts */
    bool is_disturbed;          /* of a root: other things failed as well */
    uint32_t posts[POSTS_PER_CHUNK];
};

struct model_job {
    char id[JOB_ID_SIZE];
    uint32_t number, user, lane; /* number: the same whatever else is left out */
    enum service_class service_class;
    enum job_status status;
    uint32_t event_number, post_count, chunk_count;
    int64_t changed_at, lasts, deadline, cancelled_after;
    int64_t touched_at, freed_at, ended_at; /* of the world's time */
    struct model_job *heals;                /* NULL = it is a job of a client */
    uint32_t healings;
    struct model_post posts[POSTS_PER_JOB];
    struct model_chunk chunks[CHUNKS_PER_JOB];
};

/* What was granted: the dispatch as it travels. */
struct grant {
    struct attempt_id id;
    struct model_job *job;
    enum analysis_mode mode;
    uint32_t posts[POSTS_PER_CHUNK], post_count;
    int64_t lease;
    bool is_permitted, is_degraded, is_cached;
    bool is_told, is_forgotten; /* its leader knows of it; will not publish it again */
    int64_t permitted_at;
    uint64_t epoch, heard_by; /* the leader that has heard its outcome */
    uint32_t lane;
    bool is_probe;
    /* by the LLM: its row among the calls */
    uint32_t endpoint, reserved_tokens;
    uint64_t reserved_micros; /* once settled, what was used of both */
    uint32_t booked_tokens;
    uint64_t booked_micros;
    int64_t granted_at, lease_until, settled_at; /* by the database's clock; 0 = not yet */
    bool was_called;
    enum outcome_class outcome_class;
    uint32_t retry_after_ms; /* with server_limits: as its server said */
    struct server_limits said;
    struct grant *older;
};

struct usage {
    uint32_t prompt, completion; /* tokens */
};

/* What an analyzer says of an attempt. */
struct outcome {
    struct attempt_id id;
    enum outcome_class outcome_class;
    bool has_result[POSTS_PER_CHUNK], is_hopeless[POSTS_PER_CHUNK];
    bool was_called, is_usage_known;
    struct usage usage;
    uint32_t retry_after_ms;
    struct server_limits said; /* by the server, of itself */
};

struct call {
    const struct grant *grant;
    uint32_t analyzer, incarnation;
    struct usage usage;
    int64_t asked, started, ended, lease_until;
    bool is_refused; /* by the server's own limit */
    struct call *older;
};

struct in_flight {
    struct model_job *job;
    uint32_t chunk;
};

/* What operators set: for the system, for each tenant, for each user. */
enum {
    CONTROL_OF_SYSTEM = 0,
    CONTROL_OF_TENANTS = 1,
    CONTROL_OF_ENDPOINTS = CONTROL_OF_TENANTS + TENANTS,
    CONTROL_OF_USERS = CONTROL_OF_ENDPOINTS + ENDPOINTS,
    CONTROLS = CONTROL_OF_USERS + USERS,
};
struct model_control {
    enum control_state state;
    double weight;
    uint64_t version; /* 0 = nothing was ever set */
    int64_t changed_at;
    bool is_removed, lifts_limits;
    bool has_limits; /* a user from the start, others now and then, until all are lifted */
    struct limits limits;
};

/* Of jobs that are not over; 0 = as many as come. */
struct caps {
    uint32_t of_user, of_tenant, in_all;
};
enum room { ROOM, ROOM_NONE_OF_USER, ROOM_NONE_OF_TENANT, ROOM_NONE_IN_ALL };

struct store {
    struct caps caps;
    uint32_t unfinished_of[USERS], counted_in_all;
    int64_t counted_at;
    struct model_control controls[CONTROLS];
    uint64_t last_control;
    struct model_job *jobs[MOST_JOBS_EVER];
    uint32_t numbers[MOST_JOBS_EVER]; /* theirs, to find them by */
    uint32_t job_count, planned;
    int64_t clock_error;
    struct in_flight in_flight[USERS][LANES];
    char holder[64];
    uint64_t epoch, sequence;
    int64_t lease_until, away_until;
    struct batch_answer *last_answers;
    size_t last_count;
};

/* A message in a work queue, until it is acked. */
struct parcel {
    const void *body;
    int64_t next_at;
    bool is_acked;
    struct parcel *older;
};

struct held; /* what an analyzer has in hand */

struct model_analyzer {
    char instance[16];
    struct held *held;
    struct held *known; /* every attempt this incarnation has seen */
    uint32_t held_count;
};
