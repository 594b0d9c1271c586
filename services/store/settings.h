/* The store's settings: one table, see libs/settings. */
#pragma once

#include "process/process.h"

struct store_settings {
    struct process_settings process;
    const char *database_url, *redis_url, *key_pepper;
    int64_t db_workers, result_workers, db_max_connections;
    int64_t db_idle_s, db_statement_ms;
    int64_t queue_max_jobs, queue_max_tenant_jobs, queue_max_user_jobs;
    int64_t job_deadline_s, job_queue_ttl_ms;
    int64_t redis_timeout_ms, result_cache_s;
    double audit_share;
};

extern const struct setting STORE_SETTINGS[];
extern const size_t STORE_SETTING_COUNT;
