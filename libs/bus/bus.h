/* The broker: NATS core for what is momentary, JetStream for work that waits.
 *
 *   bus_open() -> bus_provision() -> publish, request, subscribe, pull -> bus_close()
 *
 * The connection reconnects for ever and buffers nothing while it is away: publishing then fails
 * at once with ERROR_UNAVAILABLE. A request without an answer is ERROR_TIMEOUT: it may have been
 * carried out. Errors that a responder answers come back as they were set there.
 * JetStream may forget, repeat and reorder; whoever takes from it must not mind.
 * Subscriptions and pulls may be made before the broker is there and outlive its loss. A stream or
 * consumer found missing is made again in the background.
 * A bus is thread-safe; a subscription or pull belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

struct bus;
struct bus_message;
struct bus_subscription;
struct bus_pull;

struct bus_options {
    const char *url;             /* several separated by commas */
    const char *user, *password; /* "" = none */
    const char *name;            /* seen in the broker's connection list */
    /* Called on a broker thread whenever the connection is lost (false) or there again. */
    void (*changed)(void *context, bool is_connected);
    void *context;
    /* All handlers run on one thread, in the order in which the broker sent the messages, whatever
     * their subjects. None may wait for the bus then. */
    bool is_in_order;
};

/* Starts connecting in the background and returns at once. */
struct bus *bus_open(const struct bus_options *options);
/* Unsubscribes, flushes and closes; all subscriptions must have been closed before. */
void bus_close(struct bus **bus);
bool bus_is_connected(struct bus *bus);
/* Waits until connected; false at the timeout. */
bool bus_wait_connected(struct bus *bus, int64_t timeout_ms);

/* ---- core ---- */
MUST_USE bool bus_publish(struct bus *bus, const char *subject, struct bytes body,
                          struct error *why);
/* With a reply subject: the answer goes there. trace is a W3C traceparent or NULL. */
MUST_USE bool bus_ask(struct bus *bus, const char *subject, const char *reply, struct bytes body,
                      const char *trace, struct error *why);
/* Waits for one answer, copied into the arena. Tells the responder how long it is waited for. */
MUST_USE bool bus_request(struct bus *bus, const char *subject, struct bytes body,
                          int64_t timeout_ms, const char *trace, struct arena *arena,
                          struct bytes *reply, struct error *why);
/* The same without waiting: done(context, reply, why) is called exactly once, why NULL on success,
 * on a thread of the broker's within timeout_ms or, if it cannot be sent, before this returns. The
 * reply is lent for the call. done() must not wait for the bus. */
typedef void bus_answered(void *context, struct bytes reply, const struct error *why);
void bus_request_async(struct bus *bus, const char *subject, struct bytes body, int64_t timeout_ms,
                       bus_answered *done, void *context);
/* A fresh inbox subject, for replies of bus_ask(); at least UUID-strong. */
void bus_inbox(char subject[64]);

/* The handler runs on a thread of the subscription's own, or of the bus (is_in_order); the message
 * is lent for the call. It may use the bus, but not unsubscribe itself. After bus_unsubscribe() it
 * does not run any more; what the broker had handed over by then has been dealt with. */
typedef void bus_handler(void *context, struct bus_message *message);
MUST_USE bool bus_subscribe(struct bus *bus, const char *subject, const char *queue_group,
                            bus_handler *handler, void *context,
                            struct bus_subscription **subscription, struct error *why);
/* Taken by hand with bus_next(): false at the timeout. The caller frees the message. While 8192
 * wait to be taken, further requests are answered with ERROR_BUSY and other messages dropped. */
MUST_USE bool bus_listen(struct bus *bus, const char *subject, const char *queue_group,
                         struct bus_subscription **subscription, struct error *why);
bool bus_next(struct bus_subscription *subscription, int64_t timeout_ms,
              struct bus_message **message);
void bus_unsubscribe(struct bus_subscription **subscription);

/* ---- messages ---- */
struct bytes bus_body(const struct bus_message *message);
const char *bus_subject(const struct bus_message *message);
const char *bus_trace(const struct bus_message *message); /* traceparent or NULL */
bool bus_wants_reply(const struct bus_message *message);
const char *bus_reply_subject(const struct bus_message *message); /* NULL = none */
/* Milliseconds the asker still waits, counted from receipt; INT64_MAX if it did not say. */
int64_t bus_patience_ms(const struct bus_message *message);
/* For a message that is kept long after it was read: of it there stay the subject, where an answer
 * goes, and the trace. */
void bus_drop_body(struct bus_message *message);
void bus_message_free(struct bus_message **message);

/* False: nobody waits for an answer, or it did not leave. One that is too large for the broker
 * reaches the asker as an error. */
bool bus_reply(struct bus *bus, const struct bus_message *message, struct bytes body);
bool bus_reply_error(struct bus *bus, const struct bus_message *message, const struct error *why);

/* ---- JetStream ---- */
/* Makes all streams and consumers of messages/subjects.h that are missing. Idempotent; a stream
 * that is there with other limits is left as it is. */
MUST_USE bool bus_provision(struct bus *bus, struct error *why);

/* Waits for the broker's ack. dedup_id may be NULL. If the stream is missing it is provisioned
 * once and tried again. ERROR_BUSY: the stream is full. ERROR_TIMEOUT: unknown. */
MUST_USE bool bus_store(struct bus *bus, const char *subject, struct bytes body,
                        const char *dedup_id, const char *trace, int64_t timeout_ms,
                        struct error *why);

/* What a stream keeps, for tools that read it without taking anything. Messages in a span may be
 * gone: ERROR_NOT_FOUND, as for a stream that is not there. An empty stream has last < first. */
MUST_USE bool bus_stream_span(struct bus *bus, const char *stream, uint64_t *first, uint64_t *last,
                              struct error *why);
/* One of them, copied into the arena. */
MUST_USE bool bus_stream_read(struct bus *bus, const char *stream, uint64_t sequence,
                              struct arena *arena, struct bytes *body, struct error *why);

/* Without waiting: done(context, why) is called exactly once, why NULL on success: on a thread of
 * the broker's within timeout_ms or, if it cannot be sent, before this returns. done() must not
 * wait for the bus. A missing stream is ERROR_UNAVAILABLE and made in the background. */
typedef void bus_stored(void *context, const struct error *why);
void bus_store_async(struct bus *bus, const char *subject, struct bytes body, const char *dedup_id,
                     const char *trace, int64_t timeout_ms, bus_stored *done, void *context);

/* A pull loop of our own on a durable consumer (the library's batch fetch corrupts the heap). */
enum { BUS_PULL_MAX_WANT = 1024 };
MUST_USE bool bus_pull_open(struct bus *bus, const char *stream, const char *consumer,
                            struct bus_pull **pull, struct error *why);
/* The next message, or NULL at the timeout; 0 does not wait. About `want` messages, at most
 * BUS_PULL_MAX_WANT, are kept under way from the broker or waiting here, also between the calls,
 * so a batch comes in one round trip and arrival is immediate; 0 asks for no more. */
struct bus_message *bus_pull_next(struct bus_pull *pull, int want, int64_t timeout_ms);
/* Calls `wake` on a broker thread whenever a message may be waiting: for loops that sleep elsewhere
 * and then call bus_pull_next() with timeout 0. */
void bus_pull_on_arrival(struct bus_pull *pull, void (*wake)(void *context), void *context);
/* What was not taken goes back to the broker, for others. */
void bus_pull_close(struct bus_pull **pull);

/* Each at most once per message; the message is still the caller's to free. */
void bus_ack(struct bus *bus, const struct bus_message *message);
void bus_working(struct bus *bus, const struct bus_message *message); /* restarts the ack timer */
void bus_nak(struct bus *bus, const struct bus_message *message, int64_t delay_ms);
void bus_terminate(struct bus *bus, const struct bus_message *message); /* never again */
