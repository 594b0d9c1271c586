/* Rule 5, of what a leader permits: as soon as it was told of a limit, however low, no permit is
 * given that would not fit, in no window, beside what counts there for certain (check_book.c). What
 * is larger than a whole limit goes alone. */
#include "checks.h"

static const struct limits *configured(const struct sim *sim, uint32_t place)
{
    static const struct limits NONE;
    if (place >= CONTROL_OF_USERS)
        return &NONE;
    return &sim->limits[place >= CONTROL_OF_ENDPOINTS ? place - CONTROL_OF_ENDPOINTS : OF_TENANT];
}

const struct limits *check_told_limits(const struct sim *sim, const struct journal *journal,
                                       uint32_t place)
{
    const struct told_control *told = &journal->told[place];
    return told->has_limits ? &told->limits : configured(sim, place);
}

/* Calls beside this one that the leader counts for certain. */
static uint32_t running_beside(const struct sim *sim, const struct journal *journal,
                               const struct grant *grant, uint32_t place)
{
    uint32_t running = 0;
    for (const struct grant *other = sim->grants; other; other = other->older)
        running += other != grant && other->mode == MODE_LLM && other->epoch == journal->epoch &&
                   check_is_of(other, place) && check_is_called(sim, journal, other);
    return running;
}

static void check_fits(struct sim *sim, const struct journal *journal, const struct grant *grant,
                       uint32_t place)
{
    const struct limits *limits = check_told_limits(sim, journal, place);
    struct booked_use least, most;
    check_book_sum(journal, place, grant, &least, &most);
    uint32_t running = limits->calls_in_flight > 0 ? running_beside(sim, journal, grant, place) : 0;
    const struct {
        uint64_t used, more, limit;
        const char *what;
    } kinds[] = {{least.requests, 1, limits->requests_per_minute, "requests"},
                 {least.tokens, grant->booked_tokens, limits->tokens_per_minute, "tokens"},
                 {least.micros, grant->booked_micros, limits->micros_per_day, "micros"},
                 {running, 1, limits->calls_in_flight, "calls"}};
    for (int i = 0; i < 4; i++)
        if (kinds[i].limit > 0 && kinds[i].used > 0 &&
            kinds[i].used + kinds[i].more > kinds[i].limit)
            sim_violation(sim, "rule 5",
                          "a permit for %lu %s beside %lu, of %lu that control %u set",
                          kinds[i].more, kinds[i].what, kinds[i].used, kinds[i].limit, place);
    sim->counts[COUNT_UNDER_LOWERED] += place < CONTROL_OF_USERS && journal->told[place].is_lowered;
}

void check_told_permits(struct sim *sim, const struct journal *journal, const struct grant *grant)
{
    if (grant->mode != MODE_LLM || grant->epoch != journal->epoch || !sim->counts[WORK_LIMITS])
        return;
    check_fits(sim, journal, grant, CONTROL_OF_ENDPOINTS + grant->endpoint);
    check_fits(sim, journal, grant, CONTROL_OF_TENANTS + grant->job->user % TENANTS);
    check_fits(sim, journal, grant, CONTROL_OF_USERS + grant->job->user);
}

/* 0 = no limit. */
static bool is_below(uint64_t limit, uint64_t other)
{
    return limit > 0 && (other == 0 || limit < other);
}

void check_told_hears(struct sim *sim, struct journal *journal, uint32_t place)
{
    struct told_control *told = &journal->told[place];
    const struct limits *limits = &told->limits, *before = configured(sim, place);
    struct booked_use least, most;
    told->is_lowered =
        told->has_limits && (is_below(limits->requests_per_minute, before->requests_per_minute) ||
                             is_below(limits->tokens_per_minute, before->tokens_per_minute));
    if (!told->is_lowered)
        return;
    check_book_sum(journal, place, NULL, &least, &most);
    sim->counts[COUNT_LOWERED_BELOW] +=
        least.requests > 0 && (is_below(limits->requests_per_minute, least.requests) ||
                               is_below(limits->tokens_per_minute, least.tokens));
}
