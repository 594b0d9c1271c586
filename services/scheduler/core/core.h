/* The scheduler's core: all policy, and nothing else.
 *
 *   struct scheduler *core = scheduler_new(&config, now);
 *   for (;;) {
 *       wait for an event, at most until scheduler_next_wake(core);
 *       perform all of scheduler_step(core, &event, now)->list, in order;
 *   }
 *
 * No clock, no I/O, no threads, no randomness (the seed is an argument): the same calls in the same
 * order give the same actions. It owns nothing durable; at each takeover it is rebuilt from the
 * store. One thread. Every decision takes O(log n) in users, chunks and calls.
 *
 * Its rules, by the numbers that docs/scheduling.md and the tests share:
 *  1  a user has at most one chunk in flight in one lane, from grant to commit, and further lanes
 *     only while nobody else waits                                           (queue, rows, burst)
 *  2  at most max_active_users calls run at once, from permit to outcome; grants ahead of need are
 *     few and bounded by the slots that live analyzers announce              (attempts, batch)
 *  3  tenants share by weight, in LLM tokens; inside a tenant users share: nobody later than under
 *     equal sharing, most much earlier (fair_sojourn); or in turn (round_robin); or a slot is kept
 *     for the job (fifo)                                                      (queue, sojourn)
 *  4  classes share by weight; none starves                                         (queue)
 *  5  requests and tokens a minute, calls in flight, money a day, of endpoints, of tenants and of
 *     the users for whom an operator set some: never exceeded, booked before the call, settled
 *     after it, known after a takeover     (window, account, budget, purses, learned, rebuild)
 *  6  three tries of a chunk, one of a part, then it is split; an answer to a quarter of the open
 *     posts is progress and no try (the store tells it as no failure); a single post whose tries
 *     are used goes to the embedded analysis; backoff 2 s x try with jitter, or what the server
 *     asked for; a wait beyond the deadline goes to the embedded analysis, or lasts until the
 *     deadline if only an LLM can do it               (retry, errors, choice, urgent)
 *  7  a breaker for each endpoint; then the next one, else the embedded analysis, whose results
 *     are healed when one is back                          (breaker, endpoints, choice, heal)
 *  8  a job that ended frees what waits at once, and its place when its call has stopped (rows)
 *  9  a dispatch nobody asks for is published again; a call whose lease ran out is lost, charged
 *     only if this epoch permitted it and heard no outcome, and granted again       (attempts)
 *  10 what waits is counted, by class                                               (book)
 *  11 after a takeover nothing is granted before the state is rebuilt               (lead)
 *  12 anyone may ask why a job waits: its position, and what it waits for        (explain)
 */
#pragma once

#include "base/scoped.h"
#include "breaker.h"
#include "facts.h"
#include "queue.h"

struct scheduler_config {
    uint32_t max_active_users; /* calls in flight */
    uint32_t max_calls;        /* over all; 0 = no further bound */
    enum fairness fairness;
    bool has_first_chunks_first;
    uint32_t weights[CLASSES];
    int64_t lead_lease_ms;     /* of the lead; renewed at a fifth */
    int64_t permit_life_ms;    /* a permit is void that long after its ask */
    int64_t call_limit_ms;     /* the longest call */
    int64_t grant_wait_ms;     /* how long a grant may wait for its permit */
    int64_t republish_ms;      /* after so long without an ask it is published again */
    int64_t reread_ms;         /* how often the database's changes are read again */
    int64_t reread_overlap_ms; /* longer than any transaction */
    int64_t silent_ms;         /* an analyzer unheard for so long is silent */
    uint64_t seed;             /* of the jitter */
    uint32_t user_burst; /* chunks of a user at once while nobody else waits; 1 = never more */
    struct limits tenant_limits; /* of every tenant, unless a control says otherwise */
    struct endpoint_config endpoints[MOST_ENDPOINTS]; /* the chain, in its order */
    uint32_t endpoint_count;                          /* 0 = one without name, limits and price */
    bool has_fallback;        /* without an endpoint the embedded analysis stands in */
    int64_t breaker_open_ms;  /* before it is probed */
    uint32_t breaker_percent; /* of recent calls failing that open it */
    uint32_t breaker_calls;   /* recent calls looked at */
    int64_t heal_ms;          /* how often it is asked whether something is to be healed */
};

/* The values that docs/operating.md gives as defaults. */
extern const struct scheduler_config SCHEDULER_DEFAULTS;

struct scheduler;

struct scheduler *scheduler_new(const struct scheduler_config *config, struct instant now);
void scheduler_free(struct scheduler **core);

/* Tells what happened; answers what to do, valid until the next step. Time must not go back. */
const struct actions *scheduler_step(struct scheduler *core, const struct event *event,
                                     struct instant now);

/* When to step again (EVENT_TIME) if nothing happens before. */
struct instant scheduler_next_wake(const struct scheduler *core);

/* After EVENT_LEAVE: nothing is left to be done, the process may end. */
bool scheduler_has_left(const struct scheduler *core);

struct endpoint_figures {
    char name[ENDPOINT_NAME_SIZE];
    enum breaker_state breaker; /* rule 7 */
    uint64_t breaker_openings;
    uint64_t used[LIMIT_KINDS];
    uint64_t limits[LIMIT_KINDS]; /* in force, learned ones included; 0 = none */
    int64_t held_ms;              /* its server wants no call for so long */
    int64_t down_ms;              /* its breaker is open for so long */
};

/* Figures for the metrics: gauges as they are, counters since the core was made. */
struct scheduler_figures {
    bool is_leader;
    uint64_t epoch;
    size_t queued[CLASSES]; /* chunks waiting, for their turn or their retry */
    size_t runnable;        /* users' turns that could be granted now */
    size_t active_users, waiting_users;
    size_t in_flight;  /* grants whose commit has not been heard */
    size_t calls;      /* that count as running */
    uint32_t call_cap; /* what they are held against */
    uint32_t slots;    /* announced */
    int64_t oldest_wait_ms;
    uint64_t decisions; /* actions */
    uint64_t grants, permits_llm, permits_free, permits_repeated, drops, reaped, released, splits;
    uint64_t republished;
    uint64_t refused_permits;   /* asks that waited for room under a limit */
    uint64_t shadow_violations; /* permits that a shadow limit would have refused */
    uint64_t excused_calls; /* permitted, and silent until the lease's end: may run beside limits */
    uint64_t degraded_grants; /* by the embedded analysis for want of an endpoint */
    uint64_t overruns;        /* calls that used more tokens than the bound they had booked */
    uint64_t healed_posts;    /* of which the store made jobs that heal them */
    uint32_t limited_tenants; /* to whom nothing is granted for want of room under their limits */
    uint32_t limited_users;   /* the same of users */
    struct endpoint_figures endpoints[MOST_ENDPOINTS];
    uint32_t endpoint_count;
};
void scheduler_figures(const struct scheduler *core, struct scheduler_figures *figures);

/* ---- for forecasts (rule 12): what is left to be done ---- */
enum { CALLS_SEEN = 512 };

/* A call that came to its outcome. */
struct call_sample {
    enum service_class service_class;
    uint32_t text_bytes, took_us; /* from permit to outcome */
};

struct chunk_stage {
    enum { STAGE_WAITS, STAGE_RUNS, STAGE_ENDS /* only its commit is awaited */ } kind;
    int64_t runs_for_us; /* STAGE_RUNS: so far; 0 = not known */
    int64_t due_in_ms;   /* STAGE_WAITS: not before */
};

/* A job that is neither over nor held by an operator, with the chunks that are not done and a stage
 * for each; all is lent. */
typedef void scheduler_visit_job(void *context, const struct job_facts *job,
                                 const struct chunk_stage *stages);

/* The oldest jobs first, as many as have `most_chunks` together; answers how many jobs were left
 * out. */
size_t scheduler_describe(const struct scheduler *core, size_t most_chunks,
                          scheduler_visit_job *visit, void *context);
/* The latest, in no order; answers how many. */
size_t scheduler_recent_calls(const struct scheduler *core, struct call_sample samples[CALLS_SEEN]);

/* What counts under the limits of an endpoint, a tenant or a user: a bucket's worth, of a minute or
 * of money. */
struct recent_use {
    const char *tenant_id, *user_id, *endpoint; /* "" = not of one; lent */
    int64_t ago_ms;
    uint64_t calls, tokens, micros;
};
typedef void scheduler_visit_use(void *context, const struct recent_use *use);
/* Of all endpoints, and of the tenants and users that have limits; of each the oldest first. */
void scheduler_recent_use(const struct scheduler *core, scheduler_visit_use *visit, void *context);

/* What operators have set, and what it is set of; all is lent. */
typedef void scheduler_visit_control(void *context, const struct control_facts *control);
void scheduler_each_control(const struct scheduler *core, scheduler_visit_control *visit,
                            void *context);

/* Tells a core that models another what no store would: how an endpoint stands (endpoint_figures).
 * Before its state is rebuilt. */
struct endpoint_standing {
    int64_t held_ms, down_ms; /* 0 = it is not */
};
void scheduler_stand_endpoint(struct scheduler *core, uint32_t endpoint,
                              const struct endpoint_standing *standing);

/* ---- for traces: where an epoch begins ----
 * All but this is forgotten when an epoch begins, so a core made from it (scheduler_new_from()) and
 * given the same events takes the same steps; but the first step of the original may also have
 * forgotten what an earlier lead had (ACTION_FORGET, ACTION_YIELD). Whatever else is to outlive a
 * lead belongs here. */
struct scheduler_start {
    struct instant now; /* of the step before */
    uint64_t epoch, sequence;
    struct instant lease_until, lease_answered, lease_ask_at;
    int64_t mean_call_us;
    const struct analyzer_facts {
        char instance_id[INSTANCE_ID_SIZE];
        uint32_t slots;
        struct instant heard;
    } *analyzers; /* in the order of each_analyzer; of a description: none */
    size_t analyzer_count;
};

/* Between the beginning of an epoch and its end. */
bool scheduler_is_in_epoch(const struct scheduler *core);
/* Will this event, if it is the next, begin an epoch? */
bool scheduler_is_beginning(const struct scheduler *core, const struct event *event);
/* What outlives a lead as it is now, but for the analyzers, which are visited in order. */
void scheduler_describe_start(const struct scheduler *core, struct scheduler_start *start);
void scheduler_each_analyzer(const struct scheduler *core,
                             void (*visit)(void *context, const char *instance_id, uint32_t slots,
                                           struct instant heard),
                             void *context);
struct scheduler *scheduler_new_from(const struct scheduler_config *config,
                                     const struct scheduler_start *start);
