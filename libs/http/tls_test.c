/* TLS and HTTP/2 against a real server (nghttpd), with a certificate authority of the test's own.
 * Without the server's package there is nothing to test against: skipped, and said. */
#include "http/http.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/port_for_test.h"

enum { PATIENCE_MS = 60000, LARGE_BYTES = 300 * 1000, CALLS = 40, PATH_SIZE = 64 };

#define SERVER "/usr/sbin/nghttpd"

struct stage {
    char folder[PATH_SIZE], ca_file[PATH_SIZE], url[PATH_SIZE], log[PATH_SIZE];
    int port;
    pid_t pid;
    struct http_client *client;
    struct http_pool *pool;
};

/* A certificate for "localhost", signed by an authority made for it. */
static void make_certificates(const char *folder)
{
    char command[1200];
    snprintf(command, sizeof command,
             "cd %s && exec 2>log &&"
             "key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes' &&"
             "openssl req -x509 $key -keyout ca.key -out ca.crt -subj '/CN=Test CA' -days 2 &&"
             "openssl req $key -keyout server.key -out server.csr -subj '/CN=localhost' &&"
             "echo subjectAltName=DNS:localhost > names &&"
             "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial"
             " -out server.crt -days 2 -extfile names",
             folder);
    CHECK(system(command) == 0); /* NOLINT(cert-env33-c): all of it is written here */
}

static void become_server(const struct stage *stage)
{
    char port[16];
    snprintf(port, sizeof port, "%d", stage->port);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open(stage->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0 ||
        chdir(stage->folder) != 0)
        _exit(126);
    execl(SERVER, "nghttpd", "-v", "--echo-upload", "-a", "127.0.0.1", port, "server.key",
          "server.crt", (char *)NULL);
    _exit(127);
}

static bool accepts(int port)
{
    struct sockaddr_in there = test_loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_there = connect(fd, (struct sockaddr *)&there, sizeof there) == 0;
    close(fd);
    return is_there;
}

static void start_server(struct stage *stage)
{
    stage->pid = fork();
    CHECK(stage->pid >= 0);
    if (stage->pid == 0)
        become_server(stage);
    struct instant end = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (!accepts(stage->port) && instant_is_before(clock_now(), end))
        usleep(5000);
    assert_true(accepts(stage->port));
}

static void stop_server(struct stage *stage)
{
    kill(stage->pid, SIGTERM);
    CHECK(waitpid(stage->pid, NULL, 0) == stage->pid);
}

static int set_up(void **state)
{
    *state = NULL;
    if (access(SERVER, X_OK) != 0) {
        print_message("not tested: " SERVER " is not installed (package nghttp2-server)\n");
        return 0;
    }
    struct stage *stage = calloc(1, sizeof *stage);
    CHECK(stage != NULL);
    snprintf(stage->folder, sizeof stage->folder, "/tmp/tweetpulse-tls-XXXXXX");
    assert_non_null(mkdtemp(stage->folder));
    snprintf(stage->ca_file, sizeof stage->ca_file, "%.40s/ca.crt", stage->folder);
    snprintf(stage->log, sizeof stage->log, "%.40s/log", stage->folder);
    make_certificates(stage->folder);
    stage->port = test_free_port();
    snprintf(stage->url, sizeof stage->url, "https://localhost:%d/", stage->port);
    start_server(stage);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    if (stage == NULL)
        return 0;
    stop_server(stage);
    static const char *const FILES[] = {"ca.key",     "ca.crt",     "ca.srl", "server.key",
                                        "server.csr", "server.crt", "names",  "log"};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        char path[2 * PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", stage->folder, FILES[i]);
        unlink(path);
    }
    rmdir(stage->folder);
    free(stage);
    return 0;
}

static int open_client(void **state)
{
    struct stage *stage = *state;
    if (stage == NULL)
        return 0;
    stage->client = http_client_new(4);
    stage->pool = http_pool_new(stage->client, &(struct http_pool_options){
                                                   .max_connections = 4,
                                                   .ca_file = stage->ca_file,
                                               });
    return 0;
}

static int close_client(void **state)
{
    struct stage *stage = *state;
    if (stage != NULL)
        http_client_free(&stage->client);
    return 0;
}

static struct stage *stage_or_skip(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

static struct http_request post(struct stage *stage)
{
    return (struct http_request){.method = "POST",
                                 .url = stage->url,
                                 .body = {(const uint8_t *)"{\"a\":1}", 7},
                                 .total_timeout_ms = PATIENCE_MS,
                                 .pool = stage->pool};
}

static void expect_answer(struct stage *stage, const struct http_request *request)
{
    SCOPED(http_response_free) struct http_response response;
    struct error why;
    if (!http_request(stage->client, request, &response, &why))
        fail_msg("%s", why.message);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body.chars, "{\"a\":1}");
}

/* How often the server has agreed on HTTP/2 with a new connection. */
static size_t connections_of(const struct stage *stage)
{
    FILE *file = fopen(stage->log, "re");
    assert_non_null(file);
    char line[512];
    size_t count = 0;
    while (fgets(line, sizeof line, file) != NULL)
        count += strstr(line, "negotiated protocol: h2") != NULL;
    fclose(file);
    return count;
}

static void count_answer(void *context, const struct http_response *response,
                         const struct error *why)
{
    if (why != NULL)
        fail_msg("%s", why->message);
    assert_int_equal(response->status, 200);
    (*(int *)context)++;
}

static void many_calls_at_once_share_one_connection_of_http_2(void **state)
{
    struct stage *stage = stage_or_skip(state);
    size_t before = connections_of(stage);
    struct http_request request = post(stage);
    for (int round = 1; round <= 2; round++) {
        int done = 0;
        for (int i = 0; i < CALLS; i++)
            http_start(stage->client, &request, count_answer, &done);
        while (done < CALLS)
            http_poll(stage->client, 1000);
    }
    /* The server writes its log in blocks: whole once it has ended. */
    stop_server(stage);
    assert_int_equal(connections_of(stage) - before, 1);
    start_server(stage);
}

static void write_much(void *context, struct text *body)
{
    (void)context;
    for (int i = 0; i < LARGE_BYTES; i++)
        text_add_char(body, (char)('a' + i % 26));
}

/* What has left is freed meanwhile: a sanitizer sees to it that nothing else is. And an answer that
 * comes while the request still leaves does not stall. */
static void a_large_body_that_was_written_leaves_whole(void **state)
{
    struct stage *stage = stage_or_skip(state);
    SCOPED(text_free) struct text expected = {0};
    write_much(NULL, &expected);
    struct http_request request = post(stage);
    request.writer = write_much;
    for (int i = 0; i < 2; i++) {
        SCOPED(http_response_free) struct http_response response;
        struct error why;
        assert_true(http_request(stage->client, &request, &response, &why));
        assert_int_equal(response.body.length, LARGE_BYTES);
        assert_string_equal(response.body.chars, expected.chars);
    }
}

static void a_kept_connection_that_has_died_is_replaced(void **state)
{
    struct stage *stage = stage_or_skip(state);
    struct http_request request = post(stage);
    expect_answer(stage, &request);
    stop_server(stage);
    start_server(stage);
    expect_answer(stage, &request);
}

static void expect_refused(struct stage *stage, const struct http_request *request,
                           const char *words)
{
    SCOPED(http_response_free) struct http_response response;
    struct error why;
    assert_false(http_request(stage->client, request, &response, &why));
    assert_int_equal(response.failure, HTTP_NOT_SENT);
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    if (strstr(why.message, words) == NULL)
        fail_msg("not told of \"%s\": %s", words, why.message);
}

static void an_authority_that_is_not_trusted_is_refused_before_anything_is_sent(void **state)
{
    struct stage *stage = stage_or_skip(state);
    struct http_request request = post(stage);
    request.pool = NULL; /* the system's authorities */
    expect_refused(stage, &request, "certificate");
}

static void a_certificate_for_another_name_is_refused_before_anything_is_sent(void **state)
{
    struct stage *stage = stage_or_skip(state);
    char elsewhere[PATH_SIZE];
    snprintf(elsewhere, sizeof elsewhere, "https://127.0.0.1:%d/", stage->port);
    struct http_request request = post(stage);
    request.url = elsewhere;
    expect_refused(stage, &request, "name");
}

static void a_file_of_authorities_that_is_not_there_is_told_of(void **state)
{
    struct stage *stage = stage_or_skip(state);
    struct http_request request = post(stage);
    request.pool = http_pool_new(
        stage->client, &(struct http_pool_options){.max_connections = 1, .ca_file = "/nowhere"});
    expect_refused(stage, &request, "/nowhere");
}

#define WITH_CLIENT(test) cmocka_unit_test_setup_teardown(test, open_client, close_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLIENT(many_calls_at_once_share_one_connection_of_http_2),
        WITH_CLIENT(a_large_body_that_was_written_leaves_whole),
        WITH_CLIENT(a_kept_connection_that_has_died_is_replaced),
        WITH_CLIENT(an_authority_that_is_not_trusted_is_refused_before_anything_is_sent),
        WITH_CLIENT(a_certificate_for_another_name_is_refused_before_anything_is_sent),
        WITH_CLIENT(a_file_of_authorities_that_is_not_there_is_told_of),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
