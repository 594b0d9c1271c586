#include "tape.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "log/log.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "trace/recorder.h"

/* At most so many batches are under way, so that a broker that is away costs no memory. */
enum { MOST_UNTOLD = 16, TIMEOUT_MS = 2000, PACKED_CAP_BYTES = 2 << 20 };

struct tape {
    struct bus *bus;
    struct recorder *recorder;
    struct arena *arena; /* of one batch */
    pthread_mutex_t lock;
    pthread_cond_t all_told;
    size_t untold;   /* batches; guarded by lock */
    bool has_failed; /* the last one told of; guarded by lock */
};

struct passage {
    struct tape *tape;
    uint32_t steps;
};

static void lock(struct tape *tape)
{
    CHECK(pthread_mutex_lock(&tape->lock) == 0);
}

static void unlock(struct tape *tape)
{
    CHECK(pthread_mutex_unlock(&tape->lock) == 0);
}

/* On a broker thread, or at once. */
static void on_stored(void *context, const struct error *why)
{
    struct passage *passage = context;
    struct tape *tape = passage->tape;
    lock(tape);
    bool is_news = !tape->has_failed && why;
    tape->has_failed = why != NULL;
    unlock(tape);
    scheduler_metrics_traced(why ? "lost" : "stored", passage->steps);
    if (is_news)
        log_warn("trace.unstored", LOG_WHY(why));
    free(passage);
    lock(tape);
    if (--tape->untold == 0)
        pthread_cond_signal(&tape->all_told);
    unlock(tape);
}

static bool take(void *context, const Tp__TraceBatch *batch)
{
    struct tape *tape = context;
    lock(tape);
    bool is_full = tape->untold == MOST_UNTOLD;
    tape->untold += !is_full;
    unlock(tape);
    if (is_full) {
        scheduler_metrics_traced("lost", batch->step_count);
        return false;
    }
    struct passage *passage = malloc(sizeof *passage);
    CHECK(passage);
    *passage = (struct passage){.tape = tape, .steps = batch->step_count};
    char dedup_id[64];
    snprintf(dedup_id, sizeof dedup_id, "%s.%" PRIu64, batch->instance_id, batch->number);
    bus_store_async(tape->bus, SUBJECT_TRACE, pack_trace_batch(tape->arena, batch), dedup_id, NULL,
                    TIMEOUT_MS, on_stored, passage);
    arena_reset(tape->arena);
    return true;
}

struct tape *tape_open(struct bus *bus, const char *holder, const struct scheduler_config *config)
{
    struct tape *tape = calloc(1, sizeof *tape);
    CHECK(tape);
    tape->bus = bus;
    tape->arena = arena_open(PACKED_CAP_BYTES);
    CHECK(pthread_mutex_init(&tape->lock, NULL) == 0);
    CHECK(pthread_cond_init(&tape->all_told, NULL) == 0);
    tape->recorder = recorder_new(&(struct recorder_options){.instance_id = holder,
                                                             .config = config,
                                                             .take = take,
                                                             .context = tape,
                                                             .wall_ms = clock_wall_ms});
    return tape;
}

void tape_close(struct tape **tape_)
{
    struct tape *tape = *tape_;
    *tape_ = NULL;
    if (!tape)
        return;
    recorder_free(&tape->recorder);
    lock(tape);
    while (tape->untold > 0) /* each is told within TIMEOUT_MS */
        CHECK(pthread_cond_wait(&tape->all_told, &tape->lock) == 0);
    unlock(tape);
    CHECK(pthread_cond_destroy(&tape->all_told) == 0);
    CHECK(pthread_mutex_destroy(&tape->lock) == 0);
    arena_close(&tape->arena);
    free(tape);
}

void tape_begin(struct tape *tape, const struct scheduler *core, const struct event *event)
{
    recorder_begin(tape->recorder, core, event);
}

void tape_end(struct tape *tape, const struct scheduler *core, const struct event *event,
              struct instant now, const struct actions *actions)
{
    recorder_end(tape->recorder, core, event, now, actions);
    recorder_tend(tape->recorder, now);
}
