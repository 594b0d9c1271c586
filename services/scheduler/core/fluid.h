/* Equal sharing, run in virtual time: when would everybody be done if all were served at once?
 *
 * n stakes share k slots, each served at the rate min(1, k/n). The virtual clock says how much
 * service each stake has had since the start; a stake that enters at V with work S leaves at the
 * mark V + S, whoever comes later. How long that takes depends on the others, and is worked out
 * when asked. The unit of work and of time is one chunk: what runs the fluid says how many usual
 * calls have passed, so that a better estimate of a call moves no mark.
 *
 * A treap ordered by mark with sums (Seidel, Aragon 1996): every operation is O(log n). Doubles:
 * the same calls give the same bits (ISO C contracts nothing). One thread; stakes are the
 * caller's while they are in the fluid.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turn;

struct stake {
    struct turn *turn; /* NULL = it is gone, though its virtual service goes on */
    uint64_t age;      /* orders equal marks; no two stakes have the same */
    double mark;
    double end; /* the time at which it left */
    /* in the tree; sum and count are of the subtree */
    struct stake *left, *right;
    double sum;
    uint32_t count; /* 0 = it is in no fluid */
};

struct fluid {
    struct stake *root;
    struct stake *first; /* of the least mark; NULL = to be looked up */
    uint32_t slots;      /* 1 or more */
    double virtual, time;
};

static inline bool fluid_has(const struct stake *stake)
{
    return stake->count > 0;
}

static inline uint32_t fluid_count(const struct fluid *fluid)
{
    return fluid->root ? fluid->root->count : 0;
}

/* The stake must not be in it, and its mark must lie ahead of the virtual clock. */
void fluid_enter(struct fluid *fluid, struct stake *stake);
void fluid_leave(struct fluid *fluid, struct stake *stake);

/* The time at which the stake will leave, if nobody comes or goes. */
double fluid_end_of(const struct fluid *fluid, const struct stake *stake);

/* Lets time pass, up to the first leaving: answers who left, with the end set and what is left of
 * the time, or NULL when all of it has passed. */
struct stake *fluid_pass(struct fluid *fluid, double *left);

/* Takes any stake out, or answers NULL. */
struct stake *fluid_take(struct fluid *fluid);
