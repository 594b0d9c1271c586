#include "codes.h"

_Static_assert(sizeof(struct scheduler_config) == 888, "a new field belongs here too");
_Static_assert(sizeof(struct scheduler_start) == 72, "a new field belongs here too");

static void code_endpoint(struct coder *coder, struct endpoint_config *endpoint)
{
    code_name_in(coder, endpoint->name, sizeof endpoint->name);
    code_limits(coder, &endpoint->limits);
    code_u32(coder, &endpoint->prompt_nanos);
    code_u32(coder, &endpoint->completion_nanos);
}

static void code_config(struct coder *coder, struct scheduler_config *config)
{
    code_u32(coder, &config->max_active_users);
    code_u32(coder, &config->max_calls);
    CODE_ENUM(coder, config->fairness, FAIRNESS_FIFO + 1);
    code_bool(coder, &config->has_first_chunks_first);
    for (int i = 0; i < CLASSES; i++) {
        code_u32(coder, &config->weights[i]);
        coder->has_failed |= config->weights[i] == 0; /* the queue would not have it */
    }
    code_i64(coder, &config->lead_lease_ms);
    code_i64(coder, &config->permit_life_ms);
    code_i64(coder, &config->call_limit_ms);
    code_i64(coder, &config->grant_wait_ms);
    code_i64(coder, &config->republish_ms);
    code_i64(coder, &config->reread_ms);
    code_i64(coder, &config->reread_overlap_ms);
    code_i64(coder, &config->silent_ms);
    code_u64(coder, &config->seed);
    code_u32(coder, &config->user_burst);
    code_limits(coder, &config->tenant_limits);
    code_u32(coder, &config->endpoint_count);
    if (config->endpoint_count > MOST_ENDPOINTS) {
        coder->has_failed = true;
        config->endpoint_count = 0;
    }
    for (uint32_t i = 0; i < config->endpoint_count; i++)
        code_endpoint(coder, &config->endpoints[i]);
    code_bool(coder, &config->has_fallback);
    code_i64(coder, &config->breaker_open_ms);
    code_u32(coder, &config->breaker_percent);
    code_u32(coder, &config->breaker_calls);
    code_i64(coder, &config->heal_ms);
    coder->has_failed |= config->permit_life_ms >= config->lead_lease_ms;
}

static void code_analyzer(struct coder *coder, struct analyzer_facts *analyzer)
{
    code_name_in(coder, analyzer->instance_id, sizeof analyzer->instance_id);
    code_u32(coder, &analyzer->slots);
    code_instant(coder, &analyzer->heard);
}

void code_start(struct coder *coder, struct scheduler_config *config, struct scheduler_start *start)
{
    code_config(coder, config);
    code_instant(coder, &start->now);
    code_u64(coder, &start->epoch);
    code_u64(coder, &start->sequence);
    code_instant(coder, &start->lease_until);
    code_instant(coder, &start->lease_answered);
    code_instant(coder, &start->lease_ask_at);
    code_i64(coder, &start->mean_call_us);
    CODE_LIST(coder, struct analyzer_facts, start->analyzers, start->analyzer_count, code_analyzer);
}
