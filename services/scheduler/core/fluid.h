/* Equal sharing, run in virtual time: when would everybody be done if all were served at once?
 *
 * n stakes share k slots, each served at the rate min(1, k/n). The virtual clock says how much
 * service each stake has had since the start; a stake that enters at V with work S leaves at the
 * mark V + S, whoever comes later. How long that takes depends on the others, and is worked out
 * when asked. The unit of work and of time is one chunk: what runs the fluid says how many usual
 * calls have passed, so that a better estimate of a call moves no mark.
 *
 * A treap ordered by mark with sums (Seidel, Aragon 1996): every operation is O(log n). Doubles:
 * the same calls give the same bits (ISO C contracts nothing). One thread. Stakes are the caller's
 * and live in a pool of his; links are their numbers there, half as large as pointers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool.h"

struct stake {
    double mark;
    union {
        double sum; /* while it is in the fluid: of the marks in its subtree */
        double end; /* afterwards: the time at which it left */
    };
    uint32_t age; /* orders equal marks (fluid_is_older()); no two stakes have the same */
    uint32_t left, right;
    uint32_t count : 31;       /* of its subtree; 0 = it is in no fluid */
    uint32_t is_abandoned : 1; /* the caller's: nobody asks for it any more */
};
_Static_assert(sizeof(struct stake) == 32, "there is one for each user who waits");

struct fluid {
    struct pool *stakes; /* lent: of struct stake */
    uint32_t root;       /* 0 = none, as with every number */
    uint32_t first;      /* of the least mark; 0 = to be looked up */
    uint32_t slots;      /* 1 or more */
    double virtual, time;
};

static inline bool fluid_has(const struct stake *stake)
{
    return stake->count > 0;
}

/* Ages are given one after another and begin again at 0: no two that are compared are 2^31 apart.
 */
static inline bool fluid_is_older(const struct stake *a, const struct stake *b)
{
    return (int32_t)(a->age - b->age) < 0;
}

uint32_t fluid_count(const struct fluid *fluid);

/* The stake must not be in it, and its mark must lie ahead of the virtual clock. */
void fluid_enter(struct fluid *fluid, uint32_t stake);
void fluid_leave(struct fluid *fluid, uint32_t stake);

/* The time at which the stake will leave, if nobody comes or goes. */
double fluid_end_of(const struct fluid *fluid, const struct stake *stake);

/* Lets time pass, up to the first leaving: answers who left, with the end set and what is left of
 * the time, or 0 when all of it has passed. */
uint32_t fluid_pass(struct fluid *fluid, double *left);
