/* A whole process against a real broker: this test starts itself as a program and looks at it
 * from outside, as an orchestrator does. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bus/broker_for_test.h"
#include "bus/bus.h"
#include "messages/messages.h"
#include "messages/subjects.h"
#include "process/process.h"

enum { PATIENCE_MS = 20000 };

/* ---- the program ---- */

struct cellar_settings {
    struct process_settings process;
    const char *role;
};

static const struct setting SETTINGS[] = {
    PROCESS_SETTINGS(struct cellar_settings, process),
    {.name = "TEST_ROLE",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct cellar_settings, role),
     .choices = "plain unready stuck slow",
     .help = "how it behaves"},
};
static const struct program PROGRAM = {
    .name = "cellar",
    .summary = "Keeps bottles.",
    .settings = SETTINGS,
    .setting_count = sizeof SETTINGS / sizeof SETTINGS[0],
};

static bool has_bottles(void *context, struct error *why)
{
    (void)context;
    return error_set(why, ERROR_UNAVAILABLE, "no \"bottles\" left");
}

/* plain: ready until told to end; unready: a check fails; stuck: a pulse stopped beating;
 * slow: does not end by itself. */
static int be_the_program(int argc, char **argv)
{
    struct cellar_settings settings;
    process_configure(&PROGRAM, argc, argv, &settings);
    SCOPED(process_end) struct process *process = process_begin(&PROGRAM, &settings.process);
    if (strcmp(settings.role, "unready") == 0)
        process_check(process, "bottles", has_bottles, NULL);
    pulse_beat(process_pulse(process, "steady", 600000));
    if (strcmp(settings.role, "stuck") == 0)
        process_pulse(process, "owner", 1);
    process_ready(process);
    process_wait(process);
    if (strcmp(settings.role, "slow") == 0) {
        for (;;)
            pause();
    }
    return 0;
}

/* ---- the looking from outside ---- */

struct child {
    pid_t pid;
    int log; /* its stderr */
    int port;
    char logged[20000];
    size_t length;
};

static void become_program(const char *url, const char *role, int log, const char *ops_port)
{
    char self[300] = "";
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || dup2(log, STDERR_FILENO) < 0)
        _exit(127);
    setenv("TP_NATS_URL", url, 1);
    setenv("TEST_ROLE", role, 1);
    setenv("TP_OPS_PORT", ops_port, 1);
    setenv("TP_INSTANCE", "cellar.1", 1);
    setenv("TP_DRAIN_SECONDS", "1", 1);
    setenv("TP_TELEMETRY_INTERVAL_MS", "100", 1);
    setenv("TP_LOG_FORMAT", "logfmt", 1);
    execl(self, "cellar", (char *)NULL);
    _exit(127);
}

/* Reads its log until the words stand there; fails when it is silent for too long. */
static void await_log(struct child *child, const char *words)
{
    while (strstr(child->logged, words) == NULL) {
        struct pollfd news = {.fd = child->log, .events = POLLIN};
        size_t room = sizeof child->logged - 1 - child->length;
        ssize_t got = poll(&news, 1, PATIENCE_MS) > 0
                          ? read(child->log, child->logged + child->length, room)
                          : 0;
        if (got <= 0)
            fail_msg("\"%s\" never came in:\n%s", words, child->logged);
        child->length += (size_t)got;
        child->logged[child->length] = '\0';
    }
}

static struct child start_on(const char *url, const char *role, const char *ops_port)
{
    struct child child = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0)
        become_program(url, role, ends[1], ops_port);
    close(ends[1]);
    child.log = ends[0];
    return child;
}

static struct child start(const char *url, const char *role)
{
    struct child child = start_on(url, role, "0");
    await_log(&child, "event=process.ready");
    const char *port = strstr(child.logged, " port=");
    assert_non_null(port);
    child.port = atoi(port + strlen(" port="));
    return child;
}

/* Its exit code; -1 if a signal ended it. */
static int end_of(struct child *child)
{
    int status;
    while (waitpid(child->pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    close(child->log);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int stop(struct child *child)
{
    assert_int_equal(kill(child->pid, SIGTERM), 0);
    return end_of(child);
}

/* The whole answer, headers and all; empty if nobody answers. */
static void ask(const struct child *child, const char *path, char *answer, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)child->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char request[200];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n", path);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t used = 0;
    if (connect(client, (struct sockaddr *)&address, sizeof address) == 0 &&
        write(client, request, (size_t)length) == length) {
        for (ssize_t got; (got = read(client, answer + used, size - 1 - used)) > 0;)
            used += (size_t)got;
    }
    answer[used] = '\0';
    close(client);
}

static void expect_answer(const struct child *child, const char *path, const char *status,
                          const char *words)
{
    char answer[60000];
    ask(child, path, answer, sizeof answer);
    if (strstr(answer, status) == NULL || strstr(answer, words) == NULL)
        fail_msg("%s: \"%s\" and \"%s\" are not in:\n%s", path, status, words, answer);
}

/* Asks until the answer has the words: for what follows an event outside with some delay. */
static void await_answer(const struct child *child, const char *path, const char *words)
{
    char answer[60000] = "";
    for (int i = 0; i < PATIENCE_MS / 20 && strstr(answer, words) == NULL; i++) {
        ask(child, path, answer, sizeof answer);
        poll(NULL, 0, 20);
    }
    if (strstr(answer, words) == NULL)
        fail_msg("%s never said \"%s\" but:\n%s", path, words, answer);
}

/* ---- the tests ---- */

static struct test_broker broker;

static int start_broker(void **state)
{
    (void)state;
    test_broker_start(&broker);
    return 0;
}

static int stop_broker(void **state)
{
    (void)state;
    test_broker_stop(&broker);
    return 0;
}

static void a_ready_process_answers_its_probes_and_ends_with_0(void **state)
{
    (void)state;
    struct child child = start(broker.url, "plain");
    await_answer(&child, "/readyz", "HTTP/1.1 200");
    expect_answer(&child, "/readyz", "200", "{\"status\":\"ready\",\"checks\":[");
    expect_answer(&child, "/healthz", "200", "{\"name\":\"steady\",\"ok\":true");
    expect_answer(&child, "/metrics", "200", "\ntweetpulse_build_info{version=\"" TP_VERSION);
    expect_answer(&child, "/metrics", "text/plain; version=0.0.4", "tweetpulse_broker_connected 1");
    expect_answer(&child, "/elsewhere", "404", "");
    assert_int_equal(kill(child.pid, SIGTERM), 0);
    await_log(&child, "event=process.ended");
    assert_int_equal(end_of(&child), 0);
    assert_non_null(strstr(child.logged, "instance=cellar-1 event=process.started"));
    assert_null(strstr(child.logged, "level=warn"));
    assert_null(strstr(child.logged, "level=error"));
}

static void a_failing_check_is_told_with_its_reason(void **state)
{
    (void)state;
    struct child child = start(broker.url, "unready");
    expect_answer(&child, "/readyz", "503",
                  "{\"name\":\"bottles\",\"ok\":false,\"reason\":\"no \\\"bottles\\\" left\"}");
    expect_answer(&child, "/healthz", "200", "alive");
    assert_int_equal(stop(&child), 0);
}

static void a_pulse_that_stops_fails_healthz(void **state)
{
    (void)state;
    struct child child = start(broker.url, "stuck");
    await_answer(&child, "/healthz", "HTTP/1.1 503");
    expect_answer(&child, "/healthz", "{\"status\":\"stuck\"",
                  "{\"name\":\"owner\",\"ok\":false,\"age_ms\":");
    assert_int_equal(stop(&child), 0);
}

static void while_it_ends_it_is_alive_but_not_ready(void **state)
{
    (void)state;
    struct child child = start(broker.url, "slow");
    await_answer(&child, "/readyz", "HTTP/1.1 200");
    assert_int_equal(kill(child.pid, SIGINT), 0);
    await_log(&child, "event=process.ending signal=SIGINT");
    expect_answer(&child, "/readyz", "503",
                  "{\"name\":\"staying\",\"ok\":false,\"reason\":\"the process is ending\"}");
    expect_answer(&child, "/healthz", "200", "ending");
    await_log(&child, "event=process.forced reason=\"drain time is over\"");
    assert_int_equal(end_of(&child), 1);
}

static void a_second_signal_ends_it_at_once(void **state)
{
    (void)state;
    struct child child = start(broker.url, "slow");
    assert_int_equal(kill(child.pid, SIGTERM), 0);
    await_log(&child, "event=process.ending");
    assert_int_equal(kill(child.pid, SIGTERM), 0);
    await_log(&child, "event=process.forced reason=\"second signal\"");
    assert_int_equal(end_of(&child), 1);
}

static void without_a_broker_it_lives_and_becomes_ready_when_one_comes(void **state)
{
    (void)state;
    test_broker_kill(&broker);
    struct child child = start(broker.url, "plain");
    expect_answer(&child, "/readyz", "503",
                  "{\"name\":\"broker\",\"ok\":false,\"reason\":\"not connected to the broker\"}");
    expect_answer(&child, "/healthz", "200", "alive");
    test_broker_again(&broker);
    await_answer(&child, "/readyz", "HTTP/1.1 200");
    test_broker_kill(&broker);
    await_answer(&child, "/readyz", "HTTP/1.1 503");
    await_log(&child, "event=broker.lost");
    expect_answer(&child, "/metrics", "200", "tweetpulse_broker_losses_total 1");
    assert_int_equal(stop(&child), 0);
    test_broker_again(&broker);
}

static void a_taken_ops_port_is_78(void **state)
{
    (void)state;
    struct child child = start(broker.url, "plain");
    char port[10];
    snprintf(port, sizeof port, "%d", child.port);
    struct child second = start_on(broker.url, "plain", port);
    await_log(&second, "event=ops.unavailable");
    assert_int_equal(end_of(&second), 78);
    assert_int_equal(stop(&child), 0);
}

/* The next telemetry of the child, unpacked and thereby checked. */
static const Tp__Telemetry *hear(struct bus_subscription *heard, struct arena *arena)
{
    struct bus_message *message;
    assert_true(bus_next(heard, PATIENCE_MS, &message));
    const Tp__Telemetry *telemetry;
    struct error why;
    if (!unpack_telemetry(arena, bus_body(message), &telemetry, &why))
        fail_msg("%s", why.message);
    bus_message_free(&message);
    return telemetry;
}

static bool tells(const Tp__Telemetry *telemetry, const char *name, double value)
{
    for (size_t i = 0; i < telemetry->n_series; i++) {
        const Tp__MetricSeries *series = telemetry->series[i];
        if (strcmp(series->name, name) == 0)
            return series->value >= value && series->value <= value;
    }
    return false;
}

static void metrics_are_told_until_the_end_and_the_last_are_not_ready(void **state)
{
    (void)state;
    const struct bus_options options = {
        .url = broker.url, .user = "", .password = "", .name = "listener"};
    SCOPED(bus_close) struct bus *bus = bus_open(&options);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    struct error why;
    struct bus_subscription *heard;
    assert_true(bus_listen(bus, "tp.telemetry.cellar.cellar-1", NULL, &heard, &why));
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    struct child child = start(broker.url, "plain");
    const Tp__Telemetry *telemetry = hear(heard, arena);
    assert_string_equal(telemetry->service, "cellar");
    assert_string_equal(telemetry->version, TP_VERSION);
    assert_int_equal(telemetry->interval_ms, 100);
    assert_true(tells(telemetry, "tweetpulse_build_info", 1));
    for (int i = 0; i < 100 && !telemetry->is_ready; i++)
        telemetry = hear(heard, arena);
    assert_true(telemetry->is_ready);
    assert_true(tells(telemetry, "tweetpulse_broker_connected", 1));
    assert_int_equal(stop(&child), 0);
    for (int i = 0; i < 100 && telemetry->is_ready; i++)
        telemetry = hear(heard, arena);
    assert_false(telemetry->is_ready);
    bus_unsubscribe(&heard);
}

int main(int argc, char **argv)
{
    if (getenv("TEST_ROLE") != NULL)
        return be_the_program(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ready_process_answers_its_probes_and_ends_with_0),
        cmocka_unit_test(a_failing_check_is_told_with_its_reason),
        cmocka_unit_test(a_pulse_that_stops_fails_healthz),
        cmocka_unit_test(while_it_ends_it_is_alive_but_not_ready),
        cmocka_unit_test(a_second_signal_ends_it_at_once),
        cmocka_unit_test(without_a_broker_it_lives_and_becomes_ready_when_one_comes),
        cmocka_unit_test(a_taken_ops_port_is_78),
        cmocka_unit_test(metrics_are_told_until_the_end_and_the_last_are_not_ready),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
