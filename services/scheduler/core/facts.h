/* The core's own words: what it is told (events) and what it says (actions).
 *
 * Plain values; the inbox makes events of messages, the outbox makes messages of actions. Pointers
 * in an event are lent for the step; pointers in an action live until the next step. Durations are
 * in ms; instants are of the caller's clock. Ids are NUL-terminated and within the sizes below
 * (the inbox has checked them).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum {
    JOB_ID_SIZE = 37,
    TENANT_ID_SIZE = 65,
    USER_ID_SIZE = 201,
    INSTANCE_ID_SIZE = 201,
    REPLY_SUBJECT_SIZE = 161,
    CURSOR_SIZE = 201,
    BATCH_LIMIT = 256,
    CHUNK_NUMBER_BITS = 24, /* rows with a greater number are not believed */
};

enum service_class { CLASS_INTERACTIVE, CLASS_PREMIUM, CLASS_STANDARD, CLASS_BACKGROUND };
#define CLASSES 4

enum job_status {
    JOB_QUEUED,
    JOB_PROCESSING,
    JOB_COMPLETED, /* terminal from here on */
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_EXPIRED,
};

enum chunk_status { CHUNK_READY, CHUNK_IN_FLIGHT, CHUNK_DONE };
enum analysis_mode { MODE_LLM, MODE_EMBEDDED };

/* What became of the last attempt; OUTCOME_NONE = there was none, or it brought everything. */
enum outcome_class {
    OUTCOME_NONE,
    OUTCOME_PARTIAL,
    OUTCOME_RATE_LIMITED,
    OUTCOME_QUOTA_EXHAUSTED,
    OUTCOME_TOO_LARGE,
    OUTCOME_TRUNCATED,
    OUTCOME_INVALID_ANSWER,
    OUTCOME_CONTENT_FILTER,
    OUTCOME_TIMEOUT,
    OUTCOME_CONNECTION,
    OUTCOME_SERVER_ERROR,
    OUTCOME_BAD_REQUEST,
    OUTCOME_AUTH,
    OUTCOME_ABORTED,
};

struct chunk_facts {
    uint32_t number;
    enum chunk_status status;
    uint32_t version; /* higher is newer */
    uint32_t attempt;
    uint64_t epoch; /* of the attempt */
    uint32_t tries, depth;
    uint32_t open_posts, text_bytes;
    uint32_t retry_in_ms, lease_left_ms;
    enum outcome_class last_class;
    enum analysis_mode mode; /* of the attempt in flight */
};

struct job_facts {
    const char *job_id, *tenant_id, *user_id;
    enum service_class service_class;
    enum job_status status;
    uint32_t event_number;
    uint32_t deadline_left_ms; /* 0 = none */
    const struct chunk_facts *chunks;
    size_t chunk_count;
};

struct attempt_id {
    char job_id[JOB_ID_SIZE];
    uint32_t chunk_number, attempt;
};

/* ---- the numbered batch (DESIGN.md, steps 3 and 8) ---- */
enum batch_operation { BATCH_GRANT, BATCH_REAP, BATCH_RELEASE, BATCH_SPLIT };
enum batch_status { BATCH_ANSWERED, BATCH_FENCED, BATCH_OLD };
enum batch_result {
    RESULT_GRANTED,
    RESULT_BUSY,
    RESULT_GONE,
    RESULT_EARLY,
    RESULT_REAPED,
    RESULT_RELEASED,
    RESULT_SPLIT,
};

struct batch_item {
    enum batch_operation operation;
    struct attempt_id id; /* attempt: of reap and release */
    bool is_charged;      /* reap */
    enum analysis_mode mode;
    uint32_t reserved_tokens, lease_ms, lane; /* grant */
};

struct batch_answer {
    enum batch_result result;
    enum job_status job_status;
    struct chunk_facts chunk; /* as it now is */
    struct chunk_facts parts[2];
    size_t part_count;
};

/* ---- why a job waits ---- */
enum waiting_reason {
    WAITING_NOTHING,  /* all of it is done, or it is over */
    WAITING_RUNS,     /* a chunk of it is being analysed */
    WAITING_GRANT,    /* its turn has come */
    WAITING_OWN,      /* another job of its user is being served */
    WAITING_SLOT,     /* as many users are being served as may be */
    WAITING_OTHERS,   /* others' turns come before */
    WAITING_RETRY,    /* it failed, and is tried again later */
    WAITING_ANALYZER, /* nobody is there to analyse it */
};

struct explanation {
    bool is_known; /* else the leader has not heard of the job */
    enum waiting_reason reason;
    uint32_t position;                 /* chunks that are served before its next one */
    uint32_t served_users, most_users; /* WAITING_SLOT */
    uint32_t retry_in_ms;              /* WAITING_RETRY */
};

/* ---- events ---- */
enum event_kind {
    EVENT_TIME,            /* nothing but time has passed */
    EVENT_LEAVE,           /* the process is asked to end */
    EVENT_LEASE,           /* answers ACTION_ASK_LEASE */
    EVENT_SNAPSHOT,        /* answers ACTION_ASK_SNAPSHOT */
    EVENT_CHANGED,         /* answers ACTION_ASK_CHANGED */
    EVENT_JOB,             /* answers ACTION_ASK_JOB */
    EVENT_BATCH,           /* answers ACTION_ASK_BATCH */
    EVENT_JOB_EVENT,       /* heard: a numbered event of a job */
    EVENT_OUTCOME,         /* heard: an outcome on its way to the store */
    EVENT_PERMIT_ASK,      /* an analyzer asks */
    EVENT_HEARTBEAT,       /* an analyzer is there */
    EVENT_WAITING_ASK,     /* somebody asks why a job waits */
    EVENT_DISPATCH_FAILED, /* the broker did not take it, or did not say so */
};

struct event {
    enum event_kind kind;
    bool is_answered; /* of the kinds that answer: false = no answer came, it may have happened */
    union {
        struct {
            bool is_held;
            uint64_t epoch;
            struct instant asked; /* as the action said it */
        } lease;
        struct {
            uint64_t epoch; /* as the action said it */
            bool is_fenced;
            int64_t now_us;
            const struct job_facts *jobs;
            size_t job_count;
            const char *next_cursor; /* "" = that was all */
        } snapshot;
        struct {
            uint64_t epoch; /* as the action said it */
            int64_t now_us;
            const struct job_facts *jobs;
            size_t job_count;
            const char *next_job_id; /* "" = that was all */
        } changed;
        struct {
            uint64_t epoch; /* as the action said it */
            char job_id[JOB_ID_SIZE];
            const struct job_facts *job; /* NULL = there is none */
        } job;
        struct {
            uint64_t epoch, sequence; /* as the action said it */
            enum batch_status status;
            const struct batch_answer *answers; /* one per item, in order */
            size_t answer_count;
        } batch;
        struct {
            const struct job_facts *job; /* the chunks are those that changed */
            uint32_t number;
        } job_event;
        struct attempt_id attempt; /* outcome, dispatch_failed */
        struct {
            struct attempt_id id;
            char instance_id[INSTANCE_ID_SIZE];
            char reply[REPLY_SUBJECT_SIZE];
            uint32_t ask_number;
            bool is_free;
        } ask;
        struct {
            char instance_id[INSTANCE_ID_SIZE];
            uint32_t slots;
        } heartbeat;
        struct {
            char job_id[JOB_ID_SIZE];
            char reply[REPLY_SUBJECT_SIZE];
        } waiting;
    };
};

/* ---- actions ---- */
enum action_kind {
    ACTION_ASK_LEASE,
    ACTION_RESIGN,       /* give the lease up; nothing follows it */
    ACTION_ASK_SNAPSHOT, /* each ask is answered by one event, also if no answer comes */
    ACTION_ASK_CHANGED,
    ACTION_ASK_JOB,
    ACTION_ASK_BATCH,
    ACTION_DISPATCH, /* publish what was granted, for the first time or again */
    ACTION_FORGET,   /* that dispatch will not be published again */
    ACTION_ANSWER,   /* a permit, or that there will be none */
    ACTION_EXPLAIN,  /* tell why a job waits */
    ACTION_SERVED,   /* a job got its first permit: for the record */
    ACTION_LEAD,     /* leading from now on, with all rebuilt: for the record */
    ACTION_YIELD,    /* no longer leading; every dispatch is forgotten */
};

struct action {
    enum action_kind kind;
    uint64_t epoch;
    union {
        struct instant asked; /* lease */
        const char *cursor;   /* snapshot */
        struct {
            int64_t since_us;
            const char *after_job_id;
        } changed;
        char job_id[JOB_ID_SIZE]; /* job */
        struct {
            uint64_t sequence;
            const struct batch_item *items;
            size_t count;
        } batch;
        struct {
            struct attempt_id id;
            enum service_class service_class;
            bool is_again;
        } dispatch; /* dispatch, forget */
        struct {
            struct attempt_id id;
            uint32_t ask_number;
            bool is_permitted;
            uint32_t lease_left_ms, life_ms;
            char reply[REPLY_SUBJECT_SIZE];
        } answer;
        struct {
            char job_id[JOB_ID_SIZE];
            char reply[REPLY_SUBJECT_SIZE];
            struct explanation told;
        } explain;
        int64_t waited_ms; /* served */
    };
};

struct actions {
    struct action *list;
    size_t count, capacity;
};
