/* fake_llm: an OpenAI-compatible model for tests.
 *
 * Hears  HTTP on 127.0.0.1: chat completions, and /control for the test that runs it
 * Says   an analysis that is derived from the text alone, or what its script says
 * Keeps  counts of calls in total, per endpoint and per X-User, in memory
 */
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/number.h"
#include "server.h"
#include "service.h"

struct arguments {
    int64_t port;
    bool is_punctual;
    struct service_options service;
};

static const struct argp_option OPTIONS[] = {
    {.name = "port", .key = 'p', .arg = "PORT", .doc = "where to listen; 0, the default, = any"},
    {.name = "delay-ms", .key = 'd', .arg = "MS", .doc = "time each call takes; default 0"},
    {.name = "punctual",
     .key = 't',
     .doc = "come before all other processes, as if on a machine of its own; asks for the right"},
    {.name = "script", .key = 's', .arg = "FILE", .doc = "rules as in script.h"},
    {.name = "log", .key = 'l', .arg = "FILE", .doc = "append a JSON line per call"},
    {.name = "api-key", .key = 'k', .arg = "KEY", .doc = "demand this key"},
    {0},
};

static error_t take_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'p':
        if (!number_parse_int(value, &arguments->port) || arguments->port < 0 ||
            arguments->port > 65535) {
            argp_error(state, "--port: not a port: %s", value);
        }
        return 0;
    case 'd':
        if (!number_parse_int(value, &arguments->service.delay_ms) ||
            arguments->service.delay_ms < 0) {
            argp_error(state, "--delay-ms: not a time: %s", value);
        }
        return 0;
    case 't':
        arguments->is_punctual = true;
        return 0;
    case 's':
        arguments->service.script = value;
        return 0;
    case 'l':
        arguments->service.log = value;
        return 0;
    case 'k':
        arguments->service.api_key = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* As many connections as this machine allows. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* In real time; without the right the delays are as late as this machine is busy. */
static void come_first(void)
{
    struct sched_param least = {.sched_priority = sched_get_priority_min(SCHED_RR)};
    if (sched_setscheduler(0, SCHED_RR, &least) != 0)
        fprintf(stderr, "fake_llm: not punctual: %s\n", strerror(errno));
}

int main(int argc, char **argv)
{
    static const struct argp PARSER = {
        .options = OPTIONS,
        .parser = take_option,
        .doc = "An OpenAI-compatible model for tests: deterministic, scripted, counting.",
    };
    struct arguments arguments = {0};
    argp_parse(&PARSER, argc, argv, 0, NULL, &arguments);

    raise_descriptor_limit();
    if (arguments.is_punctual)
        come_first();
    struct error why;
    SCOPED(service_close) struct service *service = NULL;
    SCOPED(server_close) struct server *server = NULL;
    if (!service_open(&arguments.service, &service, &why) ||
        !server_open(service, arguments.port, &server, &why)) {
        fprintf(stderr, "fake_llm: %s\n", why.message);
        return 1;
    }
    printf("fake_llm listening port=%d\n", server_port(server));
    fflush(stdout);
    server_run(server);
    return 0;
}
