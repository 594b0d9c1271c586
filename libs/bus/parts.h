/* What the sources of libs/bus share; for nobody else.
 *
 * Locks: `roster` guards the lists of subscriptions and pulls and is taken before `lock`, which
 * guards the connection's state and is a leaf.
 */
#pragma once

#include <nats/nats.h>
#include <pthread.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "bus/remains.h"
#include "bus/replies.h"
#include "mailbox/mailbox.h"

#define HEADER_TRACE "traceparent"
#define HEADER_PATIENCE "Tp-Patience-Ms"
#define HEADER_ERROR "Tp-Error"
#define HEADER_DEDUP "Nats-Msg-Id"

enum { INBOX_SIZE = 64, SUBJECT_MAX_SIZE = 256 };

struct bus {
    natsOptions *options;
    void (*changed)(void *context, bool is_connected);
    void *context;
    struct replies *replies;
    struct remains *remains;
    char inbox[INBOX_SIZE]; /* answers come to <inbox>.<token> */
    struct bus_subscription *answers;
    pthread_t keeper;

    pthread_mutex_t roster;
    struct bus_subscription *subscriptions;
    struct bus_pull *pulls;

    pthread_mutex_t lock;
    pthread_cond_t turned;      /* any of the following has changed */
    natsConnection *connection; /* NULL before the first one */
    bool is_up, is_ending, is_renewed, wants_streams;
    unsigned opened, closed; /* connections; each closed one is kept in `gone` until bus_close() */
    natsConnection **gone;
};

/* Bottom up: each file uses those above it. bus.c, which keeps the connection, uses them all. */

/* ---- connection.c ---- */
void bus_lock(struct bus *bus);
void bus_unlock(struct bus *bus);
/* With the lock held: until something turned or the time is over; false then. */
MUST_USE bool bus_wait_turn(struct bus *bus, struct instant deadline);
/* The connection, or NULL if there has never been one; it lives until bus_close(). */
natsConnection *bus_connection(struct bus *bus);
/* A stream or consumer seems to be missing: the keeper will provision. */
void bus_want_streams(struct bus *bus);

/* ---- message.c ---- */
struct bus_message {
    natsMsg *nats;
    struct instant received;
};
/* The handler's message, kept beyond the call. */
struct bus_message *message_keep(struct bus_message *lent);

/* False, with the kind that the library's status means for the caller. */
bool message_error(struct error *why, natsStatus status, const char *subject);
const char *message_header(const natsMsg *message, const char *name);
/* NULL and what cannot be a header's value are left out. */
natsStatus message_add_header(natsMsg *message, const char *name, const char *value);

/* ---- sending.c ---- */
struct outgoing {
    const char *subject, *reply; /* reply may be NULL */
    struct bytes body;
    const char *trace, *dedup_id; /* or NULL */
    int64_t patience_ms;          /* 0 = nobody waits */
    const struct error *failure;  /* an error reply */
};
MUST_USE bool message_send(struct bus *bus, const struct outgoing *outgoing, struct error *why);

/* ---- questions.c ---- */
/* Sends with a reply subject of ours; `done` is called exactly once, also when sending fails. */
void question_ask(struct bus *bus, struct outgoing *question, int64_t timeout_ms, reply_done *done,
                  void *context);
/* The same, waiting. The caller destroys the answer. */
MUST_USE bool question_wait(struct bus *bus, struct outgoing *question, int64_t timeout_ms,
                            natsMsg **answer, struct error *why);

/* ---- subscription.c; the roster is held by the caller of these two ---- */
/* Subscribes on a new connection. */
void subscription_renew(struct bus_subscription *subscription, natsConnection *connection);
struct bus_subscription *subscription_next(const struct bus_subscription *subscription);

/* ---- pull.c; called by the keeper, the roster is held ---- */
/* After a new connection: what was asked of the old one is forgotten. */
void pull_renew(struct bus_pull *pull);
/* Asks again for what got lost. */
void pull_tend(struct bus_pull *pull);
struct bus_pull *pull_following(const struct bus_pull *pull);
