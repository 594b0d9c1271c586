#include "http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/clock.h"

/* A server that misbehaves as the request's path asks, one thread per connection. */
enum { MAX_CONNECTIONS = 16 };

struct server {
    int listener;
    int port;
    pthread_t thread, connections[MAX_CONNECTIONS];
    atomic_int connected, requests, nth_dies;
    atomic_int least; /* answers nobody before that many have asked */
    struct http_client *client;
};

struct visitor {
    struct server *server;
    int socket;
};

static void say(int socket, const char *words)
{
    ssize_t ignored = send(socket, words, strlen(words), MSG_NOSIGNAL);
    (void)ignored;
}

/* Reads a request with its body into `request`; false at the end of the connection. */
static bool read_request(int socket, char *request, size_t size)
{
    size_t length = 0;
    while (length + 1 < size) {
        ssize_t got = recv(socket, request + length, size - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        request[length] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        if (end == NULL)
            continue;
        const char *said = strcasestr(request, "content-length:");
        size_t body = said != NULL ? strtoul(said + 15, NULL, 10) : 0;
        bool is_chunked = strcasestr(request, "transfer-encoding: chunked") != NULL;
        if (is_chunked ? strstr(end, "\r\n0\r\n\r\n") != NULL
                       : length >= (size_t)(end + 4 - request) + body)
            return true;
    }
    return false;
}

static void echo(int socket, const char *request)
{
    char head[200];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nX-First: one\r\nContent-Length: %zu\r\n\r\n",
             strlen(request));
    say(socket, head);
    say(socket, request);
}

static void flood(int socket, const char *piece)
{
    for (int i = 0; i < 100000; i++)
        if (send(socket, piece, strlen(piece), MSG_NOSIGNAL) <= 0)
            return;
}

/* One byte at a time until the other side has had enough. */
static void drip(int socket)
{
    char byte;
    struct timeval pause = {.tv_usec = 20 * 1000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
    while (send(socket, "x", 1, MSG_NOSIGNAL) == 1 && recv(socket, &byte, 1, 0) != 0)
        ;
}

static void reset(int socket)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* Answers one request; false ends the connection. */
static bool answer(struct server *server, int socket, const char *request)
{
    char byte;
    if (strstr(request, " /echo") != NULL) {
        echo(socket, request);
        return true;
    }
    if (strstr(request, " /status") != NULL)
        say(socket, "HTTP/1.1 429 Slow down\r\nRetry-After:  7\r\nContent-Length: 4\r\n\r\nwait");
    else if (strstr(request, " /redirect") != NULL)
        say(socket, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n");
    else if (strstr(request, " /huge") != NULL) {
        say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        flood(socket, "10\r\n0123456789abcdef\r\n");
    } else if (strstr(request, " /headers") != NULL) {
        say(socket, "HTTP/1.1 200 OK\r\n");
        flood(socket, "X-Long: 0123456789012345678901234567890123456789\r\n");
    } else if (strstr(request, " /drip") != NULL) {
        say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        drip(socket);
    } else if (strstr(request, " /silent") != NULL) {
        recv(socket, &byte, 1, 0);
    } else if (strstr(request, " /half") != NULL) {
        say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        if (strstr(request, "/half-silent") != NULL)
            recv(socket, &byte, 1, 0);
    } else if (strstr(request, " /reset") != NULL) {
        reset(socket);
    } else if (strstr(request, " /wake") != NULL) {
        http_wake(server->client);
        recv(socket, &byte, 1, 0);
    }
    return strstr(request, " /status") != NULL || strstr(request, " /redirect") != NULL;
}

static void *serve(void *context)
{
    struct visitor visitor = *(struct visitor *)context;
    free(context);
    char request[65536];
    for (int nth = 1; read_request(visitor.socket, request, sizeof request); nth++) {
        atomic_fetch_add(&visitor.server->requests, 1);
        while (atomic_load(&visitor.server->requests) < atomic_load(&visitor.server->least))
            sched_yield();
        if (nth == atomic_load(&visitor.server->nth_dies)) {
            if (strstr(request, "reset") != NULL)
                reset(visitor.socket);
            break;
        }
        if (!answer(visitor.server, visitor.socket, request))
            break;
    }
    close(visitor.socket);
    return NULL;
}

static void *accept_all(void *context)
{
    struct server *server = context;
    for (;;) {
        int socket = accept(server->listener, NULL, NULL);
        if (socket < 0)
            return NULL;
        int nth = atomic_fetch_add(&server->connected, 1); /* before its first answer */
        CHECK(nth < MAX_CONNECTIONS);
        struct visitor *visitor = malloc(sizeof *visitor);
        CHECK(visitor != NULL);
        *visitor = (struct visitor){server, socket};
        CHECK(pthread_create(&server->connections[nth], NULL, serve, visitor) == 0);
    }
}

static int start(void **state)
{
    struct server *server = calloc(1, sizeof *server);
    CHECK(server != NULL);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    CHECK(bind(server->listener, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(server->listener, 16) == 0);
    CHECK(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0);
    server->port = ntohs(address.sin_port);
    server->client = http_client_new(8);
    CHECK(pthread_create(&server->thread, NULL, accept_all, server) == 0);
    *state = server;
    return 0;
}

static int stop(void **state)
{
    struct server *server = *state;
    http_client_free(&server->client);
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (int i = 0; i < atomic_load(&server->connected); i++)
        pthread_join(server->connections[i], NULL);
    free(server);
    return 0;
}

static const char *url(const struct server *server, const char *path)
{
    static char text[100];
    snprintf(text, sizeof text, "http://127.0.0.1:%d%s", server->port, path);
    return text;
}

static struct bytes bytes_of(const char *chars)
{
    return (struct bytes){(const uint8_t *)chars, strlen(chars)};
}

static void expect_failure(struct server *server, const struct http_request *request,
                           enum http_failure failure, enum error_kind kind)
{
    SCOPED(http_response_free) struct http_response response;
    struct error why;
    assert_false(http_request(server->client, request, &response, &why));
    assert_int_equal(response.failure, failure);
    assert_int_equal(why.kind, kind);
    assert_true(strlen(why.message) > 10);
}

static void a_post_brings_its_headers_and_body_and_no_expect(void **state)
{
    struct server *server = *state;
    const char *const headers[] = {"Content-Type: application/json", "X-User: u1", NULL};
    struct http_request request = {.method = "POST",
                                   .url = url(server, "/echo"),
                                   .headers = headers,
                                   .body = bytes_of("{\"a\":1}")};
    SCOPED(http_response_free) struct http_response response;
    struct error why;
    assert_true(http_request(server->client, &request, &response, &why));
    assert_int_equal(response.status, 200);
    assert_non_null(strstr(response.body.chars, "POST /echo"));
    assert_non_null(strstr(response.body.chars, "X-User: u1"));
    assert_non_null(strstr(response.body.chars, "\r\n\r\n{\"a\":1}"));
    assert_null(strcasestr(response.body.chars, "Expect:"));
    char value[10];
    assert_true(http_response_header(&response, "x-first", value, sizeof value));
    assert_string_equal(value, "one");
    assert_false(http_response_header(&response, "x-fir", value, sizeof value));
}

static void other_methods_leave_as_they_are_called(void **state)
{
    struct server *server = *state;
    const char *const methods[] = {"GET", "DELETE", "PUT"};
    for (size_t i = 0; i < 3; i++) {
        struct http_request request = {.method = methods[i], .url = url(server, "/echo")};
        SCOPED(http_response_free) struct http_response response;
        struct error why;
        assert_true(http_request(server->client, &request, &response, &why));
        assert_memory_equal(response.body.chars, methods[i], strlen(methods[i]));
    }
    assert_int_equal(atomic_load(&server->connected), 1); /* and the connection is kept */
}

static void any_status_is_an_answer_and_redirects_are_not_followed(void **state)
{
    struct server *server = *state;
    struct http_request request = {.method = "GET", .url = url(server, "/status")};
    SCOPED(http_response_free) struct http_response response;
    struct error why;
    assert_true(http_request(server->client, &request, &response, &why));
    assert_int_equal(response.status, 429);
    assert_string_equal(response.body.chars, "wait");
    char value[10];
    assert_true(http_response_header(&response, "retry-after", value, sizeof value));
    assert_string_equal(value, "7");

    http_response_free(&response);
    request.url = url(server, "/redirect");
    assert_true(http_request(server->client, &request, &response, &why));
    assert_int_equal(response.status, 302);
}

static size_t ten_bytes(void *context, char *buffer, size_t size)
{
    int *left = context;
    if (*left == 0)
        return 0;
    (*left)--;
    CHECK(size >= 10);
    memcpy(buffer, "0123456789", 10);
    return 10;
}

static void a_body_may_come_from_a_source_of_known_or_unknown_length(void **state)
{
    struct server *server = *state;
    for (int64_t known = 0; known <= 30; known += 30) {
        int left = 3;
        struct http_request request = {.method = "POST",
                                       .url = url(server, "/echo"),
                                       .source = ten_bytes,
                                       .source_bytes = known,
                                       .body_context = &left};
        SCOPED(http_response_free) struct http_response response;
        struct error why;
        assert_true(http_request(server->client, &request, &response, &why));
        assert_int_equal(left, 0);
        assert_non_null(strstr(response.body.chars, known > 0 ? "Content-Length: 30" : "chunked"));
    }
}

struct heard {
    size_t length, most;
};

static bool hear_some(void *context, const char *bytes, size_t length)
{
    struct heard *heard = context;
    (void)bytes;
    heard->length += length;
    return heard->length < heard->most;
}

static void a_sink_hears_the_body_of_a_success_only_and_may_end_it(void **state)
{
    struct server *server = *state;
    struct heard heard = {.most = 1000};
    struct http_request request = {
        .method = "GET", .url = url(server, "/echo"), .sink = hear_some, .body_context = &heard};
    SCOPED(http_response_free) struct http_response response;
    struct error why;
    assert_true(http_request(server->client, &request, &response, &why));
    assert_true(heard.length > 10);
    assert_int_equal(response.body.length, 0);

    http_response_free(&response);
    request.url = url(server, "/status");
    heard.length = 0;
    assert_true(http_request(server->client, &request, &response, &why));
    assert_int_equal(heard.length, 0);
    assert_string_equal(response.body.chars, "wait");

    request.url = url(server, "/huge");
    heard.most = 5000;
    expect_failure(server, &request, HTTP_STOPPED, ERROR_CANCELLED);
}

static void an_endless_body_ends_at_the_cap(void **state)
{
    struct server *server = *state;
    struct http_request request = {.method = "GET",
                                   .url = url(server, "/huge"),
                                   .max_body_bytes = 10000,
                                   .total_timeout_ms = 5000};
    expect_failure(server, &request, HTTP_TOO_BIG, ERROR_INVALID);
}

static void endless_headers_end_too(void **state)
{
    struct server *server = *state;
    struct http_request request = {
        .method = "GET", .url = url(server, "/headers"), .total_timeout_ms = 5000};
    SCOPED(http_response_free) struct http_response response;
    struct error why;
    assert_false(http_request(server->client, &request, &response, &why));
    assert_true(response.failure == HTTP_TOO_BIG || response.failure == HTTP_BROKEN);
}

static void a_dripping_body_ends_at_the_total_timeout(void **state)
{
    struct server *server = *state;
    struct http_request request = {.method = "GET",
                                   .url = url(server, "/drip"),
                                   .silence_timeout_ms = 5000,
                                   .total_timeout_ms = 200};
    expect_failure(server, &request, HTTP_TIMED_OUT, ERROR_TIMEOUT);
}

static void silence_is_bounded_before_the_first_byte_and_after_it(void **state)
{
    struct server *server = *state;
    struct http_request request = {.method = "GET",
                                   .url = url(server, "/silent"),
                                   .first_byte_timeout_ms = 100,
                                   .total_timeout_ms = 10000};
    struct instant before = clock_now();
    expect_failure(server, &request, HTTP_TIMED_OUT, ERROR_TIMEOUT);
    request = (struct http_request){.method = "GET",
                                    .url = url(server, "/half-silent"),
                                    .silence_timeout_ms = 100,
                                    .total_timeout_ms = 10000};
    expect_failure(server, &request, HTTP_TIMED_OUT, ERROR_TIMEOUT);
    assert_true(instant_ms_between(before, clock_now()) < 10000);
}

static void a_half_body_and_a_reset_are_broken_answers(void **state)
{
    struct server *server = *state;
    struct http_request request = {.method = "GET", .url = url(server, "/half")};
    expect_failure(server, &request, HTTP_BROKEN, ERROR_TIMEOUT);
    request.url = url(server, "/reset");
    expect_failure(server, &request, HTTP_BROKEN, ERROR_TIMEOUT);
    assert_int_equal(atomic_load(&server->requests), 2); /* nothing was repeated */
}

static void nobody_listening_means_not_sent(void **state)
{
    struct server *server = *state;
    struct http_request request = {.method = "GET", .url = "http://127.0.0.1:1/"};
    expect_failure(server, &request, HTTP_NOT_SENT, ERROR_UNAVAILABLE);
    request.url = "file:///etc/hostname";
    expect_failure(server, &request, HTTP_NOT_SENT, ERROR_UNAVAILABLE);
}

static void expect_echo(struct server *server, const char *path)
{
    struct http_request request = {
        .method = "POST", .url = url(server, path), .body = bytes_of("{}")};
    SCOPED(http_response_free) struct http_response response;
    struct error why;
    assert_true(http_request(server->client, &request, &response, &why));
    assert_int_equal(response.status, 200);
}

static void a_reused_connection_that_dies_is_replaced_at_once(void **state)
{
    struct server *server = *state;
    atomic_store(&server->nth_dies, 2);
    expect_echo(server, "/echo");
    expect_echo(server, "/echo");
    assert_int_equal(atomic_load(&server->requests), 3);
    assert_int_equal(atomic_load(&server->connected), 2);
    expect_echo(server, "/echo-reset");
    assert_int_equal(atomic_load(&server->requests), 5);
}

static void write_body(void *context, struct text *body)
{
    (*(int *)context)++;
    text_add(body, "{\"written\":1}");
}

static void a_written_body_leaves_whole_when_it_leaves_again_too(void **state)
{
    struct server *server = *state;
    int times = 0;
    struct http_request request = {.method = "POST",
                                   .url = url(server, "/echo"),
                                   .writer = write_body,
                                   .body_context = &times};
    atomic_store(&server->nth_dies, 2);
    for (int i = 0; i < 2; i++) {
        SCOPED(http_response_free) struct http_response response;
        struct error why;
        assert_true(http_request(server->client, &request, &response, &why));
        assert_non_null(strstr(response.body.chars, "\r\n\r\n{\"written\":1}"));
    }
    assert_int_equal(atomic_load(&server->requests), 3);
    assert_in_range(times, 2, 3); /* the last one perhaps before it was let go */
}

static void count_done(void *context, const struct http_response *response, const struct error *why)
{
    int *done = context;
    assert_int_equal(response->status, 200);
    assert_null(why);
    (*done)++;
}

static void it_is_replaced_once_even_where_many_idle_connections_would_die(void **state)
{
    struct server *server = *state;
    int done = 0;
    struct http_request request = {
        .method = "POST", .url = url(server, "/echo"), .body = bytes_of("{}")};
    atomic_store(&server->least, 4); /* else one connection may serve two */
    for (int i = 0; i < 4; i++)
        http_start(server->client, &request, count_done, &done);
    while (done < 4)
        http_poll(server->client, 1000);
    assert_int_equal(atomic_load(&server->connected), 4);
    atomic_store(&server->nth_dies, 2);
    expect_echo(server, "/echo");
    assert_int_equal(atomic_load(&server->requests), 6); /* one that died, one repeated */
}

static void count_any(void *context, const struct http_response *response, const struct error *why)
{
    (void)response;
    (void)why;
    (*(int *)context)++;
}

static void a_cancelled_call_is_not_told_and_closes_its_connection(void **state)
{
    struct server *server = *state;
    int done = 0;
    struct http_request request = {.method = "GET", .url = url(server, "/wake")};
    struct http_call *call = http_start(server->client, &request, count_any, &done);
    while (atomic_load(&server->requests) == 0)
        http_poll(server->client, 50);
    http_cancel(server->client, &call);
    assert_null(call);
    http_cancel(server->client, &call);
    assert_int_equal(done, 0);
    /* the server's thread ends when it reads the end of the connection: stop() joins it */
}

static void a_wake_from_another_thread_ends_a_poll(void **state)
{
    struct server *server = *state;
    int done = 0;
    struct http_request request = {.method = "GET", .url = url(server, "/wake")};
    http_start(server->client, &request, count_any, &done);
    struct instant before = clock_now();
    while (atomic_load(&server->requests) == 0)
        http_poll(server->client, 20000);
    assert_true(instant_ms_between(before, clock_now()) < 10000);
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void a_request_can_be_given_up(void **state)
{
    struct server *server = *state;
    struct http_request request = {
        .method = "GET", .url = url(server, "/silent"), .should_stop = at_once};
    expect_failure(server, &request, HTTP_STOPPED, ERROR_CANCELLED);
}

/* ---- a pool of one connection ---- */

static struct http_pool *pool_of_one(struct server *server)
{
    return http_pool_new(server->client, &(struct http_pool_options){.max_connections = 1});
}

static void calls_beyond_a_pools_connections_wait_for_their_turn(void **state)
{
    struct server *server = *state;
    int done = 0;
    struct http_request request = {
        .method = "POST", .url = url(server, "/echo"), .body = bytes_of("{}")};
    request.pool = pool_of_one(server);
    for (int i = 0; i < 5; i++)
        http_start(server->client, &request, count_done, &done);
    while (done < 5)
        http_poll(server->client, 1000);
    assert_int_equal(atomic_load(&server->connected), 1);
    assert_int_equal(atomic_load(&server->requests), 5);
}

static void a_full_pool_does_not_hold_up_another(void **state)
{
    struct server *server = *state;
    int held = 0, done = 0;
    const char *const silent = url(server, "/silent");
    char elsewhere[100];
    struct http_request request = {.method = "GET", .url = silent};
    request.pool = pool_of_one(server);
    http_start(server->client, &request, count_any, &held);
    while (atomic_load(&server->requests) == 0)
        http_poll(server->client, 50);
    http_start(server->client, &request, count_any, &held);
    snprintf(elsewhere, sizeof elsewhere, "http://127.0.0.1:%d/echo", server->port);
    struct http_request other = {.method = "GET", .url = elsewhere};
    http_start(server->client, &other, count_done, &done);
    while (done == 0)
        http_poll(server->client, 1000);
    assert_int_equal(held, 0);
    assert_int_equal(atomic_load(&server->requests), 2); /* the one that waits is not sent */
}

struct ending {
    bool is_over;
    enum http_failure failure;
    struct error why;
};

static void note_ending(void *context, const struct http_response *response,
                        const struct error *why)
{
    struct ending *ending = context;
    ending->is_over = true;
    ending->failure = response->failure;
    if (why != NULL)
        ending->why = *why;
}

static void what_waits_for_a_connection_until_its_limit_was_not_sent(void **state)
{
    struct server *server = *state;
    int held = 0;
    struct http_request request = {.method = "GET", .url = url(server, "/silent")};
    request.pool = pool_of_one(server);
    http_start(server->client, &request, count_any, &held);
    for (int i = 0; i < 2; i++) {
        struct ending ending = {0};
        request.total_timeout_ms = i == 0 ? 100 : 0;
        request.first_byte_timeout_ms = i == 0 ? 0 : 100;
        http_start(server->client, &request, note_ending, &ending);
        struct instant before = clock_now();
        while (!ending.is_over)
            http_poll(server->client, 5000);
        assert_in_range(instant_ms_between(before, clock_now()), 90, 20000);
        assert_int_equal(ending.failure, HTTP_NOT_SENT);
        assert_int_equal(ending.why.kind, ERROR_UNAVAILABLE);
        assert_non_null(strstr(ending.why.message, "none was free"));
    }
    assert_int_equal(atomic_load(&server->requests), 1);
}

static void cancelling_what_runs_makes_room_for_what_waits(void **state)
{
    struct server *server = *state;
    int held = 0, done = 0;
    struct http_request request = {.method = "GET", .url = url(server, "/silent")};
    request.pool = pool_of_one(server);
    struct http_call *first = http_start(server->client, &request, count_any, &held);
    struct http_call *second = http_start(server->client, &request, count_any, &held);
    char echo_url[100];
    snprintf(echo_url, sizeof echo_url, "http://127.0.0.1:%d/echo", server->port);
    request.url = echo_url;
    http_start(server->client, &request, count_done, &done);
    http_cancel(server->client, &second);
    while (atomic_load(&server->requests) == 0)
        http_poll(server->client, 50);
    http_cancel(server->client, &first);
    while (done == 0)
        http_poll(server->client, 1000);
    assert_int_equal(held, 0);
    assert_int_equal(atomic_load(&server->requests), 2);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(a_post_brings_its_headers_and_body_and_no_expect),
        WITH_SERVER(other_methods_leave_as_they_are_called),
        WITH_SERVER(any_status_is_an_answer_and_redirects_are_not_followed),
        WITH_SERVER(a_body_may_come_from_a_source_of_known_or_unknown_length),
        WITH_SERVER(a_sink_hears_the_body_of_a_success_only_and_may_end_it),
        WITH_SERVER(an_endless_body_ends_at_the_cap),
        WITH_SERVER(endless_headers_end_too),
        WITH_SERVER(a_dripping_body_ends_at_the_total_timeout),
        WITH_SERVER(silence_is_bounded_before_the_first_byte_and_after_it),
        WITH_SERVER(a_half_body_and_a_reset_are_broken_answers),
        WITH_SERVER(nobody_listening_means_not_sent),
        WITH_SERVER(a_reused_connection_that_dies_is_replaced_at_once),
        WITH_SERVER(a_written_body_leaves_whole_when_it_leaves_again_too),
        WITH_SERVER(it_is_replaced_once_even_where_many_idle_connections_would_die),
        WITH_SERVER(a_cancelled_call_is_not_told_and_closes_its_connection),
        WITH_SERVER(a_wake_from_another_thread_ends_a_poll),
        WITH_SERVER(a_request_can_be_given_up),
        WITH_SERVER(calls_beyond_a_pools_connections_wait_for_their_turn),
        WITH_SERVER(a_full_pool_does_not_hold_up_another),
        WITH_SERVER(what_waits_for_a_connection_until_its_limit_was_not_sent),
        WITH_SERVER(cancelling_what_runs_makes_room_for_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
