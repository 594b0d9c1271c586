/* The store's metrics, all of them: metrics_of_store() makes the families on first use. */
#pragma once

#include "base/error.h"
#include "metrics/metrics.h"

struct store_metrics {
    struct metric_family *rpc_seconds;   /* question, outcome */
    struct metric_family *outcomes;      /* result */
    struct metric_family *cost_usd;      /* endpoint, model */
    struct metric_family *db_errors;     /* kind */
    struct metric_family *jobs;          /* status */
    struct metric_family *redis;         /* result */
    struct metric_family *redis_seconds; /* command */
    struct metric_family *audits;        /* result */
    struct metric_family *audit_posts;   /* model, prompt_version, position, result */
    struct metric *db_in_use, *db_size, *db_error_connect;
    struct metric *outbox_unpublished, *events_published;
    struct metric *duplicate_calls;
    struct metric *commit_seconds;
};

const struct store_metrics *metrics_of_store(void);
struct metric *metrics_of_db_error(enum error_kind kind);
struct metric *metrics_of_audits(const char *result);
