/* Budgets (rule 5): what is booked with a tenant, an endpoint and a user, from the grant to the
 * outcome. */
#include <stdlib.h>

#include "base/check.h"
#include "retry.h"
#include "state.h"

/* A tenant without room is looked at again by then, whatever was foreseen: the deadline of what is
 * next may come near, a limit may have been raised. */
enum { LOOK_AGAIN_MS = 1000 };

/* No call counts for more than so many times its bound, whatever its server says of it. */
enum { MOST_BOUNDS = 8 };

void budget_open(struct scheduler *s)
{
    s->budget.grant_at = NEVER;
    s->budget.permit_at = NEVER;
    s->budget.stop = (struct stop){0};
    endpoints_open(s);
}

void budget_close(struct scheduler *s)
{
    heap_free(&s->budget.shut); /* it knows the purses */
    purses_forget(s);
    while (s->budget.purses) {
        struct purse *purse = s->budget.purses;
        s->budget.purses = purse->next;
        account_close(&purse->account);
        free(purse);
    }
    for (uint32_t i = 0; i < MOST_ENDPOINTS; i++) {
        account_close(&s->budget.endpoints[i].account);
        account_close(&s->budget.endpoints[i].refused);
    }
}

void budget_forget(struct scheduler *s)
{
    budget_close(s);
    budget_open(s);
}

struct purse *budget_purse(struct scheduler *s, struct tenant *tenant)
{
    if (tenant->purse)
        return tenant->purse;
    struct purse *purse = calloc(1, sizeof(*purse));
    CHECK(purse);
    account_open(&purse->account, s->config.permit_life_ms);
    purse->tenant = tenant;
    purse->next = s->budget.purses;
    s->budget.purses = purse;
    tenant->purse = purse;
    return purse;
}

/* Where it is booked. */
struct accounts {
    struct account *list[3];
    size_t count;
};

static struct accounts accounts_of(struct scheduler *s, struct tenant *tenant,
                                   const struct booking *booking)
{
    struct accounts accounts = {.list = {&budget_purse(s, tenant)->account}, .count = 1};
    struct purse *of_user = purses_at(s, booking->user_purse);
    if (booking->endpoint != NO_ENDPOINT)
        accounts.list[accounts.count++] = &s->budget.endpoints[booking->endpoint].account;
    if (of_user)
        accounts.list[accounts.count++] = &of_user->account;
    return accounts;
}

void budget_promise(struct scheduler *s, struct tenant *tenant, struct booking *booking)
{
    CHECK(booking->stage == BOOKED_NOTHING);
    booking->stage = BOOKED_PROMISE;
    struct accounts accounts = accounts_of(s, tenant, booking);
    for (size_t i = 0; i < accounts.count; i++)
        account_promise(accounts.list[i], &booking->charge);
}

void budget_withdraw(struct scheduler *s, struct tenant *tenant, struct booking *booking)
{
    if (booking->stage != BOOKED_PROMISE)
        return;
    booking->stage = BOOKED_NOTHING;
    struct accounts accounts = accounts_of(s, tenant, booking);
    for (size_t i = 0; i < accounts.count; i++)
        account_withdraw(accounts.list[i], &booking->charge);
}

void budget_take(struct scheduler *s, struct tenant *tenant, struct booking *booking,
                 struct instant when)
{
    CHECK(booking->stage == BOOKED_NOTHING);
    booking->stage = BOOKED_CALL;
    booking->taken_at = when;
    struct accounts accounts = accounts_of(s, tenant, booking);
    for (size_t i = 0; i < accounts.count; i++)
        account_take(accounts.list[i], &booking->charge, when);
}

static void open_turns(struct scheduler *s, const struct purse *purse)
{
    for (uint32_t lane = 0; lane <= INTERACTIVE_LANE; lane++) {
        struct user *user =
            book_user(&s->book, book_tenant_id(purse->tenant), purse->user_id, lane);
        for (struct turn *turn = user ? book_first_turn(user) : NULL; turn;
             turn = book_turn_after(turn))
            if (turn->is_limited)
                queue_open_turn(&s->queue, turn);
    }
}

void budget_look_again_at_user(struct scheduler *s, struct purse *purse)
{
    if (!heap_has(&purse->shut))
        return;
    heap_remove(&s->budget.shut_users, &purse->shut);
    open_turns(s, purse);
}

/* There may be room for its tenant and its user now. */
static void look_again(struct scheduler *s, struct tenant *tenant, const struct booking *booking)
{
    struct purse *purse = budget_purse(s, tenant), *of_user = purses_at(s, booking->user_purse);
    if (heap_has(&purse->shut)) {
        heap_remove(&s->budget.shut, &purse->shut);
        queue_open_tenant(&s->queue, tenant, SHUT_BY_LIMIT);
    }
    if (of_user)
        budget_look_again_at_user(s, of_user);
}

/* Of what was taken, so much was used. */
static void put_right(struct scheduler *s, struct chunk *chunk, struct booking *booking,
                      const struct charge *used)
{
    booking->stage = BOOKED_NOTHING;
    struct accounts accounts = accounts_of(s, book_tenant_of(chunk), booking);
    for (size_t i = 0; i < accounts.count; i++)
        account_settle(accounts.list[i], &booking->charge, used, booking->taken_at);
    look_again(s, book_tenant_of(chunk), booking);
}

static uint64_t at_most(uint64_t used, uint64_t bound)
{
    return used < MOST_BOUNDS * bound ? used : MOST_BOUNDS * bound;
}

/* What is not known counts as it was booked; what never left as nothing. */
static struct charge used_by(const struct scheduler *s, const struct booking *booking,
                             const struct outcome_facts *outcome)
{
    if (!outcome->was_called)
        return (struct charge){0};
    if (!outcome->is_usage_known)
        return booking->charge;
    uint64_t tokens = (uint64_t)outcome->prompt_tokens + outcome->completion_tokens;
    struct charge used = {.calls = 1, .tokens = at_most(tokens, booking->charge.tokens)};
    if (booking->endpoint != NO_ENDPOINT) {
        const struct endpoint_config *config = &s->config.endpoints[booking->endpoint];
        uint64_t nanos = (uint64_t)outcome->prompt_tokens * config->prompt_nanos +
                         (uint64_t)outcome->completion_tokens * config->completion_nanos;
        used.micros = at_most((nanos + 999) / 1000, booking->charge.micros);
    }
    return used;
}

void budget_settle(struct scheduler *s, struct attempt *attempt,
                   const struct outcome_facts *outcome)
{
    struct booking *booking = &attempt->booking;
    if (booking->charge.calls == 0)
        return;
    struct charge used = used_by(s, booking, outcome);
    s->figures.overruns += used.tokens > booking->charge.tokens;
    if (booking->stage == BOOKED_CALL)
        put_right(s, attempt->chunk, booking, &used);
    if (attempt->chunk->is_of_this_epoch)
        queue_settle(&s->queue, book_tenant_of(attempt->chunk),
                     book_job_of(attempt->chunk)->service_class,
                     (int64_t)used.tokens - (int64_t)booking->charge.tokens);
}

void budget_give_back(struct scheduler *s, struct chunk *chunk, const struct booking *booking)
{
    queue_settle(&s->queue, book_tenant_of(chunk), book_job_of(chunk)->service_class,
                 -(int64_t)booking->charge.tokens);
}

void budget_begin_call(struct scheduler *s, struct attempt *attempt)
{
    struct accounts accounts = accounts_of(s, book_tenant_of(attempt->chunk), &attempt->booking);
    for (size_t i = 0; i < accounts.count; i++)
        account_begin_call(accounts.list[i]);
}

void budget_end_call(struct scheduler *s, struct attempt *attempt)
{
    struct tenant *tenant = book_tenant_of(attempt->chunk);
    struct accounts accounts = accounts_of(s, tenant, &attempt->booking);
    for (size_t i = 0; i < accounts.count; i++)
        account_end_call(accounts.list[i]);
    look_again(s, tenant, &attempt->booking);
}

/* Shadow limits refuse nothing: what they would have refused is counted. */
static bool is_over(const struct scheduler *s, struct account *account, const struct limits *limits,
                    const struct attempt *attempt, struct refusal *refusal)
{
    struct shortage shortage;
    if (account_may_call(account, limits, &attempt->booking.charge, s->now, &shortage))
        return false;
    refusal->shortage = shortage;
    refusal->is_shadow = refusal->is_shadow || limits->is_shadow;
    return !limits->is_shadow;
}

static bool endpoint_refuses(struct scheduler *s, const struct attempt *attempt,
                             struct refusal *refusal)
{
    uint32_t place = attempt->booking.endpoint;
    if (place == NO_ENDPOINT)
        return false;
    struct endpoint *endpoint = &s->budget.endpoints[place];
    struct limits learned = learned_limits(&endpoint->learned);
    const struct limits *set = orders_limits_of_endpoint(s, &s->config.endpoints[place]);
    refusal->scope = SCOPE_ENDPOINT;
    if (learned_is_held(&endpoint->learned, s->now)) {
        refusal->shortage = (struct shortage){.kind = LIMIT_NONE, .until = endpoint->learned.held};
        return true;
    }
    return is_over(s, &endpoint->account, &learned, attempt, refusal) ||
           is_over(s, &endpoint->account, set, attempt, refusal);
}

static bool tenant_refuses(struct scheduler *s, const struct attempt *attempt,
                           struct refusal *refusal)
{
    struct tenant *tenant = book_tenant_of(attempt->chunk);
    refusal->scope = SCOPE_TENANT;
    return is_over(s, &budget_purse(s, tenant)->account, orders_limits_of_tenant(s, tenant),
                   attempt, refusal);
}

static bool user_refuses(struct scheduler *s, const struct attempt *attempt,
                         struct refusal *refusal)
{
    struct purse *purse = purses_at(s, attempt->booking.user_purse);
    if (!purse)
        return false;
    refusal->scope = SCOPE_USER;
    return is_over(s, &purse->account, orders_limits_of_user(s, purse), attempt, refusal);
}

bool budget_refuses(struct scheduler *s, const struct attempt *attempt, struct refusal *refusal)
{
    *refusal = (struct refusal){0};
    return endpoint_refuses(s, attempt, refusal) || tenant_refuses(s, attempt, refusal) ||
           user_refuses(s, attempt, refusal);
}

bool budget_may_permit(struct scheduler *s, struct attempt *attempt)
{
    bool was_refused = attempt->is_refused;
    struct refusal refusal;
    attempt->is_refused = budget_refuses(s, attempt, &refusal);
    if (!attempt->is_refused) {
        s->figures.shadow_violations += refusal.is_shadow;
        return true;
    }
    s->figures.refused_permits += !was_refused;
    s->budget.permit_at = earlier(s->budget.permit_at, refusal.shortage.until);
    return false;
}

bool budget_may_repeat(struct scheduler *s, struct attempt *attempt)
{
    static const struct charge NOTHING;
    struct booking *booking = &attempt->booking;
    struct instant before = booking->taken_at;
    CHECK(booking->stage == BOOKED_CALL);
    put_right(s, attempt->chunk, booking, &NOTHING);
    budget_end_call(s, attempt);
    bool may = budget_may_permit(s, attempt);
    budget_begin_call(s, attempt);
    budget_take(s, book_tenant_of(attempt->chunk), booking, may ? s->now : before);
    return may;
}

bool budget_tenant_may_grant(struct scheduler *s, struct tenant *tenant,
                             const struct charge *charge, struct shortage *shortage)
{
    const struct limits *limits = orders_limits_of_tenant(s, tenant);
    return limits->is_shadow ||
           account_may_grant(&budget_purse(s, tenant)->account, limits, charge, s->now, shortage);
}

bool budget_user_may_grant(struct scheduler *s, struct purse *purse, const struct charge *charge,
                           struct shortage *shortage)
{
    const struct limits *limits = orders_limits_of_user(s, purse);
    return limits->is_shadow ||
           account_may_grant(&purse->account, limits, charge, s->now, shortage);
}

uint64_t budget_urgent_before(const struct scheduler *s, const struct shortage *shortage)
{
    bool is_foreseen = s->config.has_fallback && shortage->until.ns != NEVER.ns;
    struct instant until = is_foreseen ? shortage->until : s->now;
    return key_of(instant_plus_ms(until, FALLBACK_MARGIN_MS));
}

void budget_shut(struct scheduler *s, struct tenant *tenant, const struct charge *wanted,
                 const struct shortage *shortage)
{
    struct purse *purse = budget_purse(s, tenant);
    purse->wanted = *wanted;
    struct instant soon = instant_plus_ms(s->now, LOOK_AGAIN_MS);
    heap_set(&s->budget.shut, &purse->shut, key_of(earlier(shortage->until, soon)));
    queue_limit_tenant(&s->queue, tenant, budget_urgent_before(s, shortage));
}

void budget_shut_turn(struct scheduler *s, struct turn *turn, const struct charge *wanted,
                      const struct shortage *shortage)
{
    struct purse *purse = purses_at(s, book_user_of(turn)->purse);
    CHECK(purse);
    purse->wanted = *wanted;
    struct instant soon = instant_plus_ms(s->now, LOOK_AGAIN_MS);
    heap_set(&s->budget.shut_users, &purse->shut, key_of(earlier(shortage->until, soon)));
    queue_limit_turn(&s->queue, turn);
}

void budget_tend(struct scheduler *s)
{
    struct heap_node *node;
    while ((node = heap_take_until(&s->budget.shut_users, key_of(s->now))))
        open_turns(s, HEAP_OWNER(node, struct purse, shut));
    while ((node = heap_take_until(&s->budget.shut, key_of(s->now))))
        queue_open_tenant(&s->queue, HEAP_OWNER(node, struct purse, shut)->tenant, SHUT_BY_LIMIT);
    if (!instant_is_before(s->now, s->budget.grant_at))
        s->budget.grant_at = NEVER;
    endpoints_tend(s);
}

struct instant budget_next_wake(const struct scheduler *s)
{
    const struct heap *const shut[] = {&s->budget.shut, &s->budget.shut_users};
    struct instant wake = earlier(s->budget.grant_at, s->budget.permit_at);
    for (int i = 0; i < 2; i++)
        if (shut[i]->count > 0)
            wake = earlier(wake, (struct instant){(int64_t)heap_first_key(shut[i])});
    return wake;
}
