/* The insides of a server and of a request, shared by the files of this library only. */
#pragma once

#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "web/cutter.h"
#include "web/framing.h"
#include "web/uri.h"
#include "web/web.h"

enum { REQUEST_ID_SIZE = 65 };

struct web_server {
    struct web_options options;
    struct mg_context *civetweb; /* NULL once stopped */
    struct cutter *cutter;
    int port;
    size_t body_budget; /* for all bodies in memory at once */
    atomic_size_t body_bytes;
    atomic_int connections;
    atomic_bool is_draining;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    int active, streams;
    struct web_socket *sockets;
};

struct web_request {
    struct web_server *server;
    struct mg_connection *connection;
    const struct mg_request_info *line;
    const struct web_route *route; /* NULL until matched */
    const char *route_path;        /* "" until matched */
    struct arena *arena;
    const char *values[URI_MAX_VALUES];
    char id[REQUEST_ID_SIZE];
    struct field fields[FRAMING_MAX_FIELDS + 1];
    size_t field_count;
    struct framing framing;
    struct instant began;

    /* the body */
    int fd; /* -1 until looked up */
    struct instant body_began;
    struct cut cut;
    bool is_cut_armed, is_body_over;
    int64_t body_seen;
    char *body;
    size_t body_reserved;

    /* the answer */
    struct text headers;
    int status; /* 0 = not answered yet */
    bool keeps_alive, sends_chunks, is_broken;
};

/* The socket of the connection; -1 if it is gone. */
int request_socket(struct web_request *request);

/* Closes the connection after the answer. */
void request_hang_up(struct web_request *request);

/* Is there more of the body than was read? */
bool request_has_unread_body(const struct web_request *request);

/* Ends reading the body, wherever it stands, and gives its memory back. */
void body_end(struct web_request *request);

void answer_refusal(struct web_request *request, const struct framing_fault *fault);
/* The status line and headers, up to the empty line; takes the headers added so far. */
void answer_head(struct web_request *request, int status, struct text *head);

/* One more of those that `count` counts; false if there are `most`, or no thread is left. */
bool places_enter(struct web_server *server, int *count, int most);
void places_leave(struct web_server *server, int *count);

/* The whole life of a WebSocket, on the thread of its connection. */
void socket_serve(struct web_request *request, const struct web_socket_route *route);
/* Wakes all sockets, so that they see the drain. The server's lock is held. */
void socket_wake_all(struct web_server *server);
