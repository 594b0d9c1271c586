#include "outbox.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "log/log.h"
#include "messages/subjects.h"
#include "metrics.h"

enum { PUBLISHED_MAX = 8192, PUBLISH_TIMEOUT_MS = 3000 };

struct outbox {
    struct bus *bus;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    size_t unanswered, published_count, published_capacity;
    struct published *published; /* grows to PUBLISHED_MAX; beyond that acks are forgotten */
};

struct letter {
    struct outbox *outbox;
    struct published event;
};

struct outbox *outbox_new(struct bus *bus)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    CHECK(outbox != NULL);
    outbox->bus = bus;
    CHECK(pthread_mutex_init(&outbox->lock, NULL) == 0);
    CHECK(pthread_cond_init(&outbox->answered, NULL) == 0);
    return outbox;
}

void outbox_free(struct outbox **outbox)
{
    struct outbox *o = *outbox;
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    while (o->unanswered > 0)
        pthread_cond_wait(&o->answered, &o->lock);
    pthread_mutex_unlock(&o->lock);
    pthread_cond_destroy(&o->answered);
    pthread_mutex_destroy(&o->lock);
    free(o->published);
    free(o);
    *outbox = NULL;
}

static void note_published(struct outbox *outbox, const struct published *event)
{
    if (outbox->published_count == outbox->published_capacity) {
        size_t capacity = outbox->published_capacity == 0 ? 64 : outbox->published_capacity * 2;
        if (capacity > PUBLISHED_MAX)
            return;
        struct published *larger = realloc(outbox->published, capacity * sizeof *larger);
        CHECK(larger != NULL);
        outbox->published = larger;
        outbox->published_capacity = capacity;
    }
    outbox->published[outbox->published_count++] = *event;
}

static void stored(void *context, const struct error *why)
{
    struct letter *letter = context;
    struct outbox *outbox = letter->outbox;
    if (why == NULL)
        metric_add(metrics_of_store()->events_published, 1);
    else
        log_debug("event.unpublished", LOG_TEXT("job", letter->event.job_id), LOG_WHY(why));
    pthread_mutex_lock(&outbox->lock);
    if (why == NULL)
        note_published(outbox, &letter->event);
    outbox->unanswered--;
    pthread_cond_signal(&outbox->answered);
    pthread_mutex_unlock(&outbox->lock);
    free(letter);
}

static bool stops_calls(const Tp__JobEvent *event)
{
    return event->job->n_chunks > 0 &&
           (strcmp(event->kind, "cancelled") == 0 || strcmp(event->kind, "expired") == 0);
}

static void publish_one(struct outbox *outbox, const Tp__JobEvent *event, const char *trace,
                        struct arena *arena)
{
    char subject[SUBJECT_SIZE];
    if (stops_calls(event)) {
        struct error lost; /* it only saves time: the call's lease ends by itself */
        subject_cancel(event->job->job_id, subject);
        if (!bus_publish(outbox->bus, subject, (struct bytes){0}, &lost))
            log_debug("cancel.unpublished", LOG_TEXT("job", event->job->job_id), LOG_WHY(&lost));
    }
    struct letter *letter = calloc(1, sizeof *letter);
    CHECK(letter != NULL);
    letter->outbox = outbox;
    letter->event.number = event->number;
    snprintf(letter->event.job_id, sizeof letter->event.job_id, "%s", event->job->job_id);
    char dedup_id[64];
    snprintf(dedup_id, sizeof dedup_id, "%s:%u", event->job->job_id, event->number);
    subject_event(event->job->tenant_id, event->job->job_id, subject);
    pthread_mutex_lock(&outbox->lock);
    outbox->unanswered++;
    pthread_mutex_unlock(&outbox->lock);
    bus_store_async(outbox->bus, subject, pack_job_event(arena, event), dedup_id, trace,
                    PUBLISH_TIMEOUT_MS, stored, letter);
}

/* Whoever misses it reads it again from the store. */
static void publish_control(struct outbox *outbox, const Tp__Control *control, struct arena *arena)
{
    Tp__ControlChanged said = TP__CONTROL_CHANGED__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.control = (Tp__Control *)(uintptr_t)control;
    struct error why;
    if (!bus_publish(outbox->bus, SUBJECT_CONTROL, pack_control_changed(arena, &said), &why))
        log_debug("control.unpublished", LOG_WHY(&why));
}

void outbox_publish(struct outbox *outbox, const struct made_events *events, const char *trace,
                    struct arena *arena)
{
    if (events->control != NULL)
        publish_control(outbox, events->control, arena);
    for (size_t i = 0; i < events->count; i++)
        publish_one(outbox, events->list[i], trace, arena);
}

size_t outbox_take_published(struct outbox *outbox, struct published *list, size_t max)
{
    pthread_mutex_lock(&outbox->lock);
    size_t count = outbox->published_count < max ? outbox->published_count : max;
    outbox->published_count -= count;
    if (count > 0)
        memcpy(list, outbox->published + outbox->published_count, count * sizeof *list);
    pthread_mutex_unlock(&outbox->lock);
    return count;
}
