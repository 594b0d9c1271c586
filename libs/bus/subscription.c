#include <string.h>

#include "base/check.h"
#include "bus/parts.h"

enum { LISTEN_MAX_WAITING = 8192, DRAIN_MS = 2000 };

struct bus_subscription {
    struct bus *bus;
    struct bus_subscription *next;
    char *subject, *queue_group; /* the latter may be NULL */
    bus_handler *handler;
    void *context;
    struct mailbox *letters; /* of bus_listen() */
    natsSubscription *nats;  /* NULL before the first connection; guarded by the roster */

    pthread_mutex_t lock;
    pthread_cond_t ended;
    int running; /* subscriptions of the library that may still call the handler */
};

static void on_message(natsConnection *connection, natsSubscription *nats, natsMsg *message,
                       void *context)
{
    (void)connection;
    (void)nats;
    struct bus_subscription *subscription = context;
    struct bus_message lent = {message, clock_now()};
    subscription->handler(subscription->context, &lent);
    remains_add(subscription->bus->remains, lent.nats);
}

static void on_complete(void *context)
{
    struct bus_subscription *subscription = context;
    CHECK(pthread_mutex_lock(&subscription->lock) == 0);
    subscription->running--;
    pthread_cond_signal(&subscription->ended);
    CHECK(pthread_mutex_unlock(&subscription->lock) == 0);
}

static natsStatus subscribe(struct bus_subscription *subscription, natsConnection *connection)
{
    natsStatus status =
        subscription->queue_group == NULL
            ? natsConnection_Subscribe(&subscription->nats, connection, subscription->subject,
                                       on_message, subscription)
            : natsConnection_QueueSubscribe(&subscription->nats, connection, subscription->subject,
                                            subscription->queue_group, on_message, subscription);
    if (status != NATS_OK)
        return status;
    CHECK(pthread_mutex_lock(&subscription->lock) == 0);
    subscription->running++;
    CHECK(pthread_mutex_unlock(&subscription->lock) == 0);
    status = natsSubscription_SetOnCompleteCB(subscription->nats, on_complete, subscription);
    if (status != NATS_OK) /* closed already: the library will not call */
        on_complete(subscription);
    return NATS_OK;
}

void subscription_renew(struct bus_subscription *subscription, natsConnection *connection)
{
    natsSubscription_Destroy(subscription->nats);
    subscription->nats = NULL;
    natsStatus status = subscribe(subscription, connection);
    CHECK(status != NATS_INVALID_SUBJECT && status != NATS_INVALID_QUEUE_NAME);
}

struct bus_subscription *subscription_next(const struct bus_subscription *subscription)
{
    return subscription->next;
}

static void subscription_free(struct bus_subscription *subscription)
{
    struct bus_message *letter;
    while (subscription->letters != NULL &&
           (letter = mailbox_try_take(subscription->letters)) != NULL)
        bus_message_free(&letter);
    mailbox_free(&subscription->letters);
    pthread_cond_destroy(&subscription->ended);
    pthread_mutex_destroy(&subscription->lock);
    free(subscription->subject);
    free(subscription->queue_group);
    free(subscription);
}

static struct bus_subscription *subscription_new(struct bus *bus, const char *subject,
                                                 const char *queue_group)
{
    struct bus_subscription *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->bus = bus;
    made->subject = strdup(subject);
    made->queue_group = queue_group == NULL ? NULL : strdup(queue_group);
    CHECK(made->subject != NULL && (queue_group == NULL || made->queue_group != NULL));
    CHECK(pthread_mutex_init(&made->lock, NULL) == 0);
    CHECK(pthread_cond_init(&made->ended, NULL) == 0);
    return made;
}

/* From here on the handler may be called. Takes what was made. */
static bool enter_roster(struct bus_subscription *made, struct bus_subscription **subscription,
                         struct error *why)
{
    struct bus *bus = made->bus;
    CHECK(pthread_mutex_lock(&bus->roster) == 0);
    natsConnection *connection = bus_connection(bus);
    natsStatus status = connection == NULL ? NATS_OK : subscribe(made, connection);
    /* A closed connection is about to be replaced; its successor hears of the subscription. */
    bool is_kept = status == NATS_OK || status == NATS_CONNECTION_CLOSED;
    if (is_kept) {
        made->next = bus->subscriptions;
        bus->subscriptions = made;
    }
    CHECK(pthread_mutex_unlock(&bus->roster) == 0);
    if (!is_kept) {
        message_error(why, status, made->subject);
        subscription_free(made);
        return false;
    }
    *subscription = made;
    return true;
}

bool bus_subscribe(struct bus *bus, const char *subject, const char *queue_group,
                   bus_handler *handler, void *context, struct bus_subscription **subscription,
                   struct error *why)
{
    struct bus_subscription *made = subscription_new(bus, subject, queue_group);
    made->handler = handler;
    made->context = context;
    return enter_roster(made, subscription, why);
}

static void leave_roster(struct bus_subscription *subscription)
{
    struct bus *bus = subscription->bus;
    CHECK(pthread_mutex_lock(&bus->roster) == 0);
    struct bus_subscription **at = &bus->subscriptions;
    while (*at != subscription)
        at = &(*at)->next;
    *at = subscription->next;
    CHECK(pthread_mutex_unlock(&bus->roster) == 0);
}

void bus_unsubscribe(struct bus_subscription **subscription)
{
    struct bus_subscription *leaving = *subscription;
    *subscription = NULL;
    if (leaving == NULL)
        return;
    leave_roster(leaving);
    if (leaving->nats != NULL) {
        /* What the broker has already handed over is still dealt with, if it is there. */
        if (!bus_is_connected(leaving->bus) ||
            natsSubscription_DrainTimeout(leaving->nats, DRAIN_MS) != NATS_OK)
            natsSubscription_Unsubscribe(leaving->nats);
    }
    CHECK(pthread_mutex_lock(&leaving->lock) == 0);
    while (leaving->running > 0)
        pthread_cond_wait(&leaving->ended, &leaving->lock);
    CHECK(pthread_mutex_unlock(&leaving->lock) == 0);
    natsSubscription_Destroy(leaving->nats);
    subscription_free(leaving);
}

/* ---- taken by hand ---- */

static void put_in_letters(void *context, struct bus_message *message)
{
    struct bus_subscription *subscription = context;
    bool is_question = message_header(message->nats, HEADER_PATIENCE) != NULL;
    struct bus_message *kept = message_keep(message);
    if (mailbox_post(subscription->letters, kept))
        return;
    if (is_question) {
        struct error why;
        error_set(&why, ERROR_BUSY, "too many requests wait");
        bus_reply_error(subscription->bus, kept, &why);
    }
    bus_message_free(&kept);
}

bool bus_listen(struct bus *bus, const char *subject, const char *queue_group,
                struct bus_subscription **subscription, struct error *why)
{
    struct bus_subscription *made = subscription_new(bus, subject, queue_group);
    made->letters = mailbox_new(LISTEN_MAX_WAITING);
    made->handler = put_in_letters;
    made->context = made;
    return enter_roster(made, subscription, why);
}

bool bus_next(struct bus_subscription *subscription, int64_t timeout_ms,
              struct bus_message **message)
{
    *message = mailbox_take(subscription->letters, instant_plus_ms(clock_now(), timeout_ms));
    return *message != NULL;
}
