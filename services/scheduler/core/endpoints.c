/* Which endpoint is called (rule 7), and what its answers teach (rule 5). The first of the chain
 * that may be called is. One whose minute is used up is waited for; one that will not be called for
 * longer, because its day's money is spent or its server wants a pause, is passed over. */
#include <string.h>

#include "base/check.h"
#include "state.h"

enum { LONG_MS = 65000, TOKENS_PER_POST = 120, PROMPT_BYTES = 600 };

void endpoints_open(struct scheduler *s)
{
    const struct breaker_config config = {.calls = s->config.breaker_calls,
                                          .percent = s->config.breaker_percent,
                                          .open_ms = s->config.breaker_open_ms};
    for (uint32_t i = 0; i < MOST_ENDPOINTS; i++) {
        struct endpoint *endpoint = &s->budget.endpoints[i];
        uint64_t openings = endpoint->breaker.openings;
        account_open(&endpoint->account, s->config.permit_life_ms);
        account_open(&endpoint->refused, s->config.permit_life_ms);
        endpoint->learned = (struct learned){.held = {INT64_MIN}};
        breaker_open_up(&endpoint->breaker, &config);
        endpoint->breaker.openings = openings;
    }
}

void scheduler_stand_endpoint(struct scheduler *s, uint32_t endpoint,
                              const struct endpoint_standing *standing)
{
    CHECK(endpoint < s->config.endpoint_count && s->lead.phase == LEAD_REBUILDING);
    struct endpoint *here = &s->budget.endpoints[endpoint];
    learned_hold(&here->learned, standing->held_ms, s->now);
    if (standing->down_ms > 0)
        breaker_stay_open(&here->breaker, instant_plus_ms(s->now, standing->down_ms));
}

void endpoints_tend(struct scheduler *s)
{
    for (uint32_t i = 0; i < s->config.endpoint_count; i++)
        breaker_tend(&s->budget.endpoints[i].breaker, s->now);
}

uint32_t endpoints_named(const struct scheduler *s, const char *name)
{
    for (uint32_t i = 0; i < s->config.endpoint_count; i++)
        if (strcmp(s->config.endpoints[i].name, name) == 0)
            return i;
    return NO_ENDPOINT;
}

/* An upper bound of what the call can cost, booked before it: a token has at least a byte. */
static struct charge charge_of(const struct call_size *size, const struct endpoint_config *config)
{
    uint64_t prompt = (uint64_t)size->text_bytes + PROMPT_BYTES;
    uint64_t completion = (uint64_t)size->posts * TOKENS_PER_POST;
    uint64_t nanos = prompt * config->prompt_nanos + completion * config->completion_nanos;
    return (struct charge){
        .calls = 1, .tokens = prompt + completion, .micros = (nanos + 999) / 1000};
}

/* Until when the breaker keeps it from being called. */
static struct instant back_at(const struct scheduler *s, const struct breaker *breaker)
{
    /* Its probe is on its way: the outcome will tell. */
    return breaker->state == BREAKER_OPEN ? breaker->until
                                          : instant_plus_ms(s->now, s->config.call_limit_ms);
}

static bool has_room(struct scheduler *s, uint32_t i, const struct charge *charge,
                     struct shortage *shortage)
{
    struct endpoint *endpoint = &s->budget.endpoints[i];
    const struct limits *set = orders_limits_of_endpoint(s, &s->config.endpoints[i]);
    struct limits learned = learned_limits(&endpoint->learned);
    if (learned_is_held(&endpoint->learned, s->now)) {
        *shortage = (struct shortage){.kind = LIMIT_NONE, .until = endpoint->learned.held};
        return false;
    }
    return account_may_grant(&endpoint->account, &learned, charge, s->now, shortage) &&
           (set->is_shadow || account_may_grant(&endpoint->account, set, charge, s->now, shortage));
}

static bool is_long(const struct scheduler *s, const struct shortage *shortage)
{
    return shortage->until.ns != NEVER.ns &&
           instant_is_before(instant_plus_ms(s->now, LONG_MS), shortage->until);
}

struct pick endpoints_pick(struct scheduler *s, const struct call_size *size)
{
    struct pick best = {.kind = PICK_NONE, .endpoint = NO_ENDPOINT, .shortage.until = NEVER};
    for (uint32_t i = 0; i < s->config.endpoint_count; i++) {
        const struct breaker *breaker = &s->budget.endpoints[i].breaker;
        struct pick pick = {.kind = PICK_CALL, .endpoint = i};
        pick.charge = charge_of(size, &s->config.endpoints[i]);
        if (orders_is_endpoint_held(s, &s->config.endpoints[i])) {
            pick.kind = PICK_NONE;
            pick.shortage.until = NEVER;
        } else if (!breaker_may_call(breaker)) {
            pick.kind = PICK_NONE;
            pick.shortage.until = back_at(s, breaker);
        } else if (!has_room(s, i, &pick.charge, &pick.shortage)) {
            pick.kind = PICK_FULL;
            pick.is_long = is_long(s, &pick.shortage);
        }
        if (pick.kind == PICK_CALL || (pick.kind == PICK_FULL && !pick.is_long))
            return pick;
        /* Waiting for room comes before doing without the LLM. */
        bool is_better =
            best.endpoint == NO_ENDPOINT || (pick.kind == PICK_FULL && best.kind == PICK_NONE) ||
            (pick.kind == best.kind && instant_is_before(pick.shortage.until, best.shortage.until));
        if (is_better)
            best = pick;
    }
    return best;
}

bool endpoints_may_go_on(const struct scheduler *s, const struct booking *booking)
{
    CHECK(booking->endpoint != NO_ENDPOINT);
    if (orders_is_endpoint_held(s, &s->config.endpoints[booking->endpoint]))
        return false;
    return booking->is_probe ||
           s->budget.endpoints[booking->endpoint].breaker.state == BREAKER_CLOSED;
}

/* Of what counts in the last minute, what the server did not refuse. */
static struct learned_use what_worked(struct endpoint *endpoint, struct instant now)
{
    uint64_t requests = account_used(&endpoint->account, LIMIT_REQUESTS, now);
    uint64_t tokens = account_used(&endpoint->account, LIMIT_TOKENS, now);
    uint64_t refused_requests = window_sum(&endpoint->refused.requests, now);
    uint64_t refused_tokens = window_sum(&endpoint->refused.tokens, now);
    return (struct learned_use){.requests =
                                    requests > refused_requests ? requests - refused_requests : 0,
                                .tokens = tokens > refused_tokens ? tokens - refused_tokens : 0};
}

void endpoints_learn(struct scheduler *s, uint32_t endpoint, const struct outcome_facts *outcome,
                     const struct learned_use *worked, struct instant at)
{
    struct learned *learned = &s->budget.endpoints[endpoint].learned;
    const struct error_class *class = error_class_of(outcome->outcome_class);
    const struct server_limits *server = &outcome->server_limits;
    bool is_refusal = outcome->outcome_class == OUTCOME_RATE_LIMITED;
    learned_hear(learned, server);
    if (is_refusal && worked) {
        const struct limits *set = orders_limits_of_endpoint(s, &s->config.endpoints[endpoint]);
        struct learned_use use = *worked;
        if (!set->is_shadow) {
            use.most_requests = set->requests_per_minute;
            use.most_tokens = set->tokens_per_minute;
        }
        learned_on_refusal(learned, server, &use, at);
    } else if (class->word == BREAKER_WORKS) {
        learned_begin(learned, server);
        learned_on_success(learned, (uint64_t)outcome->prompt_tokens + outcome->completion_tokens);
    }
    if (class->holds)
        learned_hold(learned,
                     outcome->retry_after_ms > 0 ? outcome->retry_after_ms
                     : is_refusal                ? learned_reset_ms(server)
                                                 : 0,
                     at);
}

static void learn(struct scheduler *s, const struct booking *booking,
                  const struct outcome_facts *outcome)
{
    struct endpoint *endpoint = &s->budget.endpoints[booking->endpoint];
    struct learned_use worked = {0};
    if (outcome->outcome_class == OUTCOME_RATE_LIMITED) {
        struct charge refused = {.calls = booking->charge.calls, .tokens = booking->charge.tokens};
        if (booking->stage == BOOKED_CALL)
            account_take(&endpoint->refused, &refused, booking->taken_at);
        worked = what_worked(endpoint, s->now);
    }
    endpoints_learn(s, booking->endpoint, outcome, &worked, s->now);
}

bool endpoints_tells(enum outcome_class outcome_class, bool was_called)
{
    enum breaker_word word = error_class_of(outcome_class)->word;
    return was_called || word == BREAKER_FAILS || word == BREAKER_REFUSES;
}

bool endpoints_on_outcome(struct scheduler *s, struct attempt *attempt,
                          const struct outcome_facts *outcome)
{
    struct booking *booking = &attempt->booking;
    enum breaker_word word = error_class_of(outcome->outcome_class)->word;
    if (booking->endpoint == NO_ENDPOINT ||
        !endpoints_tells(outcome->outcome_class, outcome->was_called))
        return false;
    learn(s, booking, outcome);
    struct breaker *breaker = &s->budget.endpoints[booking->endpoint].breaker;
    return booking->is_probe ? breaker_hear_probe(breaker, word, s->now)
                             : breaker_hear(breaker, word, s->now);
}

void endpoints_probe_ended(struct scheduler *s, struct booking *booking)
{
    if (!booking->is_probe)
        return;
    booking->is_probe = false;
    breaker_probe_ended(&s->budget.endpoints[booking->endpoint].breaker);
}

bool endpoints_has_usable(const struct scheduler *s)
{
    for (uint32_t i = 0; i < s->config.endpoint_count; i++) {
        const struct endpoint *endpoint = &s->budget.endpoints[i];
        if (!orders_is_endpoint_held(s, &s->config.endpoints[i]) &&
            breaker_may_call(&endpoint->breaker) && !learned_is_held(&endpoint->learned, s->now))
            return true;
    }
    return false;
}

/* The lower of two limits, of which 0 is none. */
static uint64_t lower(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

void endpoints_figures(const struct scheduler *s, struct scheduler_figures *figures)
{
    figures->endpoint_count = s->config.endpoint_count;
    figures->limited_tenants = s->budget.shut.count;
    figures->limited_users = s->budget.shut_users.count;
    for (uint32_t i = 0; i < s->config.endpoint_count; i++) {
        const struct endpoint *endpoint = &s->budget.endpoints[i];
        struct endpoint_figures *told = &figures->endpoints[i];
        const struct limits *set = orders_limits_of_endpoint(s, &s->config.endpoints[i]);
        struct limits learned = learned_limits(&endpoint->learned);
        strcpy(told->name, s->config.endpoints[i].name);
        told->breaker = endpoint->breaker.state;
        told->breaker_openings = endpoint->breaker.openings;
        for (enum limit_kind kind = LIMIT_REQUESTS; kind < LIMIT_KINDS; kind++) {
            told->used[kind] = account_used(&endpoint->account, kind, s->now);
            told->limits[kind] = lower(limit_of(set, kind), limit_of(&learned, kind));
        }
        if (learned_is_held(&endpoint->learned, s->now))
            told->held_ms = instant_ms_between(s->now, endpoint->learned.held);
        if (endpoint->breaker.state == BREAKER_OPEN)
            told->down_ms = instant_ms_between(s->now, endpoint->breaker.until);
    }
}
