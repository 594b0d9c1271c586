#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/check.h"
#include "bus/parts.h"

enum {
    CONNECT_TIMEOUT_MS = 2000,
    RECONNECT_MS = 250,
    RECONNECT_JITTER_MS = 100,
    PING_MS = 2000,
    MAX_PINGS_OUT = 2,
    WRITE_DEADLINE_MS = 2000,
    FLUSH_MS = 2000,
    TEND_MS = 500,
    PROVISION_AGAIN_MS = 1000,
    MAX_SERVERS = 8,
};

/* ---- told by the library, on a thread of its own ---- */

/* Notes the connection's state and tells it on, except to a bus that is being closed. */
static void turn(struct bus *bus, bool is_up)
{
    bus_lock(bus);
    bool was_up = bus->is_up;
    bus->is_up = is_up;
    bus->is_renewed = bus->is_renewed || is_up;
    bool is_told = bus->changed != NULL && was_up != is_up && !bus->is_ending;
    pthread_cond_broadcast(&bus->turned);
    bus_unlock(bus);
    if (!is_up)
        replies_lose(bus->replies);
    if (is_told)
        bus->changed(bus->context, is_up);
}

static void on_disconnected(natsConnection *connection, void *context)
{
    (void)connection;
    turn(context, false);
}

static void on_reconnected(natsConnection *connection, void *context)
{
    (void)connection;
    turn(context, true);
}

static void on_closed(natsConnection *connection, void *context)
{
    (void)connection;
    struct bus *bus = context;
    turn(bus, false);
    bus_lock(bus);
    bus->closed++; /* last: from then on bus_close() may free it */
    pthread_cond_broadcast(&bus->turned);
    bus_unlock(bus);
}

/* Without a handler the library prints to stderr. What it tells of here, a slow consumer or a
 * refused subject, shows as a missing message, which everybody bears. */
static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus error,
                     void *context)
{
    (void)connection;
    (void)subscription;
    (void)error;
    (void)context;
}

static void on_answer(void *context, struct bus_message *message)
{
    struct bus *bus = context;
    const char *token = strrchr(bus_subject(message), '.');
    natsMsg *answer = message->nats;
    message->nats = NULL;
    replies_answer(bus->replies, token == NULL ? "" : token + 1, answer);
}

/* ---- the keeper: connects, renews, provisions what is missing, tends the pulls ---- */

static int64_t jitter_ms(void)
{
    uint8_t random;
    CHECK(getrandom(&random, 1, 0) == 1);
    return random % RECONNECT_JITTER_MS;
}

/* Others may still be using the connection that is replaced. */
static void keep_gone(struct bus *bus)
{
    natsConnection **gone = realloc(bus->gone, bus->opened * sizeof(natsConnection *));
    CHECK(gone != NULL);
    gone[bus->opened - 1] = bus->connection;
    bus->gone = gone;
}

/* All subscriptions move to the new connection before anybody can publish on it. */
static void adopt(struct bus *bus, natsConnection *connection)
{
    CHECK(pthread_mutex_lock(&bus->roster) == 0);
    for (struct bus_subscription *s = bus->subscriptions; s != NULL; s = subscription_next(s))
        subscription_renew(s, connection);
    bus_lock(bus);
    if (bus->connection != NULL)
        keep_gone(bus);
    bus->connection = connection;
    bus->opened++;
    bus_unlock(bus);
    CHECK(pthread_mutex_unlock(&bus->roster) == 0);
    if (natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED)
        turn(bus, true);
}

static void connect_once(struct bus *bus)
{
    natsConnection *connection;
    if (natsConnection_Connect(&connection, bus->options) == NATS_OK) {
        adopt(bus, connection);
        return;
    }
    struct instant again = instant_plus_ms(clock_now(), RECONNECT_MS + jitter_ms());
    bus_lock(bus);
    while (!bus->is_ending && bus_wait_turn(bus, again))
        continue;
    bus_unlock(bus);
}

static void provision_missing(struct bus *bus)
{
    struct error why;
    if (bus_provision(bus, &why))
        return;
    struct instant again = instant_plus_ms(clock_now(), PROVISION_AGAIN_MS);
    bus_lock(bus);
    while (!bus->is_ending && bus_wait_turn(bus, again))
        continue;
    bus->wants_streams = true;
    bus_unlock(bus);
}

static void visit_pulls(struct bus *bus, void (*visit)(struct bus_pull *pull))
{
    CHECK(pthread_mutex_lock(&bus->roster) == 0);
    for (struct bus_pull *pull = bus->pulls; pull != NULL; pull = pull_following(pull))
        visit(pull);
    CHECK(pthread_mutex_unlock(&bus->roster) == 0);
}

/* What is to be done next; waits if there is nothing. */
enum duty { DUTY_CONNECT, DUTY_RENEW, DUTY_PROVISION, DUTY_TEND, DUTY_END };

static enum duty next_duty(struct bus *bus)
{
    struct instant tend_at = instant_plus_ms(clock_now(), TEND_MS);
    enum duty duty = DUTY_TEND;
    bus_lock(bus);
    for (bool is_early = true;; is_early = bus_wait_turn(bus, tend_at)) {
        if (bus->is_ending)
            duty = DUTY_END;
        else if (bus->closed == bus->opened)
            duty = DUTY_CONNECT;
        else if (bus->is_up && bus->is_renewed)
            duty = DUTY_RENEW;
        else if (bus->is_up && bus->wants_streams)
            duty = DUTY_PROVISION;
        if (duty != DUTY_TEND || !is_early)
            break;
    }
    bus->is_renewed = bus->is_renewed && duty != DUTY_RENEW;
    bus->wants_streams = bus->wants_streams && duty != DUTY_PROVISION;
    bus_unlock(bus);
    return duty;
}

static void *keep(void *context)
{
    struct bus *bus = context;
    for (;;) {
        switch (next_duty(bus)) {
        case DUTY_CONNECT:
            connect_once(bus);
            break;
        case DUTY_RENEW:
            visit_pulls(bus, pull_renew);
            break;
        case DUTY_PROVISION:
            provision_missing(bus);
            break;
        case DUTY_TEND:
            visit_pulls(bus, pull_tend);
            break;
        case DUTY_END:
            return NULL;
        }
    }
}

/* ---- opening and closing ---- */

static void set_servers(natsOptions *options, const char *urls)
{
    char *copy = strdup(urls), *rest = NULL;
    CHECK(copy != NULL);
    const char *servers[MAX_SERVERS];
    int count = 0;
    for (const char *url = strtok_r(copy, ", ", &rest); url != NULL && count < MAX_SERVERS;
         url = strtok_r(NULL, ", ", &rest))
        servers[count++] = url;
    /* A URL that cannot be read shows as a connection that never comes. */
    natsOptions_SetServers(options, servers, count);
    free(copy);
}

static natsOptions *make_options(struct bus *bus, const struct bus_options *wanted)
{
    natsOptions *options;
    CHECK(natsOptions_Create(&options) == NATS_OK);
    set_servers(options, wanted->url);
    bool is_set =
        (wanted->user == NULL || wanted->user[0] == '\0' ||
         natsOptions_SetUserInfo(options, wanted->user,
                                 wanted->password == NULL ? "" : wanted->password) == NATS_OK) &&
        natsOptions_SetName(options, wanted->name) == NATS_OK &&
        natsOptions_SetTimeout(options, CONNECT_TIMEOUT_MS) == NATS_OK &&
        natsOptions_SetMaxReconnect(options, -1) == NATS_OK &&
        natsOptions_SetReconnectWait(options, RECONNECT_MS) == NATS_OK &&
        natsOptions_SetReconnectJitter(options, RECONNECT_JITTER_MS, RECONNECT_JITTER_MS) ==
            NATS_OK &&
        natsOptions_SetReconnectBufSize(options, 0) == NATS_OK &&
        natsOptions_SetPingInterval(options, PING_MS) == NATS_OK &&
        natsOptions_SetMaxPingsOut(options, MAX_PINGS_OUT) == NATS_OK &&
        natsOptions_SetWriteDeadline(options, WRITE_DEADLINE_MS) == NATS_OK &&
        natsOptions_SetSendAsap(options, true) == NATS_OK &&
        (!wanted->is_in_order ||
         (nats_SetMessageDeliveryPoolSize(1) == NATS_OK &&
          natsOptions_UseGlobalMessageDelivery(options, true) == NATS_OK)) &&
        natsOptions_SetDisconnectedCB(options, on_disconnected, bus) == NATS_OK &&
        natsOptions_SetReconnectedCB(options, on_reconnected, bus) == NATS_OK &&
        natsOptions_SetClosedCB(options, on_closed, bus) == NATS_OK &&
        natsOptions_SetErrorHandler(options, on_error, bus) == NATS_OK;
    CHECK(is_set);
    return options;
}

struct bus *bus_open(const struct bus_options *options)
{
    struct bus *bus = calloc(1, sizeof *bus);
    CHECK(bus != NULL);
    bus->changed = options->changed;
    bus->context = options->context;
    bus->replies = replies_new();
    bus->remains = remains_new();
    bus_inbox(bus->inbox);
    pthread_condattr_t monotonic;
    CHECK(pthread_condattr_init(&monotonic) == 0);
    CHECK(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&bus->turned, &monotonic) == 0);
    CHECK(pthread_condattr_destroy(&monotonic) == 0);
    CHECK(pthread_mutex_init(&bus->lock, NULL) == 0);
    CHECK(pthread_mutex_init(&bus->roster, NULL) == 0);
    bus->options = make_options(bus, options);

    char answers[INBOX_SIZE + 2];
    snprintf(answers, sizeof answers, "%s.*", bus->inbox);
    struct error why;
    CHECK(bus_subscribe(bus, answers, NULL, on_answer, bus, &bus->answers, &why));
    CHECK(pthread_create(&bus->keeper, NULL, keep, bus) == 0);
    return bus;
}

/* The library tells of each closed connection once; after that it does not know us any more. */
static void close_connections(struct bus *bus)
{
    if (bus->connection == NULL)
        return;
    if (bus_is_connected(bus))
        natsConnection_FlushTimeout(bus->connection, FLUSH_MS);
    natsConnection_Close(bus->connection);
    bus_lock(bus);
    while (bus->closed < bus->opened)
        pthread_cond_wait(&bus->turned, &bus->lock);
    bus_unlock(bus);
    natsConnection_Destroy(bus->connection);
    for (unsigned i = 0; i + 1 < bus->opened; i++)
        natsConnection_Destroy(bus->gone[i]);
}

void bus_close(struct bus **bus)
{
    struct bus *closing = *bus;
    *bus = NULL;
    if (closing == NULL)
        return;
    bus_lock(closing);
    closing->is_ending = true;
    pthread_cond_broadcast(&closing->turned);
    bus_unlock(closing);
    CHECK(pthread_join(closing->keeper, NULL) == 0);
    bus_unsubscribe(&closing->answers);
    CHECK(closing->subscriptions == NULL && closing->pulls == NULL);
    close_connections(closing);
    replies_lose(closing->replies);
    replies_free(&closing->replies);
    remains_free(&closing->remains);
    natsOptions_Destroy(closing->options);
    free(closing->gone);
    pthread_cond_destroy(&closing->turned);
    pthread_mutex_destroy(&closing->lock);
    pthread_mutex_destroy(&closing->roster);
    free(closing);
}
