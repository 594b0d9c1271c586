#include "process/telemetry.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "bus/bus.h"
#include "log/log.h"
#include "messages/messages.h"
#include "messages/subjects.h"
#include "metrics/metrics.h"
#include "process/thread.h"

/* A message of that many series stays well under the broker's limit: each has at most 4 labels of
 * 100 bytes and 32 buckets. */
enum { SERIES_PER_MESSAGE = 400, ARENA_CAP_BYTES = 4 << 20 };

struct telemetry {
    struct telemetry_options options;
    char subject[SUBJECT_SIZE];
    int stopped; /* eventfd: readable once it is to stop */
    pthread_t publisher;
};

/* A message in the making. */
struct report {
    const struct telemetry *telemetry;
    bool is_ready;
    struct arena *arena;
    Tp__MetricSeries *series[SERIES_PER_MESSAGE];
    size_t count;
};

static Tp__MetricKind kind_of(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER:
        return TP__METRIC_KIND__COUNTER;
    case METRIC_GAUGE:
        return TP__METRIC_KIND__GAUGE;
    case METRIC_HISTOGRAM:
        return TP__METRIC_KIND__HISTOGRAM;
    }
    CHECK_UNREACHABLE();
}

static void send_report(struct report *report)
{
    const struct telemetry_options *options = &report->telemetry->options;
    Tp__Telemetry message = TP__TELEMETRY__INIT;
    message.schema_version = SCHEMA_VERSION;
    message.service = options->service;
    message.instance = options->instance;
    message.version = TP_VERSION;
    message.started_ms = (uint64_t)options->started_ms;
    message.interval_ms = (uint32_t)options->interval_ms;
    message.is_ready = report->is_ready;
    message.n_series = report->count;
    message.series = report->series;
    struct error why;
    if (!bus_publish(options->bus, report->telemetry->subject,
                     pack_telemetry(report->arena, &message), &why))
        log_debug("telemetry.dropped", LOG_WHY(&why));
    report->count = 0;
    arena_reset(report->arena);
}

/* The list anew, for a message that wants to own it; the strings live as long as the metrics. */
static const char **copy_list(struct arena *arena, const char *const *strings, size_t count)
{
    const char **list = arena_array(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        list[i] = strings[i];
    return list;
}

static void add_buckets(Tp__MetricSeries *series, struct arena *arena,
                        const struct metric_sample *sample)
{
    series->n_bounds = sample->bound_count;
    series->bounds = arena_array(arena, double, sample->bound_count);
    for (size_t i = 0; i < sample->bound_count; i++)
        series->bounds[i] = sample->bounds[i];
    series->n_counts = sample->bound_count + 1;
    series->counts = arena_array(arena, uint64_t, sample->bound_count + 1);
    for (size_t i = 0; i <= sample->bound_count; i++)
        series->counts[i] = sample->counts[i];
}

static void add_series(void *context, const struct metric_sample *sample)
{
    struct report *report = context;
    struct arena *arena = report->arena;
    Tp__MetricSeries *series = arena_new(arena, sizeof *series);
    tp__metric_series__init(series);
    series->name = sample->name;
    series->help = sample->help;
    series->kind = kind_of(sample->type);
    series->n_label_names = sample->label_count;
    series->label_names = copy_list(arena, sample->label_names, sample->label_count);
    series->n_label_values = sample->label_count;
    series->label_values = copy_list(arena, sample->label_values, sample->label_count);
    series->value = sample->value;
    if (sample->type == METRIC_HISTOGRAM)
        add_buckets(series, arena, sample);
    report->series[report->count++] = series;
    if (report->count == SERIES_PER_MESSAGE)
        send_report(report);
}

static void publish(const struct telemetry *telemetry, bool is_ready)
{
    SCOPED(arena_close) struct arena *arena = arena_open(ARENA_CAP_BYTES);
    struct report report = {.telemetry = telemetry, .is_ready = is_ready, .arena = arena};
    metrics_visit(add_series, &report);
    if (report.count > 0)
        send_report(&report);
}

static bool is_ready(const struct telemetry *telemetry)
{
    SCOPED(text_free) struct text unread = {0};
    return health_is_ready(telemetry->options.health, &unread);
}

/* Sleeps for the interval; true once stopped. */
static bool wait_stopped(const struct telemetry *telemetry)
{
    struct pollfd stopped = {.fd = telemetry->stopped, .events = POLLIN};
    return poll(&stopped, 1, (int)telemetry->options.interval_ms) > 0;
}

static void *run(void *context)
{
    struct telemetry *telemetry = context;
    do
        publish(telemetry, is_ready(telemetry));
    while (!wait_stopped(telemetry));
    publish(telemetry, false);
    return NULL;
}

struct telemetry *telemetry_start(const struct telemetry_options *options)
{
    struct telemetry *telemetry = calloc(1, sizeof *telemetry);
    CHECK(telemetry != NULL);
    telemetry->options = *options;
    subject_telemetry(options->service, options->instance, telemetry->subject);
    telemetry->stopped = eventfd(0, EFD_CLOEXEC);
    CHECK(telemetry->stopped >= 0);
    thread_start(&telemetry->publisher, "telemetry", run, telemetry);
    return telemetry;
}

void telemetry_stop(struct telemetry **telemetry)
{
    if (*telemetry == NULL)
        return;
    CHECK(eventfd_write((*telemetry)->stopped, 1) == 0);
    thread_join((*telemetry)->publisher);
    CHECK(close((*telemetry)->stopped) == 0);
    free(*telemetry);
    *telemetry = NULL;
}
