#include "web/cutter.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/check.h"

enum { STACK_BYTES = 64 * 1024 };

struct cutter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool is_running, is_ending;
    struct cut *armed;
    struct instant wakes_at; /* when the thread looks again */
};

static const struct instant NEVER = {INT64_MAX};

struct cutter *cutter_new(void)
{
    struct cutter *cutter = calloc(1, sizeof *cutter);
    CHECK(cutter != NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&cutter->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&cutter->lock, NULL);
    cutter->wakes_at = NEVER;
    return cutter;
}

void cutter_free(struct cutter **cutter)
{
    struct cutter *c = *cutter;
    if (!c)
        return;
    CHECK(c->armed == NULL);
    if (c->is_running) {
        pthread_mutex_lock(&c->lock);
        c->is_ending = true;
        pthread_cond_signal(&c->changed);
        pthread_mutex_unlock(&c->lock);
        pthread_join(c->thread, NULL);
    }
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c);
    *cutter = NULL;
}

/* Cuts what is due and answers when the next one is. */
static struct instant cut_due(struct cutter *cutter)
{
    struct instant now = clock_now(), next = NEVER;
    for (struct cut *cut = cutter->armed; cut; cut = cut->next) {
        if (atomic_load(&cut->is_done))
            continue;
        if (!instant_is_before(now, cut->at)) {
            shutdown(cut->fd, SHUT_RD);
            atomic_store(&cut->is_done, true);
        } else if (instant_is_before(cut->at, next)) {
            next = cut->at;
        }
    }
    return next;
}

static void *watch(void *context)
{
    struct cutter *cutter = context;
    pthread_mutex_lock(&cutter->lock);
    while (!cutter->is_ending) {
        cutter->wakes_at = cut_due(cutter);
        if (cutter->wakes_at.ns == NEVER.ns) {
            pthread_cond_wait(&cutter->changed, &cutter->lock);
            continue;
        }
        struct timespec until = {.tv_sec = cutter->wakes_at.ns / 1000000000,
                                 .tv_nsec = cutter->wakes_at.ns % 1000000000};
        pthread_cond_timedwait(&cutter->changed, &cutter->lock, &until);
    }
    pthread_mutex_unlock(&cutter->lock);
    return NULL;
}

static void start(struct cutter *cutter)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    CHECK(pthread_create(&cutter->thread, &attributes, watch, cutter) == 0);
    pthread_attr_destroy(&attributes);
    cutter->is_running = true;
}

void cutter_arm(struct cutter *cutter, struct cut *cut, int fd, struct instant at)
{
    pthread_mutex_lock(&cutter->lock);
    *cut = (struct cut){.fd = fd, .at = at, .next = cutter->armed};
    if (cutter->armed)
        cutter->armed->previous = cut;
    cutter->armed = cut;
    if (!cutter->is_running)
        start(cutter);
    if (instant_is_before(at, cutter->wakes_at))
        pthread_cond_signal(&cutter->changed);
    pthread_mutex_unlock(&cutter->lock);
}

void cutter_move(struct cutter *cutter, struct cut *cut, struct instant at)
{
    pthread_mutex_lock(&cutter->lock);
    cut->at = at;
    if (instant_is_before(at, cutter->wakes_at))
        pthread_cond_signal(&cutter->changed);
    pthread_mutex_unlock(&cutter->lock);
}

bool cutter_disarm(struct cutter *cutter, struct cut *cut)
{
    pthread_mutex_lock(&cutter->lock);
    if (cut->previous)
        cut->previous->next = cut->next;
    else
        cutter->armed = cut->next;
    if (cut->next)
        cut->next->previous = cut->previous;
    pthread_mutex_unlock(&cutter->lock);
    return atomic_load(&cut->is_done);
}
