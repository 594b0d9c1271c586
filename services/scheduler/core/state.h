/* The core's parts, seen by its own files only. Functions are declared in the order in which a
 * step uses them; `now` is that of the step. */
#pragma once

#include "account.h"
#include "book.h"
#include "breaker.h"
#include "controls.h"
#include "core.h"
#include "fleet.h"
#include "learned.h"

#define NEVER ((struct instant){INT64_MAX})
enum {
    LEASE_MARGIN_MS = 500, /* of an attempt's lease: clocks and messages between us and the store */
    STORE_RETRY_MS = 200,  /* no answer came: the same again */
    BUSY_RETRY_MS = 500,   /* the answer was: not now */
};

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

/* ---- what calls cost, and where they go (budget.c, endpoints.c, rebuild.c) ---- */
enum { NO_ENDPOINT = MOST_ENDPOINTS };

/* What a grant by the LLM has booked with its tenant, its endpoint and its user. */
struct booking {
    enum { BOOKED_NOTHING, BOOKED_PROMISE, BOOKED_CALL } stage;
    uint32_t endpoint;   /* its place in the chain; NO_ENDPOINT = none, or of another chain */
    uint32_t user_purse; /* its number; 0 = the user has no limits */
    struct charge charge;
    struct instant taken_at; /* BOOKED_CALL: it is counted there */
    bool is_probe;           /* of the endpoint's breaker */
};

/* What a tenant uses of its limits, from its first call on; or a user, from when it has some. */
struct purse {
    struct account account;
    struct tenant *tenant;
    char *user_id;         /* NULL = it is the tenant's */
    struct heap_node shut; /* among those who are shut, by when to look again */
    struct charge wanted;  /* then: what there was no room for */
    struct purse *next;    /* of all tenants' */
};

struct endpoint {
    struct account account;
    struct account refused; /* of that, what its server refused with a 429 */
    struct learned learned;
    struct breaker breaker;
};

/* A call of an older epoch that was not settled when this one began. */
struct old_call {
    struct attempt_id id;
    struct booking booking;
};

/* What a call takes: by this its price is bounded before it. */
struct call_size {
    uint32_t text_bytes, posts;
};

/* The chunk that is next by the LLM was not granted, and nothing else by the LLM is. */
struct stop {
    bool is_set;
    struct call_size size;
    struct shortage shortage; /* when it was looked at */
};

struct budget {
    struct endpoint endpoints[MOST_ENDPOINTS];
    struct purse *purses;       /* of tenants */
    struct heap shut;           /* of them */
    struct purse **user_purses; /* by number, from 1; NULL = it was dropped */
    uint32_t last_user_purse, user_purse_count;
    struct heap shut_users;
    struct stop stop;
    struct instant grant_at;  /* then a grant that was stopped is tried again */
    struct instant permit_at; /* then an ask that was refused is */
    struct old_call *old_calls;
    size_t old_call_count;
};

/* ---- healing (heal.c) ---- */
struct heal {
    bool may_be_needed, is_asked;
    bool is_noted_since; /* the answer that is awaited may not know of it */
    struct instant ask_at;
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
    uint64_t order;       /* of the grants, but that bursts are last */
    uint64_t rank_before; /* of its turn: a grant that came to nothing keeps its place */
    struct instant end;   /* of its lease */
    struct instant publish_at;
    int64_t publish_gap_ms;
    struct instant granted; /* its batch was asked for */
    struct instant permitted_at;
    struct instant ended; /* its outcome was heard */
    struct booking booking;
    char instance_id[INSTANCE_ID_SIZE]; /* of the permit */
    /* the parked ask */
    bool is_refused; /* for want of room under a limit */
    struct attempt *next_refused;
    struct instant asked;
    uint32_t ask_number;
    char asker[INSTANCE_ID_SIZE];
    char reply[REPLY_SUBJECT_SIZE];
};

enum { ASSUMED_CALL_US = 1000000 }; /* until one was measured */

struct attempts {
    struct heap alarms, errands, parked, bursts;
    uint64_t last_grant;
    size_t count, waiting, calls;
    int64_t mean_call_us; /* moving average of permit to outcome */
};

/* ---- how fast users are served (pace.c) ---- */
struct pace {
    int64_t committing_us;   /* moving averages: of an outcome to its commit */
    int64_t granting_us;     /* of a grant asked for to its permit */
    uint32_t users_per_slot; /* in eighths */
    size_t permits;          /* since that was changed */
};
void pace_note_permit(struct scheduler *s, const struct attempt *attempt);
void pace_note_commit(struct scheduler *s, const struct attempt *attempt);
void pace_forget(struct scheduler *s);
void pace_tell(struct scheduler *s); /* the queue */

/* ---- the numbered batch (batch.c) ---- */
struct batch {
    uint64_t sequence;
    bool is_outstanding;
    struct instant asked;     /* for the first time: leases count from here */
    struct instant repeat_at; /* NEVER = it is being answered */
    struct batch_item items[BATCH_LIMIT];
    struct chunk *chunks[BATCH_LIMIT];
    uint64_t ranks_before[BATCH_LIMIT];
    struct booking bookings[BATCH_LIMIT]; /* of grants */
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
    struct pace pace;
    struct batch batch;
    struct budget budget;
    struct heal heal;
    struct fleet fleet;
    struct controls controls;
    struct calls_seen calls_seen;
    struct actions actions;
    struct scheduler_figures figures; /* its counters only */
};

/* ---- state.c ---- */
struct action *say(struct scheduler *s, enum action_kind kind);
bool lead_is_held(const struct scheduler *s); /* leading, rebuilt, and the lease still lasts */
bool attempt_counts_as_call(const struct attempt *attempt); /* rules 2 and 5 */

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

/* ---- orders.c: what operators have set, as it is in force ---- */
void orders_greet(struct scheduler *s, struct user *user); /* has just become known */
/* Is nothing of the user to be granted, by an operator's word? */
bool orders_is_user_held(const struct scheduler *s, const struct user *user);
bool orders_is_endpoint_held(const struct scheduler *s, const struct endpoint_config *endpoint);
bool orders_is_reduced(const struct scheduler *s); /* all is done by the embedded analysis */
const struct limits *orders_limits_of_tenant(const struct scheduler *s,
                                             const struct tenant *tenant);
const struct limits *orders_limits_of_user(const struct scheduler *s, const struct purse *purse);
const struct limits *orders_limits_of_endpoint(const struct scheduler *s,
                                               const struct endpoint_config *endpoint);

/* ---- obey.c: who is to heed what operators set, and when ---- */
void obey_control(struct scheduler *s, const struct control_facts *facts);
void obey_all(struct scheduler *s, const struct control_facts *facts, size_t count);
/* Takes back the grants that may not be called any more. */
void obey_take_back(struct scheduler *s);

/* ---- attempts.c: where each grant stands ---- */
struct attempt *attempts_add(struct scheduler *s, struct chunk *chunk, enum attempt_phase phase,
                             struct instant end);
void attempts_drop(struct scheduler *s, struct chunk *chunk); /* its row has left the flight */
void attempts_swear_off(struct scheduler *s, struct attempt *attempt);
struct attempt *attempts_find(const struct scheduler *s, const struct attempt_id *id);
struct attempt_id attempts_id(const struct attempt *attempt);
/* Books, counts and heaps follow. */
void attempts_set_phase(struct scheduler *s, struct attempt *attempt, enum attempt_phase phase);
void attempts_unpark(struct scheduler *s, struct attempt *attempt); /* its ask, if one is parked */
/* It need not be published again; whoever published it may forget it. */
void attempts_forget_dispatch(struct scheduler *s, struct attempt *attempt);
void attempts_note_served(struct scheduler *s, struct job *job); /* it waits no more */
/* Does the lease leave room for a whole call by a permit that is used at the end of its life? */
bool attempts_has_room(const struct scheduler *s, const struct attempt *attempt);
void attempts_on_dispatch_failed(struct scheduler *s, const struct attempt_id *id);
/* Of an older epoch: now it is known what its call has booked. */
void attempts_adopt(struct scheduler *s, struct attempt *attempt, const struct booking *booking);
void attempts_retry_errand(struct scheduler *s, struct attempt *attempt);
void attempts_tend(struct scheduler *s); /* leases, republishing */
uint32_t attempts_call_cap(const struct scheduler *s);
size_t attempts_slots(const struct scheduler *s); /* the cap, and what analyzers announce */
/* How many more grants may be asked for now (rule 2). */
size_t attempts_room_ahead(const struct scheduler *s);

/* ---- permits.c: who may call, and what came of it ---- */
void permits_on_ask(struct scheduler *s, const struct event *event);
void permits_on_outcome(struct scheduler *s, const struct outcome_facts *outcome);
void permits_serve(struct scheduler *s); /* parked asks, while there is room */

/* ---- burst.c: rule 1; more than one chunk of a user, while nobody else waits ---- */
/* The lane for the chunk's grant. */
uint32_t burst_lane_for(const struct scheduler *s, const struct chunk *chunk);
/* How many more of them may be asked for: slots that nobody has and nobody is about to take. */
size_t burst_room(const struct scheduler *s, size_t grants_in_batch);
/* Takes back those that no slot is left for, before asks are served: none takes the slot for which
 * another's grant is on its way. */
void burst_tend(struct scheduler *s);

/* ---- batch.c ---- */
void batch_on_answer(struct scheduler *s, const struct event *event);
void batch_tend(struct scheduler *s); /* repeats, or collects the next */

/* ---- budget.c: rule 5; what is booked where ---- */
void budget_open(struct scheduler *s);
void budget_forget(struct scheduler *s); /* after everything else of the epoch */
void budget_close(struct scheduler *s);
void budget_tend(struct scheduler *s); /* tenants that were shut, breakers that are due */
struct instant budget_next_wake(const struct scheduler *s);
struct purse *budget_purse(struct scheduler *s, struct tenant *tenant);
/* A grant is asked for; it came to nothing; its permit is given; its outcome is known. */
void budget_promise(struct scheduler *s, struct tenant *tenant, struct booking *booking);
void budget_withdraw(struct scheduler *s, struct tenant *tenant, struct booking *booking);
void budget_take(struct scheduler *s, struct tenant *tenant, struct booking *booking,
                 struct instant when);
void budget_settle(struct scheduler *s, struct attempt *attempt,
                   const struct outcome_facts *outcome);
/* Its estimate is given back to the share of its tenant: it will never be called. */
void budget_give_back(struct scheduler *s, struct chunk *chunk, const struct booking *booking);
/* The calls that count as running. */
void budget_begin_call(struct scheduler *s, struct attempt *attempt);
void budget_end_call(struct scheduler *s, struct attempt *attempt);
/* Whose limit keeps an ask from being permitted. */
struct refusal {
    enum control_scope scope; /* an endpoint's, a tenant's or a user's */
    struct shortage shortage;
    bool is_shadow; /* a shadow limit would have refused it */
};
/* Is there no room for the call, exactly now? Notes nothing. */
bool budget_refuses(struct scheduler *s, const struct attempt *attempt, struct refusal *refusal);
/* May the ask be permitted, exactly now? A permit that is repeated is counted anew. */
bool budget_may_permit(struct scheduler *s, struct attempt *attempt);
bool budget_may_repeat(struct scheduler *s, struct attempt *attempt);
/* Is there room for a grant of the tenant? Else until when not. */
bool budget_tenant_may_grant(struct scheduler *s, struct tenant *tenant,
                             const struct charge *charge, struct shortage *shortage);
/* Nothing is granted to it before it is looked at again. */
void budget_shut(struct scheduler *s, struct tenant *tenant, const struct charge *wanted,
                 const struct shortage *shortage);
bool budget_user_may_grant(struct scheduler *s, struct purse *purse, const struct charge *charge,
                           struct shortage *shortage);
void budget_shut_turn(struct scheduler *s, struct turn *turn, const struct charge *wanted,
                      const struct shortage *shortage);
/* There may be room now. */
void budget_look_again_at_user(struct scheduler *s, struct purse *purse);
/* Which deadlines do not allow to wait until the shortage is over: those before that key. */
uint64_t budget_urgent_before(const struct scheduler *s, const struct shortage *shortage);

/* ---- purses.c: rule 5; users have a purse only if they have limits ---- */
/* NULL = there is none, or it was dropped since. */
struct purse *purses_at(const struct scheduler *s, uint32_t number);
/* Of the user, if it has limits; 0 = it has none. */
uint32_t purses_of(const struct scheduler *s, const char *tenant_id, const char *user_id);
/* The user has limits now: what it has booked counts from now on. */
void purses_begin(struct scheduler *s, const char *tenant_id, const char *user_id);
void purses_forget(struct scheduler *s);

/* ---- endpoints.c: rules 5 and 7; which endpoint is called ---- */
struct pick {
    enum { PICK_CALL, PICK_FULL, PICK_NONE } kind;
    uint32_t endpoint; /* CALL: that one; else the one that may be called soonest, or NO_ENDPOINT */
    struct charge charge;
    struct shortage shortage; /* FULL, NONE: its limit and until when */
    bool is_long;             /* FULL: for more than a minute */
};
void endpoints_open(struct scheduler *s);
void endpoints_tend(struct scheduler *s);
uint32_t endpoints_named(const struct scheduler *s, const char *name);
struct pick endpoints_pick(struct scheduler *s, const struct call_size *size);
/* May a grant for it still go on? */
bool endpoints_may_go_on(const struct scheduler *s, const struct booking *booking);
/* Does a call that has ended so tell anything of its endpoint? One that cannot be reached was not
 * called, and that says enough. */
bool endpoints_tells(enum outcome_class outcome_class, bool was_called);
/* worked: in the minute before a refusal; NULL = that is not known, and it teaches nothing. */
void endpoints_learn(struct scheduler *s, uint32_t endpoint, const struct outcome_facts *outcome,
                     const struct learned_use *worked, struct instant at);
/* True: its breaker has opened. */
bool endpoints_on_outcome(struct scheduler *s, struct attempt *attempt,
                          const struct outcome_facts *outcome);
void endpoints_probe_ended(struct scheduler *s, struct booking *booking);
bool endpoints_has_usable(const struct scheduler *s);
void endpoints_figures(const struct scheduler *s, struct scheduler_figures *figures);

/* ---- choice.c: rules 5 to 7; how the chunk that is next is done ---- */
struct verdict {
    enum {
        VERDICT_CALL,        /* there is room for it everywhere */
        VERDICT_EMBEDDED,    /* by the embedded analysis */
        VERDICT_PATIENT,     /* all its tries have failed; it is tried again much later */
        VERDICT_WITHOUT,     /* nothing can do it now, and nobody has to wait for it */
        VERDICT_STOP,        /* no endpoint can do it now, and nothing else by the LLM is granted */
        VERDICT_SHUT_TENANT, /* no room under the limits of its tenant */
        VERDICT_SHUT_USER,   /* the same of its user */
    } kind;
    bool is_degraded;         /* EMBEDDED */
    struct pick pick;         /* not of EMBEDDED and PATIENT */
    struct shortage shortage; /* SHUT */
};
/* What would be done about it if it were next now. Does nothing about it. */
struct verdict choice_verdict(struct scheduler *s, const struct chunk *chunk);

struct choice {
    enum { CHOICE_GRANT, CHOICE_NEXT, CHOICE_STOP } kind; /* NEXT: another chunk is next now */
    enum analysis_mode mode;
    bool is_degraded;
    struct booking booking;
};
struct choice choice_of(struct scheduler *s, struct chunk *chunk);
/* Behind what waits for an endpoint may stand what needs none or must not wait so long: the next
 * such chunk, and how it is done; or NULL. */
struct chunk *choice_next_urgent(struct scheduler *s, struct choice *choice);
/* May a grant that waits for its permit still be called? */
bool choice_holds(const struct scheduler *s, const struct booking *booking);

/* ---- heal.c: rule 7; what was done for want of an endpoint ---- */
void heal_begin(struct scheduler *s); /* leading from now on */
void heal_note(struct scheduler *s);  /* something may have to be healed */
void heal_on_answer(struct scheduler *s, const struct event *event);
void heal_tend(struct scheduler *s);
struct instant heal_next_wake(const struct scheduler *s);

/* ---- rebuild.c: what calls of older epochs still count (step 9) ---- */
void rebuild_call(struct scheduler *s, const struct call_facts *call);
void rebuild_spend(struct scheduler *s, const struct spend_facts *spend);
/* All that are told of them, oldest first; limits that operators set are known. */
void rebuild_endpoints(struct scheduler *s, const struct ended_call *calls, size_t count);
/* An attempt of an older epoch gets what its call had booked, if that is known. */
void rebuild_adopt(struct scheduler *s, struct attempt *attempt);
void rebuild_forget(struct scheduler *s);

/* ---- explain.c: rule 12; reads the state that decides, and changes nothing of it ---- */
/* After all that could be done in this step: what is told is so now. */
void explain_on_ask(struct scheduler *s, const struct event *event);

/* ---- lead.c ---- */
void lead_on_lease(struct scheduler *s, const struct event *event);
void lead_on_snapshot(struct scheduler *s, const struct event *event);
void lead_on_changed(struct scheduler *s, const struct event *event);
void lead_on_leave(struct scheduler *s);
void lead_tend(struct scheduler *s);
