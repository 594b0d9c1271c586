#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/check.h"
#include "web/frame.h"
#include "web/server.h"

/* civetweb's own WebSocket code allocates whatever length a client declares and waits for ever for
 * the rest of a frame, so from the upgrade on the socket is ours. */

enum { PING_MS = 15000, INBOX_BYTES = FRAME_MAX_PAYLOAD + FRAME_MAX_HEAD };

struct web_socket {
    struct web_server *server;
    const struct web_socket_route *route;
    void *state;
    int fd, wake_fd;
    int timeout_ms; /* for the rest of a frame, and for a client to take ours */
    bool is_ending; /* the close frame is sent, or the client is gone */
    bool is_pinged; /* and has not been heard since */
    struct instant next_ping, frame_due;
    struct web_socket *previous, *next; /* the server's */
    size_t inbox_length;
    uint8_t inbox[INBOX_BYTES];
};

/* ---- sending ---- */

static void lose(struct web_socket *socket)
{
    socket->is_ending = true;
    shutdown(socket->fd, SHUT_RDWR);
}

static bool wait_writable(struct web_socket *socket, struct instant deadline)
{
    struct pollfd writable = {.fd = socket->fd, .events = POLLOUT};
    int64_t left = instant_ms_between(clock_now(), deadline);
    return left > 0 && poll(&writable, 1, (int)left) > 0;
}

static bool send_frame(struct web_socket *socket, enum frame_opcode opcode, const void *payload,
                       size_t length)
{
    uint8_t head[FRAME_MAX_HEAD];
    size_t head_length = frame_write_head(opcode, length, head), sent = 0;
    struct instant deadline = instant_plus_ms(clock_now(), socket->timeout_ms);
    while (sent < head_length + length) {
        size_t in_head = sent < head_length ? sent : head_length;
        size_t in_payload = sent - in_head;
        struct iovec parts[2] = {
            {head + in_head, head_length - in_head},
            {(void *)((uintptr_t)payload + in_payload), length - in_payload},
        };
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t went = sendmsg(socket->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (went > 0)
            sent += (size_t)went;
        else if (errno != EAGAIN || !wait_writable(socket, deadline)) {
            lose(socket);
            return false;
        }
    }
    return true;
}

bool web_socket_send(struct web_socket *socket, const char *text, size_t length)
{
    return !socket->is_ending && send_frame(socket, FRAME_TEXT, text, length);
}

void web_socket_close(struct web_socket *socket, int code)
{
    if (socket->is_ending)
        return;
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    send_frame(socket, FRAME_CLOSE, payload, sizeof payload);
    socket->is_ending = true;
}

void web_socket_wake(struct web_socket *socket)
{
    uint64_t one = 1;
    ssize_t written = write(socket->wake_fd, &one, sizeof one);
    (void)written; /* full means that a wake-up is waiting already */
}

void socket_wake_all(struct web_server *server)
{
    for (struct web_socket *socket = server->sockets; socket; socket = socket->next)
        web_socket_wake(socket);
}

/* ---- hearing ---- */

static void hear_frame(struct web_socket *socket, struct frame *frame)
{
    const char *text = (const char *)frame->payload;
    switch (frame->opcode) {
    case FRAME_TEXT:
        socket->route->said(socket->server->options.context, socket, socket->state, text,
                            frame->length);
        return;
    case FRAME_CLOSE:
        if (!socket->is_ending)
            send_frame(socket, FRAME_CLOSE, frame->payload, frame->length >= 2 ? 2 : 0);
        socket->is_ending = true;
        return;
    case FRAME_PING:
        send_frame(socket, FRAME_PONG, frame->payload, frame->length);
        return;
    case FRAME_PONG:
        return;
    }
}

static void hear_inbox(struct web_socket *socket)
{
    size_t used = 0;
    while (!socket->is_ending) {
        struct frame frame;
        enum frame_state state =
            frame_read(socket->inbox + used, socket->inbox_length - used, &frame);
        if (state == FRAME_BROKEN)
            web_socket_close(socket, frame.close_code);
        if (state != FRAME_WHOLE)
            break;
        hear_frame(socket, &frame);
        used += frame.size;
    }
    socket->inbox_length -= used;
    memmove(socket->inbox, socket->inbox + used, socket->inbox_length);
}

static void hear(struct web_socket *socket)
{
    ssize_t got = recv(socket->fd, socket->inbox + socket->inbox_length,
                       INBOX_BYTES - socket->inbox_length, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        lose(socket);
        return;
    }
    if (got < 0)
        return;
    if (socket->inbox_length == 0)
        socket->frame_due = instant_plus_ms(clock_now(), socket->timeout_ms);
    socket->inbox_length += (size_t)got;
    socket->is_pinged = false;
    socket->next_ping = instant_plus_ms(clock_now(), PING_MS);
    hear_inbox(socket);
}

static void call_woken(struct web_socket *socket)
{
    if (socket->route->woken && !socket->is_ending)
        socket->route->woken(socket->server->options.context, socket, socket->state);
}

static void be_woken(struct web_socket *socket)
{
    uint64_t times;
    ssize_t taken = read(socket->wake_fd, &times, sizeof times);
    (void)taken;
    if (web_is_draining(socket->server))
        web_socket_close(socket, 1001);
    else
        call_woken(socket);
}

/* What the clock alone demands. */
static void keep_time(struct web_socket *socket)
{
    struct instant now = clock_now();
    if (socket->inbox_length > 0 && !instant_is_before(now, socket->frame_due)) {
        web_socket_close(socket, 1008);
        return;
    }
    if (instant_is_before(now, socket->next_ping))
        return;
    if (socket->is_pinged) {
        lose(socket);
        return;
    }
    send_frame(socket, FRAME_PING, NULL, 0);
    socket->is_pinged = true;
    socket->next_ping = instant_plus_ms(now, PING_MS);
    call_woken(socket);
}

static void converse(struct web_socket *socket)
{
    struct pollfd waiting[2] = {{.fd = socket->fd, .events = POLLIN},
                                {.fd = socket->wake_fd, .events = POLLIN}};
    while (!socket->is_ending) {
        struct instant due = socket->next_ping;
        if (socket->inbox_length > 0 && instant_is_before(socket->frame_due, due))
            due = socket->frame_due;
        int64_t left = instant_ms_between(clock_now(), due);
        int ready = poll(waiting, 2, left > 0 ? (int)left : 0);
        if (ready > 0 && waiting[1].revents)
            be_woken(socket);
        if (ready > 0 && waiting[0].revents && !socket->is_ending)
            hear(socket);
        if (!socket->is_ending)
            keep_time(socket);
    }
}

/* ---- the upgrade ---- */

static bool refuse_upgrade(struct web_request *request, int status, const char *detail)
{
    web_add_header(request, "Upgrade", "websocket");
    web_add_header(request, "Sec-WebSocket-Version", "13");
    web_problem(request, status, "websocket_only", detail, NULL);
    return false;
}

static bool check_upgrade(struct web_request *request, char accept[WEBSOCKET_ACCEPT_SIZE])
{
    const char *upgrade = web_header(request, "Upgrade");
    const char *connection = web_header(request, "Connection");
    const char *version = web_header(request, "Sec-WebSocket-Version");
    const char *key = web_header(request, "Sec-WebSocket-Key");
    if (strcmp(web_method(request), "GET") != 0 || !upgrade || !connection ||
        !field_has_word(upgrade, "websocket") || !field_has_word(connection, "upgrade"))
        return refuse_upgrade(request, 426, "this path speaks WebSocket only");
    if (!version || strcmp(version, "13") != 0)
        return refuse_upgrade(request, 426, "the known WebSocket version is 13");
    if (!key || !websocket_accept(key, accept))
        return refuse_upgrade(request, 400, "Sec-WebSocket-Key is malformed");
    if (request->framing.is_chunked || request->framing.length > 0)
        return refuse_upgrade(request, 400, "an upgrade has no body");
    return true;
}

static bool shake_hands(struct web_request *request, const char *accept)
{
    SCOPED(text_free) struct text head = {0};
    request_hang_up(request);
    answer_head(request, 101, &head);
    text_format(&head,
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                accept);
    return mg_write(request->connection, head.chars, head.length) == (int)head.length;
}

static void list_socket(struct web_socket *socket)
{
    struct web_server *server = socket->server;
    pthread_mutex_lock(&server->lock);
    socket->next = server->sockets;
    if (socket->next)
        socket->next->previous = socket;
    server->sockets = socket;
    if (web_is_draining(server))
        web_socket_wake(socket);
    pthread_mutex_unlock(&server->lock);
}

static void unlist_socket(struct web_socket *socket)
{
    struct web_server *server = socket->server;
    pthread_mutex_lock(&server->lock);
    if (socket->previous)
        socket->previous->next = socket->next;
    else
        server->sockets = socket->next;
    if (socket->next)
        socket->next->previous = socket->previous;
    pthread_mutex_unlock(&server->lock);
}

static void live(struct web_request *request, const struct web_socket_route *route, void *state,
                 const char *accept)
{
    struct web_server *server = request->server;
    struct web_socket *socket = calloc(1, sizeof *socket);
    CHECK(socket != NULL);
    socket->server = server;
    socket->route = route;
    socket->state = state;
    socket->fd = request_socket(request);
    socket->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(socket->wake_fd >= 0);
    socket->timeout_ms = server->options.request_timeout_ms;
    socket->next_ping = instant_plus_ms(clock_now(), PING_MS);

    if (!shake_hands(request, accept))
        lose(socket);
    list_socket(socket);
    route->opened(server->options.context, socket, state);
    converse(socket);
    route->closed(server->options.context, socket, state);
    unlist_socket(socket);
    shutdown(socket->fd, SHUT_WR);
    close(socket->wake_fd);
    free(socket);
}

void socket_serve(struct web_request *request, const struct web_socket_route *route)
{
    struct web_server *server = request->server;
    char accept[WEBSOCKET_ACCEPT_SIZE];
    void *state = NULL;
    if (!check_upgrade(request, accept))
        return;
    if (!places_enter(server, &server->streams, server->options.max_streams)) {
        web_problem(request, 503, "overloaded", "too many streams are open, try again", NULL);
        return;
    }
    if (route->accept(server->options.context, request, &state))
        live(request, route, state, accept);
    places_leave(server, &server->streams);
}
