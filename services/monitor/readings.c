#include "readings.h"

#include <math.h>
#include <string.h>

static bool has_same_labels(const Tp__MetricSeries *a, const Tp__MetricSeries *b)
{
    if (a->n_label_values != b->n_label_values)
        return false;
    for (size_t i = 0; i < a->n_label_values; i++)
        if (strcmp(a->label_names[i], b->label_names[i]) != 0 ||
            strcmp(a->label_values[i], b->label_values[i]) != 0)
            return false;
    return true;
}

static bool is_same_series(const Tp__MetricSeries *a, const Tp__MetricSeries *b)
{
    return strcmp(a->name, b->name) == 0 && a->kind == b->kind && a->n_counts == b->n_counts &&
           has_same_labels(a, b);
}

/* The same series in the message before; NULL = it counts from zero. */
static const Tp__MetricSeries *earlier(const Tp__Telemetry *before, const Tp__MetricSeries *series)
{
    for (size_t i = 0; before != NULL && i < before->n_series; i++)
        if (is_same_series(before->series[i], series))
            return before->series[i];
    return NULL;
}

/* Observations in buckets that begin at `least` or above; all of them for a negative one. */
static double count_from(const Tp__MetricSeries *histogram, double least)
{
    double count = 0;
    for (size_t i = 0; i < histogram->n_counts; i++) {
        double begins = i == 0 ? 0 : histogram->bounds[i - 1];
        if (begins >= least)
            count += (double)histogram->counts[i];
    }
    return count;
}

static double grown(const Tp__MetricSeries *from, const Tp__MetricSeries *to, double least)
{
    double before = from == NULL ? 0 : count_from(from, least);
    double after = count_from(to, least);
    return after >= before ? after - before : after;
}

static const char *label_of(const Tp__MetricSeries *series, const char *name)
{
    for (size_t i = 0; i < series->n_label_names; i++)
        if (strcmp(series->label_names[i], name) == 0)
            return series->label_values[i];
    return "";
}

static void add_calls(const Tp__MetricSeries *series, double count, struct increase *increase)
{
    const char *outcome = label_of(series, "outcome");
    if (strcmp(outcome, "aborted") == 0)
        return; /* by us, on purpose: it says nothing about the model */
    increase->calls += count;
    if (strcmp(outcome, "ok") != 0 && strcmp(outcome, "partial") != 0)
        increase->failed_calls += count;
}

struct increase readings_increase(const Tp__Telemetry *before, const Tp__Telemetry *now,
                                  uint64_t watch_began_ms, double slow_s)
{
    struct increase increase = {0};
    if (before == NULL && now->started_ms < watch_began_ms)
        return increase;
    const Tp__Telemetry *base =
        before != NULL && before->started_ms == now->started_ms ? before : NULL;
    for (size_t i = 0; i < now->n_series; i++) {
        const Tp__MetricSeries *series = now->series[i];
        if (series->kind != TP__METRIC_KIND__HISTOGRAM)
            continue;
        if (strcmp(series->name, METRIC_CHUNK_DURATION) == 0) {
            const Tp__MetricSeries *from = earlier(base, series);
            increase.slow_chunks += grown(from, series, slow_s);
            increase.chunks += grown(from, series, -1);
        } else if (strcmp(series->name, METRIC_LLM_DURATION) == 0) {
            add_calls(series, grown(earlier(base, series), series, -1), &increase);
        }
    }
    return increase;
}

/* How full the limit is of which `used` tells; negative if there is none. */
static double limit_ratio(const Tp__Telemetry *telemetry, const Tp__MetricSeries *used)
{
    if (strcmp(label_of(used, "limit"), "calls_in_flight") == 0)
        return -1;
    for (size_t i = 0; i < telemetry->n_series; i++) {
        const Tp__MetricSeries *limit = telemetry->series[i];
        if (strcmp(limit->name, METRIC_LIMIT) == 0 && has_same_labels(limit, used))
            return limit->value > 0 && isfinite(limit->value) ? used->value / limit->value : -1;
    }
    return -1;
}

static void add_limit(const Tp__Telemetry *telemetry, const Tp__MetricSeries *used,
                      struct gauges *gauges)
{
    double ratio = limit_ratio(telemetry, used);
    if (ratio < 0 || (gauges->has_limits && ratio <= gauges->limit_ratio))
        return;
    gauges->has_limits = true;
    gauges->limit_ratio = ratio;
}

struct gauges readings_gauges(const Tp__Telemetry *telemetry)
{
    struct gauges gauges = {0};
    double in_use = 0, size = 0;
    for (size_t i = 0; i < telemetry->n_series; i++) {
        const Tp__MetricSeries *series = telemetry->series[i];
        if (!isfinite(series->value))
            continue;
        if (strcmp(series->name, METRIC_QUEUE_DEPTH) == 0) {
            gauges.has_queue = true;
            gauges.queue_depth += series->value;
        } else if (strcmp(series->name, METRIC_POOL_IN_USE) == 0) {
            in_use += series->value;
        } else if (strcmp(series->name, METRIC_POOL_SIZE) == 0) {
            size += series->value;
        } else if (strcmp(series->name, METRIC_BREAKER_STATE) == 0) {
            gauges.has_breakers = true;
            gauges.open_breakers += series->value > 0;
        } else if (strcmp(series->name, METRIC_LIMIT_USED) == 0) {
            add_limit(telemetry, series, &gauges);
        }
    }
    gauges.has_pool = size > 0;
    gauges.pool_ratio = size > 0 ? in_use / size : 0;
    return gauges;
}
