/* The server as seen through a socket: the hostile corpus, slow clients, drain. */
#include "web/web.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/port_for_test.h"
#include "base/scoped.h"

enum { TIMEOUT_MS = 1500, PATIENCE_MS = 30000, BODY_CAP = 200 * 1000 };

struct fixture {
    struct web_server *server;
    pthread_mutex_t lock;
    pthread_cond_t opened_gate;
    bool is_gate_open;
    int at_gate;
    int answered;
    char last_route[80];
    int last_status;
};

/* ---- the server under test ---- */

static void say_hello(void *context, struct web_request *request)
{
    (void)context;
    web_answer(request, 200, "text/plain", "hello", 5);
}

static void say_value(void *context, struct web_request *request)
{
    (void)context;
    const char *q = web_query(request, "q");
    char *both = arena_format(web_arena(request), "%s|%s", web_path_value(request, 0), q ? q : "-");
    web_answer(request, 200, "text/plain", both, strlen(both));
}

static void echo_body(void *context, struct web_request *request)
{
    (void)context;
    const char *bytes;
    size_t length;
    if (web_body(request, &bytes, &length))
        web_answer(request, 200, "application/octet-stream", bytes, length);
}

static void wait_for_gate(void *context, struct web_request *request)
{
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->lock);
    fixture->at_gate++;
    pthread_cond_broadcast(&fixture->opened_gate);
    while (!fixture->is_gate_open)
        pthread_cond_wait(&fixture->opened_gate, &fixture->lock);
    pthread_mutex_unlock(&fixture->lock);
    web_answer(request, 200, "text/plain", "through", 7);
}

static void forget_to_answer(void *context, struct web_request *request)
{
    (void)context;
    (void)request;
}

static void ignore_body(void *context, struct web_request *request)
{
    (void)context;
    web_problem(request, 401, "no_key", "who are you?", NULL);
}

static void stream_three(void *context, struct web_request *request)
{
    (void)context;
    web_stream_begin(request, 200, "text/plain");
    for (int i = 0; i < 3; i++)
        web_stream_write(request, "abc", 3);
    web_stream_end(request);
}

static void inject_header(void *context, struct web_request *request)
{
    (void)context;
    web_add_header(request, "X-Echo", "%s", "a\r\nX-Evil: 1");
    web_answer(request, 204, NULL, NULL, 0);
}

static void note_answer(void *context, const char *method, const char *route, int status,
                        double seconds)
{
    (void)method;
    (void)seconds;
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->lock);
    fixture->answered++;
    fixture->last_status = status;
    snprintf(fixture->last_route, sizeof fixture->last_route, "%s", route);
    pthread_mutex_unlock(&fixture->lock);
}

static const struct web_route ROUTES[] = {
    {.method = "GET", .path = "/hello", .handler = say_hello},
    {.method = "GET", .path = "/value/{x}", .handler = say_value},
    {.method = "POST", .path = "/echo", .handler = echo_body, .max_body_bytes = BODY_CAP},
    {.method = "POST", .path = "/ignore", .handler = ignore_body, .max_body_bytes = BODY_CAP},
    {.method = "GET", .path = "/gate", .handler = wait_for_gate},
    {.method = "GET", .path = "/forgetful", .handler = forget_to_answer},
    {.method = "GET", .path = "/stream", .handler = stream_three, .is_stream = true},
    {.method = "GET", .path = "/inject", .handler = inject_header},
};

static int open_server(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    pthread_mutex_init(&fixture->lock, NULL);
    pthread_cond_init(&fixture->opened_gate, NULL);
    const struct web_options options = {
        .address = "127.0.0.1",
        .threads = 6,
        .max_active = 2,
        .max_streams = 2,
        .request_timeout_ms = TIMEOUT_MS,
        .keep_alive = true,
        .routes = ROUTES,
        .route_count = sizeof ROUTES / sizeof *ROUTES,
        .context = fixture,
        .answered = note_answer,
    };
    struct error why;
    if (!web_open(&options, &fixture->server, &why))
        return -1;
    *state = fixture;
    return 0;
}

static void open_gate(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    fixture->is_gate_open = true;
    pthread_cond_broadcast(&fixture->opened_gate);
    pthread_mutex_unlock(&fixture->lock);
}

static int close_server(void **state)
{
    struct fixture *fixture = *state;
    open_gate(fixture);
    web_close(&fixture->server);
    pthread_cond_destroy(&fixture->opened_gate);
    pthread_mutex_destroy(&fixture->lock);
    free(fixture);
    return 0;
}

/* ---- the client ---- */

static int dial(const struct fixture *fixture)
{
    return test_dial(web_port(fixture->server));
}

static void say(int fd, const char *text, size_t length)
{
    /* The server may have closed already: what it said is what counts. */
    ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
    (void)sent;
}

/* Everything until the server closes or nothing comes for `patience_ms`. */
static void hear(int fd, int patience_ms, struct text *heard)
{
    char buffer[4096];
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    while (poll(&readable, 1, patience_ms) > 0) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0)
            return;
        text_add_bytes(heard, buffer, (size_t)got);
    }
}

/* The answer to one raw request; the server must close in time. */
static void ask_bytes(const struct fixture *fixture, const char *request, size_t length,
                      struct text *heard)
{
    int fd = dial(fixture);
    struct instant began = clock_now();
    say(fd, request, length);
    hear(fd, PATIENCE_MS, heard);
    close(fd);
    text_add(heard, "");
    assert_true(instant_ms_between(began, clock_now()) < PATIENCE_MS);
}

static int status_of(const struct text *heard)
{
    int status = 0;
    if (heard->chars)
        sscanf(heard->chars, "HTTP/1.1 %d", &status);
    return status;
}

static int answers_in(const struct text *heard)
{
    int count = 0;
    for (const char *at = heard->chars; at && (at = strstr(at, "HTTP/1.1 ")); at++)
        count++;
    return count;
}

static int ask(const struct fixture *fixture, const char *request)
{
    SCOPED(text_free) struct text heard = {0};
    ask_bytes(fixture, request, strlen(request), &heard);
    assert_int_equal(answers_in(&heard), 1);
    return status_of(&heard);
}

static void assert_alive(const struct fixture *fixture)
{
    assert_int_equal(ask(fixture, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                     200);
}

/* ---- requests ---- */

static void a_request_finds_its_route_and_values(void **state)
{
    SCOPED(text_free) struct text heard = {0};
    static const char request[] =
        "GET /value/a%2Fb?x=1&q=%C3%BC+y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    ask_bytes(*state, request, sizeof request - 1, &heard);
    assert_int_equal(status_of(&heard), 200);
    assert_non_null(strstr(heard.chars, "\r\n\r\na/b|\xc3\xbc y"));
    assert_non_null(strstr(heard.chars, "X-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(heard.chars, "X-Request-Id: "));
}

static void unknown_paths_and_methods_are_told_apart(void **state)
{
    assert_int_equal(ask(*state, "GET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n"), 404);
    assert_int_equal(ask(*state, "GET /value/ HTTP/1.1\r\nConnection: close\r\n\r\n"), 404);
    assert_int_equal(ask(*state, "GET /value/a/b HTTP/1.1\r\nConnection: close\r\n\r\n"), 404);
    SCOPED(text_free) struct text heard = {0};
    static const char request[] = "DELETE /echo HTTP/1.1\r\nConnection: close\r\n\r\n";
    ask_bytes(*state, request, sizeof request - 1, &heard);
    assert_int_equal(status_of(&heard), 405);
    assert_non_null(strstr(heard.chars, "\r\nAllow: POST\r\n"));
    assert_non_null(strstr(heard.chars, "application/problem+json"));
    assert_non_null(strstr(heard.chars, "\"code\":\"method_not_allowed\""));
}

static void head_is_get_without_a_body(void **state)
{
    SCOPED(text_free) struct text heard = {0};
    static const char request[] = "HEAD /hello HTTP/1.1\r\nConnection: close\r\n\r\n";
    ask_bytes(*state, request, sizeof request - 1, &heard);
    assert_int_equal(status_of(&heard), 200);
    assert_non_null(strstr(heard.chars, "Content-Length: 5\r\n"));
    assert_null(strstr(heard.chars, "hello"));
}

static void a_connection_serves_several_requests(void **state)
{
    int fd = dial(*state);
    SCOPED(text_free) struct text heard = {0};
    static const char two[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
                              "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    say(fd, two, sizeof two - 1);
    hear(fd, PATIENCE_MS, &heard);
    close(fd);
    assert_int_equal(answers_in(&heard), 2);
}

static void a_request_id_is_echoed_only_if_harmless(void **state)
{
    SCOPED(text_free) struct text heard = {0};
    static const char good[] =
        "GET /hello HTTP/1.1\r\nX-Request-Id: abc-1\r\nConnection: close\r\n\r\n";
    ask_bytes(*state, good, sizeof good - 1, &heard);
    assert_non_null(strstr(heard.chars, "X-Request-Id: abc-1\r\n"));
    text_clear(&heard);
    static const char bad[] =
        "GET /hello HTTP/1.1\r\nX-Request-Id: a\"<b>\r\nConnection: close\r\n\r\n";
    ask_bytes(*state, bad, sizeof bad - 1, &heard);
    assert_null(strstr(heard.chars, "<b>"));
}

static void headers_of_the_answer_cannot_be_injected(void **state)
{
    SCOPED(text_free) struct text heard = {0};
    static const char request[] = "GET /inject HTTP/1.1\r\nConnection: close\r\n\r\n";
    ask_bytes(*state, request, sizeof request - 1, &heard);
    assert_int_equal(status_of(&heard), 204);
    assert_null(strstr(heard.chars, "\nX-Evil"));
}

static void a_handler_that_says_nothing_is_an_internal_error(void **state)
{
    assert_int_equal(ask(*state, "GET /forgetful HTTP/1.1\r\nConnection: close\r\n\r\n"), 500);
}

static void a_stream_comes_in_chunks(void **state)
{
    SCOPED(text_free) struct text heard = {0};
    static const char request[] = "GET /stream HTTP/1.1\r\n\r\n";
    ask_bytes(*state, request, sizeof request - 1, &heard);
    assert_non_null(strstr(heard.chars, "3\r\nabc\r\n3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n"));
    text_clear(&heard);
    static const char old[] = "GET /stream HTTP/1.0\r\n\r\n";
    ask_bytes(*state, old, sizeof old - 1, &heard);
    assert_non_null(strstr(heard.chars, "\r\n\r\nabcabcabc"));
}

static void every_answer_is_reported_with_its_route(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "GET /value/secret HTTP/1.1\r\nConnection: close\r\n\r\n");
    web_drain(fixture->server, PATIENCE_MS);
    assert_int_equal(fixture->answered, 1);
    assert_string_equal(fixture->last_route, "/value/{x}");
    assert_int_equal(fixture->last_status, 200);
}

/* ---- bodies ---- */

static void a_body_comes_back(void **state)
{
    SCOPED(text_free) struct text heard = {0};
    static const char request[] =
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhallo";
    ask_bytes(*state, request, sizeof request - 1, &heard);
    assert_int_equal(status_of(&heard), 200);
    assert_non_null(strstr(heard.chars, "\r\n\r\nhallo"));
}

static void a_chunked_body_comes_back(void **state)
{
    SCOPED(text_free) struct text heard = {0};
    static const char request[] =
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n2\r\nlo\r\n0\r\n\r\n";
    ask_bytes(*state, request, sizeof request - 1, &heard);
    assert_int_equal(status_of(&heard), 200);
    assert_non_null(strstr(heard.chars, "\r\n\r\nhallo"));
}

static void large_bodies_come_back_whole(void **state)
{
    for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
        SCOPED(text_free) struct text request = {0};
        SCOPED(text_free) struct text heard = {0};
        text_add(&request, "POST /echo HTTP/1.1\r\nConnection: close\r\n");
        if (is_chunked)
            text_format(&request, "Transfer-Encoding: chunked\r\n\r\n%x\r\n", BODY_CAP);
        else
            text_format(&request, "Content-Length: %d\r\n\r\n", BODY_CAP);
        for (int i = 0; i < BODY_CAP; i++)
            text_add_char(&request, (char)('a' + i % 26));
        if (is_chunked)
            text_add(&request, "\r\n0\r\n\r\n");
        ask_bytes(*state, request.chars, request.length, &heard);
        assert_int_equal(status_of(&heard), 200);
        const char *body = strstr(heard.chars, "\r\n\r\n") + 4;
        assert_int_equal(strlen(body), BODY_CAP);
        assert_memory_equal(body + BODY_CAP - 26 - BODY_CAP % 26, "abcdefghijklmnopqrstuvwxyz", 26);
    }
}

static void whoever_waits_for_100_continue_gets_it(void **state)
{
    int fd = dial(*state);
    SCOPED(text_free) struct text heard = {0};
    static const char head[] =
        "POST /echo HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
        "Connection: close\r\n\r\n";
    say(fd, head, sizeof head - 1);
    char line[26] = {0};
    assert_int_equal(recv(fd, line, 25, MSG_WAITALL), 25);
    assert_string_equal(line, "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "ok", 2);
    hear(fd, PATIENCE_MS, &heard);
    close(fd);
    assert_int_equal(status_of(&heard), 200);
}

static void a_body_that_is_too_large_is_refused_unread(void **state)
{
    assert_int_equal(ask(*state, "POST /echo HTTP/1.1\r\nContent-Length: 10000000000\r\n\r\n"),
                     413);
    assert_int_equal(ask(*state, "GET /hello HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"), 413);
}

static void an_endless_chunked_body_is_cut(void **state)
{
    int fd = dial(*state);
    struct instant began = clock_now();
    static const char head[] = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    say(fd, head, sizeof head - 1);
    char chunk[5 + 4096 + 2] = "1000\r\n";
    memset(chunk + 6, 'x', sizeof chunk - 6);
    ssize_t sent = 1;
    while (sent > 0 && instant_ms_between(began, clock_now()) < PATIENCE_MS)
        sent = send(fd, chunk, sizeof chunk, MSG_NOSIGNAL);
    assert_true(sent < 0);
    close(fd);
    assert_alive(*state);
}

static void an_unread_body_is_never_the_next_request(void **state)
{
    static const char inner[] = "GET /hello HTTP/1.1\r\n\r\n";
    SCOPED(text_free) struct text request = {0};
    text_format(&request, "POST /ignore HTTP/1.1\r\nContent-Length: %zu\r\n\r\n%s",
                sizeof inner - 1, inner);
    assert_int_equal(ask(*state, request.chars), 401);
}

/* ---- slow clients ---- */

static void drip(const struct fixture *fixture, const char *head, const char *unit, int expected)
{
    int fd = dial(fixture);
    struct instant began = clock_now();
    SCOPED(text_free) struct text heard = {0};
    say(fd, head, strlen(head));
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    while (poll(&readable, 1, 50) == 0 && instant_ms_between(began, clock_now()) < PATIENCE_MS)
        say(fd, unit, strlen(unit));
    hear(fd, PATIENCE_MS, &heard);
    close(fd);
    assert_int_equal(status_of(&heard), expected);
    assert_true(instant_ms_between(began, clock_now()) < TIMEOUT_MS + 10000);
}

static void a_dripping_body_is_cut_with_408(void **state)
{
    drip(*state, "POST /echo HTTP/1.1\r\nContent-Length: 100000\r\n\r\n", "x", 408);
    assert_alive(*state);
}

static void dripping_chunks_are_cut_with_408(void **state)
{
    static const char head[] = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    drip(*state, head, "1\r\nx\r\n", 408);
    drip(*state, head, "0", 408);
    assert_alive(*state);
}

static void a_body_that_never_comes_is_cut_with_408(void **state)
{
    drip(*state, "POST /echo HTTP/1.1\r\nContent-Length: 100\r\n\r\n", "", 408);
}

static void slow_clients_do_not_starve_the_others(void **state)
{
    int slow[2];
    static const char head[] = "POST /echo HTTP/1.1\r\nContent-Length: 100\r\n\r\n";
    for (int i = 0; i < 2; i++) {
        slow[i] = dial(*state);
        say(slow[i], head, sizeof head - 1);
    }
    struct instant began = clock_now();
    int status;
    do
        status = ask(*state, "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n");
    while (status == 503 && instant_ms_between(began, clock_now()) < PATIENCE_MS);
    assert_int_equal(status, 200);
    close(slow[0]);
    close(slow[1]);
}

/* ---- hostile bytes ---- */

static void ambiguous_lengths_are_refused_and_the_connection_closed(void **state)
{
    static const char *const HOSTILE[] = {
        ("POST /echo HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\nGET /hello HTTP/1.1\r\n\r\n"),
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhallo",
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhallo",
        "POST /echo HTTP/1.1\r\nContent-Length: 0x5\r\n\r\nhallo",
        "POST /echo HTTP/1.1\r\nContent-Length: +5\r\n\r\nhallo",
        "POST /echo HTTP/1.1\r\nContent-Length: 5,5\r\n\r\nhallo",
        "POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nhallo",
        "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof HOSTILE / sizeof *HOSTILE; i++)
        assert_int_equal(ask(*state, HOSTILE[i]), 400);
    assert_int_equal(
        ask(*state, "GET /hello HTTP/1.1\r\nExpect: cake\r\nConnection: close\r\n\r\n"), 417);
}

static void odd_paths_are_refused(void **state)
{
    static const char *const HOSTILE[] = {
        "GET /value/a%00b HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /value/a%0d%0ab HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /value/a%1fb HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /value/a%7Fb HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /value/a%zzb HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /value/a% HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /value/\xc3\xbc HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /value/x?q=%00 HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /value/x?q=%4 HTTP/1.1\r\nConnection: close\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof HOSTILE / sizeof *HOSTILE; i++)
        assert_int_equal(ask(*state, HOSTILE[i]), 400);
    assert_int_equal(ask(*state, "GET /value/../hello HTTP/1.1\r\nConnection: close\r\n\r\n"), 404);
}

static void too_many_headers_are_refused(void **state)
{
    SCOPED(text_free) struct text request = {0};
    text_add(&request, "GET /hello HTTP/1.1\r\n");
    for (int i = 0; i < 65; i++)
        text_format(&request, "X-%d: 1\r\n", i);
    text_add(&request, "\r\n");
    assert_int_equal(ask(*state, request.chars), 431);
}

static void garbage_never_stops_the_server(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } GARBAGE[] = {
        {"\0\0\0\0\r\n\r\n", 8},
        {"GET /hel\0lo HTTP/1.1\r\n\r\n", 25},
        {"GET /hello HTTP/1.1\r\nA\0B: c\r\n\r\n", 32},
        {"GET\r\n\r\n", 7},
        {"\r\n\r\n\r\n", 6},
        {"GET /hello HTTP/9.9\r\n\r\n", 23},
        {"BREW /hello HTTP/1.1\r\n\r\n", 24},
        {"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 34},
        {"GET /hello HTTP/1.1\r\nbad header : x\r\nConnection: close\r\n\r\n", 58},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
    };
    for (size_t i = 0; i < sizeof GARBAGE / sizeof *GARBAGE; i++) {
        SCOPED(text_free) struct text heard = {0};
        ask_bytes(*state, GARBAGE[i].bytes, GARBAGE[i].length, &heard);
        int status = status_of(&heard);
        assert_true(heard.length == 0 || (status >= 400 && status < 600));
    }
    SCOPED(text_free) struct text huge = {0};
    SCOPED(text_free) struct text heard = {0};
    text_add(&huge, "GET /hello HTTP/1.1\r\nX: ");
    for (int i = 0; i < 20000; i++)
        text_add_char(&huge, 'x');
    text_add(&huge, "\r\n\r\n");
    ask_bytes(*state, huge.chars, huge.length, &heard);
    assert_int_not_equal(status_of(&heard), 200);
    assert_alive(*state);
}

static void malformed_chunks_are_refused(void **state)
{
    static const char *const HOSTILE[] = {
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhallo\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof HOSTILE / sizeof *HOSTILE; i++) {
        int status = ask(*state, HOSTILE[i]);
        assert_true(status >= 400 && status < 600);
    }
    assert_alive(*state);
}

/* ---- load and the end ---- */

/* Fills max_active with two requests that wait at the gate. */
static void fill_gate(struct fixture *fixture, int inside[2])
{
    static const char gate[] = "GET /gate HTTP/1.1\r\nConnection: close\r\n\r\n";
    for (int i = 0; i < 2; i++) {
        inside[i] = dial(fixture);
        say(inside[i], gate, sizeof gate - 1);
    }
    pthread_mutex_lock(&fixture->lock);
    while (fixture->at_gate < 2)
        pthread_cond_wait(&fixture->opened_gate, &fixture->lock);
    pthread_mutex_unlock(&fixture->lock);
}

static void leave_gate(struct fixture *fixture, int inside[2])
{
    open_gate(fixture);
    for (int i = 0; i < 2; i++) {
        SCOPED(text_free) struct text heard = {0};
        hear(inside[i], PATIENCE_MS, &heard);
        assert_int_equal(status_of(&heard), 200);
        close(inside[i]);
    }
}

static void beyond_max_active_the_answer_is_503(void **state)
{
    struct fixture *fixture = *state;
    int inside[2];
    fill_gate(fixture, inside);
    SCOPED(text_free) struct text heard = {0};
    static const char hello[] = "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n";
    ask_bytes(fixture, hello, sizeof hello - 1, &heard);
    assert_int_equal(status_of(&heard), 503);
    assert_non_null(strstr(heard.chars, "\r\nRetry-After: 1\r\n"));
    leave_gate(fixture, inside);
}

static void *drain(void *context)
{
    struct fixture *fixture = context;
    web_drain(fixture->server, PATIENCE_MS);
    return NULL;
}

static void a_drain_finishes_what_runs_and_refuses_the_rest(void **state)
{
    struct fixture *fixture = *state;
    int inside[2];
    fill_gate(fixture, inside);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, drain, fixture), 0);
    while (!web_is_draining(fixture->server))
        sched_yield();
    SCOPED(text_free) struct text heard = {0};
    static const char hello[] = "GET /hello HTTP/1.1\r\n\r\n";
    ask_bytes(fixture, hello, sizeof hello - 1, &heard);
    assert_int_equal(status_of(&heard), 503);
    assert_non_null(strstr(heard.chars, "shutting_down"));
    leave_gate(fixture, inside);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_taken_port_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct web_options options = {.address = "127.0.0.1",
                                  .port = web_port(fixture->server),
                                  .threads = 1,
                                  .request_timeout_ms = TIMEOUT_MS};
    struct web_server *server;
    struct error why;
    assert_false(web_open(&options, &server, &why));
    assert_null(server);
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(a_request_finds_its_route_and_values),
        WITH_SERVER(unknown_paths_and_methods_are_told_apart),
        WITH_SERVER(head_is_get_without_a_body),
        WITH_SERVER(a_connection_serves_several_requests),
        WITH_SERVER(a_request_id_is_echoed_only_if_harmless),
        WITH_SERVER(headers_of_the_answer_cannot_be_injected),
        WITH_SERVER(a_handler_that_says_nothing_is_an_internal_error),
        WITH_SERVER(a_stream_comes_in_chunks),
        WITH_SERVER(every_answer_is_reported_with_its_route),
        WITH_SERVER(a_body_comes_back),
        WITH_SERVER(a_chunked_body_comes_back),
        WITH_SERVER(large_bodies_come_back_whole),
        WITH_SERVER(whoever_waits_for_100_continue_gets_it),
        WITH_SERVER(a_body_that_is_too_large_is_refused_unread),
        WITH_SERVER(an_endless_chunked_body_is_cut),
        WITH_SERVER(an_unread_body_is_never_the_next_request),
        WITH_SERVER(a_dripping_body_is_cut_with_408),
        WITH_SERVER(dripping_chunks_are_cut_with_408),
        WITH_SERVER(a_body_that_never_comes_is_cut_with_408),
        WITH_SERVER(slow_clients_do_not_starve_the_others),
        WITH_SERVER(ambiguous_lengths_are_refused_and_the_connection_closed),
        WITH_SERVER(odd_paths_are_refused),
        WITH_SERVER(too_many_headers_are_refused),
        WITH_SERVER(garbage_never_stops_the_server),
        WITH_SERVER(malformed_chunks_are_refused),
        WITH_SERVER(beyond_max_active_the_answer_is_503),
        WITH_SERVER(a_drain_finishes_what_runs_and_refuses_the_rest),
        WITH_SERVER(a_taken_port_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
