#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "request.h"

static enum request_state read_text(const char *text, struct request *request)
{
    return request_read(text, strlen(text), request);
}

static void a_whole_request_is_read_with_its_fields(void **state)
{
    (void)state;
    const char *text = "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: a\r\nx-user: ann\r\n"
                       "Content-Length: 2\r\nAuthorization: Bearer k\r\n\r\n{}GET";
    struct request request;
    assert_int_equal(read_text(text, &request), REQUEST_COMPLETE);
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.path, "/v1/chat/completions");
    assert_string_equal(request.user, "ann");
    assert_string_equal(request.authorization, "Bearer k");
    assert_true(request.keeps_alive);
    assert_int_equal(request.body_length, 2);
    assert_memory_equal(text + request.body_at, "{}", 2);
}

static void every_shorter_piece_asks_for_more(void **state)
{
    (void)state;
    const char *text = "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    struct request request;
    for (size_t length = 0; length < strlen(text); length++) {
        char piece[64] = "";
        memcpy(piece, text, length);
        enum request_state found = request_read(piece, length, &request);
        assert_int_equal(found, length < strlen(text) - 3 ? REQUEST_PARTIAL : REQUEST_PARTIAL_BODY);
    }
}

static void what_is_not_http_is_malformed(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /a\r\n\r\n",
        "GET /a HTTP/2.0\r\n\r\n",
        "GET /a HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
    };
    struct request request;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_int_equal(read_text(BAD[i], &request), REQUEST_MALFORMED);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    static char long_head[REQUEST_MAX_HEAD + 100];
    memset(long_head, 'a', sizeof long_head - 1);
    struct request request;
    assert_int_equal(read_text(long_head, &request), REQUEST_TOO_LARGE);
    assert_int_equal(read_text("POST /a HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", &request),
                     REQUEST_TOO_LARGE);
    assert_int_equal(read_text("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", &request),
                     REQUEST_LENGTH_MISSING);
}

static void the_client_says_whether_the_connection_stays(void **state)
{
    (void)state;
    struct request request;
    read_text("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n", &request);
    assert_false(request.keeps_alive);
    read_text("GET /a HTTP/1.0\r\n\r\n", &request);
    assert_false(request.keeps_alive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_request_is_read_with_its_fields),
        cmocka_unit_test(every_shorter_piece_asks_for_more),
        cmocka_unit_test(what_is_not_http_is_malformed),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(the_client_says_whether_the_connection_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
