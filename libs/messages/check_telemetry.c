#include "messages/checks.h"

enum { SERIES_MAX = 20000, LABELS_MAX = 16, BOUNDS_MAX = 100 };

static bool check_labels(const Tp__MetricSeries *series, struct error *why)
{
    if (!check_range("label_names", series->n_label_names, 0, LABELS_MAX, why) ||
        !check_range("label_values", series->n_label_values, series->n_label_names,
                     series->n_label_names, why))
        return false;
    for (size_t i = 0; i < series->n_label_names; i++) {
        if (!check_name("label_names", series->label_names[i], NAME_MAX_BYTES, why) ||
            !check_length("label_values", series->label_values[i], LINE_MAX_BYTES, why))
            return false;
    }
    return true;
}

static bool check_series(const Tp__MetricSeries *series, struct error *why)
{
    bool is_histogram = series->kind == TP__METRIC_KIND__HISTOGRAM;
    size_t buckets = is_histogram ? series->n_bounds + 1 : 0;
    return check_name("name", series->name, NAME_MAX_BYTES, why) &&
           check_set("kind", series->kind, why) && check_labels(series, why) &&
           check_range("bounds", series->n_bounds, 0, is_histogram ? BOUNDS_MAX : 0, why) &&
           check_range("counts", series->n_counts, buckets, buckets, why) &&
           check_length("help", series->help, LINE_MAX_BYTES, why);
}

bool check_telemetry(const Tp__Telemetry *message, struct error *why)
{
    if (!check_token("service", message->service, why) ||
        !check_token("instance", message->instance, why) ||
        !check_length("version", message->version, NAME_MAX_BYTES, why) ||
        !check_range("series", message->n_series, 0, SERIES_MAX, why))
        return false;
    for (size_t i = 0; i < message->n_series; i++) {
        if (!check_series(message->series[i], why))
            return error_prefix(why, "series[%zu]", i);
    }
    return true;
}
