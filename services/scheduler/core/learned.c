#include "learned.h"

enum {
    THOUSANDTHS = 1000,
    CUT_GAP_MS = 5000,
    AGAIN_MS = 120000,
    STEPS = 40,
    USED_TIMES = 4,
    LEAST_LIKELY = 40, /* a server that bears less refuses some more, and nothing is lost */
    MOST_HOLD_MS = 600000,
    MOST_RESET_MS = 60000,
};
/* More than that is no limit. */
#define MOST_RATE INT64_C(1000000000)
#define MOST_THOUSANDTHS ((uint64_t)MOST_RATE * THOUSANDTHS)
#define MOST_STEP_TOKENS UINT64_C(10000000)

static void hear(struct learned_rate *rate, int64_t told)
{
    if (told > 0 && told <= MOST_RATE)
        rate->told = (uint64_t)told;
}

void learned_hear(struct learned *learned, const struct server_limits *server)
{
    hear(&learned->requests, server->requests);
    hear(&learned->tokens, server->tokens);
}

/* As if it had been refused there, but nothing was: it is not cut, and the first refusal is none of
 * those that were to be expected. */
static void begin(struct learned_rate *rate, int64_t left)
{
    if (left != 0 || rate->told == 0 || rate->thousandths > 0)
        return;
    rate->thousandths = rate->told * THOUSANDTHS;
    rate->refused_at = rate->thousandths + 1;
}

void learned_begin(struct learned *learned, const struct server_limits *server)
{
    begin(&learned->requests, server->requests_left);
    begin(&learned->tokens, server->tokens_left);
}

/* What a minute adds that uses the whole limit. */
static uint64_t step_of(const struct learned_rate *rate)
{
    uint64_t there = rate->refused_at, here = rate->thousandths;
    uint64_t step = there / STEPS + (here < there ? there - here : 3 * (here - there));
    if (step < THOUSANDTHS)
        return THOUSANDTHS;
    return step < MOST_THOUSANDTHS ? step : MOST_THOUSANDTHS;
}

static void raise_by(struct learned_rate *rate, uint64_t amount)
{
    if (rate->thousandths == 0)
        return;
    uint64_t whole = rate->thousandths / THOUSANDTHS;
    uint64_t part = amount < whole ? amount : whole;
    rate->thousandths += part * step_of(rate) / whole + 1;
    if (rate->thousandths > MOST_THOUSANDTHS)
        rate->thousandths = MOST_THOUSANDTHS;
}

void learned_on_success(struct learned *learned, uint64_t tokens)
{
    raise_by(&learned->requests, 1);
    raise_by(&learned->tokens, tokens < MOST_STEP_TOKENS ? tokens : MOST_STEP_TOKENS);
}

/* What it may bear, as far as the refusal tells. What was not used was not refused; but a minute
 * that has just begun tells little of a rate, unless it refuses again and again. */
static uint64_t likely_of(uint64_t worked, bool is_again)
{
    uint64_t most = (uint64_t)MOST_RATE / USED_TIMES;
    uint64_t used = worked < most ? worked : most;
    uint64_t likely = is_again ? used + used / 8 : used * USED_TIMES;
    return likely < LEAST_LIKELY ? LEAST_LIKELY : likely;
}

static void cut(struct learned_rate *rate, uint64_t worked, uint64_t ceiling, bool is_again)
{
    uint64_t most = ceiling;
    if (rate->told > 0 && (most == 0 || rate->told < most))
        most = rate->told;
    uint64_t from = likely_of(worked, is_again) * THOUSANDTHS;
    if (rate->thousandths > 0 && from > rate->thousandths)
        from = rate->thousandths;
    if (most > 0 && most <= (uint64_t)MOST_RATE && from > most * THOUSANDTHS)
        from = most * THOUSANDTHS;
    bool is_expected = rate->refused_at > 0 && from >= rate->refused_at;
    rate->refused_at = from;
    rate->thousandths = from - from / (is_expected ? 8 : 4);
    if (rate->thousandths < THOUSANDTHS)
        rate->thousandths = THOUSANDTHS;
}

void learned_on_refusal(struct learned *learned, const struct server_limits *server,
                        const struct learned_use *use, struct instant now)
{
    bool is_early =
        learned->has_cut && instant_is_before(now, instant_plus_ms(learned->cut, CUT_GAP_MS));
    if (is_early)
        return; /* of calls that were under way when it went down */
    bool is_again =
        learned->has_cut && instant_is_before(now, instant_plus_ms(learned->cut, AGAIN_MS));
    learned->has_cut = true;
    learned->cut = now;
    /* Only the limit that it says is used up, if it says so; else the one of requests. */
    if (server->tokens_left == 0 && server->requests_left != 0)
        cut(&learned->tokens, use->tokens, use->most_tokens, is_again);
    else
        cut(&learned->requests, use->requests, use->most_requests, is_again);
}

void learned_hold(struct learned *learned, int64_t ms, struct instant now)
{
    if (ms <= 0)
        return;
    struct instant until = instant_plus_ms(now, ms < MOST_HOLD_MS ? ms : MOST_HOLD_MS);
    if (instant_is_before(learned->held, until))
        learned->held = until;
}

bool learned_is_held(const struct learned *learned, struct instant now)
{
    return instant_is_before(now, learned->held);
}

static int64_t reset_of(int64_t left, int64_t reset_ms)
{
    if (left != 0 || reset_ms <= 0)
        return 0;
    return reset_ms < MOST_RESET_MS ? reset_ms : MOST_RESET_MS;
}

int64_t learned_reset_ms(const struct server_limits *server)
{
    int64_t requests_ms = reset_of(server->requests_left, server->requests_reset_ms);
    int64_t tokens_ms = reset_of(server->tokens_left, server->tokens_reset_ms);
    return requests_ms > tokens_ms ? requests_ms : tokens_ms;
}

struct limits learned_limits(const struct learned *learned)
{
    return (struct limits){.requests_per_minute =
                               (uint32_t)(learned->requests.thousandths / THOUSANDTHS),
                           .tokens_per_minute = learned->tokens.thousandths / THOUSANDTHS};
}
