#include "forecaster.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "log/log.h"
#include "messages/messages.h"
#include "metrics.h"
#include "model/calibration.h"
#include "model/forecast.h"
#include "translate.h"

enum {
    FRESH_MS = 1000,
    PATIENCE_MS = 8,  /* of an ask: a submission is answered no sooner */
    NOTHING_MS = 200, /* before it is tried again, where nothing could be told */
    MOST_ASKS = 256,
    REST = 19, /* times as long as the forecast took */
    REPLY_CAP_BYTES = 16 * 1024,
    STACK_BYTES = 512 * 1024,
};

/* An explanation that waits for a forecast. */
struct pending {
    struct pending *next;
    struct action action;
    char *message; /* the explanation's, kept */
    struct instant asked;
    struct forecast_finish finish; /* from `asked` */
    bool has_finish;
    bool is_over; /* the job: nothing is to be told of it any more */
};

struct forecaster {
    struct bus *bus;
    struct scheduler_config config;
    pthread_t thread;
    pthread_mutex_t lock; /* a leaf; of all that follows */
    pthread_cond_t turned;
    bool is_ending, is_wanted, is_running;
    struct instant not_before;
    struct forecast *given;  /* by the owner thread, to be run */
    struct forecast *latest; /* run */
    struct instant given_at, made;
    struct pending *asks;
    size_t ask_count;
    struct calibration calibration;
    uint64_t runs;
};

static void lock(struct forecaster *forecaster)
{
    CHECK(pthread_mutex_lock(&forecaster->lock) == 0);
}

static void unlock(struct forecaster *forecaster)
{
    CHECK(pthread_mutex_unlock(&forecaster->lock) == 0);
}

/* ---- what is told; without the lock ---- */
static uint32_t to_u32(int64_t ms)
{
    return ms <= 0 ? 0 : ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static void tell(struct bus *bus, const struct pending *pending)
{
    SCOPED(arena_close) struct arena *arena = arena_open(REPLY_CAP_BYTES);
    const struct action *action = &pending->action;
    Tp__WaitingReply said = TP__WAITING_REPLY__INIT;
    struct error why;
    said.schema_version = SCHEMA_VERSION;
    translate_explanation(&action->explain.told, &said);
    if (pending->has_finish) {
        said.has_finish = 1;
        said.finish_p50_ms = to_u32(pending->finish.p50_ms);
        said.finish_p90_ms = to_u32(pending->finish.p90_ms);
        said.is_finish_rough = pending->finish.is_rough;
    }
    if (!bus_publish(bus, action->explain.reply, pack_waiting_reply(arena, &said), &why))
        log_debug("explanation.unsent", LOG_TEXT("job", action->explain.job_id), LOG_WHY(&why));
}

/* False: it waits for something that nobody foresees. */
static bool has_an_end(const struct explanation *told)
{
    if (!told->is_known)
        return false;
    switch (told->reason) {
    case WAITING_NOTHING:
    case WAITING_HELD:
    case WAITING_ANALYZER:
    case WAITING_REDUCED:
    case WAITING_ENDPOINT_HELD:
        return false;
    case WAITING_ENDPOINT:
    case WAITING_PAUSE:
        return told->retry_in_ms > 0;
    case WAITING_RUNS:
    case WAITING_GRANT:
    case WAITING_OWN:
    case WAITING_SLOT:
    case WAITING_OTHERS:
    case WAITING_RETRY:
    case WAITING_LIMIT:
        return true;
    }
    CHECK_UNREACHABLE();
}

/* ---- with the lock ---- */
/* From the latest forecast, if the job is in it. */
static bool find_finish(struct forecaster *forecaster, struct pending *pending, struct instant now)
{
    const char *job_id = pending->action.explain.job_id;
    struct forecast_finish *finish = &pending->finish;
    int64_t age_ms = instant_ms_between(forecaster->made, now);
    /* Until then it is told to wait: the forecast may have been made before that was known. */
    int64_t least_ms = age_ms + pending->action.explain.told.retry_in_ms;
    if (!forecaster->latest || !forecast_find(forecaster->latest, job_id, least_ms, finish))
        return false;
    calibration_tell(&forecaster->calibration, job_id,
                     instant_plus_ms(forecaster->made, finish->p50_ms),
                     instant_plus_ms(forecaster->made, finish->p90_ms));
    finish->p50_ms -= age_ms;
    finish->p90_ms -= age_ms;
    pending->has_finish = true;
    return true;
}

/* A large one takes its time, and may be older before the next may be made. */
static bool is_fresh(const struct forecaster *forecaster, struct instant now)
{
    return instant_is_before(now, instant_plus_ms(forecaster->made, FRESH_MS)) ||
           instant_is_before(now, forecaster->not_before);
}

static void park(struct forecaster *forecaster, const struct pending *asked)
{
    struct pending *pending = malloc(sizeof *pending);
    CHECK(pending);
    *pending = *asked;
    const char *message = asked->action.explain.told.message;
    pending->message = message ? strdup(message) : NULL;
    pending->action.explain.told.message = pending->message;
    pending->next = forecaster->asks;
    forecaster->asks = pending;
    forecaster->ask_count++;
    pthread_cond_signal(&forecaster->turned);
}

void forecaster_explain(struct forecaster *forecaster, const struct action *action)
{
    struct pending asked = {.action = *action, .asked = clock_now()};
    bool can_wait = has_an_end(&action->explain.told);
    struct instant patience = instant_plus_ms(asked.asked, PATIENCE_MS);
    lock(forecaster);
    bool is_told = can_wait && is_fresh(forecaster, asked.asked) &&
                   find_finish(forecaster, &asked, asked.asked);
    forecaster->is_wanted = forecaster->is_wanted || (can_wait && !is_told);
    bool is_parked = can_wait && !is_told && forecaster->ask_count < MOST_ASKS &&
                     instant_is_before(forecaster->not_before, patience);
    if (is_parked)
        park(forecaster, &asked);
    unlock(forecaster);
    if (!is_parked)
        tell(forecaster->bus, &asked);
}

/* With the lock: whoever asked for the end of this job need not wait for a forecast of it. */
static void hurry_asks(struct forecaster *forecaster, const char *job_id)
{
    for (struct pending *pending = forecaster->asks; pending; pending = pending->next)
        if (strcmp(pending->action.explain.job_id, job_id) == 0) {
            pending->is_over = true;
            pthread_cond_signal(&forecaster->turned);
        }
}

/* ---- were they right? ---- */
static void look_at_job(struct forecaster *forecaster, const struct job_facts *job,
                        struct instant now)
{
    static const char *const WITHIN[] = {
        [KEPT_P50] = "p50", [KEPT_P90] = "p90", [KEPT_LATER] = "later"};
    if (job->status < JOB_COMPLETED)
        return;
    lock(forecaster);
    enum kept kept = KEPT_UNKNOWN;
    if (job->status == JOB_COMPLETED)
        kept = calibration_finish(&forecaster->calibration, job->job_id, now);
    else
        calibration_forget(&forecaster->calibration, job->job_id);
    hurry_asks(forecaster, job->job_id);
    unlock(forecaster);
    if (kept != KEPT_UNKNOWN)
        scheduler_metrics_foretold(WITHIN[kept]);
}

static void look_at_event(struct forecaster *forecaster, const struct event *event,
                          struct instant now)
{
    if (event->kind == EVENT_JOB_EVENT)
        look_at_job(forecaster, event->job_event.job, now);
    for (size_t i = 0; event->kind == EVENT_CHANGED && i < event->changed.job_count; i++)
        look_at_job(forecaster, &event->changed.jobs[i], now);
}

void forecaster_tend(struct forecaster *forecaster, const struct scheduler *core,
                     const struct event *event, struct instant now)
{
    look_at_event(forecaster, event, now);
    lock(forecaster);
    bool is_due = forecaster->is_wanted && !forecaster->is_running && !forecaster->given &&
                  !instant_is_before(now, forecaster->not_before);
    unlock(forecaster);
    if (!is_due)
        return;
    struct forecast *given = forecast_new(core, &forecaster->config, FORECAST_BOUNDS);
    lock(forecaster);
    forecaster->given = given;
    forecaster->given_at = now;
    forecaster->is_wanted = false;
    if (!given) { /* there is nothing to be told: those who wait need not */
        forecast_free(&forecaster->latest);
        forecaster->not_before = instant_plus_ms(now, NOTHING_MS);
    }
    pthread_cond_signal(&forecaster->turned);
    unlock(forecaster);
}

/* ---- the thread ---- */
/* Takes out who can be answered: from the forecast, or because it has waited long enough. */
static struct pending *take_answered(struct forecaster *forecaster, struct instant now)
{
    struct pending *answered = NULL, **at = &forecaster->asks;
    while (*at) {
        struct pending *pending = *at;
        bool is_late = pending->is_over ||
                       !instant_is_before(now, instant_plus_ms(pending->asked, PATIENCE_MS));
        bool has_missed = !forecaster->is_wanted && !forecaster->given &&
                          !instant_is_before(forecaster->given_at, pending->asked);
        bool may_be_old = is_late || is_fresh(forecaster, now);
        bool is_found = may_be_old && find_finish(forecaster, pending, now);
        if (!is_found && !is_late && !has_missed) {
            at = &pending->next;
            continue;
        }
        *at = pending->next;
        forecaster->ask_count--;
        pending->next = answered;
        answered = pending;
    }
    return answered;
}

static void answer_all(struct forecaster *forecaster, struct pending *answered)
{
    while (answered) {
        struct pending *next = answered->next;
        tell(forecaster->bus, answered);
        free(answered->message);
        free(answered);
        answered = next;
    }
}

/* Runs without the lock what the owner thread has given. */
static void run_given(struct forecaster *forecaster)
{
    struct forecast *forecast = forecaster->given;
    uint64_t seed = ++forecaster->runs;
    struct instant made = forecaster->given_at;
    forecaster->given = NULL;
    forecaster->is_running = true;
    unlock(forecaster);
    struct instant began = clock_now();
    forecast_run(forecast, seed);
    struct instant ended = clock_now();
    scheduler_metrics_forecast((double)(ended.ns - began.ns) / 1e9);
    lock(forecaster);
    forecast_free(&forecaster->latest);
    forecaster->latest = forecast;
    forecaster->made = made;
    forecaster->is_running = false;
    forecaster->not_before = (struct instant){ended.ns + REST * (ended.ns - began.ns)};
}

static void wait_a_while(struct forecaster *forecaster)
{
    if (!forecaster->asks) {
        CHECK(pthread_cond_wait(&forecaster->turned, &forecaster->lock) == 0);
        return;
    }
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS / 4);
    struct timespec at = {.tv_sec = until.ns / 1000000000, .tv_nsec = until.ns % 1000000000};
    (void)pthread_cond_timedwait(&forecaster->turned, &forecaster->lock, &at);
}

static void *work(void *context)
{
    struct forecaster *forecaster = context;
    lock(forecaster);
    while (!forecaster->is_ending) {
        if (forecaster->given)
            run_given(forecaster);
        struct pending *answered = take_answered(forecaster, clock_now());
        if (answered) {
            unlock(forecaster);
            answer_all(forecaster, answered);
            lock(forecaster);
        } else if (!forecaster->given && !forecaster->is_ending) {
            wait_a_while(forecaster);
        }
    }
    unlock(forecaster);
    return NULL;
}

struct forecaster *forecaster_open(struct bus *bus, const struct scheduler_config *config)
{
    struct forecaster *forecaster = calloc(1, sizeof *forecaster);
    CHECK(forecaster);
    forecaster->bus = bus;
    forecaster->config = *config;
    pthread_condattr_t monotonic;
    pthread_attr_t small;
    CHECK(pthread_mutex_init(&forecaster->lock, NULL) == 0);
    CHECK(pthread_condattr_init(&monotonic) == 0);
    CHECK(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&forecaster->turned, &monotonic) == 0);
    CHECK(pthread_condattr_destroy(&monotonic) == 0);
    CHECK(pthread_attr_init(&small) == 0);
    CHECK(pthread_attr_setstacksize(&small, STACK_BYTES) == 0);
    CHECK(pthread_create(&forecaster->thread, &small, work, forecaster) == 0);
    CHECK(pthread_attr_destroy(&small) == 0);
    return forecaster;
}

void forecaster_close(struct forecaster **forecaster_)
{
    struct forecaster *forecaster = *forecaster_;
    *forecaster_ = NULL;
    if (!forecaster)
        return;
    lock(forecaster);
    forecaster->is_ending = true;
    pthread_cond_signal(&forecaster->turned);
    unlock(forecaster);
    CHECK(pthread_join(forecaster->thread, NULL) == 0);
    answer_all(forecaster, forecaster->asks);
    forecast_free(&forecaster->given);
    forecast_free(&forecaster->latest);
    calibration_free(&forecaster->calibration);
    CHECK(pthread_cond_destroy(&forecaster->turned) == 0);
    CHECK(pthread_mutex_destroy(&forecaster->lock) == 0);
    free(forecaster);
}
