/* HTTP client: the one place that knows libcurl.
 *
 *   struct http_client *client = http_client_new(10);
 *   http_request(client, &request, &response, &why)      one request, waited for
 *   http_start() ... http_poll() in a loop               many at once, in one thread
 *
 * TLS is verified, redirects are not followed, an answer of any status is an answer. Where an https
 * server has HTTP/2, calls share connections. Every size and every time is bounded by the request;
 * a call that waits for a connection is under its limits too, and has not been sent. When a reused
 * connection dies before the first byte of the answer, the request is sent once more at once, over
 * a new connection; nothing else is repeated. A client belongs to one thread; only http_wake() may
 * be called from others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/scoped.h"
#include "base/text.h"

/* Writes the whole body to send; each time the same. */
typedef void http_body_writer(void *context, struct text *body);
/* More of the body to send: up to `size` bytes into `buffer`; 0 = that was all. */
typedef size_t http_body_source(void *context, char *buffer, size_t size);
/* Some of the body that came, of an answer with status 2xx. False ends the transfer. */
typedef bool http_body_sink(void *context, const char *bytes, size_t length);

struct http_pool;

/* All pointers but the headers are lent until the request is done; 0 and NULL are sensible
 * everywhere but in method and url. */
struct http_request {
    const char *method;         /* "GET", "POST", ... */
    const char *url;            /* http or https */
    const char *const *headers; /* "Name: value", ended by NULL */
    struct bytes body;          /* what to send, unless there is a writer or a source */
    /* Asked when there is a connection, and again if the request must be repeated: what it wrote
     * is kept only until it has left. */
    http_body_writer *writer;
    http_body_source *source;
    int64_t source_bytes;          /* in all; 0 = unknown: sent in chunks */
    http_body_sink *sink;          /* NULL = the body goes into the response */
    void *body_context;            /* of writer, source and sink */
    struct http_pool *pool;        /* NULL = the client's own */
    int64_t connect_timeout_ms;    /* 0 = 10 s */
    int64_t first_byte_timeout_ms; /* from the start to the answer's first byte; 0 = none */
    int64_t silence_timeout_ms;    /* without a byte, after the first one; 0 = none */
    int64_t total_timeout_ms;      /* 0 = none */
    size_t max_body_bytes;         /* kept in the response; 0 = 1 MB; a sink's are not counted */
    /* Asked at least every 200 ms by http_request(): true gives up with ERROR_CANCELLED. */
    bool (*should_stop)(void *context);
    void *stop_context;
};

/* Why there is no answer. */
enum http_failure {
    HTTP_ANSWERED,  /* there is one */
    HTTP_NOT_SENT,  /* no connection: the server has not seen the request; UNAVAILABLE */
    HTTP_TIMED_OUT, /* sent, and no whole answer in time; TIMEOUT */
    HTTP_BROKEN,    /* sent, and the connection ended within the answer or before it; TIMEOUT */
    HTTP_TOO_BIG,   /* the answer is longer than max_body_bytes; INVALID */
    HTTP_STOPPED,   /* by the sink or should_stop; CANCELLED */
};

struct http_response {
    enum http_failure failure;
    int status;          /* 0 = none came */
    struct text headers; /* of the answer: a line per header, the name in lower case */
    struct text body;
};
void http_response_free(struct http_response *response);

/* The value of a header, cut at `size`; false if it did not come. `name` in lower case. */
bool http_response_header(const struct http_response *response, const char *name, char *value,
                          size_t size);

struct http_client;
struct http_call;

/* Keeps up to max_connections open for reuse, and uses no more than that at once. */
struct http_client *http_client_new(int max_connections);

/* Connections of their own, for a server that may have no more than so many: what exceeds them
 * waits, first come, first served, without holding up what goes elsewhere. Lives as long as the
 * client. */
enum { HTTP_POOLS_MAX = 16 };
struct http_pool_options {
    int max_connections;
    const char *ca_file; /* certificates to trust instead of the system's; NULL = the system's */
};
struct http_pool *http_pool_new(struct http_client *client,
                                const struct http_pool_options *options);
/* Calls still running are dropped without being told. */
void http_client_free(struct http_client **client);

/* Sends and waits. True = answered, whatever the status. The response is filled as far as it came
 * and freed by the caller in any case. Not while calls of http_start() run. */
MUST_USE bool http_request(struct http_client *client, const struct http_request *request,
                           struct http_response *response, struct error *why);

/* Told once per call, from http_poll(). The response is lent for the call; `why` is NULL if it was
 * answered. It may start and cancel other calls. */
typedef void http_done(void *context, const struct http_response *response,
                       const struct error *why);
struct http_call *http_start(struct http_client *client, const struct http_request *request,
                             http_done *done, void *context);
/* Drops it at once, connection and all; `done` is not called any more. */
void http_cancel(struct http_client *client, struct http_call **call);

/* Moves all calls on, waiting at most timeout_ms for something to do. */
void http_poll(struct http_client *client, int64_t timeout_ms);
/* Ends a waiting http_poll(), or the next one. Any thread. */
void http_wake(struct http_client *client);
