/* What happens to a dispatch in this analyzer: is looked up, waits, asks, calls, is over. The pure
 * core: it is told what happened and answers what to do; no clock, I/O or threads.
 *
 *   item = flow_take(...)                 a dispatch has come
 *   flow_looked_up()                      what the cache knows of it
 *   flow_answered(), flow_cancelled()     what others said
 *   while (flow_next(flow, now, &action)) perform it
 *   flow_over(item)                       its call has ended, its outcome is to be published
 *   flow_close(&item)                     the outcome is stored and the work acked
 *
 *  1 An instance takes an attempt at most once, whatever is redelivered; what it remembers is
 *    bounded, the oldest finished ones are forgotten first.
 *  2 Asking and calling together never exceed the slots; interactive dispatches go first and may
 *    use INTERACTIVE_EXTRA slots more, so that parked asks cannot hold them up.
 *  3 An ask is repeated every ask_repeat_ms until it is answered.
 *  4 A permit counts only within its life, from the very ask that it answers. A void one is
 *    ignored: the next ask gets it again.
 *  5 A call is aborted call_max_ms after its start, and when the attempt's lease ends, which is
 *    counted from the ask.
 *  6 DROP drops the dispatch while it asks.
 *  7 Cancelling a job aborts its calls. What still asks goes on asking: the leader drops it.
 *  8 A dispatch that nobody has answered for its whole lease and GIVE_UP_MS more is dropped.
 *  9 A dispatch for the embedded analysis asks nobody and takes no slot.
 * 10 Draining: no slots are announced; what waits is returned; what asks asks no more and is
 *    returned once its last ask is void; what calls goes on until draining ends, then is aborted.
 * 11 A dispatch for the LLM is looked up before it asks; that takes no slot.
 * 12 One that was found whole makes free asks: they take no slot and wait for none. Permitted, it
 *    is published without a call.
 * 13 Above the ceiling of memory it is full: nothing new is taken, what waits to ask for a call is
 *    returned, and no more slots are announced than ask or call. Below nine tenths it goes on.
 * 14 What is permitted and only waits to be published takes no room, of as many as there are slots:
 *    they wait for other replicas' calls, and this one has its own to make.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "work.pb-c.h"

enum { INTERACTIVE_EXTRA = 2, GIVE_UP_MS = 5000, FLOW_JOB_SIZE = 65 };

struct flow_config {
    int slots;
    int prefetch; /* dispatches held beyond the slots */
    int64_t ask_repeat_ms;
    int64_t permit_life_ms; /* taken for an unanswered ask's */
    int64_t call_max_ms;
    size_t memory;        /* attempts remembered */
    size_t ceiling_bytes; /* 0 = none */
};

struct flow;
struct flow_item;

struct flow *flow_new(const struct flow_config *config);
void flow_free(struct flow **flow);

enum flow_taken {
    FLOW_TAKEN,
    FLOW_HELD_ALREADY, /* in hand: leave the message alone */
    FLOW_DONE_BEFORE,  /* finished before: ack the message */
};

/* What the core must know of a dispatch. */
struct flow_dispatch {
    const char *job_id; /* copied */
    uint32_t chunk_number, attempt;
    Tp__ServiceClass service_class;
    Tp__AnalysisMode mode;
    int64_t lease_ms;
};

/* `load` is the shell's own, given back with each action. */
enum flow_taken flow_take(struct flow *flow, const struct flow_dispatch *dispatch, void *load,
                          struct instant now);

/* What FLOW_LOOK_UP brought: are the results of all its posts there? */
void flow_looked_up(struct flow *flow, struct flow_item *item, bool is_whole);

/* The leader's answer. lease_left_ms and life_ms count from ask `ask_number`. */
struct flow_permit {
    const char *job_id;
    uint32_t chunk_number, attempt, ask_number;
    bool is_permitted; /* else DROP */
    int64_t lease_left_ms, life_ms;
};
void flow_answered(struct flow *flow, const struct flow_permit *permit, struct instant now);

void flow_cancelled(struct flow *flow, const char *job_id);

/* Rule 10: from now on; calls may go on until `end`. */
void flow_drain(struct flow *flow, struct instant end);

/* Rule 13: what the process takes now. */
void flow_weigh(struct flow *flow, size_t used_bytes);
bool flow_is_full(const struct flow *flow);

enum flow_action_kind {
    FLOW_LOOK_UP, /* look it up; flow_looked_up() is the shell's answer, at once or later */
    FLOW_ASK,     /* ask for a permit, with this number */
    FLOW_CALL,    /* permitted: call the LLM */
    FLOW_PUBLISH, /* permitted: publish what was found */
    FLOW_ANALYSE, /* by the embedded analysis */
    FLOW_ABORT,   /* end its call now; flow_over() is the shell's answer */
    FLOW_DROP,    /* ack its message; the item is gone */
    FLOW_RETURN,  /* nak its message; the item is gone, and not remembered */
};

struct flow_action {
    enum flow_action_kind kind;
    struct flow_item *item; /* NULL with DROP and RETURN */
    void *load;
    uint32_t ask_number;
    bool is_free; /* of ASK */
};

/* The next thing to do, or false if there is nothing now. */
bool flow_next(struct flow *flow, struct instant now, struct flow_action *action);

/* When flow_next() may have something to do by itself; INT64_MAX ns = never. */
struct instant flow_next_at(const struct flow *flow);

/* Its call or analysis has ended: its slot is free. */
void flow_over(struct flow *flow, struct flow_item *item);
/* Nothing more is to be done for it: it is remembered as done. */
void flow_close(struct flow *flow, struct flow_item **item);

int flow_slots(const struct flow *flow); /* to announce: rules 10 and 13 */
int flow_busy(const struct flow *flow);  /* calls running */
int flow_room(const struct flow *flow);  /* dispatches to ask the broker for */
bool flow_is_empty(const struct flow *flow);
