/* The scheduler's settings: one table, see libs/settings. */
#pragma once

#include "base/scoped.h"
#include "base/text.h"
#include "core/core.h"
#include "process/process.h"

/* Of one endpoint or of every tenant; 0 = no limit. */
struct limit_settings {
    int64_t requests_per_minute, tokens_per_minute, calls_in_flight;
    double usd_per_day;
};

struct scheduler_settings {
    struct process_settings process;
    int64_t max_active_users, max_calls;
    const char *fairness;
    bool has_first_chunks_first;
    int64_t weights[CLASSES];
    int64_t lead_lease_ms, permit_life_ms, call_limit_ms, grant_wait_ms;
    int64_t republish_ms, reread_ms, reread_overlap_ms, silent_ms;
    const char *endpoints; /* path of the chain; "" = one endpoint "main" of what follows */
    struct limit_settings llm;
    double prompt_usd_per_million, completion_usd_per_million;
    struct limit_settings tenant;
    bool has_shadow_limits;
    int64_t user_burst;
    const char *fallback;
    int64_t breaker_open_ms, breaker_percent, breaker_calls, heal_ms;
    bool has_trace;
};

extern const struct program SCHEDULER_PROGRAM;

/* What the core is to go by; the seed is left to whoever makes it. On false `faults` has a line for
 * each fault of the file of endpoints, naming its setting. */
MUST_USE bool settings_of_core(const struct scheduler_settings *settings,
                               struct scheduler_config *config, struct text *faults);
