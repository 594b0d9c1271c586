/* Endpoints: what each call costs, the database's rows about calls, and what a new leader is told
 * of them (DESIGN.md, step 9). */
#include "llm.h"

#include <stdio.h>
#include <stdlib.h>

#include "store_rows.h"

/* Settled longer ago, a call counts in no window. */
#define TOLD_FOR (130 * SECOND)
enum { PROMPT_NANOS = 150, COMPLETION_NANOS = 600 };

static struct limits draw_limits(const struct sim *sim, uint32_t which)
{
    static const uint32_t REQUESTS[] = {0, 20, 40, 60}, IN_FLIGHT[] = {0, 0, 2, 3};
    static const uint64_t TOKENS[] = {0, 0, 20000, 40000}, MICROS[] = {0, 0, 0, 8000};
    int64_t least = 0, most = 3;
    return (struct limits){
        .requests_per_minute = REQUESTS[sim_trait(sim, FAULT_LLM_REFUSES, which, least, most)],
        .tokens_per_minute = TOKENS[sim_trait(sim, FAULT_LLM_REFUSES, which + 1, least, most)],
        .calls_in_flight = IN_FLIGHT[sim_trait(sim, FAULT_LLM_REFUSES, which + 2, least, most)],
        .micros_per_day = MICROS[sim_trait(sim, FAULT_LLM_REFUSES, which + 3, least, most)]};
}

/* Of a few calls of one user, so that it is often used up. */
static struct limits draw_limits_of_user(const struct sim *sim)
{
    static const uint32_t REQUESTS[] = {0, 4, 8, 12}, IN_FLIGHT[] = {0, 0, 1, 2};
    static const uint64_t TOKENS[] = {0, 0, 4000, 8000};
    int64_t least = 0, most = 3;
    return (struct limits){
        .requests_per_minute = REQUESTS[sim_trait(sim, FAULT_LLM_REFUSES, 200, least, most)],
        .tokens_per_minute = TOKENS[sim_trait(sim, FAULT_LLM_REFUSES, 201, least, most)],
        .calls_in_flight = IN_FLIGHT[sim_trait(sim, FAULT_LLM_REFUSES, 202, least, most)]};
}

/* Every other history has limits, so that the others are as full as can be. */
void llm_plan(struct sim *sim)
{
    bool has_limits = sim_decide(sim, WORK_LIMITS, 0, 0, 500);
    for (uint32_t i = 0; i < ENDPOINTS && has_limits; i++)
        sim->limits[i] = draw_limits(sim, 10 * i);
    if (has_limits)
        sim->limits[OF_TENANT] = draw_limits(sim, 100);
    if (has_limits)
        sim->limits[OF_USER] = draw_limits_of_user(sim);
    for (uint32_t i = 0; i < ENDPOINTS * TENANTS && has_limits; i++)
        sim->spent_before[i % ENDPOINTS][i / ENDPOINTS] =
            (uint64_t)sim_trait(sim, WORK_BURSTS, i, 0, 800);
    /* Some stay for long enough that calls leave the windows. */
    bool is_long = has_limits && sim_trait(sim, WORK_LIMITS, 0, 0, 3) == 0;
    sim->limits_until = is_long ? FAULTS_END + 45 * SECOND : FAULTS_END;
    /* Else nothing of it is done before midnight: what is lifted in time. */
    if (sim->limits[OF_TENANT].micros_per_day > 0)
        sim->limits[OF_TENANT].micros_per_day = is_long ? 0 : 12000;
}

void llm_configure(const struct sim *sim, struct scheduler_config *config)
{
    config->endpoint_count = ENDPOINTS;
    for (uint32_t i = 0; i < ENDPOINTS; i++) {
        struct endpoint_config *endpoint = &config->endpoints[i];
        snprintf(endpoint->name, sizeof(endpoint->name), "%s", endpoint_name(i));
        endpoint->limits = sim->limits[i];
        endpoint->prompt_nanos = PROMPT_NANOS;
        endpoint->completion_nanos = COMPLETION_NANOS;
    }
    config->tenant_limits = sim->limits[OF_TENANT];
    config->breaker_calls = BREAKER_CALLS;
    config->breaker_open_ms = sim->mutant == MUTANT_BREAKER_NEVER_OPEN ? 1 : BREAKER_OPEN_FOR / MS;
}

/* A part of what was booked: of its prompt, and of its completion. */
struct usage llm_usage(const struct sim *sim, const struct grant *grant)
{
    uint64_t percent = (uint64_t)sim_trait(sim, WORK_LIMITS, sim_about(&grant->id, 0), 20, 100);
    uint64_t all = grant->reserved_tokens, nanos = grant->reserved_micros * 1000;
    uint64_t least = all * PROMPT_NANOS;
    uint64_t completion = nanos > least ? (nanos - least) / (COMPLETION_NANOS - PROMPT_NANOS) : 0;
    if (completion > all)
        completion = all;
    return (struct usage){.prompt = (uint32_t)((all - completion) * percent / 100),
                          .completion = (uint32_t)(completion * percent / 100)};
}

uint64_t llm_price(const struct usage *usage)
{
    return ((uint64_t)usage->prompt * PROMPT_NANOS +
            (uint64_t)usage->completion * COMPLETION_NANOS + 999) /
           1000;
}

/* Once: whoever comes first. What is not known costs what was booked. */
void llm_settle(struct sim *sim, struct grant *grant, const struct outcome *outcome)
{
    if (grant->mode != MODE_LLM || grant->settled_at)
        return;
    grant->settled_at = rows_clock(sim);
    grant->was_called = outcome && outcome->was_called;
    grant->outcome_class = outcome ? outcome->outcome_class : OUTCOME_NONE;
    grant->retry_after_ms = outcome ? outcome->retry_after_ms : 0;
    if (outcome) {
        grant->said = outcome->said;
        sim->witness->settles(sim, grant, outcome);
    }
    bool is_known = !grant->was_called || outcome->is_usage_known;
    if (is_known) {
        struct usage used = grant->was_called ? outcome->usage : (struct usage){0};
        grant->reserved_tokens = used.prompt + used.completion;
        grant->reserved_micros = llm_price(&used);
    }
}

const struct spend_facts *llm_spends(struct sim *sim, size_t *count)
{
    struct spend_facts *spends = arena_array(sim->arena, struct spend_facts, ENDPOINTS * TENANTS);
    *count = 0;
    for (uint32_t i = 0; i < ENDPOINTS; i++)
        for (uint32_t k = 0; k < TENANTS; k++)
            if (sim->spent_before[i][k] > 0)
                spends[(*count)++] =
                    (struct spend_facts){.tenant_id = tenant_name(k),
                                         .user_id = "",
                                         .endpoint = endpoint_name(i),
                                         .ended_ago_ms = 3600 * 1000 + sim->now / MS,
                                         .micros = sim->spent_before[i][k]};
    sim->counts[COUNT_SPENT_BEFORE] += *count;
    return spends;
}

const struct call_facts *llm_told(struct sim *sim, size_t *count)
{
    size_t most = 0;
    int64_t now = rows_clock(sim);
    for (const struct grant *grant = sim->grants; grant; grant = grant->older)
        most++;
    struct call_facts *calls = arena_array(sim->arena, struct call_facts, most + 1);
    *count = 0;
    for (const struct grant *grant = sim->grants; grant; grant = grant->older) {
        bool is_old = grant->settled_at && grant->settled_at + TOLD_FOR < now;
        if (grant->mode != MODE_LLM || is_old || sim->mutant == MUTANT_WINDOWS_FORGET)
            continue;
        calls[(*count)++] = (struct call_facts){
            .id = grant->id,
            .tenant_id = tenant_name(grant->job->user % TENANTS),
            .user_id = user_name(grant->job->user),
            .endpoint = endpoint_name(grant->endpoint),
            .epoch = grant->epoch,
            .granted_in_ms = (grant->granted_at - now) / MS,
            .lease_in_ms = (grant->lease_until - now) / MS,
            .settled_in_ms = grant->settled_at ? (grant->settled_at - now) / MS : 0,
            .is_settled = grant->settled_at != 0,
            .was_called = grant->was_called,
            .tokens = grant->reserved_tokens,
            .micros = grant->reserved_micros,
            .outcome_class = grant->outcome_class};
    }
    return calls;
}

static int by_settlement(const void *a, const void *b)
{
    const struct ended_call *one = a, *other = b;
    return (one->settled_in_ms > other->settled_in_ms) -
           (one->settled_in_ms < other->settled_in_ms);
}

const struct ended_call *llm_ended(struct sim *sim, size_t *count)
{
    size_t most = 0;
    int64_t now = rows_clock(sim);
    for (const struct grant *grant = sim->grants; grant; grant = grant->older)
        most++;
    struct ended_call *calls = arena_array(sim->arena, struct ended_call, most + 1);
    *count = 0;
    for (const struct grant *grant = sim->grants; grant; grant = grant->older) {
        bool has_ended = grant->mode == MODE_LLM && grant->settled_at;
        if (!has_ended || sim->mutant == MUTANT_WINDOWS_FORGET)
            continue;
        calls[(*count)++] = (struct ended_call){
            .endpoint = endpoint_name(grant->endpoint),
            .granted_in_ms = (grant->granted_at - now) / MS,
            .settled_in_ms = (grant->settled_at - now) / MS,
            .outcome_class = grant->outcome_class,
            .was_called = grant->was_called,
            .is_probe = grant->is_probe && sim->mutant != MUTANT_PROBES_FORGET,
            .tokens = grant->reserved_tokens,
            .retry_after_ms = sim->mutant == MUTANT_PAUSES_FORGET ? 0 : grant->retry_after_ms,
            .server_limits = grant->said};
    }
    qsort(calls, *count, sizeof(calls[0]), by_settlement);
    return calls;
}
