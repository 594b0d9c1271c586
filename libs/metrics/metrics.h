/* The process's metrics: counters, gauges and histograms with labels, in one registry.
 *
 *   static struct metric_family *requests;
 *   requests = metrics_counter("tweetpulse_http_requests_total", "Requests answered.",
 *                              METRIC_LABELS("method", "code"));
 *   metric_add(metrics_with(requests, METRIC_VALUES("GET", "200")), 1);
 *
 * Prometheus naming: prefix tweetpulse_, base units, _total, _seconds, _bytes; never user, tenant
 * or job ids as labels. Families are made once at the start and live as long as the process;
 * making one again with the same name answers the same family. Any thread; adding is an atomic,
 * metrics_with() takes a leaf lock, so hot paths keep its answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { METRIC_MAX_LABELS = 4 };
enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family;
struct metric; /* one series: a family with label values */

struct metric_labels {
    size_t count;
    const char *text[METRIC_MAX_LABELS];
};
#define METRIC_COUNT_(...) (sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *))
#define METRIC_LABELS(...)                                                                         \
    ((struct metric_labels){.count = METRIC_COUNT_(__VA_ARGS__), .text = {__VA_ARGS__}})
#define METRIC_VALUES(...) METRIC_LABELS(__VA_ARGS__)
#define METRIC_NO_LABELS ((struct metric_labels){.count = 0})

struct metric_family *metrics_counter(const char *name, const char *help,
                                      struct metric_labels labels);
struct metric_family *metrics_gauge(const char *name, const char *help,
                                    struct metric_labels labels);
/* Upper bounds ascending, without +Inf; copied. */
struct metric_family *metrics_histogram(const char *name, const char *help,
                                        struct metric_labels labels, const double *bounds,
                                        size_t bound_count);
/* Bounds from a tenth of a millisecond to a minute, for durations in seconds. */
struct metric_family *metrics_duration(const char *name, const char *help,
                                       struct metric_labels labels);

/* The series of these values, made on first use. A family holds at most 1,000 series; beyond
 * that all further ones share the series whose values are "other". Values are kept as printable
 * ASCII of at most 100 bytes. */
struct metric *metrics_with(struct metric_family *family, struct metric_labels values);

/* The series of a family without labels. */
struct metric *metrics_plain(struct metric_family *family);

void metric_add(struct metric *metric, double by);        /* counter, gauge */
void metric_set(struct metric *metric, double value);     /* gauge; counter counted elsewhere */
void metric_observe(struct metric *metric, double value); /* histogram */
double metric_value(const struct metric *metric);         /* counter, gauge; histogram: its count */

/* What a visitor is told of one series. counts are lent for the call; all other pointers live as
 * long as the process. */
struct metric_sample {
    const char *name, *help;
    enum metric_type type;
    size_t label_count;
    const char *const *label_names, *const *label_values;
    double value;                /* counter, gauge; histogram: sum */
    size_t bound_count;          /* histogram */
    const double *bounds;        /* histogram */
    const unsigned long *counts; /* histogram: per bucket, bound_count + 1 of them, not cumulated */
};
void metrics_visit(void (*visit)(void *context, const struct metric_sample *sample), void *context);

/* Prometheus text format 0.0.4. Visiting and writing both bring process_cpu_seconds_total,
 * process_resident_memory_bytes, process_open_fds and process_start_time_seconds up to date. */
void metrics_write(struct text *out);

/* What the process has in memory now; false where the system does not tell. Any thread. */
bool metrics_read_resident_bytes(double *bytes);
