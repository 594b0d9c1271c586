#include "asker.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"

struct asker {
    struct hub *hub;
    int64_t interval_ms;
    asker_ask *ask;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t closing;
    bool is_closing;
};

/* False: nobody answered. */
static bool ask_about(struct asker *asker, const struct awaited *job)
{
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__WaitingReply *waiting;
    struct error why;
    if (!asker->ask(asker->context, job->job_id, arena, &waiting, &why))
        return false;
    hub_tell_waiting(asker->hub, job, waiting, clock_wall_ms());
    return true;
}

/* How long to sleep after it. */
static int64_t ask_round(struct asker *asker)
{
    struct awaited jobs[ASKER_MOST];
    struct instant now = clock_now();
    size_t count =
        hub_awaited(asker->hub, instant_plus_ms(now, -asker->interval_ms), now, jobs, ASKER_MOST);
    for (size_t i = 0; i < count; i++)
        if (!ask_about(asker, &jobs[i]))
            return ASKER_PAUSE_MS;
    return ASKER_TICK_MS;
}

/* True once it closes. */
static bool sleep_for(struct asker *asker, int64_t ms)
{
    struct instant due = instant_plus_ms(clock_now(), ms);
    struct timespec until = {.tv_sec = due.ns / 1000000000, .tv_nsec = due.ns % 1000000000};
    pthread_mutex_lock(&asker->lock);
    while (!asker->is_closing)
        if (pthread_cond_timedwait(&asker->closing, &asker->lock, &until) != 0)
            break;
    bool is_closing = asker->is_closing;
    pthread_mutex_unlock(&asker->lock);
    return is_closing;
}

static void *run(void *context)
{
    struct asker *asker = context;
    int64_t pause_ms = ASKER_TICK_MS;
    while (!sleep_for(asker, pause_ms))
        pause_ms = ask_round(asker);
    return NULL;
}

struct asker *asker_open(struct hub *hub, int64_t interval_ms, asker_ask *ask, void *context)
{
    struct asker *asker = calloc(1, sizeof *asker);
    CHECK(asker != NULL);
    *asker = (struct asker){.hub = hub, .interval_ms = interval_ms, .ask = ask, .context = context};
    pthread_mutex_init(&asker->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&asker->closing, &attributes);
    pthread_condattr_destroy(&attributes);
    CHECK(pthread_create(&asker->thread, NULL, run, asker) == 0);
    return asker;
}

void asker_close(struct asker **asker)
{
    struct asker *a = *asker;
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->is_closing = true;
    pthread_cond_signal(&a->closing);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    pthread_cond_destroy(&a->closing);
    pthread_mutex_destroy(&a->lock);
    free(a);
    *asker = NULL;
}
