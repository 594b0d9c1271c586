/* Where the result of each post of a dispatch comes from, so that only what nobody knows is asked
 * for.
 *
 *   plan_open(&plan, dispatch, arena)     nothing is known yet
 *   plan_set_keys(&plan, scope, secret)   whoever says the same as an earlier post is its twin
 *   plan_know(&plan, nth, result)         found in a cache
 *   plan_know_near(), plan_join_near()    the same, of a post that says the same in other bytes
 *   plan_dispatch(&plan, arena)           those that are sent: what the call is about, of an
 *                                       audit in another order
 *   plan_sign(&plan, outcome)             the call's results may be kept, under these keys
 *   plan_merge(&plan, outcome, arena)     all that is known, in one outcome
 *
 * Pure. The dispatch is lent, and so is what the arena holds.
 */
#pragma once

#include "base/arena.h"
#include "base/scoped.h"
#include "messages/messages.h"

enum origin {
    ORIGIN_UNKNOWN, /* to be asked for, unless somebody comes to know it */
    ORIGIN_TWIN,    /* of an earlier post of the dispatch */
    ORIGIN_KNOWN,   /* of a cache */
    ORIGIN_AWAITED, /* of another call that runs */
    ORIGIN_ABROAD,  /* of another replica's call */
    ORIGIN_SENT,    /* of the call for this dispatch */
    ORIGIN_LOST,    /* it will not come with this attempt */
};

struct planned {
    enum origin origin;
    bool is_near;    /* the twin's text is not quite the same */
    bool is_claimed; /* at the store, by this dispatch */
    bool is_flying;  /* sent, and others may wait for it: see single_flight.h */
    uint8_t key[CACHE_KEY_BYTES];
    size_t twin;                  /* whose twin it is */
    const Tp__PostResult *result; /* NULL = none yet */
};

struct plan {
    const Tp__Dispatch *dispatch;
    struct arena *arena;
    struct planned *posts;
    bool has_keys;
};

void plan_open(struct plan *plan, const Tp__Dispatch *dispatch, struct arena *arena);

/* scope: of cache_scope_hash(). Answers how many are twins. */
size_t plan_set_keys(struct plan *plan, const uint8_t scope[CACHE_KEY_BYTES], const char *secret);

size_t plan_count(const struct plan *plan, enum origin origin);

/* Copies. False, and nothing has changed, if the result cannot be used for that post. */
bool plan_know(struct plan *plan, size_t nth, const Tp__PostResult *result);
bool plan_know_near(struct plan *plan, size_t nth, const Tp__PostResult *result);

/* Takes the result of that earlier post, once it has one. */
void plan_join_near(struct plan *plan, size_t nth, size_t elder);

const Tp__Dispatch *plan_dispatch(const struct plan *plan, struct arena *arena);

/* The result for that post, or NULL. */
Tp__PostResult *plan_result(const struct plan *plan, const Tp__Outcome *outcome, size_t nth);

void plan_sign(const struct plan *plan, Tp__Outcome *outcome);

/* The outcome is the call's, or a new one if none was made. A post without a result is missing if
 * the others have theirs one by one: then it is PARTIAL. */
void plan_merge(struct plan *plan, Tp__Outcome *outcome, struct arena *arena);
