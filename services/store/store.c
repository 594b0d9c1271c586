#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/check.h"
#include "caretaker.h"
#include "metrics.h"
#include "migrations.h"
#include "results.h"
#include "rpc.h"

enum { MS_PER_S = 1000, CARETAKERS = 1 };

struct store {
    struct db_vitals vitals;
    struct queue_limits limits;
    struct cache_place cache;
    struct outbox *outbox;
    struct rpc *rpc;
    struct results *results;
    struct caretaker *caretaker;
};

static bool database_is_there(void *context, struct error *why)
{
    const struct db_vitals *vitals = context;
    if (atomic_load(&vitals->is_up))
        return true;
    int schema = atomic_load(&vitals->schema);
    if (schema != 0 && schema != vitals->schema_wanted)
        return error_set(why, ERROR_UNAVAILABLE, "the schema has version %d, not %d", schema,
                         vitals->schema_wanted);
    return error_set(why, ERROR_UNAVAILABLE, "postgres is away, or not migrated");
}

static _Noreturn void refuse(const char *setting, const char *reason)
{
    fprintf(stderr, "store: %s: %s\n", setting, reason);
    exit(EX_CONFIG);
}

static bool has_cache(const struct store_settings *settings)
{
    return settings->redis_url[0] != '\0';
}

static void check_settings(struct store *store, const struct store_settings *settings)
{
    struct error why;
    if (!db_check_url(settings->database_url, &why))
        refuse("TP_DATABASE_URL", why.message);
    if (has_cache(settings) && !cache_parse_url(settings->redis_url, &store->cache, &why))
        refuse("TP_REDIS_URL", why.message);
    store->cache.timeout_ms = (int)settings->redis_timeout_ms;
    if (settings->db_workers + settings->result_workers + CARETAKERS > settings->db_max_connections)
        refuse("TP_DB_MAX_CONNECTIONS",
               "is less than TP_DB_WORKERS and TP_RESULT_WORKERS together and one more");
}

static void start_threads(struct store *store, struct bus *bus,
                          const struct store_settings *settings)
{
    store->outbox = outbox_new(bus);
    store->caretaker = caretaker_start(&(struct caretaker_options){
        .outbox = store->outbox, .vitals = &store->vitals, .limits = &store->limits});
    store->results = results_start(&(struct results_options){
        .bus = bus,
        .outbox = store->outbox,
        .vitals = &store->vitals,
        .cache = has_cache(settings) ? &store->cache : NULL,
        .result_life_s = (int)settings->result_cache_s,
        .audit_share = settings->audit_share,
        .workers = (int)settings->result_workers,
        .idle_ms = settings->db_idle_s * MS_PER_S,
    });
    store->rpc = rpc_start(&(struct rpc_options){
        .bus = bus,
        .outbox = store->outbox,
        .vitals = &store->vitals,
        .limits = &store->limits,
        .cache = has_cache(settings) ? &store->cache : NULL,
        .results = has_cache(settings) && settings->result_cache_s > 0 ? &store->cache : NULL,
        .workers = (int)settings->db_workers,
        .idle_ms = settings->db_idle_s * MS_PER_S,
    });
}

struct store *store_start(struct process *process, const struct store_settings *settings)
{
    struct store *store = calloc(1, sizeof *store);
    CHECK(store != NULL);
    check_settings(store, settings);
    store->vitals.url = settings->database_url;
    store->vitals.statement_ms = settings->db_statement_ms;
    store->vitals.schema_wanted = MIGRATION_COUNT;
    store->limits.jobs = settings->queue_max_jobs;
    store->limits.jobs_of_tenant = settings->queue_max_tenant_jobs;
    store->limits.jobs_of_user = settings->queue_max_user_jobs;
    store->limits.deadline_ms = settings->job_deadline_s * MS_PER_S;
    store->limits.queue_ttl_ms = settings->job_queue_ttl_ms;
    metric_set(metrics_of_store()->db_size,
               (double)(settings->db_workers + settings->result_workers + CARETAKERS));
    process_check(process, "postgres", database_is_there, &store->vitals);
    start_threads(store, process_bus(process), settings);
    return store;
}

void store_stop(struct store **store)
{
    rpc_stop(&(*store)->rpc);
    results_stop(&(*store)->results);
    caretaker_stop(&(*store)->caretaker);
    outbox_free(&(*store)->outbox);
    free(*store);
    *store = NULL;
}
