/* What one scheduler was told and has said, as the checkers keep it for themselves. */
#pragma once

#include "things.h"

struct told_breaker {
    uint32_t failures; /* in a row */
    int64_t failing_since, open_until, probed_at;
    const struct grant *probe;
};

/* What the rows of calls say of their endpoints: whoever is told of them must know it. */
struct committed {
    int64_t at; /* when they said it */
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
    struct trouble { /* all that it may know of */
        int64_t held_until, failed_at;
        bool has_failed;
    } trouble[ENDPOINTS];
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
