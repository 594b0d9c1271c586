/* The core's parts, seen by its own files only. Functions are declared in the order in which a
 * step uses them; `now` is that of the step. */
#pragma once

#include "book.h"
#include "controls.h"
#include "core.h"
#include "fleet.h"

#define NEVER ((struct instant){INT64_MAX})
enum { LEASE_MARGIN_MS = 500, STORE_RETRY_MS = 200, BUSY_RETRY_MS = 500 };

/* An instant as a key of a heap. */
static inline uint64_t key_of(struct instant at)
{
    return at.ns > 0 ? (uint64_t)at.ns : 0;
}

static inline struct instant earlier(struct instant a, struct instant b)
{
    return instant_is_before(a, b) ? a : b;
}

/* ---- who leads (lead.c) ---- */
enum lead_phase { LEAD_STANDBY, LEAD_REBUILDING, LEAD_LEADING, LEAD_LEFT };

struct lead {
    enum lead_phase phase;
    uint64_t epoch;          /* the highest ever held */
    struct instant until;    /* our lease, by the ask that got it */
    struct instant answered; /* the ask of the newest answer */
    struct instant ask_at;   /* the next renewal */
    bool is_leaving;
    struct instant snapshot_at; /* ask for the page `cursor`; NEVER = it is being answered */
    char cursor[CURSOR_SIZE];
    bool has_first_page;
    int64_t changes_us;       /* what changed in the database before is known */
    int64_t round_us;         /* database time at the start of the round of reading */
    struct instant reread_at; /* NEVER = it is being answered */
    char after_job[JOB_ID_SIZE];
};

/* ---- grants, permits, losses (attempts.c) ---- */
enum attempt_phase {
    ATTEMPT_WAITING, /* granted by this leader; nobody has a permit */
    ATTEMPT_CALLING, /* an instance has its permit: counts as a running call */
    ATTEMPT_CACHED,  /* a free permit: counts in no cap */
    ATTEMPT_FOREIGN, /* of an older epoch: never permitted, counts as a running call */
    ATTEMPT_ENDED,   /* its outcome was heard; its row waits for the commit */
    ATTEMPT_SWORN,   /* never permitted and never will be */
    ATTEMPT_LOST,    /* its lease ran out while it counted as a call */
};
enum errand { ERRAND_NONE, ERRAND_REAP, ERRAND_RELEASE };

struct attempt {
    struct heap_node alarm; /* among the alarms, or among the errands for the next batch */
    struct heap_node
        parked;             /* among the asks that wait for room, oldest grant first; bursts last */
    struct heap_node burst; /* among those that wait for their permit, the latest first */
    struct chunk *chunk;
    uint32_t number;
    enum attempt_phase phase;
    enum analysis_mode mode;
    enum errand errand;
    bool is_charged;      /* a loss costs a try (rule 9) */
    bool is_burst;        /* its user has another in flight (rule 1) */
    uint64_t rank_before; /* of its turn: a grant that came to nothing keeps its place */
    struct instant end;   /* of its lease */
    struct instant publish_at;
    int64_t publish_gap_ms;
    struct instant permitted_at;
    char instance_id[INSTANCE_ID_SIZE]; /* of the permit */
    /* the parked ask */
    struct instant asked;
    uint32_t ask_number;
    char asker[INSTANCE_ID_SIZE];
    char reply[REPLY_SUBJECT_SIZE];
};

struct attempts {
    struct heap alarms, errands, parked, bursts;
    uint64_t last_grant;
    size_t count, waiting, calls;
    int64_t mean_call_us; /* moving average of permit to outcome */
};

/* ---- the numbered batch (batch.c) ---- */
struct batch {
    uint64_t sequence;
    bool is_outstanding;
    struct instant asked;     /* for the first time: leases count from here */
    struct instant repeat_at; /* NEVER = it is being answered */
    struct batch_item items[BATCH_LIMIT];
    struct chunk *chunks[BATCH_LIMIT];
    uint64_t ranks_before[BATCH_LIMIT];
    size_t count;
};

/* ---- how long calls took lately (describe.c) ---- */
struct calls_seen {
    struct call_sample samples[CALLS_SEEN]; /* a ring */
    size_t count;                           /* ever */
};
void calls_seen_note(struct calls_seen *seen, const struct chunk *chunk, int64_t took_us);

struct scheduler {
    struct scheduler_config config;
    struct instant now;
    uint64_t random;
    struct lead lead;
    struct book book;
    struct queue queue;
    struct heap waiting; /* chunks not due yet, by when they are */
    struct heap splits;  /* chunks to be split */
    struct attempts attempts;
    struct batch batch;
    struct fleet fleet;
    struct controls controls;
    struct calls_seen calls_seen;
    struct actions actions;
    struct scheduler_figures figures; /* its counters only */
};

struct action *say(struct scheduler *s, enum action_kind kind);
bool lead_is_held(const struct scheduler *s); /* leading, rebuilt, and the lease still lasts */

/* ---- rows.c: what the store says becomes what we know ---- */
void rows_apply_job(struct scheduler *s, const struct job_facts *facts);
void rows_apply_chunk(struct scheduler *s, struct job *job, const struct chunk_facts *facts);
void rows_set_job_status(struct scheduler *s, struct job *job, enum job_status status);
void rows_on_event(struct scheduler *s, const struct job_facts *facts, uint32_t number);
void rows_on_job(struct scheduler *s, const char *job_id, const struct job_facts *facts);
/* Puts the chunk where it belongs: in flight, ready, to be split, or nowhere. */
void rows_place(struct scheduler *s, struct chunk *chunk);
/* The same after news of it: what has failed waits for its retry, what flies gets an attempt. */
void rows_settle(struct scheduler *s, struct chunk *chunk);
/* Not before so long, whatever its row says: the store refused it for now. */
void rows_put_off(struct scheduler *s, struct chunk *chunk, int64_t wait_ms);
void rows_tend(struct scheduler *s); /* chunks that are due, jobs to be forgotten */
/* A job that is over and out of hand is remembered a little longer, then dropped. */
void rows_end_if_over(struct scheduler *s, struct job *job);
void rows_forget_all(struct scheduler *s);

/* ---- obey.c: what operators have set, and who is to heed it when ---- */
void obey_control(struct scheduler *s, const struct control_facts *facts);
void obey_all(struct scheduler *s, const struct control_facts *facts, size_t count);
void obey_greet(struct scheduler *s, struct user *user); /* has just become known */
/* Is nothing of the user to be granted, by an operator's word? */
bool obey_is_held(const struct scheduler *s, const struct user *user);
bool obey_is_reduced(const struct scheduler *s); /* all is done by the embedded analysis */
bool obey_endpoint_is_held(const struct scheduler *s, const struct endpoint_config *endpoint);
/* Those in force. */
const struct limits *obey_limits_of_tenant(const struct scheduler *s, const struct tenant *tenant);
const struct limits *obey_limits_of_endpoint(const struct scheduler *s,
                                             const struct endpoint_config *endpoint);

/* ---- attempts.c ---- */
struct attempt *attempts_add(struct scheduler *s, struct chunk *chunk, enum attempt_phase phase,
                             struct instant end);
void attempts_drop(struct scheduler *s, struct chunk *chunk); /* its row has left the flight */
void attempts_swear_off(struct scheduler *s, struct attempt *attempt);
void attempts_on_ask(struct scheduler *s, const struct event *event);
void attempts_on_outcome(struct scheduler *s, const struct attempt_id *id);
void attempts_on_dispatch_failed(struct scheduler *s, const struct attempt_id *id);
void attempts_retry_errand(struct scheduler *s, struct attempt *attempt);
void attempts_tend(struct scheduler *s);  /* leases, republishing */
void attempts_serve(struct scheduler *s); /* parked asks, while there is room */
uint32_t attempts_call_cap(const struct scheduler *s);
size_t attempts_slots(const struct scheduler *s); /* the cap, and what analyzers announce */
/* How many more grants may be asked for now (rule 2). */
size_t attempts_room_ahead(const struct scheduler *s);

/* ---- burst.c: rule 1; more than one chunk of a user, while nobody else waits ---- */
/* The lane for the chunk's grant. */
uint32_t burst_lane_for(const struct chunk *chunk);
/* How many more of them may be asked for: slots that nobody has and nobody is about to take. */
size_t burst_room(const struct scheduler *s, size_t grants_in_batch);
/* Would its call take a slot for which another's grant is on its way? */
bool burst_must_wait(const struct scheduler *s, const struct attempt *attempt);
/* Takes back those that no slot is left for. */
void burst_tend(struct scheduler *s);

/* ---- batch.c ---- */
void batch_on_answer(struct scheduler *s, const struct event *event);
void batch_tend(struct scheduler *s); /* repeats, or collects the next */

/* ---- explain.c: rule 12; reads the state that decides, and changes nothing of it ---- */
void explain_on_ask(struct scheduler *s, const struct event *event);

/* ---- lead.c ---- */
void lead_on_lease(struct scheduler *s, const struct event *event);
void lead_on_snapshot(struct scheduler *s, const struct event *event);
void lead_on_changed(struct scheduler *s, const struct event *event);
void lead_on_leave(struct scheduler *s);
void lead_tend(struct scheduler *s);
