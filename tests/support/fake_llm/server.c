#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utlist.h>

#include "base/check.h"
#include "base/clock.h"

enum { BACKLOG = 4096, READ_SIZE = 64 * 1024, EVENTS_AT_ONCE = 256, DRIPS_PER_SECOND = 20 };

enum connection_state {
    CONNECTION_READING, /* the next request, or part of it */
    CONNECTION_WAITING, /* for the delay or the next drip: it is in the alarm list */
    CONNECTION_SENDING, /* the socket was full */
    CONNECTION_HELD,    /* by the script: until the next one */
    CONNECTION_HANGING, /* by the script: until the client goes */
};

struct connection {
    int socket;
    enum connection_state state;
    bool has_begun; /* the delay is over */
    struct text in;
    struct reply reply;
    size_t sent;
    struct instant arrived; /* the last bytes: from then on counts the delay */
    struct instant wakes;
    struct connection *prev, *next;             /* all connections */
    struct connection *prev_alarm, *next_alarm; /* those that wait, the earliest first */
};

struct server {
    struct service *service;
    int listener, epoll, signals;
    int timer;            /* epoll's own timeouts are late by up to a thousandth */
    struct instant rings; /* when it is set to */
    int port;
    int64_t releases; /* by the service, as heeded */
    struct connection *connections, *alarms;
};

/* ---- alarms ---- */

static void alarm_cancel(struct server *server, struct connection *connection)
{
    if (connection->state == CONNECTION_WAITING)
        DL_DELETE2(server->alarms, connection, prev_alarm, next_alarm);
}

/* Looked for from the end, as most delays are alike. */
static void alarm_set(struct server *server, struct connection *connection, struct instant at)
{
    connection->wakes = at;
    connection->state = CONNECTION_WAITING;
    struct connection *before = server->alarms == NULL ? NULL : server->alarms->prev_alarm;
    while (before != NULL && instant_is_before(at, before->wakes))
        before = before == server->alarms ? NULL : before->prev_alarm;
    if (before == NULL)
        DL_PREPEND2(server->alarms, connection, prev_alarm, next_alarm);
    else
        DL_APPEND_ELEM2(server->alarms, before, connection, prev_alarm, next_alarm);
}

/* ---- connections ---- */

static void end_call(struct server *server, struct connection *connection, enum call_end end)
{
    alarm_cancel(server, connection);
    service_ended(server->service, &connection->reply, end);
    connection->sent = 0;
    connection->has_begun = false;
    connection->state = CONNECTION_READING;
}

static void drop_connection(struct server *server, struct connection *connection, enum call_end end)
{
    end_call(server, connection, end);
    close(connection->socket);
    text_free(&connection->in);
    DL_DELETE(server->connections, connection);
    free(connection);
}

/* RST instead of FIN. */
static void reset_connection(struct server *server, struct connection *connection)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    drop_connection(server, connection, CALL_BROKEN_BY_SCRIPT);
}

static void accept_all(struct server *server)
{
    for (;;) {
        int socket = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0)
            return; /* none left, or out of descriptors: the next event tries again */
        int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *connection = calloc(1, sizeof *connection);
        CHECK(connection != NULL);
        connection->socket = socket;
        DL_APPEND(server->connections, connection);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                    .data.ptr = connection};
        CHECK(epoll_ctl(server->epoll, EPOLL_CTL_ADD, socket, &event) == 0);
    }
}

enum progress { PROGRESS_BLOCKED, PROGRESS_DONE, PROGRESS_GONE };

/* Sends what may be sent now: everything, or the next drip. */
static enum progress send_some(struct connection *connection, size_t upto)
{
    const struct text *bytes = &connection->reply.bytes;
    while (connection->sent < upto) {
        ssize_t sent = send(connection->socket, bytes->chars + connection->sent,
                            upto - connection->sent, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN ? PROGRESS_BLOCKED : PROGRESS_GONE;
        connection->sent += (size_t)sent;
    }
    return PROGRESS_DONE;
}

/* The delay is over, or the socket has room, or the next drip is due. PROGRESS_DONE: the answer is
 * out and the next request may be read. PROGRESS_GONE: the connection is no more. */
static enum progress carry_on(struct server *server, struct connection *connection)
{
    struct reply *reply = &connection->reply;
    if (!connection->has_begun) {
        connection->has_begun = true;
        switch (reply->end) {
        case ENDING_ANSWER:
            break;
        case ENDING_RESET:
            reset_connection(server, connection);
            return PROGRESS_GONE;
        case ENDING_CLOSE:
            drop_connection(server, connection, CALL_BROKEN_BY_SCRIPT);
            return PROGRESS_GONE;
        case ENDING_HANG:
            connection->state = CONNECTION_HANGING;
            return PROGRESS_BLOCKED;
        }
    }
    size_t upto = reply->bytes.length;
    if (reply->drip > 0) {
        size_t drop = (size_t)reply->drip / DRIPS_PER_SECOND + 1;
        upto = connection->sent + drop < upto ? connection->sent + drop : upto;
    }
    connection->state = CONNECTION_SENDING;
    enum progress progress = send_some(connection, upto);
    if (progress == PROGRESS_GONE) {
        drop_connection(server, connection, CALL_DROPPED_BY_CLIENT);
    } else if (progress == PROGRESS_DONE && upto < reply->bytes.length) {
        int64_t pause_ms = 1000 * (int64_t)(reply->drip / DRIPS_PER_SECOND + 1) / reply->drip;
        alarm_set(server, connection, instant_plus_ms(clock_now(), pause_ms));
        return PROGRESS_BLOCKED;
    } else if (progress == PROGRESS_DONE && reply->closes) {
        drop_connection(server, connection, CALL_ANSWERED);
        return PROGRESS_GONE;
    } else if (progress == PROGRESS_DONE) {
        end_call(server, connection, CALL_ANSWERED);
    }
    return progress;
}

/* PROGRESS_DONE: more may be read. */
static enum progress take_request(struct server *server, struct connection *connection)
{
    struct request request;
    enum request_state state =
        connection->in.length == 0
            ? REQUEST_PARTIAL
            : request_read(connection->in.chars, connection->in.length, &request);
    if (state == REQUEST_PARTIAL || state == REQUEST_PARTIAL_BODY) {
        if (state == REQUEST_PARTIAL_BODY && request.expects_continue &&
            connection->in.length == request.body_at) {
            static const char GO_ON[] = "HTTP/1.1 100 Continue\r\n\r\n";
            (void)!send(connection->socket, GO_ON, sizeof GO_ON - 1, MSG_NOSIGNAL);
        }
        return PROGRESS_BLOCKED;
    }
    if (state != REQUEST_COMPLETE) {
        service_refuse(state, &connection->reply);
        return carry_on(server, connection);
    }
    service_answer(server->service, &request, connection->in.chars + request.body_at,
                   &connection->reply);
    size_t used = request.body_at + request.body_length;
    memmove(connection->in.chars, connection->in.chars + used, connection->in.length - used + 1);
    connection->in.length -= used;
    if (connection->reply.is_held) {
        connection->state = CONNECTION_HELD;
        return PROGRESS_BLOCKED;
    }
    if (connection->reply.delay_ms > 0) {
        alarm_set(server, connection,
                  instant_plus_ms(connection->arrived, connection->reply.delay_ms));
        return PROGRESS_BLOCKED;
    }
    return carry_on(server, connection);
}

/* Answers what has come whole, then reads what there is, until nothing is left or a call runs. */
static void read_on(struct server *server, struct connection *connection)
{
    static char piece[READ_SIZE];
    while (connection->state == CONNECTION_READING) {
        enum progress progress = take_request(server, connection);
        if (progress == PROGRESS_GONE)
            return;
        if (progress == PROGRESS_DONE || connection->state != CONNECTION_READING)
            continue;
        ssize_t got = recv(connection->socket, piece, sizeof piece, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            drop_connection(server, connection, CALL_DROPPED_BY_CLIENT);
            return;
        }
        if (got < 0)
            return;
        connection->arrived = clock_now();
        text_add_bytes(&connection->in, piece, (size_t)got);
    }
}

static void carry_on_and_read(struct server *server, struct connection *connection)
{
    if (carry_on(server, connection) == PROGRESS_DONE)
        read_on(server, connection);
}

/* ---- the loop ---- */

static void ring_alarms(struct server *server)
{
    struct instant now = clock_now();
    while (server->alarms != NULL && !instant_is_before(now, server->alarms->wakes)) {
        struct connection *connection = server->alarms;
        alarm_cancel(server, connection);
        connection->state = CONNECTION_SENDING;
        carry_on_and_read(server, connection);
    }
}

static void release_held(struct server *server)
{
    if (server->releases == service_releases(server->service))
        return;
    server->releases = service_releases(server->service);
    struct connection *connection, *next;
    DL_FOREACH_SAFE(server->connections, connection, next)
    {
        if (connection->state == CONNECTION_HELD)
            carry_on_and_read(server, connection);
    }
}

static bool is_hang_up(const struct epoll_event *event)
{
    return (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

/* False once a signal asks for the end. */
static bool handle_events(struct server *server, struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (events[i].data.ptr == &server->signals)
            return false;
        if (events[i].data.ptr == &server->timer) {
            events[i].data.ptr = NULL; /* all alarms are looked at after each event */
        } else if (events[i].data.ptr != &server->listener && is_hang_up(&events[i])) {
            drop_connection(server, connection, CALL_DROPPED_BY_CLIENT);
            events[i].data.ptr = NULL;
        }
    }
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection == NULL)
            continue;
        if (events[i].data.ptr == &server->listener)
            accept_all(server);
        else if (connection->state == CONNECTION_READING)
            read_on(server, connection);
        else if (connection->state == CONNECTION_SENDING)
            carry_on_and_read(server, connection);
    }
    return true;
}

/* Edge-triggered, it need not be read: setting it anew makes it quiet. */
static void set_timer(struct server *server)
{
    const int64_t second = 1000 * CLOCK_MS;
    struct instant at = server->alarms != NULL ? server->alarms->wakes : (struct instant){0};
    if (at.ns == server->rings.ns)
        return;
    server->rings = at;
    struct itimerspec once = {.it_value = {at.ns / second, at.ns % second}};
    CHECK(timerfd_settime(server->timer, TFD_TIMER_ABSTIME, &once, NULL) == 0);
}

static void wait_for_events(struct server *server, struct epoll_event *events, int *count)
{
    set_timer(server);
    *count = epoll_wait(server->epoll, events, EVENTS_AT_ONCE, -1);
    CHECK(*count >= 0 || errno == EINTR);
}

void server_run(struct server *server)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int count;
    do {
        release_held(server);
        ring_alarms(server);
        wait_for_events(server, events, &count);
    } while (handle_events(server, events, count));
}

static void watch(struct server *server, int *descriptor, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = descriptor};
    CHECK(epoll_ctl(server->epoll, EPOLL_CTL_ADD, *descriptor, &event) == 0);
}

static int open_signals(void)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    CHECK(sigprocmask(SIG_BLOCK, &ends, NULL) == 0);
    return signalfd(-1, &ends, SFD_CLOEXEC);
}

bool server_open(struct service *service, int64_t port, struct server **out, struct error *why)
{
    SCOPED(server_close) struct server *server = calloc(1, sizeof *server);
    CHECK(server != NULL);
    *server = (struct server){.service = service, .epoll = -1, .signals = -1, .timer = -1};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int on = 1;
    if (server->listener < 0 ||
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(server->listener, (struct sockaddr *)&address, length) != 0 ||
        listen(server->listener, BACKLOG) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) != 0) {
        return error_set(why, ERROR_UNAVAILABLE, "port %d: %s", (int)port, strerror(errno));
    }
    server->port = ntohs(address.sin_port);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->signals = open_signals();
    server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    CHECK(server->epoll >= 0 && server->signals >= 0 && server->timer >= 0);
    watch(server, &server->listener, EPOLLIN);
    watch(server, &server->signals, EPOLLIN);
    watch(server, &server->timer, EPOLLIN | EPOLLET);
    *out = TAKE(server);
    return true;
}

int server_port(const struct server *server)
{
    return server->port;
}

void server_close(struct server **server)
{
    if (*server == NULL)
        return;
    while ((*server)->connections != NULL)
        drop_connection(*server, (*server)->connections, CALL_BROKEN_BY_SCRIPT);
    if ((*server)->listener >= 0)
        close((*server)->listener);
    if ((*server)->epoll >= 0)
        close((*server)->epoll);
    if ((*server)->signals >= 0)
        close((*server)->signals);
    if ((*server)->timer >= 0)
        close((*server)->timer);
    free(*server);
    *server = NULL;
}
