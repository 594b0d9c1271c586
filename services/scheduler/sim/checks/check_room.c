/* Rule 12, of what there is no room for: may a limit be used up as its leader sees it, may a server
 * want a pause, may a breaker be open? The most that may count is taken: what is booked
 * (check_book.c), what was granted and may wait for its permit, every failure and every pause that
 * the leader was told of, whether it made something of it or not. */
#include "checks.h"
#include "sim/fleet/analyzers.h"
#include "sim/fleet/llm.h"

/* A grant comes to its end, and its leader hears of it. */
#define LONGEST_GRANT (30 * SECOND)
/* Times that are told in ms, by the database's clock. */
#define INEXACT (2 * CLOCK_ERROR + 2 * MS)

/* An upper bound of any call: its text and what comes with each prompt, a byte being a token at
 * most, and its answer. */
static const struct usage LARGEST = {.prompt = POSTS_PER_CHUNK * 100 + 600,
                                     .completion = POSTS_PER_CHUNK * 120};

static bool may_be_known(const struct sim *sim, const struct grant *grant)
{
    return !grant->settled_at || sim->now < grant->settled_at + LONGEST_GRANT;
}

/* Adds what may wait for its permit; answers how many may wait for it or run. */
static uint32_t add_grants(const struct sim *sim, const struct journal *journal, uint32_t place,
                           struct booked_use *most)
{
    uint32_t count = 0;
    for (const struct grant *grant = sim->grants; grant; grant = grant->older) {
        if (grant->mode != MODE_LLM || !check_is_of(grant, place) || !may_be_known(sim, grant))
            continue;
        count++;
        if (grant->epoch != journal->epoch || grant->is_permitted)
            continue;
        most->requests++;
        most->tokens += grant->booked_tokens;
        most->micros += grant->booked_micros;
    }
    return count;
}

/* What is larger than a whole limit goes alone, but it goes. */
static bool may_lack(uint64_t counted, uint64_t more, uint64_t limit)
{
    return counted > 0 && counted + more > limit;
}

bool check_may_be_full(const struct sim *sim, const struct journal *journal, uint32_t place,
                       enum limit_kind kind, uint64_t limit)
{
    struct booked_use least, most;
    check_book_sum(journal, place, NULL, &least, &most);
    uint32_t in_flight = add_grants(sim, journal, place, &most);
    switch (kind) {
    case LIMIT_NONE:
        break;
    case LIMIT_REQUESTS:
        return may_lack(most.requests, 1, limit);
    case LIMIT_TOKENS:
        return may_lack(most.tokens, LARGEST.prompt + LARGEST.completion, limit);
    case LIMIT_MONEY:
        return may_lack(most.micros, llm_price(&LARGEST), limit);
    case LIMIT_IN_FLIGHT:
        return in_flight >= limit;
    }
    return false;
}

bool check_may_be_paused(const struct sim *sim, const struct journal *journal, uint32_t endpoint,
                         int64_t until)
{
    int64_t held_until = journal->trouble[endpoint].held_until + INEXACT;
    return sim->now < held_until && until <= held_until;
}

static bool may_be_probed(const struct sim *sim, uint32_t endpoint)
{
    for (const struct grant *grant = sim->grants; grant; grant = grant->older)
        if (grant->is_probe && grant->endpoint == endpoint && may_be_known(sim, grant))
            return true;
    return false;
}

bool check_may_be_down(const struct sim *sim, const struct journal *journal, uint32_t endpoint)
{
    const struct trouble *trouble = &journal->trouble[endpoint];
    bool may_be_open = sim->now < trouble->failed_at + BREAKER_OPEN_FOR + INEXACT;
    return trouble->has_failed && (may_be_open || may_be_probed(sim, endpoint));
}

static bool may_open_breaker(enum outcome_class outcome_class)
{
    return outcome_class == OUTCOME_SERVER_ERROR || outcome_class == OUTCOME_TIMEOUT ||
           outcome_class == OUTCOME_CONNECTION || outcome_class == OUTCOME_QUOTA_EXHAUSTED ||
           outcome_class == OUTCOME_AUTH;
}

static void note(struct trouble *trouble, enum outcome_class outcome_class, int64_t at,
                 int64_t pause)
{
    if (at + pause > trouble->held_until)
        trouble->held_until = at + pause;
    if (!may_open_breaker(outcome_class))
        return;
    trouble->has_failed = true;
    if (at > trouble->failed_at)
        trouble->failed_at = at;
}

void check_room_hears(struct sim *sim, struct journal *journal, const struct outcome_facts *outcome)
{
    const struct grant *grant = analyzers_grant(sim, &outcome->id);
    if (grant->mode != MODE_LLM)
        return;
    int64_t pause =
        check_pause_of(outcome->outcome_class, outcome->retry_after_ms, &outcome->server_limits);
    note(&journal->trouble[grant->endpoint], outcome->outcome_class, sim->now, pause);
}

/* How long ago is told, so what is told late seems to have ended later. */
void check_room_is_told(const struct sim *sim, struct journal *journal)
{
    int64_t late = sim->now - journal->committed->at;
    for (const struct grant *grant = sim->grants; grant; grant = grant->older) {
        if (grant->mode != MODE_LLM || !grant->settled_at)
            continue;
        int64_t pause = check_pause_of(grant->outcome_class, grant->retry_after_ms, &grant->said);
        note(&journal->trouble[grant->endpoint], grant->outcome_class, grant->settled_at + late,
             pause);
    }
}
