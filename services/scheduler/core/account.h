/* What one party, an endpoint, a tenant or a user, uses of its limits (rule 5).
 *
 *   account_may_grant, account_promise       at the grant: is there room beside what was granted
 *   account_withdraw                         before, and waits for its permit? Then it is promised
 *   account_may_call, account_take           at the permit, exactly; from then on it counts
 *   account_settle                           at the outcome, where it was taken
 *   account_begin_call, account_end_call     the calls that count as running
 *
 * Requests and tokens are counted over 60 s and money over 24 h, each longer by one permit life: a
 * call begins up to that long after its permit. A call whose bound is more than a whole limit is
 * let through alone, when nothing else counts: what it uses is mostly a quarter of its bound.
 * Owns its windows, which take memory only as far as they are used. One thread.
 */
#pragma once

#include "base/check.h"
#include "facts.h"
#include "heap.h"
#include "window.h"

/* What calls cost: an upper bound before, the truth after. */
struct charge {
    uint32_t calls;
    uint64_t tokens, micros;
};

struct account {
    struct window requests, tokens, money;
    struct charge promised; /* granted, or being granted, and waiting for the permit */
    uint32_t in_flight;
};

/* Which limit is in the way, and until when at most; INT64_MAX = until something else happens. */
struct shortage {
    enum limit_kind kind; /* NONE: no limit, its server asked to wait */
    struct instant until;
};

void account_open(struct account *account, int64_t permit_life_ms);
void account_close(struct account *account);

void account_promise(struct account *account, const struct charge *charge);
void account_withdraw(struct account *account, const struct charge *charge);
void account_take(struct account *account, const struct charge *charge, struct instant when);
void account_settle(struct account *account, const struct charge *taken, const struct charge *used,
                    struct instant when);
void account_begin_call(struct account *account);
void account_end_call(struct account *account);

/* Is there room for the charge under the limits? Shadow limits are looked at like any others. */
bool account_may_grant(struct account *account, const struct limits *limits,
                       const struct charge *charge, struct instant now, struct shortage *shortage);
bool account_may_call(struct account *account, const struct limits *limits,
                      const struct charge *charge, struct instant now, struct shortage *shortage);

uint64_t account_used(const struct account *account, enum limit_kind kind, struct instant now);

static inline uint64_t limit_of(const struct limits *limits, enum limit_kind kind)
{
    switch (kind) {
    case LIMIT_NONE:
        break;
    case LIMIT_REQUESTS:
        return limits->requests_per_minute;
    case LIMIT_TOKENS:
        return limits->tokens_per_minute;
    case LIMIT_IN_FLIGHT:
        return limits->calls_in_flight;
    case LIMIT_MONEY:
        return limits->micros_per_day;
    }
    CHECK_UNREACHABLE();
}
