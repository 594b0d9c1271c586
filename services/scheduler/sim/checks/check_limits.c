/* Rule 5 as the LLM sees it: no minute, and no moment, with more than the limit. Only its journal
 * of calls is used here. */
#include "checks.h"
#include "sim/fleet/controls.h"
#include "sim/fleet/llm.h"

#define MINUTE (60 * SECOND)

/* Whose limits: the endpoints' first, then the tenants', then the users'. */
enum { FIRST_USER = ENDPOINTS + TENANTS };

struct use {
    uint32_t requests, running;
    uint64_t tokens, micros;
};

static bool is_of(const struct call *call, uint32_t whose)
{
    uint32_t user = call->grant->job->user;
    if (whose >= FIRST_USER)
        return user == whose - FIRST_USER;
    return whose < ENDPOINTS ? call->grant->endpoint == whose : user % TENANTS == whose - ENDPOINTS;
}

/* What counts at the beginning of the call; a silent analyzer excuses what could not be helped. */
static struct use use_at(struct sim *sim, struct call *const *calls, uint32_t place, uint32_t whose)
{
    struct use use = {0};
    int64_t now = calls[place]->started;
    for (uint32_t i = 0; i < ENDPOINTS; i++)
        for (uint32_t k = 0; k < TENANTS; k++)
            use.micros += whose == i || whose == ENDPOINTS + k ? sim->spent_before[i][k] : 0;
    for (uint32_t i = 0; i <= place; i++) {
        const struct call *call = calls[i];
        if (!is_of(call, whose) || check_is_excused(sim, call, call->started))
            continue;
        bool is_recent = call->started > now - MINUTE;
        use.requests += is_recent;
        use.tokens += is_recent ? call->usage.prompt + call->usage.completion : 0;
        use.micros += llm_price(&call->usage);
        use.running += call->ended > now && !check_is_excused(sim, call, now);
    }
    return use;
}

static bool has_limits(const struct sim *sim, uint32_t whose)
{
    return whose < FIRST_USER || controls_limit_user(sim, whose - FIRST_USER);
}

static void check_call(struct sim *sim, struct call *const *calls, uint32_t place, uint32_t whose)
{
    static const char *const WHOSE[KINDS_OF_LIMITS] = {[OF_TENANT] = "tenant", [OF_USER] = "user"};
    uint32_t kind = whose < ENDPOINTS ? whose : whose < FIRST_USER ? OF_TENANT : OF_USER;
    const struct limits *limits = &sim->limits[kind];
    struct use use = use_at(sim, calls, place, whose);
    const struct {
        uint64_t used, most;
        const char *what;
        enum count count;
    } kinds[] = {{use.requests, limits->requests_per_minute, "requests", COUNT_FULL_REQUESTS},
                 {use.tokens, limits->tokens_per_minute, "tokens", COUNT_FULL_TOKENS},
                 {use.running, limits->calls_in_flight, "calls at once", COUNT_FULL_IN_FLIGHT},
                 {use.micros, limits->micros_per_day, "micros", COUNT_FULL_MONEY}};
    for (int i = 0; i < 4; i++) {
        if (kinds[i].most == 0)
            continue;
        if (kinds[i].used > kinds[i].most)
            sim_violation(sim, "rule 5", "%lu %s of %lu at %ld us, of %s %u", kinds[i].used,
                          kinds[i].what, kinds[i].most, calls[place]->started,
                          WHOSE[kind] ? WHOSE[kind] : "endpoint", whose);
        bool is_full = kinds[i].used * 10 >= kinds[i].most * 9;
        sim->counts[whose < FIRST_USER ? kinds[i].count : COUNT_FULL_OF_USER] += is_full;
    }
}

void check_limits(struct sim *sim, struct call *const *calls, uint32_t count)
{
    if (!sim->counts[WORK_LIMITS])
        return;
    for (uint32_t place = 0; place < count && calls[place]->started < sim->limits_until; place++)
        for (uint32_t whose = 0; whose < FIRST_USER + USERS; whose++)
            if (is_of(calls[place], whose) && has_limits(sim, whose))
                check_call(sim, calls, place, whose);
}
