#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "web/server.h"

/* A body must come in faster than this once the request's timeout is used up. */
enum {
    PIECE_BYTES = 16 * 1024,
    LEAST_BYTES_PER_SECOND = 16 * 1024,
    FIRST_BODY_BYTES = 64 * 1024,
    LARGE_BODY_BYTES = 1 << 20,
};

/* When the next piece must have arrived. */
static struct instant piece_deadline(const struct web_request *request)
{
    int64_t bytes = request->body_seen + PIECE_BYTES;
    int64_t ms = request->server->options.request_timeout_ms;
    return instant_plus_ms(request->body_began, ms + bytes * 1000 / LEAST_BYTES_PER_SECOND);
}

static void watch_piece(struct web_request *request)
{
    struct cutter *cutter = request->server->cutter;
    if (request->is_cut_armed) {
        cutter_move(cutter, &request->cut, piece_deadline(request));
        return;
    }
    request->body_began = clock_now();
    if (request->framing.expects_continue)
        mg_write(request->connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    cutter_arm(cutter, &request->cut, request_socket(request), piece_deadline(request));
    request->is_cut_armed = true;
}

static bool was_cut(struct web_request *request)
{
    if (!request->is_cut_armed)
        return false;
    request->is_cut_armed = false;
    return cutter_disarm(request->server->cutter, &request->cut);
}

/* The body stopped coming before its end: cut by us, or given up by civetweb, whose own timeout
 * ends a read during which nothing came at all. */
static bool refuse_unfinished(struct web_request *request)
{
    int64_t waited_ms = instant_ms_between(request->body_began, clock_now());
    if (was_cut(request) || waited_ms >= request->server->options.request_timeout_ms)
        web_problem(request, 408, "body_too_slow", "the body came in too slowly", NULL);
    else
        web_problem(request, 400, "body_unfinished", "the body is malformed or ended early", NULL);
    return false;
}

static bool refuse_too_large(struct web_request *request)
{
    char detail[100];
    snprintf(detail, sizeof detail, "a body may have %zu bytes here",
             request->route->max_body_bytes);
    web_problem(request, 413, "body_too_large", detail, NULL);
    return false;
}

/* The next piece into `buffer`; 0 at the end. On false the answer has been sent. */
static bool read_piece(struct web_request *request, void *buffer, size_t size, size_t *got)
{
    *got = 0;
    if (!request_has_unread_body(request))
        return true;
    if (size > PIECE_BYTES)
        size = PIECE_BYTES;
    int64_t left = request->framing.length - request->body_seen;
    if (!request->framing.is_chunked && left < (int64_t)size)
        size = (size_t)left;
    watch_piece(request);
    int taken = mg_read(request->connection, buffer, size);
    if (atomic_load(&request->cut.is_done) || taken < 0 ||
        (taken == 0 && !request->framing.is_chunked))
        return refuse_unfinished(request);
    request->body_seen += taken;
    *got = (size_t)taken;
    if (request->body_seen > (int64_t)request->route->max_body_bytes)
        return refuse_too_large(request);
    request->is_body_over =
        request->framing.is_chunked ? taken == 0 : request->body_seen == request->framing.length;
    if (request->is_body_over && was_cut(request))
        request_hang_up(request);
    return true;
}

/* Memory for the body comes out of one budget of the server, so that many large ones at once cannot
 * exhaust the machine. */
static bool reserve(struct web_request *request, size_t size)
{
    struct web_server *server = request->server;
    size_t more = size - request->body_reserved;
    if (atomic_fetch_add(&server->body_bytes, more) + more > server->body_budget) {
        atomic_fetch_sub(&server->body_bytes, more);
        web_problem(request, 503, "overloaded", "too many large bodies are being read", NULL);
        return false;
    }
    request->body_reserved = size;
    char *body = realloc(request->body, size);
    CHECK(body != NULL);
    request->body = body;
    return true;
}

static size_t grown(const struct web_request *request)
{
    size_t size = request->body_reserved ? 2 * request->body_reserved : FIRST_BODY_BYTES;
    size_t most = request->route->max_body_bytes + PIECE_BYTES + 1;
    return size < most ? size : most;
}

bool web_body(struct web_request *request, const char **bytes, size_t *length)
{
    size_t first =
        request->framing.is_chunked ? grown(request) : (size_t)request->framing.length + 1;
    if (!reserve(request, first))
        return false;
    size_t got;
    *length = 0;
    do {
        if (*length + 1 == request->body_reserved && request_has_unread_body(request) &&
            !reserve(request, grown(request)))
            return false;
        if (!read_piece(request, request->body + *length, request->body_reserved - 1 - *length,
                        &got))
            return false;
        *length += got;
    } while (got > 0);
    request->body[*length] = '\0';
    *bytes = request->body;
    return true;
}

void body_end(struct web_request *request)
{
    was_cut(request);
    free(request->body);
    atomic_fetch_sub(&request->server->body_bytes, request->body_reserved);
    /* What a large body became was freed by now, piece by piece: give it back to the system. */
    if (request->body_reserved >= LARGE_BODY_BYTES)
        malloc_trim(0);
}
