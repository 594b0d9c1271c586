#include "caretaker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "audits.h"
#include "base/check.h"
#include "base/clock.h"
#include "log/log.h"
#include "mailbox/mailbox.h"
#include "metrics.h"
#include "threads.h"

enum {
    ROUND_MS = 1000,
    SWEEP_ROUNDS = 60,
    SWEEP_ROWS = 5000,
    EXPIRE_JOBS = 20,
    SUM_UP_STRETCHES = 4,
    MARK_EVENTS = 1000,
    LEFT_OVER_MS = 5000, /* longer than an ack may take */
    LEFT_OVER_EVENTS = 200,
    ARENA_BYTES = 64 << 20,
};

static const struct statement MARK_PUBLISHED = {"mark_published",
                                                "select from mark_published($1, $2)"};
static const struct statement UNPUBLISHED = {"unpublished",
                                             "select * from unpublished_events($1, $2)"};
static const struct statement EXPIRE = {"expire", "select * from expire_jobs($1)"};
static const struct statement COUNT_WORK = {"count_work", "select * from count_work()"};
static const struct statement SUM_UP = {"sum_up", "select from sum_up_spends($1)"};
static const struct statement SWEEP = {"sweep", "select sweep($1)"};

struct caretaker {
    struct caretaker_options options;
    atomic_bool is_ending;
    struct mailbox *bell; /* closed to wake it for the last round */
    pthread_t thread;
    struct db *db;
    struct arena *arena;
    struct published acked[MARK_EVENTS];
};

static bool mark(struct caretaker *caretaker, size_t count, struct error *why)
{
    struct array *jobs = array_new(caretaker->arena, ELEMENT_UUID);
    struct array *numbers = array_new(caretaker->arena, ELEMENT_INT4);
    for (size_t i = 0; i < count; i++) {
        array_add_uuid(jobs, caretaker->acked[i].job_id);
        array_add_int(numbers, caretaker->acked[i].number);
    }
    struct params params = params_begin(caretaker->arena);
    params_array(&params, jobs);
    params_array(&params, numbers);
    SCOPED(rows_free) struct rows rows = {0};
    return db_run(caretaker->db, &MARK_PUBLISHED, &params, &rows, why);
}

/* What cannot be marked now is published again later: harmless. */
static bool mark_published(struct caretaker *caretaker, struct error *why)
{
    struct outbox *outbox = caretaker->options.outbox;
    size_t count;
    do {
        count = outbox_take_published(outbox, caretaker->acked, MARK_EVENTS);
        if (count > 0 && !mark(caretaker, count, why))
            return false;
    } while (count == MARK_EVENTS);
    return true;
}

static void publish_rows(struct caretaker *caretaker, const struct rows *rows)
{
    struct made_events made = {0};
    for (int row = 0; row < rows->count; row++) {
        struct cells cells = rows_at(rows, row, caretaker->arena);
        made_events_add(&made, read_event(&cells), caretaker->arena);
    }
    outbox_publish(caretaker->options.outbox, &made, NULL, caretaker->arena);
}

static bool publish_left_over(struct caretaker *caretaker, struct error *why)
{
    struct params params = params_begin(caretaker->arena);
    params_int8(&params, LEFT_OVER_MS);
    params_int4(&params, LEFT_OVER_EVENTS);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(caretaker->db, &UNPUBLISHED, &params, &rows, why))
        return false;
    publish_rows(caretaker, &rows);
    return true;
}

/* Scheduling rule 8. */
static bool expire(struct caretaker *caretaker, struct error *why)
{
    int count;
    do {
        struct params params = params_begin(caretaker->arena);
        params_int4(&params, EXPIRE_JOBS);
        SCOPED(rows_free) struct rows rows = {0};
        if (!db_run(caretaker->db, &EXPIRE, &params, &rows, why))
            return false;
        count = rows.count;
        publish_rows(caretaker, &rows);
    } while (count == EXPIRE_JOBS);
    return true;
}

static bool count_work(struct caretaker *caretaker, struct error *why)
{
    struct params params = params_begin(caretaker->arena);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(caretaker->db, &COUNT_WORK, &params, &rows, why))
        return false;
    struct cells cells = rows_at(&rows, 0, caretaker->arena);
    int64_t queued = cell_int(&cells), processing = cell_int(&cells);
    int64_t unpublished = cell_int(&cells);
    const struct store_metrics *metrics = metrics_of_store();
    metric_set(metrics_with(metrics->jobs, METRIC_VALUES("queued")), (double)queued);
    metric_set(metrics_with(metrics->jobs, METRIC_VALUES("processing")), (double)processing);
    metric_set(metrics->outbox_unpublished, (double)unpublished);
    atomic_store(&caretaker->options.limits->unfinished, queued + processing);
    return true;
}

static bool sum_up_spends(struct caretaker *caretaker, struct error *why)
{
    struct params params = params_begin(caretaker->arena);
    params_int4(&params, SUM_UP_STRETCHES);
    SCOPED(rows_free) struct rows rows = {0};
    return db_run(caretaker->db, &SUM_UP, &params, &rows, why);
}

static bool sweep(struct caretaker *caretaker, struct error *why)
{
    struct params params = params_begin(caretaker->arena);
    params_int4(&params, SWEEP_ROWS);
    SCOPED(rows_free) struct rows rows = {0};
    return db_run(caretaker->db, &SWEEP, &params, &rows, why);
}

static void *run(void *context)
{
    struct caretaker *caretaker = context;
    bool was_up = false;
    for (int round = 0;; round++) {
        bool is_last = atomic_load(&caretaker->is_ending);
        struct error why;
        bool is_up = mark_published(caretaker, &why) &&
                     (is_last || (expire(caretaker, &why) && publish_left_over(caretaker, &why) &&
                                  audits_settle(caretaker->db, caretaker->arena, &why) &&
                                  count_work(caretaker, &why) &&
                                  (round % SWEEP_ROUNDS != 0 ||
                                   (sum_up_spends(caretaker, &why) && sweep(caretaker, &why)))));
        if (!is_up && (was_up || round == 0))
            log_warn("database.away", LOG_WHY(&why));
        if (is_up && !was_up)
            log_info("database.connected", LOG_INT("schema", caretaker->options.vitals->schema));
        was_up = is_up;
        arena_reset(caretaker->arena);
        if (is_last)
            return NULL;
        mailbox_take(caretaker->bell, instant_plus_ms(clock_now(), ROUND_MS));
    }
}

struct caretaker *caretaker_start(const struct caretaker_options *options)
{
    struct caretaker *caretaker = calloc(1, sizeof *caretaker);
    CHECK(caretaker != NULL);
    caretaker->options = *options;
    caretaker->bell = mailbox_new(1);
    caretaker->db = db_new(options->vitals);
    caretaker->arena = arena_open(ARENA_BYTES);
    caretaker->thread = store_thread_start(run, caretaker);
    return caretaker;
}

void caretaker_stop(struct caretaker **caretaker)
{
    struct caretaker *c = *caretaker;
    if (c == NULL)
        return;
    atomic_store(&c->is_ending, true);
    mailbox_close(c->bell);
    pthread_join(c->thread, NULL);
    mailbox_free(&c->bell);
    arena_close(&c->arena);
    db_free(&c->db);
    free(c);
    *caretaker = NULL;
}
