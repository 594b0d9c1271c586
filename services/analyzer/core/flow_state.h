/* The state of the core of flow.h, shared by the parts of it. */
#pragma once

#include <uthash.h>

#include "flow.h"

enum { ASKS_KEPT = 4 };

enum item_state { UNKNOWN, LOOKING, WAITING, ASKING, PERMITTED, CALLING, OVER };

struct attempt_key {
    char job_id[FLOW_JOB_SIZE];
    uint32_t chunk_number, attempt;
};

struct item_list {
    struct flow_item *first, *last;
};

struct flow_item {
    struct flow_item *next, *previous; /* in order of arrival */
    struct flow_item *after, *before;  /* in one of its lane's lists */
    struct item_list *list;            /* NULL = in none: something must happen, or be due */
    struct remembered *memory;
    void *load;
    Tp__ServiceClass service_class;
    bool is_embedded, is_whole, is_cancelled, is_dropped, is_aborted;
    enum item_state state;
    struct instant give_up_at, abort_at;
    uint32_t asks;                   /* made so far: the number of the next one */
    struct instant asked[ASKS_KEPT]; /* ask n at n % ASKS_KEPT */
};

/* Rule 1: an attempt that is in hand, or was. */
struct remembered {
    UT_hash_handle hh;
    struct attempt_key key;
    struct flow_item *item; /* NULL = done */
};

/* What may be done next, so that nobody looks at a thousand calls to find the one that is due. */
struct lane {
    struct item_list ready;   /* to be looked at now */
    struct item_list asking;  /* the next ask of the first one is due first */
    struct item_list waiting; /* for a slot */
};

struct flow {
    struct flow_config config;
    struct lane interactive, others;
    struct instant look_at;      /* no later than the first end of a call or a patience */
    struct remembered *memories; /* in order of arrival */
    struct flow_item *first, *last;
    int held, asking, calling; /* held: not over yet */
    int publishing;            /* of these, without a call */
    bool is_draining, is_full;
    struct instant drain_end;
};

/* Rule 1: attempts.c. False: a job with such an id is none of ours. */
bool attempt_key_make(const char *job_id, uint32_t chunk_number, uint32_t attempt,
                      struct attempt_key *key);
struct remembered *attempts_find(const struct flow *flow, const struct attempt_key *key);
/* The oldest one that is done gives way. */
struct remembered *attempts_remember(struct flow *flow, const struct attempt_key *key);
void attempts_forget(struct flow *flow, struct remembered *memory);
void attempts_free(struct flow *flow);

/* Lists: lanes.c. */
struct lane *lane_of(struct flow *flow, const struct flow_item *item);
void lane_enlist(struct flow_item *item, struct item_list *list);
void lane_unlist(struct flow_item *item);
/* Where it belongs in the state that it is in. */
void lane_place(struct flow *flow, struct flow_item *item);
