/* The pretended servers: how long a call takes them and what they answer. They have limits of
 * themselves, which nobody told the fleet: beyond them they refuse, and say more or less of why and
 * for how long. */
#include "llm.h"

#define MINUTE (60 * SECOND)

void servers_plan(struct sim *sim)
{
    static const uint32_t REQUESTS[] = {0, 12, 18, 24}, TOKENS[] = {0, 0, 10000, 16000};
    if (!sim_decide(sim, WORK_SERVER_LIMITS, 0, 0, 300))
        return;
    for (uint32_t i = 0; i < ENDPOINTS; i++) {
        uint32_t which = 10 * i;
        sim->servers[i] = (struct server){
            .requests_per_minute = REQUESTS[sim_trait(sim, WORK_SERVER_LIMITS, which, 0, 3)],
            .tokens_per_minute = TOKENS[sim_trait(sim, WORK_SERVER_LIMITS, which + 1, 0, 3)],
            .tells_limits = sim_trait(sim, WORK_SERVER_LIMITS, which + 2, 0, 1) == 0,
            .tells_wait = sim_trait(sim, WORK_SERVER_LIMITS, which + 3, 0, 1) == 0};
    }
}

/* What a server has served in the last minute, and when the oldest of it is a minute ago. */
struct served {
    int64_t requests, tokens, resets_at;
};

static struct served served_by(const struct sim *sim, uint32_t endpoint)
{
    struct served served = {.resets_at = sim->now};
    for (const struct call *call = sim->calls; call; call = call->older) {
        if (call->started <= sim->now - MINUTE)
            break; /* and so did all older ones */
        if (call->grant->endpoint != endpoint || call->is_refused)
            continue;
        served.requests++;
        served.tokens += call->usage.prompt + call->usage.completion;
        served.resets_at = call->started + MINUTE;
    }
    return served;
}

void server_takes(struct sim *sim, struct call *call)
{
    const struct server *server = &sim->servers[call->grant->endpoint];
    struct served served = served_by(sim, call->grant->endpoint);
    bool is_full =
        (server->requests_per_minute && served.requests >= server->requests_per_minute) ||
        (server->tokens_per_minute && served.tokens >= server->tokens_per_minute);
    if (!is_full || sim->now >= FAULTS_END)
        return;
    call->is_refused = true;
    call->usage = (struct usage){0};
    sim->counts[COUNT_SERVER_REFUSED]++;
}

int64_t server_lasts(struct sim *sim, const struct call *call)
{
    uint32_t about = sim_about(&call->grant->id, 0);
    int64_t lasts = sim_trait(sim, FAULT_LLM_HANGS, about, 100 * MS, 900 * MS);
    if (sim_fault(sim, FAULT_LLM_HANGS, 0, about, 60))
        lasts = sim_severity(sim, 3 * SECOND, 30 * SECOND);
    bool is_short = sim->now < sim->down_until[call->grant->endpoint] || call->is_refused;
    return is_short ? 100 * MS : lasts;
}

static bool is_poisoned(const struct grant *grant)
{
    for (uint32_t i = 0; i < grant->post_count; i++)
        if (grant->job->posts[grant->posts[i]].is_poison)
            return true;
    return false;
}

/* Of all posts, or of some of them. */
static struct outcome results_of(struct sim *sim, const struct grant *grant)
{
    struct outcome outcome = {0};
    int64_t left_out = 0; /* one bit for each post */
    if (sim_fault(sim, FAULT_LLM_LEAVES_OUT, 0, sim_about(&grant->id, 0), 100))
        left_out = sim_severity(sim, 1, (1 << POSTS_PER_CHUNK) - 1);
    for (uint32_t i = 0; i < grant->post_count; i++) {
        outcome.has_result[i] = (left_out >> i & 1) == 0;
        if (!outcome.has_result[i])
            outcome.outcome_class = OUTCOME_PARTIAL;
    }
    return outcome;
}

struct outcome server_answers(struct sim *sim, const struct call *call)
{
    const struct grant *grant = call->grant;
    if (sim->now < sim->down_until[grant->endpoint])
        return (struct outcome){.outcome_class = OUTCOME_SERVER_ERROR};
    if (call->is_refused)
        return (struct outcome){.outcome_class = OUTCOME_RATE_LIMITED};
    if (is_poisoned(grant))
        return (struct outcome){.outcome_class = OUTCOME_INVALID_ANSWER};
    if (sim_fault(sim, FAULT_LLM_REFUSES, 0, sim_about(&grant->id, 0), 50))
        return (struct outcome){.outcome_class = OUTCOME_RATE_LIMITED,
                                .retry_after_ms = (uint32_t)sim_severity(sim, 500, 4000)};
    return results_of(sim, grant);
}

static int64_t left(uint32_t limit, int64_t used)
{
    return used < limit ? limit - used : 0;
}

void server_says(struct sim *sim, const struct call *call, struct outcome *outcome)
{
    outcome->said = (struct server_limits){-1, -1, -1, -1, -1, -1};
    if (!call || outcome->outcome_class == OUTCOME_ABORTED)
        return;
    const struct server *server = &sim->servers[call->grant->endpoint];
    struct served served = served_by(sim, call->grant->endpoint);
    int64_t reset_ms = (served.resets_at - sim->now) / MS + 1;
    if (server->tells_limits && server->requests_per_minute) {
        outcome->said.requests = server->requests_per_minute;
        outcome->said.requests_left = left(server->requests_per_minute, served.requests);
        outcome->said.requests_reset_ms = reset_ms;
    }
    if (server->tells_limits && server->tokens_per_minute) {
        outcome->said.tokens = server->tokens_per_minute;
        outcome->said.tokens_left = left(server->tokens_per_minute, served.tokens);
        outcome->said.tokens_reset_ms = reset_ms;
    }
    if (call->is_refused && server->tells_wait)
        outcome->retry_after_ms = (uint32_t)reset_ms;
}
