#include "process/process.h"

#include <ctype.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "bus/bus.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "process/ending.h"
#include "process/health.h"
#include "process/ops.h"
#include "process/telemetry.h"

enum { INSTANCE_SIZE = 65, HOST_NAME_BYTES = 50 };

struct process {
    const struct program *program;
    const struct process_settings *settings;
    char instance[INSTANCE_SIZE];
    char bus_name[INSTANCE_SIZE + 40];
    int64_t started_ms;
    atomic_bool is_started;
    struct ending *ending;
    struct health *health;
    struct bus *bus;
    struct metric *broker_connected, *broker_losses;
    struct ops ops;
    struct web_server *ops_server;
    struct telemetry *telemetry;
};

/* The name stands in a subject, as one token: other characters become dashes. */
static void make_instance(const char *wanted, char instance[INSTANCE_SIZE])
{
    if (wanted[0] != '\0') {
        snprintf(instance, INSTANCE_SIZE, "%s", wanted);
    } else {
        char host[HOST_NAME_BYTES + 1] = "";
        unsigned char digits[3];
        CHECK(getrandom(digits, sizeof digits, 0) == (ssize_t)sizeof digits);
        /* A longer name is cut, which is as good. */
        if (gethostname(host, sizeof host - 1) != 0 && host[0] == '\0')
            snprintf(host, sizeof host, "unnamed");
        snprintf(instance, INSTANCE_SIZE, "%s-%02x%02x%02x", host, digits[0], digits[1], digits[2]);
    }
    for (char *at = instance; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && *at != '_')
            *at = '-';
    }
}

static void open_log(const struct process *process)
{
    enum log_level level;
    enum log_format format;
    CHECK(log_level_parse(process->settings->log_level, &level));
    CHECK(log_format_parse(process->settings->log_format, &format));
    log_open(process->program->name, process->instance, level, format);
}

static void make_metrics(struct process *process)
{
    struct metric_family *build =
        metrics_gauge("tweetpulse_build_info", "What runs, always 1.", METRIC_LABELS("version"));
    metric_set(metrics_with(build, METRIC_VALUES(TP_VERSION)), 1);
    process->broker_connected = metrics_plain(metrics_gauge(
        "tweetpulse_broker_connected", "1 while connected to the broker.", METRIC_NO_LABELS));
    process->broker_losses = metrics_plain(
        metrics_counter("tweetpulse_broker_losses_total",
                        "How often the connection to the broker was lost.", METRIC_NO_LABELS));
}

static bool is_started(void *context, struct error *why)
{
    const struct process *process = context;
    return atomic_load(&process->is_started) ||
           error_set(why, ERROR_UNAVAILABLE, "the start-up is not over");
}

static bool is_staying(void *context, struct error *why)
{
    const struct process *process = context;
    return !ending_is_asked(process->ending) ||
           error_set(why, ERROR_CANCELLED, "the process is ending");
}

static bool is_broker_there(void *context, struct error *why)
{
    const struct process *process = context;
    return bus_is_connected(process->bus) ||
           error_set(why, ERROR_UNAVAILABLE, "not connected to the broker");
}

/* On a broker thread. The connection that ends with the process is not news. */
static void broker_changed(void *context, bool is_connected)
{
    struct process *process = context;
    metric_set(process->broker_connected, is_connected ? 1 : 0);
    if (is_connected) {
        log_info("broker.connected");
    } else if (!ending_is_asked(process->ending)) {
        metric_add(process->broker_losses, 1);
        log_warn("broker.lost");
    }
}

static void open_bus(struct process *process)
{
    snprintf(process->bus_name, sizeof process->bus_name, "%s/%s", process->program->name,
             process->instance);
    const struct bus_options options = {
        .url = process->settings->nats_url,
        .user = process->settings->nats_user,
        .password = process->settings->nats_password,
        .name = process->bus_name,
        .changed = broker_changed,
        .context = process,
        .is_in_order = process->program->hears_in_order,
    };
    process->bus = bus_open(&options);
}

static bool open_ops(struct process *process, struct error *why)
{
    const struct process_settings *settings = process->settings;
    process->ops = (struct ops){.health = process->health, .ending = process->ending};
    if (!ops_open(&process->ops, settings->ops_address, settings->ops_port, &process->ops_server,
                  why))
        return false;
    log_info("ops.listening", LOG_TEXT("address", settings->ops_address),
             LOG_INT("port", web_port(process->ops_server)));
    return true;
}

/* Memory of a large message goes back to the system when it is freed: glibc would otherwise learn
 * from it to keep such blocks, in as many heaps as there are threads. */
static void bound_idle_memory(void)
{
    enum { HEAPS = 2, KEPT_BYTES = 2 << 20, OWN_MAPPING_BYTES = 1 << 20 };
    mallopt(M_ARENA_MAX, HEAPS);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
}

struct process *process_begin(const struct program *program,
                              const struct process_settings *settings)
{
    bound_idle_memory();
    struct process *process = calloc(1, sizeof *process);
    CHECK(process != NULL);
    process->program = program;
    process->settings = settings;
    process->started_ms = clock_wall_ms();
    make_instance(settings->instance, process->instance);
    open_log(process);
    log_info("process.started", LOG_TEXT("version", TP_VERSION), LOG_INT("pid", getpid()));
    make_metrics(process);
    process->ending = ending_open(settings->drain_s);
    process->health = health_new();
    process_check(process, "started", is_started, process);
    process_check(process, "staying", is_staying, process);
    process_check(process, "broker", is_broker_there, process);
    open_bus(process);
    struct error why;
    if (!open_ops(process, &why)) {
        log_error("ops.unavailable", LOG_TEXT("address", settings->ops_address),
                  LOG_INT("port", settings->ops_port), LOG_WHY(&why));
        process_end(&process);
        exit(EX_CONFIG);
    }
    return process;
}

/* In the reverse order of the beginning; the bound on the end is called off last. */
void process_end(struct process **process)
{
    struct process *ours = *process;
    if (ours == NULL)
        return;
    ending_ask(ours->ending);
    telemetry_stop(&ours->telemetry);
    if (ours->ops_server != NULL)
        web_close(&ours->ops_server);
    bus_close(&ours->bus);
    health_free(&ours->health);
    ending_close(&ours->ending);
    log_info("process.ended",
             LOG_DOUBLE("lived_s", (double)(clock_wall_ms() - ours->started_ms) / 1000));
    free(ours);
    *process = NULL;
}

struct bus *process_bus(struct process *process)
{
    return process->bus;
}

void process_check(struct process *process, const char *name,
                   bool (*is_ok)(void *context, struct error *why), void *context)
{
    health_add_check(process->health, name, is_ok, context);
}

struct pulse *process_pulse(struct process *process, const char *name, int64_t limit_ms)
{
    return health_add_pulse(process->health, name, limit_ms, clock_now());
}

void process_ready(struct process *process)
{
    atomic_store(&process->is_started, true);
    log_info("process.ready",
             LOG_TEXT("broker", bus_is_connected(process->bus) ? "connected" : "away"));
    const struct telemetry_options options = {
        .bus = process->bus,
        .health = process->health,
        .service = process->program->name,
        .instance = process->instance,
        .started_ms = process->started_ms,
        .interval_ms = process->settings->telemetry_ms,
    };
    process->telemetry = telemetry_start(&options);
}

void process_wait(struct process *process)
{
    ending_wait(process->ending);
}
