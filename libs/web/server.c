#include "web/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/uuid.h"

enum {
    REQUEST_ARENA_BYTES = 64 << 20,
    BODIES_IN_MEMORY = 4, /* of the largest size allowed */
    THREAD_STACK_BYTES = 512 * 1024,
    LINGER_MS = 2000,
    LINGER_BYTES = 64 << 20,
};

/* ---- reading the head ---- */

static void take_request_id(struct web_request *request)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const char *given = web_header(request, "X-Request-Id");
    size_t length = given ? strlen(given) : 0;
    if (length > 0 && length < REQUEST_ID_SIZE && strspn(given, allowed) == length)
        memcpy(request->id, given, length + 1);
    else
        uuid_new(request->id);
}

/* Keeping a connection costs a thread, so we only do while three quarters of them are free. */
static bool wants_keep_alive(const struct web_request *request)
{
    const struct web_server *server = request->server;
    if (!server->options.keep_alive || request->framing.is_chunked ||
        atomic_load(&server->connections) * 4 > server->options.threads * 3)
        return false;
    const char *said = web_header(request, "Connection");
    return said ? field_has_word(said, "keep-alive")
                : strcmp(request->line->http_version, "1.1") == 0;
}

static char *decoded(struct web_request *request, const char *raw, size_t length,
                     enum uri_blank blank)
{
    char *text = arena_new(request->arena, length + 1);
    return uri_decode(raw, length, blank, text) ? text : NULL;
}

static bool take_uri(struct web_request *request)
{
    const char *path = request->line->request_uri, *query = request->line->query_string;
    bool is_good = uri_is_clean(path) && decoded(request, path, strlen(path), URI_PLUS_IS_PLUS) &&
                   (!query || decoded(request, query, strlen(query), URI_PLUS_IS_BLANK));
    if (!is_good)
        web_problem(request, 400, "bad_uri", "the request's path or query is malformed", NULL);
    return is_good;
}

/* False if it has been refused. */
static bool take_head(struct web_request *request)
{
    size_t count = (size_t)request->line->num_headers;
    if (count > FRAMING_MAX_FIELDS)
        count = FRAMING_MAX_FIELDS + 1;
    for (size_t i = 0; i < count; i++)
        request->fields[i] = (struct field){request->line->http_headers[i].name,
                                            request->line->http_headers[i].value};
    request->field_count = count;
    take_request_id(request);
    struct framing_fault fault;
    if (!framing_read(request->fields, count, &request->framing, &fault)) {
        request_hang_up(request);
        answer_refusal(request, &fault);
        return false;
    }
    request->keeps_alive = wants_keep_alive(request);
    if (!request->keeps_alive)
        request_hang_up(request);
    return take_uri(request);
}

/* ---- routes ---- */

static bool fits_method(const struct web_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 || strcmp(route->method, "*") == 0 ||
           (!route->is_stream && strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static void add_allowed(struct text *allowed, const char *method)
{
    text_format(allowed, "%s%s", allowed->length ? ", " : "", method);
}

static void refuse_route(struct web_request *request, const struct text *allowed)
{
    if (allowed->length == 0) {
        web_problem(request, 404, "no_such_path", "there is nothing at this path", NULL);
        return;
    }
    web_add_header(request, "Allow", "%s", allowed->chars);
    web_problem(request, 405, "method_not_allowed", "this path does not take that method", NULL);
}

static void find_route(struct web_request *request)
{
    const struct web_options *options = &request->server->options;
    struct uri_part values[URI_MAX_VALUES] = {0};
    SCOPED(text_free) struct text allowed = {0};
    for (size_t i = 0; i < options->route_count; i++) {
        const struct web_route *route = &options->routes[i];
        if (!uri_match(route->path, request->line->request_uri, values))
            continue;
        if (!fits_method(route, web_method(request))) {
            add_allowed(&allowed, route->method);
            continue;
        }
        for (int v = 0; v < URI_MAX_VALUES && values[v].at; v++)
            request->values[v] = decoded(request, values[v].at, values[v].length, URI_PLUS_IS_PLUS);
        request->route = route;
        request->route_path = route->path;
        return;
    }
    refuse_route(request, &allowed);
}

static const struct web_socket_route *find_socket_route(struct web_request *request)
{
    const struct web_options *options = &request->server->options;
    struct uri_part values[URI_MAX_VALUES];
    for (size_t i = 0; i < options->socket_count; i++)
        if (uri_match(options->sockets[i].path, request->line->request_uri, values))
            return &options->sockets[i];
    return NULL;
}

/* ---- serving ---- */

static void run_handler(struct web_request *request)
{
    struct web_server *server = request->server;
    const struct web_route *route = request->route;
    int *count = route->is_stream ? &server->streams : &server->active;
    int most = route->is_stream ? server->options.max_streams : server->options.max_active;
    if (!places_enter(server, count, most)) {
        web_problem(request, 503, "overloaded", "too many requests at once, try again", NULL);
        return;
    }
    route->handler(server->options.context, request);
    if (request->status == 0)
        web_problem(request, 500, "internal", "something went wrong here", NULL);
    places_leave(server, count);
}

static void serve(struct web_request *request)
{
    if (!take_head(request))
        return;
    if (atomic_load(&request->server->is_draining)) {
        request_hang_up(request);
        web_problem(request, 503, "shutting_down", "this server is about to stop", NULL);
        return;
    }
    const struct web_socket_route *socket_route = find_socket_route(request);
    if (socket_route) {
        request->route_path = socket_route->path;
        socket_serve(request, socket_route);
        return;
    }
    find_route(request);
    if (!request->route)
        return;
    if (request->framing.length > (int64_t)request->route->max_body_bytes ||
        (request->framing.is_chunked && request->route->max_body_bytes == 0)) {
        web_problem(request, 413, "body_too_large", "the body is larger than allowed here", NULL);
        return;
    }
    run_handler(request);
}

/* ---- one request, as civetweb hands it over ---- */

/* The rest of an unread body is thrown away for a moment: closing at once would reset the
 * connection and could destroy the answer before the client has read it. */
static void linger(struct web_request *request)
{
    char waste[16 * 1024];
    size_t wasted = 0;
    int fd = request_socket(request);
    struct instant until = instant_plus_ms(clock_now(), LINGER_MS);
    shutdown(fd, SHUT_WR);
    while (fd >= 0 && wasted < LINGER_BYTES) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        int64_t left = instant_ms_between(clock_now(), until);
        if (left <= 0 || poll(&readable, 1, (int)left) <= 0)
            break;
        ssize_t got = recv(fd, waste, sizeof waste, MSG_DONTWAIT);
        if (got <= 0)
            break;
        wasted += (size_t)got;
    }
    shutdown(fd, SHUT_RDWR);
}

static const char *known_method(const char *method)
{
    static const char *const KNOWN[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (strcmp(method, KNOWN[i]) == 0)
            return KNOWN[i];
    return "other";
}

static int begin_request(struct mg_connection *connection)
{
    struct web_server *server = mg_get_user_context_data(connection);
    struct web_request request = {
        .server = server,
        .connection = connection,
        .line = mg_get_request_info(connection),
        .route_path = "",
        .arena = arena_open(REQUEST_ARENA_BYTES),
        .fd = -1,
        .began = clock_now(),
    };
    serve(&request);
    body_end(&request);
    if (request_has_unread_body(&request))
        linger(&request);
    if (server->options.answered)
        server->options.answered(server->options.context, known_method(web_method(&request)),
                                 request.route_path, request.status,
                                 (double)(clock_now().ns - request.began.ns) / 1e9);
    text_free(&request.headers);
    arena_close(&request.arena);
    return request.status;
}

/* What civetweb refuses by itself never reaches begin_request. */
static int refuse_broken(struct mg_connection *connection, int status, const char *message)
{
    (void)message;
    mg_disable_connection_keep_alive(connection);
    const char *title = mg_get_response_code_text(connection, status);
    char body[300];
    int length = snprintf(body, sizeof body,
                          "{\"type\":\"/problems/bad_request\",\"title\":\"%s\",\"status\":%d,"
                          "\"detail\":\"the request cannot be read\",\"code\":\"bad_request\"}\n",
                          title, status);
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
              "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
              status, title, length, body);
    return 0;
}

static int count_connection(const struct mg_connection *connection, void **data)
{
    struct web_server *server = mg_get_user_context_data(connection);
    *data = NULL;
    atomic_fetch_add(&server->connections, 1);
    return 0;
}

static void uncount_connection(const struct mg_connection *connection)
{
    struct web_server *server = mg_get_user_context_data(connection);
    atomic_fetch_sub(&server->connections, 1);
}

static int stay_silent(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    (void)message;
    return 1;
}

/* ---- the server ---- */

static struct web_server *server_new(const struct web_options *options)
{
    struct web_server *server = calloc(1, sizeof *server);
    CHECK(server != NULL);
    server->options = *options;
    server->cutter = cutter_new();
    for (size_t i = 0; i < options->route_count; i++)
        if (options->routes[i].max_body_bytes * BODIES_IN_MEMORY > server->body_budget)
            server->body_budget = (options->routes[i].max_body_bytes + 1) * BODIES_IN_MEMORY;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&server->lock, NULL);
    return server;
}

static bool start_civetweb(struct web_server *server, struct error *why)
{
    const struct web_options *o = &server->options;
    char listening[80], threads[16], timeout[16];
    snprintf(listening, sizeof listening, "%s:%d", o->address, (int)o->port);
    snprintf(threads, sizeof threads, "%d", o->threads);
    snprintf(timeout, sizeof timeout, "%d", o->request_timeout_ms);
    const char *options[] = {"listening_ports",
                             listening,
                             "num_threads",
                             threads,
                             "request_timeout_ms",
                             timeout,
                             "keep_alive_timeout_ms",
                             timeout,
                             "enable_keep_alive",
                             o->keep_alive ? "yes" : "no",
                             "enable_auth_domain_check",
                             "no",
                             "tcp_nodelay",
                             "1",
                             "decode_url",
                             "no",
                             "max_request_size",
                             "16384",
                             NULL};
    const struct mg_callbacks callbacks = {
        .begin_request = begin_request,
        .http_error = refuse_broken,
        .init_connection = count_connection,
        .connection_close = uncount_connection,
        .log_message = stay_silent,
        .log_access = stay_silent,
    };
    /* civetweb takes the process's default stack size for its threads. */
    pthread_attr_t before, small;
    pthread_getattr_default_np(&before);
    pthread_getattr_default_np(&small);
    pthread_attr_setstacksize(&small, THREAD_STACK_BYTES);
    pthread_setattr_default_np(&small);
    server->civetweb = mg_start(&callbacks, server, options);
    pthread_setattr_default_np(&before);
    pthread_attr_destroy(&before);
    pthread_attr_destroy(&small);
    struct mg_server_port port;
    if (!server->civetweb || mg_get_server_ports(server->civetweb, 1, &port) != 1)
        return error_set(why, ERROR_UNAVAILABLE, "cannot listen on %s", listening);
    server->port = port.port;
    return true;
}

bool web_open(const struct web_options *options, struct web_server **server, struct error *why)
{
    *server = server_new(options);
    if (start_civetweb(*server, why))
        return true;
    web_close(server);
    return false;
}

int web_port(const struct web_server *server)
{
    return server->port;
}

struct stop {
    struct mg_context *civetweb;
    atomic_bool is_done;
};

static void *stop_civetweb(void *context)
{
    struct stop *stop = context;
    mg_stop(stop->civetweb);
    atomic_store(&stop->is_done, true);
    return NULL;
}

/* A connection that is dropped at once. */
static void knock(const struct web_server *server)
{
    struct sockaddr_in door = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server->port)};
    if (inet_pton(AF_INET, server->options.address, &door.sin_addr) != 1)
        return;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    int result = connect(fd, (const struct sockaddr *)&door, sizeof door);
    (void)result;
    close(fd);
}

/* civetweb's listener looks every 2 s whether it is to stop, unless somebody knocks. */
static void stop_listening(struct web_server *server)
{
    const struct timespec pause = {.tv_nsec = 5 * CLOCK_MS};
    struct stop stop = {.civetweb = server->civetweb};
    pthread_t stopper;
    if (!server->civetweb)
        return;
    CHECK(pthread_create(&stopper, NULL, stop_civetweb, &stop) == 0);
    while (!atomic_load(&stop.is_done)) {
        knock(server);
        nanosleep(&pause, NULL);
    }
    pthread_join(stopper, NULL);
    server->civetweb = NULL;
}

void web_drain(struct web_server *server, int64_t timeout_ms)
{
    struct instant end = instant_plus_ms(clock_now(), timeout_ms);
    struct timespec until = {.tv_sec = end.ns / 1000000000, .tv_nsec = end.ns % 1000000000};
    atomic_store(&server->is_draining, true);
    pthread_mutex_lock(&server->lock);
    socket_wake_all(server);
    while (server->active + server->streams > 0)
        if (pthread_cond_timedwait(&server->changed, &server->lock, &until) != 0)
            break;
    pthread_mutex_unlock(&server->lock);
    stop_listening(server);
}

void web_close(struct web_server **server)
{
    struct web_server *s = *server;
    if (!s)
        return;
    web_drain(s, 0);
    cutter_free(&s->cutter);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
    *server = NULL;
}
