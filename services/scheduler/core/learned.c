#include "learned.h"

enum {
    THOUSANDTHS = 1000,
    CUT_GAP_MS = 5000,
    STEPS_TO_THE_TOP = 40,
    LEAST_STEP = 2, /* some refusals in a quiet hour must not stop everything for a day */
    USED_TIMES = 4,
    LEAST_LIKELY = 40, /* a server that bears less refuses some more, and nothing is lost */
    MOST_HOLD_MS = 600000,
    MOST_RESET_MS = 60000,
};
/* More than that is no limit. */
#define MOST_RATE INT64_C(1000000000)
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

/* With a whole limit used in a minute this comes to a part of the most, in all, and to something.
 */
static void raise_by(struct learned_rate *rate, uint64_t amount)
{
    if (rate->thousandths == 0)
        return;
    uint64_t whole = rate->thousandths / THOUSANDTHS;
    uint64_t step = rate->most * THOUSANDTHS / STEPS_TO_THE_TOP;
    if (step < LEAST_STEP * THOUSANDTHS)
        step = LEAST_STEP * THOUSANDTHS;
    rate->thousandths += amount * step / whole + 1;
    if (rate->thousandths > (uint64_t)MOST_RATE * THOUSANDTHS)
        rate->thousandths = (uint64_t)MOST_RATE * THOUSANDTHS;
}

void learned_on_success(struct learned *learned, uint64_t tokens)
{
    raise_by(&learned->requests, 1);
    raise_by(&learned->tokens, tokens < MOST_STEP_TOKENS ? tokens : MOST_STEP_TOKENS);
}

static void cut(struct learned_rate *rate, uint64_t used, uint64_t ceiling)
{
    uint64_t most = ceiling;
    if (rate->told > 0 && (most == 0 || rate->told < most))
        most = rate->told;
    /* What was not used was not refused; but a minute that has just begun tells little of a rate.
     */
    uint64_t likely = used < (uint64_t)MOST_RATE ? used * USED_TIMES : (uint64_t)MOST_RATE;
    if (likely < LEAST_LIKELY)
        likely = LEAST_LIKELY;
    uint64_t from = rate->thousandths / THOUSANDTHS;
    if (from == 0 || from > likely)
        from = likely;
    if (most > 0 && from > most)
        from = most;
    if (from > (uint64_t)MOST_RATE)
        from = (uint64_t)MOST_RATE;
    if (from == 0)
        from = 1;
    /* The way back up is as steep as ever: a refusal now and then, whatever the rate, must not
     * bring it down to nothing. */
    if (most > 0)
        rate->most = most < (uint64_t)MOST_RATE ? most : (uint64_t)MOST_RATE;
    else if (rate->most < from)
        rate->most = from;
    rate->thousandths = from * THOUSANDTHS - from * THOUSANDTHS / 4;
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
    learned->has_cut = true;
    learned->cut = now;
    /* Only the limit that it says is used up, if it says so; else the one of requests. */
    if (server->tokens_left == 0 && server->requests_left != 0)
        cut(&learned->tokens, use->tokens, use->most_tokens);
    else
        cut(&learned->requests, use->requests, use->most_requests);
}

void learned_hold(struct learned *learned, int64_t ms, struct instant now)
{
    if (ms <= 0)
        return;
    struct instant until = instant_plus_ms(now, ms < MOST_HOLD_MS ? ms : MOST_HOLD_MS);
    if (instant_is_before(learned->held, until))
        learned->held = until;
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
