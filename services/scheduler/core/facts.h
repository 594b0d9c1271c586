/* The core's own words: what it is told (events) and what it says (actions).
 *
 * Plain values; the inbox makes events of messages, the outbox makes messages of actions. Pointers
 * in an event are lent for the step; pointers in an action live until the next step. Durations are
 * in ms; instants are of the caller's clock. Ids are NUL-terminated and within the sizes below,
 * those of jobs are UUIDs (the inbox has checked them, libs/messages).
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
    ENDPOINT_NAME_SIZE = 33,
    MOST_ENDPOINTS = 8,
    BATCH_LIMIT = 256,
    CHUNK_NUMBER_BITS = 24, /* rows with a greater number are not believed */
};

/* There is one for each chunk: a byte is enough. */
#define FACTS_SMALL __attribute__((packed))

enum service_class {
    CLASS_INTERACTIVE,
    CLASS_PREMIUM,
    CLASS_STANDARD,
    CLASS_BACKGROUND
} FACTS_SMALL;
#define CLASSES 4

enum job_status {
    JOB_QUEUED,
    JOB_PROCESSING,
    JOB_COMPLETED, /* terminal from here on */
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_EXPIRED,
} FACTS_SMALL;

enum chunk_status { CHUNK_READY, CHUNK_IN_FLIGHT, CHUNK_DONE } FACTS_SMALL;
enum analysis_mode { MODE_LLM, MODE_EMBEDDED } FACTS_SMALL;

/* What became of the last attempt; OUTCOME_NONE = there was none, or it brought everything, or as
 * much as rule 6 calls progress. */
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
} FACTS_SMALL;

struct chunk_facts {
    uint64_t epoch; /* of the attempt */
    uint32_t number;
    uint32_t version; /* higher is newer */
    uint32_t attempt;
    uint32_t lane; /* of the attempt in flight */
    uint32_t tries, depth;
    uint32_t open_posts, text_bytes;
    uint32_t retry_in_ms, lease_left_ms;
    enum chunk_status status;
    enum outcome_class last_class;
    enum analysis_mode mode; /* of the attempt in flight */
};

struct job_facts {
    const char *job_id, *tenant_id, *user_id;
    enum service_class service_class;
    enum job_status status;
    uint32_t event_number;
    uint32_t deadline_left_ms; /* 0 = none */
    bool is_healing;           /* replaces results of the embedded analysis: never done by it */
    bool needs_llm;            /* the embedded analysis can do nothing of it: only a last resort */
    const struct chunk_facts *chunks;
    size_t chunk_count;
};

struct attempt_id {
    char job_id[JOB_ID_SIZE];
    uint32_t chunk_number, attempt;
};

/* ---- limits and what operators set ---- */
/* Of an endpoint, a tenant or a user; 0 = no limit. Money in millionths of a dollar. */
struct limits {
    uint32_t requests_per_minute;
    uint64_t tokens_per_minute;
    uint32_t calls_in_flight;
    uint64_t micros_per_day;
    bool is_shadow; /* counted and told, not enforced */
};

enum limit_kind { LIMIT_NONE, LIMIT_REQUESTS, LIMIT_TOKENS, LIMIT_IN_FLIGHT, LIMIT_MONEY };
#define LIMIT_KINDS 5

/* One of the chain of endpoints; the first that may be called is. */
struct endpoint_config {
    char name[ENDPOINT_NAME_SIZE];
    struct limits limits;                    /* the ceilings under which it learns its own */
    uint32_t prompt_nanos, completion_nanos; /* price of a token, in billionths of a dollar */
};

enum control_scope { SCOPE_SYSTEM, SCOPE_ENDPOINT, SCOPE_TENANT, SCOPE_USER };
enum control_state {
    CONTROL_OPEN,
    CONTROL_HELD,     /* nothing is granted; calls that run go on */
    CONTROL_DRAINING, /* the store accepts nothing new; what is there is done */
    CONTROL_REDUCED,  /* system only: by the embedded analysis */
};

struct control_facts {
    enum control_scope scope;
    const char *tenant_id, *name; /* as far as the scope has them; else "" */
    enum control_state state;
    const char *message;
    double weight;  /* 0 = 1 */
    uint32_t burst; /* 0 = as the config says */
    bool has_limits;
    struct limits limits;
    uint64_t version;
    bool is_removed;
};

/* A call that may still count in a window (DESIGN.md, step 9). */
struct call_facts {
    struct attempt_id id;
    const char *tenant_id, *user_id, *endpoint;
    uint64_t epoch;
    int64_t granted_in_ms, lease_in_ms, settled_in_ms; /* negative: before now */
    bool is_settled, was_called;
    bool is_of_user_alone; /* told to a model: it counts nowhere else, or is told apart */
    uint32_t tokens;       /* booked, or used once settled */
    uint64_t micros;
    enum outcome_class outcome_class;
};

/* What was spent in a stretch of time before now: of a tenant, of a user that has limits (which its
 * tenant's holds too), or of an endpoint. */
struct spend_facts {
    const char *tenant_id, *user_id, *endpoint; /* "" = not of one */
    int64_t ended_ago_ms;
    uint64_t micros;
};

/* What a server said of its own limits; -1 = nothing. */
struct server_limits {
    int64_t requests, requests_left, requests_reset_ms;
    int64_t tokens, tokens_left, tokens_reset_ms;
};

/* A call that is over, as far as it tells of its endpoint. */
struct ended_call {
    const char *endpoint;
    int64_t granted_in_ms, settled_in_ms; /* negative: before now */
    enum outcome_class outcome_class;
    bool was_called, is_probe;
    uint32_t tokens;
    uint32_t retry_after_ms; /* 0 = the server asked for nothing */
    struct server_limits server_limits;
};

/* An outcome heard on its way to the store. */
struct outcome_facts {
    struct attempt_id id;
    enum outcome_class outcome_class;
    bool was_called, is_usage_known;
    uint32_t prompt_tokens, completion_tokens;
    uint32_t retry_after_ms; /* 0 = the server asked for nothing */
    uint32_t call_ms;
    struct server_limits server_limits;
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
    /* grant by the LLM */
    char endpoint[ENDPOINT_NAME_SIZE];
    uint64_t reserved_micros;
    uint32_t prompt_nanos, completion_nanos;
    bool is_probe;    /* of the endpoint's breaker */
    bool is_degraded; /* grant by the embedded analysis for want of an endpoint */
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
    WAITING_NOTHING,       /* all of it is done, or it is over */
    WAITING_RUNS,          /* a chunk of it is being analysed */
    WAITING_GRANT,         /* its turn has come */
    WAITING_OWN,           /* another job of its user is being served */
    WAITING_SLOT,          /* as many calls run as may */
    WAITING_OTHERS,        /* others' turns come before */
    WAITING_RETRY,         /* it failed, and is tried again later */
    WAITING_ANALYZER,      /* nobody is there to analyse it */
    WAITING_HELD,          /* an operator holds all work, its tenant's or its user's */
    WAITING_LIMIT,         /* a limit of the endpoint, its tenant or its user is used up */
    WAITING_ENDPOINT,      /* no endpoint may be called, and nothing else may stand in */
    WAITING_PAUSE,         /* the endpoint's server asked to wait */
    WAITING_REDUCED,       /* an operator lets no LLM be called, and nothing else may stand in */
    WAITING_ENDPOINT_HELD, /* an operator holds the endpoint, and nothing else may stand in */
};

struct explanation {
    bool is_known; /* else the leader has not heard of the job */
    enum waiting_reason reason;
    uint32_t position;          /* chunks that are served before its next one */
    uint32_t calls, most_calls; /* WAITING_SLOT: that run, and may */
    uint32_t retry_in_ms; /* WAITING_RETRY, _LIMIT, _ENDPOINT, _PAUSE: until then; 0 = not known */
    enum control_scope scope;            /* WAITING_HELD, _LIMIT, _REDUCED, _ENDPOINT_HELD */
    char scope_name[ENDPOINT_NAME_SIZE]; /* of the endpoint */
    enum limit_kind limit;               /* WAITING_LIMIT */
    const char *message; /* WAITING_HELD, _REDUCED, _ENDPOINT_HELD: the operator's, or NULL */
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
    EVENT_CONTROL,         /* heard: an operator set something */
    EVENT_HEALING,         /* answers ACTION_ASK_HEAL */
};

struct event {
    enum event_kind kind;
    bool is_answered; /* of the kinds that answer: false = no answer came, it may have happened */
    union {
        struct {
            bool is_held;
            uint64_t epoch;
            struct instant asked; /* as the action said it */
            uint32_t left_ms;     /* of whoever holds it */
        } lease;
        struct {
            uint64_t epoch; /* as the action said it */
            bool is_fenced;
            int64_t now_us;
            const struct job_facts *jobs;
            size_t job_count;
            const struct call_facts *calls;
            size_t call_count;
            const struct spend_facts *spends;
            size_t spend_count;
            const struct control_facts *controls;
            size_t control_count;
            const struct ended_call *ended; /* the last of each endpoint, oldest first */
            size_t ended_count;
            const char *next_cursor; /* "" = that was all */
        } snapshot;
        struct {
            uint64_t epoch; /* as the action said it */
            int64_t now_us;
            const struct job_facts *jobs;
            size_t job_count;
            const struct control_facts *controls;
            size_t control_count;
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
        struct outcome_facts outcome;
        struct attempt_id attempt; /* dispatch_failed */
        const struct control_facts *control;
        struct {
            uint64_t epoch; /* as the action said it */
            uint32_t posts; /* now being healed */
            bool has_more;
        } healing;
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
    ACTION_ASK_HEAL, /* make jobs of what the embedded analysis did for want of an endpoint */
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
        uint32_t most_posts; /* heal */
        int64_t waited_ms;   /* served */
    };
};

struct actions {
    struct action *list;
    size_t count, capacity;
};
