#include "results.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "audits.h"
#include "base/check.h"
#include "base/clock.h"
#include "cached_jobs.h"
#include "log/log.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "outcomes.h"
#include "result_cache.h"
#include "threads.h"

enum { WAIT_MS = 500, AWAY_MS = 250, NAK_MS = 1000, ARENA_BYTES = 64 << 20 };

/* Few, so that what comes while one worker commits goes to the other. */
enum { WANTED = 16 };

struct results {
    struct results_options options;
    atomic_bool is_ending;
    int count;
    pthread_t threads[];
};

/* One worker's own. */
struct committer {
    const struct results_options *options;
    struct db *db;
    struct cache *cache;
    struct arena *taken; /* the batch; its cap bounds what hostile outcomes unpack to */
    struct arena *arena; /* everything else */
    struct instant used;
};

/* What was taken and can be read: message i bears outcome i. */
struct batch {
    size_t count, bytes;
    struct bus_message *messages[OUTCOMES_MAX];
    const Tp__Outcome *outcomes[OUTCOMES_MAX];
};

static void count_result(const char *result)
{
    metric_add(metrics_with(metrics_of_store()->outcomes, METRIC_VALUES(result)), 1);
}

static void throw_away(struct committer *committer, struct bus_message *message,
                       const struct error *why)
{
    log_error("outcome.refused", LOG_WHY(why));
    count_result("refused");
    bus_terminate(committer->options->bus, message);
    bus_message_free(&message);
}

/* False after one that cannot be read: it may have used up the arena, so that nothing more goes
 * into this batch. */
static bool add(struct committer *committer, struct batch *batch, struct bus_message *message)
{
    struct error why;
    const Tp__Outcome *outcome;
    struct bytes body = bus_body(message);
    if (!unpack_outcome(committer->taken, body, &outcome, &why)) {
        throw_away(committer, message, &why);
        return false;
    }
    batch->bytes += body.length;
    batch->messages[batch->count] = message;
    batch->outcomes[batch->count++] = outcome;
    return true;
}

/* Waits for one, then takes what else is there. */
static void gather(struct committer *committer, struct bus_pull *pull, struct batch *batch)
{
    *batch = (struct batch){0};
    int64_t wait_ms = WAIT_MS;
    while (batch->count < OUTCOMES_MAX && batch->bytes < OUTCOMES_MAX_BYTES) {
        struct bus_message *message = bus_pull_next(pull, WANTED, wait_ms);
        if (message == NULL || !add(committer, batch, message))
            return;
        wait_ms = 0;
    }
}

static void settle(struct committer *committer, const struct batch *batch,
                   const enum verdict *verdicts)
{
    for (size_t i = 0; i < batch->count; i++) {
        count_result(verdict_name(verdicts[i]));
        if (verdicts[i] == VERDICT_WASTED)
            metric_add(metrics_of_store()->duplicate_calls, 1);
        bus_ack(committer->options->bus, batch->messages[i]);
    }
}

/* Before anybody hears that a job was healed and reads it again. */
static void drop_revised(struct committer *committer, const struct made_events *made)
{
    for (size_t i = 0; i < made->count; i++) {
        const Tp__JobState *job = made->list[i]->job;
        if (strcmp(made->list[i]->kind, "revised") == 0)
            cached_job_drop(committer->cache, job->tenant_id, job->job_id);
    }
}

/* Committed is committed: an audit that cannot be made is left out. */
static void begin_audits(struct committer *committer, const struct batch *batch,
                         const enum verdict *verdicts)
{
    struct made_events made = {0};
    struct error why;
    for (size_t i = 0; i < batch->count; i++) {
        if (verdicts[i] == VERDICT_COMMITTED &&
            !audit_begin(committer->db, committer->arena, batch->outcomes[i],
                         committer->options->audit_share, &made, &why))
            log_debug("audit.left_out", LOG_TEXT("job", batch->outcomes[i]->job_id), LOG_WHY(&why));
    }
    outbox_publish(committer->options->outbox, &made, NULL, committer->arena);
}

static bool can_never_succeed(const struct error *why)
{
    return why->kind == ERROR_INVALID || why->kind == ERROR_CONFLICT;
}

static bool commit(struct committer *committer, const struct batch *batch, struct error *why)
{
    enum verdict verdicts[OUTCOMES_MAX];
    struct made_events made = {0};
    struct instant began = clock_now();
    if (!commit_outcomes(committer->db, committer->arena, batch->outcomes, batch->count, verdicts,
                         &made, why))
        return false;
    struct instant ended = clock_now();
    metric_observe(metrics_of_store()->commit_seconds, (double)(ended.ns - began.ns) / 1e9);
    drop_revised(committer, &made);
    const char *trace = batch->count == 1 ? bus_trace(batch->messages[0]) : NULL;
    outbox_publish(committer->options->outbox, &made, trace, committer->arena);
    settle(committer, batch, verdicts);
    if (committer->options->result_life_s > 0) /* those of stale attempts were paid for, too */
        result_cache_keep(committer->cache, batch->outcomes, batch->count,
                          committer->options->result_life_s, committer->arena);
    if (committer->options->audit_share > 0)
        begin_audits(committer, batch, verdicts);
    return true;
}

/* One by one: whose fault it is shows by itself. */
static void commit_apart(struct committer *committer, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct error why;
        struct batch single = {
            .count = 1, .messages = {batch->messages[i]}, .outcomes = {batch->outcomes[i]}};
        if (commit(committer, &single, &why))
            continue;
        if (can_never_succeed(&why)) {
            throw_away(committer, batch->messages[i], &why);
            batch->messages[i] = NULL;
        } else {
            bus_nak(committer->options->bus, batch->messages[i], NAK_MS);
        }
    }
}

static void commit_batch(struct committer *committer, struct batch *batch)
{
    struct error why;
    if (!commit(committer, batch, &why)) {
        if (can_never_succeed(&why)) {
            commit_apart(committer, batch);
        } else {
            log_warn("outcomes.delayed", LOG_INT("count", batch->count), LOG_WHY(&why));
            for (size_t i = 0; i < batch->count; i++)
                bus_nak(committer->options->bus, batch->messages[i], NAK_MS);
        }
    }
    for (size_t i = 0; i < batch->count; i++)
        bus_message_free(&batch->messages[i]);
}

/* Before anything is taken, Postgres must be there; an idle connection is closed only while
 * there is nothing to do, and made again when the next outcome comes. */
static bool is_able(struct committer *committer)
{
    struct error why;
    if (atomic_load(&committer->options->vitals->is_up))
        return true;
    return db_connect(committer->db, &why);
}

static void work(struct results *results, struct committer *committer, struct bus_pull *pull)
{
    while (!atomic_load(&results->is_ending)) {
        if (!is_able(committer)) {
            store_thread_sleep_ms(AWAY_MS);
            continue;
        }
        struct batch batch;
        arena_reset(committer->taken);
        gather(committer, pull, &batch);
        struct instant now = clock_now();
        if (batch.count > 0) {
            commit_batch(committer, &batch);
            arena_reset(committer->arena);
            committer->used = now;
        } else if (instant_ms_between(committer->used, now) >= results->options.idle_ms) {
            db_rest(committer->db);
            committer->used = now;
        }
    }
}

static struct bus_pull *open_pull(struct results *results)
{
    struct bus_pull *pull = NULL;
    struct error why;
    while (!atomic_load(&results->is_ending) &&
           !bus_pull_open(results->options.bus, STREAM_RESULTS, CONSUMER_RESULTS, &pull, &why)) {
        log_debug("results.waiting", LOG_WHY(&why));
        store_thread_sleep_ms(AWAY_MS);
    }
    return pull;
}

static void *run(void *context)
{
    struct results *results = context;
    struct bus_pull *pull = open_pull(results);
    struct committer committer = {
        .options = &results->options,
        .db = db_new(results->options.vitals),
        .cache = cache_new(results->options.cache),
        .taken = arena_open(ARENA_BYTES),
        .arena = arena_open(ARENA_BYTES),
        .used = clock_now(),
    };
    if (pull != NULL) {
        work(results, &committer, pull);
        bus_pull_close(&pull);
    }
    arena_close(&committer.taken);
    arena_close(&committer.arena);
    cache_free(&committer.cache);
    db_free(&committer.db);
    return NULL;
}

struct results *results_start(const struct results_options *options)
{
    struct results *results =
        calloc(1, sizeof *results + (size_t)options->workers * sizeof results->threads[0]);
    CHECK(results != NULL);
    results->options = *options;
    results->count = options->workers;
    for (int i = 0; i < results->count; i++)
        results->threads[i] = store_thread_start(run, results);
    return results;
}

void results_stop(struct results **results)
{
    if (*results == NULL)
        return;
    atomic_store(&(*results)->is_ending, true);
    for (int i = 0; i < (*results)->count; i++)
        pthread_join((*results)->threads[i], NULL);
    free(*results);
    *results = NULL;
}
