/* A whole fleet in one thread, from a seed, around the real core of the scheduler.
 *
 *   SCOPED(arena_close) struct arena *ground = arena_open(SIM_GROUND_BYTES);
 *   struct history history = {.seed = 7};
 *   SCOPED(sim_free) struct sim *sim = sim_new(&history, &CHECKERS, ground);
 *   sim_run(sim);  then sim->violations, sim->counts, sim->decided
 *
 * Real: the core, two instances of it. Modelled: the database (serial functions, a wall clock of
 * its own that steps, change stamps of a transaction's start), the broker that forgets, repeats and
 * reorders, three analyzers, an LLM that hangs, refuses, leaves posts out or has a post that kills
 * its caller, and clients that cancel. Processes are killed and paused; pairs of services cannot
 * talk for a while; messages are lost, late, twice, overtaken; answers are lost after the deed. A
 * fault phase, then a healed phase in which everything must come to its end.
 * Who checks it (witness.h) sees only journals of what happened, nothing of the core.
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
#include "journal.h"
#include "things.h"
#include "witness.h"

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
    MUTANT_KEEPS_REASONS,       /* or what was missing before */
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

/* What those do with a process who do not know what it is; by its node. What it never meets is
 * NULL. */
struct role {
    void (*boot)(struct sim *sim, uint32_t node);
    void (*die)(struct sim *sim, uint32_t node);
    void (*hear)(struct sim *sim, uint32_t node, const struct event *event);
    void (*take)(struct sim *sim, uint32_t node, struct parcel *parcel); /* of the broker's work */
    void (*cancel)(struct sim *sim, uint32_t node, const struct model_job *job);
};

struct process {
    const struct role *role;
    uint32_t incarnation;
    bool is_alive, is_paused;
    int64_t clock_offset;
    struct happening *put_off; /* newest first */
    struct silence *silences;
};

struct model_scheduler {
    struct scheduler *core;
    char holder[16];
    struct journal journal;
    struct instant wake;
    struct explanation lacked; /* of a mutant: what it told last that was missing */
    uint64_t rebuilt_epoch;    /* of which the last page of the snapshot was handed over */
};

struct sim {
    struct arena *arena;
    struct history history;
    const struct witness *witness;
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
struct sim *sim_new(const struct history *history, const struct witness *witness,
                    struct arena *ground);
void sim_free(struct sim **sim);
void sim_run(struct sim *sim);

/* ---- tell.c ---- */
/* A line of the history, if it is told. */
void sim_tell(const struct sim *sim, uint32_t node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *sim_node_name(uint32_t node);
void sim_violation(struct sim *sim, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
