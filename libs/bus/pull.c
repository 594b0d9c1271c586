#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "bus/parts.h"

/* A request lives EXPIRES_MS at the broker, which tells when it ends; after SILENCE_MS without
 * anything, what was asked is lost and asked anew. Short lives spare the broker's heartbeats. */
enum {
    EXPIRES_MS = 2000,
    SILENCE_MS = 2500,
    BACK_OFF_MS = 250,
};

struct bus_pull {
    struct bus *bus;
    struct bus_pull *following;
    char ask_subject[SUBJECT_MAX_SIZE], inbox[INBOX_SIZE];
    struct bus_subscription *subscription;
    struct mailbox *arrived;
    void (*wake)(void *context);
    void *wake_context;

    pthread_mutex_t lock;
    int want;                  /* as last told by whoever takes */
    int owed;                  /* asked of the broker and not yet arrived */
    uint64_t asks;             /* each has a reply subject of its own */
    struct instant heard;      /* of the broker, or asked while nothing was owed */
    struct instant not_before; /* the broker refused */
};

static void lock(struct bus_pull *pull)
{
    CHECK(pthread_mutex_lock(&pull->lock) == 0);
}

static void unlock(struct bus_pull *pull)
{
    CHECK(pthread_mutex_unlock(&pull->lock) == 0);
}

/* How many to ask for now. At half empty, so that a busy pull asks once per many messages. */
static int missing(struct bus_pull *pull, struct instant now)
{
    if (instant_is_before(now, pull->not_before))
        return 0;
    if (pull->owed > 0 && instant_ms_between(pull->heard, now) > SILENCE_MS)
        pull->owed = 0;
    int missing = pull->want - pull->owed - (int)mailbox_length(pull->arrived);
    return missing * 2 >= pull->want ? missing : 0;
}

static bool ask(struct bus_pull *pull, int count, uint64_t number)
{
    char reply[INBOX_SIZE + 24], said[80];
    snprintf(reply, sizeof reply, "%s.%" PRIu64, pull->inbox, number);
    int length = snprintf(said, sizeof said, "{\"batch\":%d,\"expires\":%" PRId64 "}", count,
                          EXPIRES_MS * CLOCK_MS);
    struct error why;
    return bus_ask(pull->bus, pull->ask_subject, reply,
                   (struct bytes){(const uint8_t *)said, (size_t)length}, NULL, &why);
}

/* Keeps `want` messages under way. */
static void top_up(struct bus_pull *pull)
{
    struct instant now = clock_now();
    lock(pull);
    int count = missing(pull, now);
    if (count <= 0) {
        unlock(pull);
        return;
    }
    if (pull->owed == 0)
        pull->heard = now;
    pull->owed += count;
    uint64_t number = ++pull->asks;
    unlock(pull);
    if (ask(pull, count, number))
        return;
    lock(pull);
    pull->owed = pull->owed > count ? pull->owed - count : 0;
    pull->not_before = instant_plus_ms(now, BACK_OFF_MS);
    unlock(pull);
}

void pull_tend(struct bus_pull *pull)
{
    top_up(pull);
}

void pull_renew(struct bus_pull *pull)
{
    lock(pull);
    pull->owed = 0;
    pull->not_before = (struct instant){0};
    unlock(pull);
    top_up(pull);
}

struct bus_pull *pull_following(const struct bus_pull *pull)
{
    return pull->following;
}

/* ---- what comes ---- */

/* A request has ended with so many messages not sent. */
static void ask_ended(struct bus_pull *pull, const struct bus_message *status)
{
    int64_t unsent = 0;
    const char *said = message_header(status->nats, "Nats-Pending-Messages");
    if (said != NULL && number_parse_int(said, &unsent) && unsent > 0 &&
        unsent <= BUS_PULL_MAX_WANT) {
        lock(pull);
        pull->owed = pull->owed > unsent ? pull->owed - (int)unsent : 0;
        unlock(pull);
    }
    top_up(pull);
}

/* Refused: the consumer is gone, or its limits are reached. Not at once again. */
static void ask_refused(struct bus_pull *pull, const char *code, const char *description)
{
    lock(pull);
    pull->owed = 0;
    pull->not_before = instant_plus_ms(clock_now(), BACK_OFF_MS);
    unlock(pull);
    if (strcmp(code, "503") == 0 || strcmp(description, "Consumer Deleted") == 0)
        bus_want_streams(pull->bus);
}

static void hear_status(struct bus_pull *pull, const struct bus_message *status)
{
    const char *code = message_header(status->nats, "Status");
    const char *description = message_header(status->nats, "Description");
    if (code == NULL)
        return;
    if (strcmp(code, "408") == 0 || strcmp(code, "404") == 0)
        ask_ended(pull, status);
    else
        ask_refused(pull, code, description == NULL ? "" : description);
}

static void hear(void *context, struct bus_message *message)
{
    struct bus_pull *pull = context;
    bool is_status = !bus_wants_reply(message); /* a message bears the subject of its ack */
    lock(pull);
    pull->heard = message->received;
    if (!is_status && pull->owed > 0)
        pull->owed--;
    void (*wake)(void *) = pull->wake;
    void *wake_context = pull->wake_context;
    unlock(pull);
    if (is_status) {
        hear_status(pull, message);
        return;
    }
    struct bus_message *kept = message_keep(message);
    if (!mailbox_post(pull->arrived, kept)) {
        bus_nak(pull->bus, kept, 0);
        bus_message_free(&kept);
    }
    if (wake != NULL)
        wake(wake_context);
}

/* ---- the interface ---- */

static void enter_roster(struct bus_pull *pull)
{
    CHECK(pthread_mutex_lock(&pull->bus->roster) == 0);
    pull->following = pull->bus->pulls;
    pull->bus->pulls = pull;
    CHECK(pthread_mutex_unlock(&pull->bus->roster) == 0);
}

static void leave_roster(struct bus_pull *pull)
{
    CHECK(pthread_mutex_lock(&pull->bus->roster) == 0);
    struct bus_pull **at = &pull->bus->pulls;
    while (*at != pull)
        at = &(*at)->following;
    *at = pull->following;
    CHECK(pthread_mutex_unlock(&pull->bus->roster) == 0);
}

static void pull_free(struct bus_pull *pull)
{
    mailbox_free(&pull->arrived);
    pthread_mutex_destroy(&pull->lock);
    free(pull);
}

bool bus_pull_open(struct bus *bus, const char *stream, const char *consumer,
                   struct bus_pull **pull, struct error *why)
{
    struct bus_pull *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->bus = bus;
    made->arrived = mailbox_new(2 * BUS_PULL_MAX_WANT); /* what was asked again may come twice */
    CHECK(pthread_mutex_init(&made->lock, NULL) == 0);
    snprintf(made->ask_subject, sizeof made->ask_subject, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", stream,
             consumer);
    bus_inbox(made->inbox);
    char subject[INBOX_SIZE + 2];
    snprintf(subject, sizeof subject, "%s.*", made->inbox);
    if (!bus_subscribe(bus, subject, NULL, hear, made, &made->subscription, why)) {
        pull_free(made);
        return false;
    }
    enter_roster(made);
    *pull = made;
    return true;
}

struct bus_message *bus_pull_next(struct bus_pull *pull, int want, int64_t timeout_ms)
{
    CHECK(want >= 0 && want <= BUS_PULL_MAX_WANT);
    lock(pull);
    pull->want = want;
    unlock(pull);
    top_up(pull);
    if (timeout_ms <= 0)
        return mailbox_try_take(pull->arrived);
    return mailbox_take(pull->arrived, instant_plus_ms(clock_now(), timeout_ms));
}

void bus_pull_on_arrival(struct bus_pull *pull, void (*wake)(void *context), void *context)
{
    lock(pull);
    pull->wake = wake;
    pull->wake_context = context;
    unlock(pull);
}

/* A broker of version 2.9 that wants to send a message again, and finds only a request nobody hears
 * any more, forgets the message until its ack timer: so ours is to have ended by then. */
static void give_back(struct bus_pull *pull, int64_t delay_ms)
{
    struct bus_message *untaken;
    while ((untaken = mailbox_try_take(pull->arrived)) != NULL) {
        bus_nak(pull->bus, untaken, delay_ms);
        bus_message_free(&untaken);
    }
}

void bus_pull_close(struct bus_pull **pull)
{
    struct bus_pull *closing = *pull;
    *pull = NULL;
    if (closing == NULL)
        return;
    leave_roster(closing);
    lock(closing);
    closing->want = 0;
    bool leaves_request = closing->owed > 0;
    unlock(closing);
    bus_unsubscribe(&closing->subscription);
    give_back(closing, leaves_request ? SILENCE_MS : 0);
    pull_free(closing);
}
