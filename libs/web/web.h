/* HTTP and WebSocket servers, hardened around civetweb.
 *
 *   web_open() -> handlers run on the server's threads -> web_drain() -> web_close()
 *
 * A server has a table of routes and a pool of threads; a connection owns a thread until it
 * closes. Requests are checked before a handler sees them: both Content-Length and
 * Transfer-Encoding, repeated or malformed lengths, more than 60 headers, control characters in
 * the path, bodies over the route's cap (413 before reading) or dripping in (408) are refused.
 * At most max_active handlers run, and never on all threads; beyond that 503 with Retry-After. GET
 * routes answer HEAD too. A request lives until its handler returns and belongs to that thread; the
 * server's own functions are thread-safe. A body is read only when the handler asks for it:
 * authenticate first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

struct web_server;
struct web_request;
struct web_socket;

typedef void web_handler(void *context, struct web_request *request);

struct web_route {
    const char *method; /* "GET"; "*" = any */
    const char *path;   /* "/v1/jobs/{id}/results"; {x} matches one segment */
    web_handler *handler;
    size_t max_body_bytes; /* 0 = no body allowed */
    bool is_stream;        /* may last: counted apart, does not hold up a drain */
};

/* A WebSocket: server to client, with text messages of up to 4 KB from the client. All functions
 * of one socket run on its own thread, after `accept` in this order: opened, any of said and
 * woken, closed. */
struct web_socket_route {
    const char *path;
    /* Before the upgrade. False refuses with the problem it has sent. *state is kept for the rest.
     */
    bool (*accept)(void *context, struct web_request *request, void **state);
    void (*opened)(void *context, struct web_socket *socket, void *state);
    void (*said)(void *context, struct web_socket *socket, void *state, const char *text,
                 size_t length);
    /* After web_socket_wake(), and every 15 s of silence: the place to send what others prompted.
     * May be NULL. */
    void (*woken)(void *context, struct web_socket *socket, void *state);
    /* From its return on nobody may use the socket. */
    void (*closed)(void *context, struct web_socket *socket, void *state);
};

enum { WEB_MESSAGE_MAX_BYTES = 4096 };

/* Tables and context must outlive the server. */
struct web_options {
    const char *address; /* IPv4 */
    int64_t port;        /* 0 = any free one */
    int threads;         /* >= the connections served at once */
    int max_active;      /* handlers at once, streams and sockets not counted */
    int max_streams;     /* streams and sockets at once; beyond: 503 */
    int request_timeout_ms;
    bool keep_alive;
    const struct web_route *routes;
    size_t route_count;
    const struct web_socket_route *sockets;
    size_t socket_count;
    void *context; /* given to every handler */
    /* Told of each answered request: route path ("" = none matched), status, seconds. May be NULL.
     */
    void (*answered)(void *context, const char *method, const char *route, int status,
                     double seconds);
};

MUST_USE bool web_open(const struct web_options *options, struct web_server **server,
                       struct error *why);
int web_port(const struct web_server *server);

/* New requests get 503, sockets are closed with 1001; waits until running handlers are done or the
 * time is up, then stops listening. */
void web_drain(struct web_server *server, int64_t timeout_ms);
bool web_is_draining(const struct web_server *server); /* streams look at it and end */
void web_close(struct web_server **server);

/* ---- the request ---- */
const char *web_method(const struct web_request *request);
const char *web_path_value(const struct web_request *request, int index);    /* the n-th {x} */
const char *web_header(const struct web_request *request, const char *name); /* NULL = absent */
/* Query parameter, decoded into the request's arena; NULL = absent. */
const char *web_query(struct web_request *request, const char *name);
struct arena *web_arena(struct web_request *request);          /* dropped after the handler */
const char *web_request_id(const struct web_request *request); /* given or made, safe to echo */
const char *web_peer(const struct web_request *request);       /* IP address */

/* The whole body, within the route's cap; NUL behind it, dropped after the handler. On false the
 * answer has been sent. */
bool web_body(struct web_request *request, const char **bytes, size_t *length);

/* ---- the answer: headers first, then one of these ---- */
void web_add_header(struct web_request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void web_answer(struct web_request *request, int status, const char *content_type, const void *body,
                size_t length);

/* Starts an answer of unknown length (chunked); false once the client is gone. */
bool web_stream_begin(struct web_request *request, int status, const char *content_type);
bool web_stream_write(struct web_request *request, const void *bytes, size_t length);
void web_stream_end(struct web_request *request);

/* RFC 9457 problem. `code` is stable and machine-readable ("job_not_found"); `extra` is NULL or
 * further members as JSON without braces ("\"errors\":[...]"). */
void web_problem(struct web_request *request, int status, const char *code, const char *detail,
                 const char *extra);
/* The problem that goes with an error kind: 400 404 403 429 503 503 499 409 500. Of an internal
 * error the client learns nothing but that. */
void web_problem_of(struct web_request *request, const struct error *why);

/* ---- WebSocket, on the socket's own thread ---- */
/* False once the client is gone, or too slow to take it within the request timeout. */
bool web_socket_send(struct web_socket *socket, const char *text, size_t length);
/* Sends a close frame and ends; `closed` follows. */
void web_socket_close(struct web_socket *socket, int code);

/* Has `woken` called soon, once for any number of calls. Any thread, never blocks. */
void web_socket_wake(struct web_socket *socket);
