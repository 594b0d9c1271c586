/* What each class of outcome means, in one table: for the tries and waits of a chunk (rule 6), for
 * the breaker and the hold of its endpoint (rules 5 and 7). docs/scheduling.md shows it. Pure. */
#pragma once

#include <stdbool.h>

#include "facts.h"

/* What it says about the endpoint. */
enum breaker_word {
    BREAKER_NOTHING, /* not whether it works */
    BREAKER_WORKS,
    BREAKER_FAILS,
    BREAKER_REFUSES, /* every call, until somebody acts */
};

enum backoff {
    BACKOFF_NONE,
    BACKOFF_BY_TRIES,
    BACKOFF_BY_ATTEMPTS, /* no try is charged, so attempts stand in for them */
};

struct error_class {
    const char *name; /* as in docs/scheduling.md */
    bool is_try;      /* the store charges it; may be the chunk's own fault */
    bool is_split;    /* the whole can never succeed: as if all tries were used */
    bool holds;       /* what the server asks to wait for holds for all calls of the endpoint */
    enum backoff backoff;
    enum breaker_word word;
};

const struct error_class *error_class_of(enum outcome_class outcome_class);
