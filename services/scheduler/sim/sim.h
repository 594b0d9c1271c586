/* A whole fleet in one thread, from a seed, around the real core of the scheduler.
 *
 *   SCOPED(arena_close) struct arena *ground = arena_open(SIM_GROUND_BYTES);
 *   struct history history = {.seed = 7};
 *   SCOPED(sim_free) struct sim *sim = sim_new(&history, ground);
 *   sim_run(sim);  check_all(sim);  then sim->violations, sim->counts, sim->decided
 *
 * Real: the core, two instances of it. Modelled: the database (serial functions, a wall clock of
 * its own that steps, change stamps of a transaction's start), the broker that forgets, repeats and
 * reorders, three analyzers, an LLM that hangs, refuses, leaves posts out or has a post that kills
 * its caller, and clients that cancel. Processes are killed and paused; pairs of services cannot
 * talk for a while; messages are lost, late, twice, overtaken; answers are lost after the deed. A
 * fault phase, then a healed phase in which everything must come to its end.
 * The checkers (check_*.c) see only journals of what happened, nothing of the core.
 * A mutant breaks one clause of the protocol, so that we see the checkers see it.
 *
 * What there is to do and what goes wrong are numbered decisions (decide.c): each is drawn from the
 * seed and its own number, so that a history can be repeated with most of them left out (shrink.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/core.h"
#include "core/heap.h"
#include "counts.h"

#define MS INT64_C(1000)
#define SECOND (1000 * MS)
#define FOREVER INT64_MAX

enum {
    USERS = 9,
    TENANTS = 2, /* a user's number says whose it is */
    ENDPOINTS = 2,
    OF_TENANT = ENDPOINTS,   /* behind the limits of the endpoints: those of each tenant, .. */
    OF_USER = OF_TENANT + 1, /* and of each user that has some */
    KINDS_OF_LIMITS = OF_USER + 1,
    MOST_JOBS_EVER = 150, /* with those that heal */
    HEALING_FROM = 100,   /* number of a job that heals: so many more, each time */
    LANES = 5,            /* as the core numbers them: normal, interactive, those of bursts */
    BURST_LANE = 2,
    MOST_AT_ONCE = 3, /* chunks of a user, where there are bursts */
    JOBS_PER_USER = 5,
    POSTS_PER_JOB = 14,
    POSTS_PER_CHUNK = 5,
    CHUNKS_PER_JOB = 3 + 2 * POSTS_PER_JOB,
    SCHEDULERS = 2,
    ANALYZERS = 3,
    SLOTS = 5,
    PROCESSES = SCHEDULERS + ANALYZERS,
    STORE = PROCESSES,  /* not killed: a service in front of the database takes over at once */
    BROKER = STORE + 1, /* its streams; what has no stream passes as if from one to the other */
    NODES = BROKER + 1,
    CALL_CAP = 4,
};
#define FAULTS_END (60 * SECOND)
#define HEALED_END (600 * SECOND)
#define PERMIT_LIFE (1200 * MS)
#define CALL_LIMIT (6 * SECOND)
#define LEAD_LEASE (3 * SECOND)
#define LONGEST_TRANSACTION SECOND
#define SILENT_AFTER (3500 * MS)
/* The database's wall clock goes wrong by so much at most: less than half the core's margin, so
 * that one that steps from end to end stays within it. */
#define CLOCK_ERROR (200 * MS)
#define SIM_GROUND_BYTES ((size_t)512 << 20)
enum { BREAKER_CALLS = 6 };
#define BREAKER_OPEN_FOR (8 * SECOND)

enum mutant {
    MUTANT_NONE,
    MUTANT_PERMIT_ANY_INSTANCE, /* instances are not told apart */
    MUTANT_NO_PERMIT,           /* analyzers call without asking */
    MUTANT_NO_REREAD,           /* what a lost wake-up told is never read again */
    MUTANT_NO_OVERLAP,          /* the re-reading begins where the last one ended */
    MUTANT_CAPS_FORGET,         /* a new leader does not count older calls */
    MUTANT_CANCEL_FREES,        /* a cancelled chunk frees its place while its call runs */
    MUTANT_NO_TERMINAL_CHECK,   /* an outcome changes a job that has ended */
    MUTANT_NO_ATTEMPT_CHECK,    /* an outcome of an older attempt counts */
    MUTANT_NO_ABORT,            /* a call outlives its lease */
    MUTANT_ASKS_TWICE,          /* an instance takes a redelivered dispatch again */
    MUTANT_GRANT_UNREBUILT,     /* a leader grants before it knows */
    MUTANT_FORGET_TRIES,        /* tries are not counted */
    MUTANT_NO_BACKOFF,          /* a failed chunk is granted again at once */
    MUTANT_NEVER_REAP,          /* what was lost is never given up */
    MUTANT_WINDOWS_FORGET,      /* a new leader is told no calls */
    MUTANT_PAUSES_FORGET,       /* nor what servers asked to wait */
    MUTANT_PROBES_FORGET,       /* nor which calls were probes */
    MUTANT_BREAKER_NEVER_OPEN,  /* a breaker is open for a moment only */
    MUTANT_HEALS_NOTHING,       /* what was degraded stays so */
    MUTANT_BELIEVES_SILENT,     /* an analyzer is never taken to be gone */
    MUTANT_WINDOW_TOO_SHORT,    /* a leader's minute is over after 55 s */
    MUTANT_TWO_PROBES,          /* a leader forgets the probe that is on its way */
    MUTANT_NEVER_SETTLES,       /* a leader does not hear what calls used */
    MUTANT_DEAF_TO_SERVERS,     /* a leader does not hear what servers say of themselves */
    MUTANT_CLASSES_ALIKE,       /* the weights of classes are not known */
    MUTANT_CLASSES_STRICT,      /* the first class is always the next */
    MUTANT_CAPS_IGNORED,        /* whoever submits is taken */
    MUTANT_CAPS_NEVER_FREED,    /* a job that is over still has its place in the queue */
    MUTANT_DEAF_TO_LIMITS,      /* a leader does not hear of limits that are lowered */
    MUTANT_INVENTS_REASONS,     /* a leader tells another reason why a job waits */
    MUTANT_HEALS_REPLACE_EQUAL, /* a result replaces one that is as good */
    MUTANTS,
};

/* What to run: all that the seed decides, or only some of it. */
struct history {
    uint64_t seed;
    enum mutant mutant;
    const uint64_t *only; /* ascending; NULL = all */
    size_t only_count;
    bool is_told; /* prints what happens */
};

struct sim;
typedef void sim_deed(struct sim *sim, void *what);

struct silence {
    int64_t from, to;
    uint32_t incarnation;
    struct silence *next;
};

struct process {
    uint32_t incarnation;
    bool is_alive, is_paused;
    int64_t clock_offset;
    struct happening *put_off; /* newest first */
    struct silence *silences;
};

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

struct told_breaker {
    uint32_t failures; /* in a row */
    int64_t failing_since, open_until, probed_at;
    const struct grant *probe;
};

/* What the rows of calls say of their endpoints: whoever is told of them must know it. */
struct committed {
    struct told_breaker breakers[ENDPOINTS];
    int64_t held_until[ENDPOINTS];
};

/* What a scheduler was told and has asked for. */
enum { MOST_HEARD = 12 };
struct journal {
    struct heartbeat {
        char instance_id[16];
        uint32_t slots;
        int64_t at;
    } heard[MOST_HEARD];
    bool is_listening; /* leads, or is being told all */
    bool is_batch_awaited;
    uint64_t epoch, batch_epoch, batch_sequence;
    uint32_t knows[MOST_JOBS_EVER]; /* of each job, by its place in the store: the last event */
    struct told_control {
        uint64_t version;
        enum control_state state;
        bool has_limits, is_lowered; /* below what is configured */
        struct limits limits;
        int64_t heard_at;
    } told[CONTROLS];
    struct told_breaker breakers[ENDPOINTS];
    struct told_server {
        int64_t held_until, refused_at;
        bool is_looked_at, is_tokens; /* what the last outcome should change */
        enum outcome_class outcome_class;
        uint64_t before[LIMIT_KINDS], told;
        uint64_t used_up[LIMIT_KINDS]; /* limits that the last outcome says are; 0 = it does not */
    } servers[ENDPOINTS];
    struct told_classes {
        double ahead[CLASSES][CLASSES]; /* how far the latter is of the former, which waits */
        bool waits[MOST_JOBS_EVER];     /* since the last batch, by its place in the store */
        bool has_paid_ahead[CLASSES];   /* its last grant may have been out of turn */
        uint64_t orders;                /* of operators, until then */
    } classes;
    const struct committed *committed; /* when the store gave the answer that it hears */
    struct booked *book;               /* what counts in its windows (check_book.c) */
    int64_t stepped_at;
    bool is_booked; /* the snapshot has brought all */
};

struct model_scheduler {
    struct scheduler *core;
    char holder[16];
    struct journal journal;
    struct instant wake;
    uint64_t rebuilt_epoch; /* of which the last page of the snapshot was handed over */
};

struct sim {
    struct arena *arena;
    struct history history;
    enum mutant mutant;
    int64_t now, slow_until, events_lost_until;
    int64_t cut_until[NODES][NODES]; /* from, to */
    struct limits limits[KINDS_OF_LIMITS];
    int64_t limits_until;          /* then operators lift them */
    int64_t down_until[ENDPOINTS]; /* the endpoint fails */
    uint64_t spent_before[ENDPOINTS][TENANTS];
    struct server {
        uint32_t requests_per_minute, tokens_per_minute; /* 0 = as many as come */
        bool tells_limits, tells_wait;
    } servers[ENDPOINTS];
    struct heap happenings;
    struct process processes[PROCESSES]; /* schedulers first */
    struct store store;
    struct committed committed;
    struct model_scheduler schedulers[SCHEDULERS];
    struct model_analyzer analyzers[ANALYZERS];
    struct parcel *work, *results;
    struct grant *grants;
    struct call *calls;
    uint32_t call_count;
    uint64_t counts[COUNTS];
    uint64_t *decided; /* those that came true, in that order */
    size_t decided_count, decided_capacity;
    uint64_t last_decision;
    uint32_t violations;
    char first_rule[16], first_violation[200];
    uint32_t quiet_seconds, seconds_of_quiet;
    bool is_over, is_without_chance, has_bursts;
};

/* Places whose usual delays are drawn apart; below them are the links between nodes. */
enum {
    MANY_LINKS = NODES * NODES,
    USUAL_BROKER = MANY_LINKS + 1,
    USUAL_ANALYZER = MANY_LINKS + 2,
    USUAL_STORE = USUAL_ANALYZER + ANALYZERS,
    MANY_SITES = 4096,
};

/* ---- decide.c: every choice that a shrunk history may leave out ---- */
/* True with this chance, by the seed and the decision's own number alone; noted. */
bool sim_decide(struct sim *sim, enum count kind, uint32_t site, uint32_t number,
                uint32_t permille);
/* A fault that happens with this chance in the fault phase, at that node or link, to what is
 * numbered so: the same whatever happens elsewhere. */
bool sim_fault(struct sim *sim, enum count kind, uint32_t site, uint32_t about, uint32_t permille);
/* A number for the attempt, and for the so manieth thing about it; for what happens about now. */
uint32_t sim_about(const struct attempt_id *id, uint32_t which);
uint32_t sim_number_of(const char *job_id);
uint32_t sim_about_now(const struct sim *sim);
/* How bad the last decision is: the same as often as it is repeated. */
int64_t sim_severity(const struct sim *sim, int64_t least, int64_t most);
/* A usual delay, by place and time; the least one where a shrunk history leaves chance out. */
int64_t sim_usual(const struct sim *sim, uint32_t site, int64_t least, int64_t most);
/* A property of what is numbered: the same whatever else happens. */
int64_t sim_trait(const struct sim *sim, enum count kind, uint32_t number, int64_t least,
                  int64_t most);
void sim_name_decision(uint64_t decision, char *text, size_t size);
bool sim_parse_decision(const char *text, uint64_t *decision);
/* For qsort and bsearch. */
int sim_by_decision(const void *a, const void *b);

/* ---- world.c ---- */
/* Borrows the ground, where all of the history lives; the next history takes it over. */
struct sim *sim_new(const struct history *history, struct arena *ground);
void sim_free(struct sim **sim);
void sim_run(struct sim *sim);

void *sim_keep(struct sim *sim, const void *bytes, size_t size);
/* A line of the history, if it is told. */
void sim_tell(const struct sim *sim, uint32_t node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *sim_node_name(uint32_t node);

/* Later, as this incarnation of the process: not at all if it has died, put off while it is
 * paused. process NULL: the world. */
void sim_after(struct sim *sim, int64_t delay, struct process *process, sim_deed *deed, void *what);
void sim_kill(struct sim *sim, struct process *process, int64_t away);
void sim_pause(struct sim *sim, struct process *process, int64_t length);
void sim_resume(struct sim *sim, struct process *process);
/* It dies by what it is doing. */
void sim_kill_soon(struct sim *sim, struct process *process);
bool sim_is_cut(const struct sim *sim, uint32_t from, uint32_t to);
/* Over the network: lost, late, twice, overtaken, or not at all between nodes that are cut off. */
struct letter {
    const char *name;
    uint32_t from, to, loss_permille;
    uint32_t about;
    sim_deed *deed;
    void *what;
};
void sim_send(struct sim *sim, const struct letter *letter);
void sim_violation(struct sim *sim, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- upset.c: what is done to the fleet as a whole ---- */
void upset_plan(struct sim *sim);
void upset_heal(struct sim *sim);

/* ---- store.c ---- */
void store_plan_jobs(struct sim *sim);
bool store_all_ended(const struct sim *sim);
void store_expire(struct sim *sim);
void store_commit(struct sim *sim, struct grant *grant, const struct outcome *outcome);
struct event *store_lease(struct sim *sim, const char *holder, bool is_resigning,
                          struct instant asked);
struct event *store_batch(struct sim *sim, const char *holder, uint64_t epoch, uint64_t sequence,
                          const struct batch_item *items, size_t count);
struct event *store_snapshot(struct sim *sim, uint64_t epoch, const char *cursor);
struct event *store_changed(struct sim *sim, uint64_t epoch, int64_t since_us, const char *after);
struct event *store_job(struct sim *sim, uint64_t epoch, const char *job_id);

/* ---- store_room.c: rule 10 ---- */
void store_plan_room(struct sim *sim);
void store_note_unfinished(struct sim *sim, const struct model_job *job, int change);
void store_count_work(struct sim *sim); /* each second */
enum room store_room_for(const struct sim *sim, const struct model_job *job);

/* ---- schedulers.c ---- */
void schedulers_boot(struct sim *sim, uint32_t number);
void schedulers_died(struct sim *sim, uint32_t number);
uint32_t schedulers_weight(const struct sim *sim, int service_class);
void schedulers_hear(struct sim *sim, uint32_t from, uint32_t loss_permille,
                     const struct event *event);

/* ---- analyzers.c ---- */
void analyzers_boot(struct sim *sim, uint32_t number);
void analyzers_died(struct sim *sim, uint32_t number);
void analyzers_hear_cancel(struct sim *sim, const struct model_job *job);
void analyzers_answer(struct sim *sim, uint32_t number, const struct action *action);
void analyzers_work_arrived(struct sim *sim, const struct attempt_id *id);
void analyzers_upset_streams(struct sim *sim, int64_t way);

struct grant *analyzers_grant(const struct sim *sim, const struct attempt_id *id);

/* ---- control_limits.c: limits that operators lower for a while, of tenants and endpoints ---- */
void control_limits_plan(struct sim *sim);

/* ---- llm.c: endpoints, and what calls cost ---- */
void llm_plan(struct sim *sim);
void llm_configure(const struct sim *sim, struct scheduler_config *config);
const char *endpoint_name(uint32_t endpoint);
uint32_t endpoint_numbered(const char *name); /* ENDPOINTS = there is none of that name */
struct usage llm_usage(const struct sim *sim, const struct grant *grant);
uint64_t llm_price(const struct usage *usage);
/* outcome NULL: it will never be called. */
void llm_settle(struct sim *sim, struct grant *grant, const struct outcome *outcome);
const struct call_facts *llm_told(struct sim *sim, size_t *count);
const struct ended_call *llm_ended(struct sim *sim, size_t *count);
const struct spend_facts *llm_spends(struct sim *sim, size_t *count); /* before it all began */

/* ---- servers.c: limits that the servers have of themselves ---- */
void servers_plan(struct sim *sim);
/* At its beginning; what the server says with its answer. */
void server_takes(struct sim *sim, struct call *call);
void server_says(struct sim *sim, const struct call *call, struct outcome *outcome);

/* ---- store_heal.c ---- */
struct event *store_heal(struct sim *sim, uint64_t epoch);
void store_revise(struct sim *sim, struct model_job *job, uint32_t post, enum analysis_mode mode);

/* ---- controls.c ---- */
void controls_plan(struct sim *sim);
void controls_lift_limits(struct sim *sim);
bool controls_limit_user(const struct sim *sim, uint32_t user); /* did they from the start? */
const char *tenant_name(uint32_t tenant);
const char *user_name(uint32_t user);
uint32_t tenant_numbered(const char *name);
uint32_t control_place(const struct control_facts *facts);
/* Those that changed since then, by the database's clock. */
const struct control_facts *controls_told(struct sim *sim, int64_t since, size_t *count);
/* As it is now, told to all. */
void controls_order(struct sim *sim, uint32_t place, enum control_state state, bool is_removed);
bool controls_refuse_jobs(const struct sim *sim, uint32_t user);
