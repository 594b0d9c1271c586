#include "hub.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

#include "base/check.h"
#include "messages/messages.h"
#include "messages/subjects.h"
#include "states.h"
#include "views.h"
#include "waiting.h"

struct topic {
    char job_id[UUID_TEXT_SIZE];
    uint32_t number; /* the newest event heard; 0 = none yet */
    bool is_final;
    struct text event; /* of that number, as JSON */
    bool is_awaited;   /* the job is not over, and somebody wants to hear why it waits */
    Tp__JobStatus status;
    struct instant asked; /* when the scheduler was asked last why it waits */
    struct waiting_told told;
    uint32_t waiting_number; /* counts what was told of it */
    struct text waiting;     /* the last, as JSON */
    struct follower *followers;
    pthread_cond_t heard;
    UT_hash_handle hh;
};

struct hub {
    pthread_mutex_t lock;
    struct topic *topics; /* by job_id */
    bool is_ending;
    struct bus_subscription *subscription;
};

struct hub *hub_new(void)
{
    struct hub *hub = calloc(1, sizeof *hub);
    CHECK(hub != NULL);
    pthread_mutex_init(&hub->lock, NULL);
    return hub;
}

static void hear_message(void *context, struct bus_message *message)
{
    hub_hear(context, bus_subject(message), bus_body(message));
}

bool hub_open(struct bus *bus, struct hub **hub, struct error *why)
{
    *hub = hub_new();
    if (bus_subscribe(bus, SUBJECT_EVENTS_ALL, NULL, hear_message, *hub, &(*hub)->subscription,
                      why))
        return true;
    hub_close(hub);
    return false;
}

void hub_close(struct hub **hub)
{
    struct hub *h = *hub;
    if (!h)
        return;
    if (h->subscription)
        bus_unsubscribe(&h->subscription);
    CHECK(h->topics == NULL);
    pthread_mutex_destroy(&h->lock);
    free(h);
    *hub = NULL;
}

static void wake_followers(struct topic *topic)
{
    pthread_cond_broadcast(&topic->heard);
    for (struct follower *follower = topic->followers; follower; follower = follower->next)
        if (follower->wake)
            follower->wake(follower->context);
}

void hub_end(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->is_ending = true;
    for (struct topic *topic = hub->topics; topic; topic = topic->hh.next)
        wake_followers(topic);
    pthread_mutex_unlock(&hub->lock);
}

/* ---- hearing ---- */

static struct topic *find_topic(struct hub *hub, const char *job_id)
{
    struct topic *topic;
    HASH_FIND_STR(hub->topics, job_id, topic);
    return topic;
}

static bool is_followed(struct hub *hub, const char *job_id)
{
    pthread_mutex_lock(&hub->lock);
    bool followed = find_topic(hub, job_id) != NULL;
    pthread_mutex_unlock(&hub->lock);
    return followed;
}

static void tell(struct hub *hub, const Tp__JobEvent *event)
{
    SCOPED(text_free) struct text json = {0};
    view_event(event, &json);
    pthread_mutex_lock(&hub->lock);
    struct topic *topic = find_topic(hub, event->job->job_id);
    if (topic && event->number > topic->number) {
        topic->number = event->number;
        topic->is_final = state_is_final(event->job->status);
        topic->is_awaited = topic->is_awaited && !topic->is_final;
        topic->status = event->job->status;
        text_clear(&topic->event);
        text_add_bytes(&topic->event, json.chars, json.length);
        wake_followers(topic);
    }
    pthread_mutex_unlock(&hub->lock);
}

/* Most events are of jobs that nobody follows here: the subject tells it without unpacking. */
void hub_hear(struct hub *hub, const char *subject, struct bytes body)
{
    const char *last_dot = strrchr(subject, '.');
    if (!last_dot || !is_followed(hub, last_dot + 1))
        return;
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__JobEvent *event;
    struct error why;
    if (unpack_job_event(arena, body, &event, &why) &&
        strcmp(event->job->job_id, last_dot + 1) == 0)
        tell(hub, event);
}

/* ---- following ---- */

static struct topic *topic_new(struct hub *hub, const char *job_id)
{
    struct topic *topic = calloc(1, sizeof *topic);
    CHECK(topic != NULL && strlen(job_id) < sizeof topic->job_id);
    strcpy(topic->job_id, job_id);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&topic->heard, &attributes);
    pthread_condattr_destroy(&attributes);
    HASH_ADD_STR(hub->topics, job_id, topic);
    return topic;
}

static void topic_free(struct hub *hub, struct topic *topic)
{
    HASH_DEL(hub->topics, topic);
    pthread_cond_destroy(&topic->heard);
    text_free(&topic->event);
    text_free(&topic->waiting);
    free(topic);
}

void hub_follow(struct hub *hub, struct follower *follower, const char *job_id,
                void (*wake)(void *context), void *context)
{
    pthread_mutex_lock(&hub->lock);
    struct topic *topic = find_topic(hub, job_id);
    if (!topic)
        topic = topic_new(hub, job_id);
    *follower = (struct follower){
        .topic = topic, .next = topic->followers, .wake = wake, .context = context};
    topic->followers = follower;
    pthread_mutex_unlock(&hub->lock);
}

void hub_unfollow(struct hub *hub, struct follower *follower)
{
    pthread_mutex_lock(&hub->lock);
    struct topic *topic = follower->topic;
    struct follower **link = &topic->followers;
    while (*link != follower)
        link = &(*link)->next;
    *link = follower->next;
    if (!topic->followers)
        topic_free(hub, topic);
    pthread_mutex_unlock(&hub->lock);
}

/* ---- why they wait ---- */

void hub_await(struct hub *hub, struct follower *follower, uint32_t number, Tp__JobStatus status,
               struct instant now)
{
    pthread_mutex_lock(&hub->lock);
    struct topic *topic = follower->topic;
    if (!topic->is_awaited && !topic->is_final) {
        topic->is_awaited = true;
        topic->asked = now;
        if (topic->number <= number)
            topic->status = status;
    }
    pthread_mutex_unlock(&hub->lock);
}

/* Whoever is asked about goes to the end of the table's order. */
size_t hub_awaited(struct hub *hub, struct instant due, struct instant now, struct awaited *list,
                   size_t most)
{
    size_t count = 0;
    struct topic *topic, *next;
    pthread_mutex_lock(&hub->lock);
    size_t left = HASH_COUNT(hub->topics);
    for (topic = hub->topics; topic && left-- > 0 && count < most; topic = next) {
        next = topic->hh.next;
        if (!topic->is_awaited || !instant_is_before(topic->asked, due))
            continue;
        strcpy(list[count].job_id, topic->job_id);
        list[count++].status = topic->status;
        topic->asked = now;
        HASH_DEL(hub->topics, topic);
        HASH_ADD_STR(hub->topics, job_id, topic);
    }
    pthread_mutex_unlock(&hub->lock);
    return count;
}

/* Under the lock. */
static void note_waiting(struct topic *topic, const Tp__WaitingReply *waiting,
                         const struct text *json, int64_t now_ms)
{
    struct waiting_told next = waiting_told_of(waiting, now_ms);
    if (!waiting_is_news(&topic->told, &next, now_ms))
        return;
    topic->told = next;
    topic->waiting_number++;
    text_clear(&topic->waiting);
    text_add_bytes(&topic->waiting, json->chars, json->length);
    wake_followers(topic);
}

void hub_tell_waiting(struct hub *hub, const struct awaited *job, const Tp__WaitingReply *waiting,
                      int64_t now_ms)
{
    SCOPED(text_free) struct text json = {0};
    if (!waiting_event(job->job_id, job->status, waiting, now_ms, &json))
        return;
    pthread_mutex_lock(&hub->lock);
    struct topic *topic = find_topic(hub, job->job_id);
    if (topic && topic->is_awaited)
        note_waiting(topic, waiting, &json, now_ms);
    pthread_mutex_unlock(&hub->lock);
}

/* ---- hearing of it ---- */

static bool has_tidings(const struct topic *topic, const struct follower *follower)
{
    return topic->is_awaited && topic->waiting_number != follower->waiting_told;
}

static void hand_over(const struct text *from, struct text *to)
{
    text_clear(to);
    text_add_bytes(to, from->chars, from->length);
}

enum hub_news hub_wait(struct hub *hub, struct follower *follower, uint32_t after,
                       struct instant deadline, struct text *event)
{
    struct topic *topic = follower->topic;
    struct timespec until = {.tv_sec = deadline.ns / 1000000000,
                             .tv_nsec = deadline.ns % 1000000000};
    pthread_mutex_lock(&hub->lock);
    while (!hub->is_ending && topic->number <= after && !has_tidings(topic, follower))
        if (pthread_cond_timedwait(&topic->heard, &hub->lock, &until) != 0)
            break;
    enum hub_news news = HUB_NOTHING;
    if (hub->is_ending) {
        news = HUB_ENDING;
    } else if (topic->number == after + 1) {
        follower->is_final = topic->is_final;
        hand_over(&topic->event, event);
        news = HUB_EVENT;
    } else if (topic->number > after) {
        news = HUB_MISSED;
    } else if (has_tidings(topic, follower)) {
        follower->waiting_told = topic->waiting_number;
        hand_over(&topic->waiting, event);
        news = HUB_WAITING;
    }
    pthread_mutex_unlock(&hub->lock);
    return news;
}
