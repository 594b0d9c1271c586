#include "account.h"

#include "base/check.h"

/* Of a minute a bucket is 0.4 %, of a day 0.35 %: with the life of a permit 97 % of a limit on
 * requests can be used. */
enum {
    MINUTE_MS = 60000,
    MINUTE_BUCKET_MS = 256,
    DAY_MS = 24 * 60 * MINUTE_MS,
    DAY_BUCKET_MS = 5 * MINUTE_MS,
};

void account_open(struct account *account, int64_t permit_life_ms)
{
    *account = (struct account){0};
    window_open(&account->requests, MINUTE_MS + permit_life_ms, MINUTE_BUCKET_MS);
    window_open(&account->tokens, MINUTE_MS + permit_life_ms, MINUTE_BUCKET_MS);
    window_open(&account->money, DAY_MS + permit_life_ms, DAY_BUCKET_MS);
}

void account_close(struct account *account)
{
    window_close(&account->requests);
    window_close(&account->tokens);
    window_close(&account->money);
}

void account_promise(struct account *account, const struct charge *charge)
{
    account->promised.calls += charge->calls;
    account->promised.tokens += charge->tokens;
    account->promised.micros += charge->micros;
}

void account_withdraw(struct account *account, const struct charge *charge)
{
    CHECK(account->promised.calls >= charge->calls && account->promised.tokens >= charge->tokens &&
          account->promised.micros >= charge->micros);
    account->promised.calls -= charge->calls;
    account->promised.tokens -= charge->tokens;
    account->promised.micros -= charge->micros;
}

void account_take(struct account *account, const struct charge *charge, struct instant when)
{
    window_add(&account->requests, when, charge->calls);
    window_add(&account->tokens, when, charge->tokens);
    window_add(&account->money, when, charge->micros);
}

void account_settle(struct account *account, const struct charge *taken, const struct charge *used,
                    struct instant when)
{
    window_settle(&account->requests, when, taken->calls, used->calls);
    window_settle(&account->tokens, when, taken->tokens, used->tokens);
    window_settle(&account->money, when, taken->micros, used->micros);
}

void account_begin_call(struct account *account)
{
    account->in_flight++;
}

void account_end_call(struct account *account)
{
    CHECK(account->in_flight > 0);
    account->in_flight--;
}

/* `used` of the limit counts and `promised` is to come: is there room for so much more? */
static bool fits(uint64_t limit, uint64_t used, uint64_t promised, uint64_t more)
{
    if (limit == 0)
        return true;
    uint64_t taken = used + promised;
    return taken == 0 || (taken <= limit && more <= limit - taken);
}

static bool window_fits(struct window *window, uint64_t limit, uint64_t promised, uint64_t more,
                        struct instant now, struct instant *until)
{
    uint64_t used = window_sum(window, now);
    if (fits(limit, used, promised, more))
        return true;
    uint64_t wanted = used + promised + more;
    uint64_t excess = wanted > limit ? wanted - limit : 0;
    *until = window_frees(window, excess < used ? excess : used);
    return false;
}

static bool has_room(struct account *account, const struct limits *limits,
                     const struct charge *promised, const struct charge *charge, struct instant now,
                     struct shortage *shortage)
{
    *shortage = (struct shortage){.until = {INT64_MAX}};
    if (!window_fits(&account->money, limits->micros_per_day, promised->micros, charge->micros, now,
                     &shortage->until))
        shortage->kind = LIMIT_MONEY;
    else if (!window_fits(&account->requests, limits->requests_per_minute, promised->calls,
                          charge->calls, now, &shortage->until))
        shortage->kind = LIMIT_REQUESTS;
    else if (!window_fits(&account->tokens, limits->tokens_per_minute, promised->tokens,
                          charge->tokens, now, &shortage->until))
        shortage->kind = LIMIT_TOKENS;
    return shortage->kind == LIMIT_NONE;
}

bool account_may_grant(struct account *account, const struct limits *limits,
                       const struct charge *charge, struct instant now, struct shortage *shortage)
{
    if (!has_room(account, limits, &account->promised, charge, now, shortage))
        return false;
    /* Some may wait for the calls that run to end, so that a place is taken as soon as it is free.
     */
    uint64_t most = limits->calls_in_flight + limits->calls_in_flight / 2 + 1;
    if (limits->calls_in_flight == 0 || account->in_flight + account->promised.calls < most)
        return true;
    *shortage = (struct shortage){.kind = LIMIT_IN_FLIGHT, .until = {INT64_MAX}};
    return false;
}

bool account_may_call(struct account *account, const struct limits *limits,
                      const struct charge *charge, struct instant now, struct shortage *shortage)
{
    static const struct charge NOTHING;
    if (!has_room(account, limits, &NOTHING, charge, now, shortage))
        return false;
    if (limits->calls_in_flight == 0 || account->in_flight < limits->calls_in_flight)
        return true;
    *shortage = (struct shortage){.kind = LIMIT_IN_FLIGHT, .until = {INT64_MAX}};
    return false;
}

uint64_t account_used(const struct account *account, enum limit_kind kind, struct instant now)
{
    switch (kind) {
    case LIMIT_NONE:
        break;
    case LIMIT_REQUESTS:
        return window_peek(&account->requests, now);
    case LIMIT_TOKENS:
        return window_peek(&account->tokens, now);
    case LIMIT_IN_FLIGHT:
        return account->in_flight;
    case LIMIT_MONEY:
        return window_peek(&account->money, now);
    }
    return 0;
}
