/* Fair sojourn: nobody is done later than under equal sharing, and most are much earlier (rule 3).
 *
 * Equal sharing among the turns of one share runs beside it in virtual time (fluid.h). It tells
 * each turn its virtual finish, and so its laxity: how long it could still wait if it then ran
 * without a pause. The order of the runnable:
 *   1  whose laxity is under one chunk, least first      keeps the bound for more than one slot
 *   2  first chunks, by age; one of a busy period        everybody sees a first result soon
 *   3  by virtual finish                                 serving one after another is early
 * Ties by age. Kin: FSP (Friedman, Henderson 2003), PSBS (Dell'Amico et al. 2016).
 *
 * Work that comes moves every virtual finish to later, and nobody looks: what was worked out is
 * a lower bound, and is looked at again when it seems urgent. What moves it to earlier (work that
 * is withdrawn) is summed up in `pulled`. A turn that is late by far, since its calls take longer
 * than the usual one, joins equal sharing anew with what it has left, so that it holds up nobody.
 * One thread. A stake lives in a pool that is lent, until it has left the fluid and its turn is
 * gone; whoever closes drops the pool.
 */
#pragma once

#include <stdbool.h>

#include "book.h"
#include "fluid.h"

struct sojourn {
    struct fluid fluid;
    struct heap latest; /* the runnable, by when they must start */
    double pulled;
    double urgent_below; /* laxity in chunks */
    uint32_t last_age;
    bool has_first_chunks_first;
};

void sojourn_open(struct sojourn *sojourn, struct pool *stakes, bool has_first_chunks_first,
                  double urgent_below);
void sojourn_close(struct sojourn *sojourn);

/* So many slots serve it, 1 or more. */
void sojourn_set_slots(struct sojourn *sojourn, uint32_t slots);

/* Time passes, in chunks: told before anything else, it may be told of much at once. */
void sojourn_pass(struct sojourn *sojourn, double chunks);

/* One chunk more, one less for the turn in equal sharing. */
void sojourn_add(struct sojourn *sojourn, struct turn *turn);
void sojourn_withdraw(struct sojourn *sojourn, struct turn *turn);

/* The turn has had its first chunk; `rank` is its age before. */
uint64_t sojourn_rank_begun(uint64_t rank);
/* Where the turn stands among the runnable, but for urgency. */
uint64_t sojourn_key(const struct sojourn *sojourn, const struct turn *turn);

/* How many of the other turn's chunks are served before the first one of `mine`, or before a later
 * one, if nobody becomes urgent or joins: for telling positions. */
size_t sojourn_ahead(const struct sojourn *sojourn, const struct turn *mine,
                     const struct turn *other, bool is_before_first);

/* The turn is runnable (told before it joins them); it is not, or its work has grown or shrunk. */
void sojourn_set_runnable(struct sojourn *sojourn, struct turn *turn);
void sojourn_set_idle(struct sojourn *sojourn, struct turn *turn);

/* The turn is held: nothing of it is shared until it joins anew, with what it has by then. */
void sojourn_hold(struct sojourn *sojourn, struct turn *turn);
void sojourn_join_anew(struct sojourn *sojourn, struct turn *turn);

/* The turn is about to be freed: its virtual service goes on without it. */
void sojourn_forget(struct sojourn *sojourn, struct turn *turn);

/* The runnable turn that must not wait any longer, or NULL. Who is late by far is put at another
 * place among the runnable. */
struct turn *sojourn_urgent(struct sojourn *sojourn, struct heap *runnable);
