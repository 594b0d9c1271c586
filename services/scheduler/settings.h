/* The scheduler's settings: one table, see libs/settings. */
#pragma once

#include "core/core.h"
#include "process/process.h"

struct scheduler_settings {
    struct process_settings process;
    int64_t max_active_users, max_calls;
    const char *fairness;
    bool has_first_chunks_first;
    int64_t weights[CLASSES];
    int64_t lead_lease_ms, permit_life_ms, call_limit_ms, grant_wait_ms;
    int64_t republish_ms, reread_ms, reread_overlap_ms, silent_ms;
};

extern const struct program SCHEDULER_PROGRAM;

/* seed: of the jitter of retries */
struct scheduler_config settings_of_core(const struct scheduler_settings *settings, uint64_t seed);
