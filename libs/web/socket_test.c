/* WebSockets as seen through a socket: the upgrade, frames good and bad, slow clients, the end. */
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
#include "web/frame.h"

enum { TIMEOUT_MS = 1500, PATIENCE_MS = 30000, FLOOD_BYTES = 60000 };

static char OWN_STATE;

struct fixture {
    struct web_server *server;
    pthread_mutex_t lock;
    struct web_socket *socket; /* the one open last */
    atomic_int opened, closed, woken, lost;
};

static bool accept_client(void *context, struct web_request *request, void **state)
{
    (void)context;
    *state = &OWN_STATE;
    if (!web_query(request, "refuse"))
        return true;
    web_problem(request, 401, "unauthorized", "not you", NULL);
    return false;
}

static void note_open(void *context, struct web_socket *socket, void *state)
{
    struct fixture *fixture = context;
    assert_ptr_equal(state, &OWN_STATE);
    pthread_mutex_lock(&fixture->lock);
    fixture->socket = socket;
    pthread_mutex_unlock(&fixture->lock);
    atomic_fetch_add(&fixture->opened, 1);
}

/* "flood" sends more than fits the kernel's buffers, anything else comes back. */
static void echo(void *context, struct web_socket *socket, void *state, const char *text,
                 size_t length)
{
    (void)state;
    static const char much[FLOOD_BYTES];
    struct fixture *fixture = context;
    if (length != 5 || memcmp(text, "flood", 5) != 0) {
        web_socket_send(socket, text, length);
        return;
    }
    while (web_socket_send(socket, much, sizeof much))
        continue;
    atomic_fetch_add(&fixture->lost, 1);
}

static void note_wake(void *context, struct web_socket *socket, void *state)
{
    (void)state;
    struct fixture *fixture = context;
    atomic_fetch_add(&fixture->woken, 1);
    web_socket_send(socket, "news", 4);
}

static void note_close(void *context, struct web_socket *socket, void *state)
{
    (void)socket;
    (void)state;
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->lock);
    fixture->socket = NULL;
    pthread_mutex_unlock(&fixture->lock);
    atomic_fetch_add(&fixture->closed, 1);
}

static const struct web_socket_route LIVE = {.path = "/live",
                                             .accept = accept_client,
                                             .opened = note_open,
                                             .said = echo,
                                             .woken = note_wake,
                                             .closed = note_close};

static int open_server(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    pthread_mutex_init(&fixture->lock, NULL);
    const struct web_options options = {.address = "127.0.0.1",
                                        .threads = 6,
                                        .max_active = 2,
                                        .max_streams = 2,
                                        .request_timeout_ms = TIMEOUT_MS,
                                        .sockets = &LIVE,
                                        .socket_count = 1,
                                        .context = fixture};
    struct error why;
    if (!web_open(&options, &fixture->server, &why))
        return -1;
    *state = fixture;
    return 0;
}

static int close_server(void **state)
{
    struct fixture *fixture = *state;
    web_drain(fixture->server, PATIENCE_MS);
    assert_int_equal(atomic_load(&fixture->opened), atomic_load(&fixture->closed));
    web_close(&fixture->server);
    pthread_mutex_destroy(&fixture->lock);
    free(fixture);
    return 0;
}

/* ---- the client ---- */

static int dial(const struct fixture *fixture)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = test_dial(web_port(fixture->server));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t length)
{
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    (void)sent;
}

/* The head of the answer, byte by byte, so that no frame behind it is swallowed. */
static int upgrade_with(int fd, const char *request, char *head, size_t size)
{
    size_t length = 0;
    int status = 0;
    say(fd, request, strlen(request));
    while (length + 1 < size && recv(fd, head + length, 1, 0) == 1) {
        head[++length] = '\0';
        if (length >= 4 && strcmp(head + length - 4, "\r\n\r\n") == 0)
            break;
    }
    sscanf(head, "HTTP/1.1 %d", &status);
    return status;
}

static const char UPGRADE[] =
    "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* A socket that has just been closed may still count for a moment. */
static int open_socket(const struct fixture *fixture)
{
    char head[2000] = "";
    int fd = dial(fixture), status = upgrade_with(fd, UPGRADE, head, sizeof head);
    struct instant end = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (status == 503 && instant_is_before(clock_now(), end)) {
        close(fd);
        fd = dial(fixture);
        status = upgrade_with(fd, UPGRADE, head, sizeof head);
    }
    assert_int_equal(status, 101);
    assert_non_null(strstr(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    return fd;
}

/* A whole masked frame. */
static void say_frame(int fd, int first_byte, const char *payload, size_t length)
{
    uint8_t frame[FRAME_MAX_HEAD + 8000] = {(uint8_t)first_byte};
    size_t head = length < 126 ? 2 : 4;
    static const uint8_t mask[4] = {1, 2, 3, 4};
    frame[1] = (uint8_t)(0x80 | (length < 126 ? length : 126));
    if (length >= 126) {
        frame[2] = (uint8_t)(length >> 8);
        frame[3] = (uint8_t)length;
    }
    memcpy(frame + head, mask, 4);
    for (size_t i = 0; i < length; i++)
        frame[head + 4 + i] = (uint8_t)payload[i] ^ mask[i % 4];
    say(fd, frame, head + 4 + length);
}

/* The server's next frame with a payload under 126 bytes; returns its first byte, 0 at the end. */
static int hear_frame(int fd, char *payload)
{
    uint8_t head[2];
    if (recv(fd, head, 2, MSG_WAITALL) != 2)
        return 0;
    assert_true(head[1] < 126);
    if (head[1] > 0)
        assert_int_equal(recv(fd, payload, head[1], MSG_WAITALL), head[1]);
    payload[head[1]] = '\0';
    return head[0];
}

static void assert_closed_with(int fd, int code)
{
    char payload[128] = {0};
    assert_int_equal(hear_frame(fd, payload), 0x88);
    assert_int_equal((uint8_t)payload[0] << 8 | (uint8_t)payload[1], code);
    assert_int_equal(hear_frame(fd, payload), 0);
    close(fd);
}

/* ---- the tests ---- */

static void text_goes_both_ways(void **state)
{
    int fd = open_socket(*state);
    char payload[128] = {0};
    say_frame(fd, 0x81, "hello", 5);
    assert_int_equal(hear_frame(fd, payload), 0x81);
    assert_string_equal(payload, "hello");
    say_frame(fd, 0x89, "p", 1);
    assert_int_equal(hear_frame(fd, payload), 0x8a);
    assert_string_equal(payload, "p");
    say_frame(fd, 0x88, "\x03\xe8", 2);
    assert_closed_with(fd, 1000);
}

static void two_frames_in_one_packet_and_one_in_pieces_are_heard(void **state)
{
    int fd = open_socket(*state);
    char payload[128] = {0};
    static const uint8_t two[] = {0x81, 0x81, 0, 0, 0, 0, 'a', 0x81, 0x81, 0, 0, 0, 0, 'b'};
    say(fd, two, sizeof two);
    assert_int_equal(hear_frame(fd, payload), 0x81);
    assert_string_equal(payload, "a");
    assert_int_equal(hear_frame(fd, payload), 0x81);
    assert_string_equal(payload, "b");
    for (size_t i = 0; i < 7; i++)
        say(fd, two + i, 1);
    assert_int_equal(hear_frame(fd, payload), 0x81);
    close(fd);
}

static void a_waker_on_another_thread_is_heard(void **state)
{
    struct fixture *fixture = *state;
    int fd = open_socket(fixture);
    char payload[128] = {0};
    say_frame(fd, 0x81, "x", 1); /* once it answers, it is open */
    assert_int_equal(hear_frame(fd, payload), 0x81);
    pthread_mutex_lock(&fixture->lock);
    web_socket_wake(fixture->socket);
    pthread_mutex_unlock(&fixture->lock);
    assert_int_equal(hear_frame(fd, payload), 0x81);
    assert_string_equal(payload, "news");
    assert_true(atomic_load(&fixture->woken) >= 1);
    close(fd);
}

static void what_breaks_the_protocol_is_closed(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        int code;
    } HOSTILE[] = {
        {"\x81\x05hello", 7, 1002},                                     /* unmasked */
        {"\x01\x81\0\0\0\0a", 7, 1002},                                 /* fragment */
        {"\x80\x81\0\0\0\0a", 7, 1002},                                 /* continuation */
        {"\xc1\x81\0\0\0\0a", 7, 1002},                                 /* reserved bit */
        {"\x83\x81\0\0\0\0a", 7, 1002},                                 /* unknown opcode */
        {"\x82\x81\0\0\0\0a", 7, 1003},                                 /* binary */
        {"\x89\xfe\x01\0\0\0\0\0", 8, 1002},                            /* long ping */
        {"\x81\xfe\x10\x01\0\0\0\0", 8, 1009},                          /* 4097 bytes */
        {"\x81\xff\0\0\0\0\x7f\xff\0\0\0\0\0\0", 14, 1009},             /* 2 GB declared */
        {"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14, 1009}, /* more than there is */
    };
    for (size_t i = 0; i < sizeof HOSTILE / sizeof *HOSTILE; i++) {
        int fd = open_socket(*state);
        say(fd, HOSTILE[i].bytes, HOSTILE[i].length);
        assert_closed_with(fd, HOSTILE[i].code);
    }
}

static void a_message_may_have_4096_bytes(void **state)
{
    struct fixture *fixture = *state;
    static char much[FRAME_MAX_PAYLOAD];
    memset(much, 'x', sizeof much);
    int fd = open_socket(fixture);
    say_frame(fd, 0x81, much, sizeof much);
    uint8_t head[4];
    assert_int_equal(recv(fd, head, 4, MSG_WAITALL), 4);
    assert_int_equal(head[1], 126);
    assert_int_equal(head[2] << 8 | head[3], FRAME_MAX_PAYLOAD);
    close(fd);
}

static void half_a_frame_is_waited_for_only_so_long(void **state)
{
    int fd = open_socket(*state);
    struct instant began = clock_now();
    say(fd, "\x81\x85\0\0", 4);
    assert_closed_with(fd, 1008);
    int64_t waited = instant_ms_between(began, clock_now());
    assert_true(waited >= TIMEOUT_MS - 50 && waited < TIMEOUT_MS + 10000);
}

static void a_client_that_does_not_read_is_dropped(void **state)
{
    struct fixture *fixture = *state;
    int fd = open_socket(fixture);
    struct instant began = clock_now();
    say_frame(fd, 0x81, "flood", 5);
    while (atomic_load(&fixture->lost) == 0 && instant_ms_between(began, clock_now()) < PATIENCE_MS)
        poll(NULL, 0, 10);
    assert_int_equal(atomic_load(&fixture->lost), 1);
    close(fd);
}

static void bad_upgrades_are_refused(void **state)
{
    static const struct {
        const char *request;
        int status;
    } BAD[] = {
        {"GET /live HTTP/1.1\r\n\r\n", 426},
        {"POST /live HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         426},
        {"GET /live HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         426},
        {"GET /live HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short==\r\n\r\n",
         400},
        {"GET /live?refuse=1 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         401},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        char head[2000] = "";
        int fd = dial(*state);
        assert_int_equal(upgrade_with(fd, BAD[i].request, head, sizeof head), BAD[i].status);
        close(fd);
    }
}

static void beyond_max_streams_the_answer_is_503(void **state)
{
    int first = open_socket(*state), second = open_socket(*state), third = dial(*state);
    char head[2000] = "";
    assert_int_equal(upgrade_with(third, UPGRADE, head, sizeof head), 503);
    close(first);
    close(second);
    close(third);
}

static void a_drain_closes_sockets_with_1001(void **state)
{
    struct fixture *fixture = *state;
    int fd = open_socket(fixture);
    struct instant began = clock_now();
    web_drain(fixture->server, PATIENCE_MS);
    assert_true(instant_ms_between(began, clock_now()) < PATIENCE_MS / 2);
    assert_closed_with(fd, 1001);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, open_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(text_goes_both_ways),
        WITH_SERVER(two_frames_in_one_packet_and_one_in_pieces_are_heard),
        WITH_SERVER(a_waker_on_another_thread_is_heard),
        WITH_SERVER(what_breaks_the_protocol_is_closed),
        WITH_SERVER(a_message_may_have_4096_bytes),
        WITH_SERVER(half_a_frame_is_waited_for_only_so_long),
        WITH_SERVER(a_client_that_does_not_read_is_dropped),
        WITH_SERVER(bad_upgrades_are_refused),
        WITH_SERVER(beyond_max_streams_the_answer_is_503),
        WITH_SERVER(a_drain_closes_sockets_with_1001),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
