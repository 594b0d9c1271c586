/* Telemetry as services would send it, for the monitor's tests. */
#pragma once

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "messages/messages.h"

struct fixture {
    struct arena *arena;
    Tp__Telemetry *telemetry;
};

static inline struct fixture fixture_open(const char *service, const char *instance,
                                          uint64_t started_ms)
{
    struct fixture fixture = {.arena = arena_open(1 << 20)};
    Tp__Telemetry *telemetry = arena_new(fixture.arena, sizeof *telemetry);
    tp__telemetry__init(telemetry);
    telemetry->schema_version = SCHEMA_VERSION;
    telemetry->service = arena_string(fixture.arena, service);
    telemetry->instance = arena_string(fixture.arena, instance);
    telemetry->version = arena_string(fixture.arena, "0.1.0");
    telemetry->started_ms = started_ms;
    telemetry->interval_ms = 1000;
    telemetry->is_ready = true;
    telemetry->series = arena_array(fixture.arena, Tp__MetricSeries *, 20);
    fixture.telemetry = telemetry;
    return fixture;
}

/* A series with one label, or none if label is NULL. */
static inline Tp__MetricSeries *fixture_add(struct fixture *fixture, Tp__MetricKind kind,
                                            const char *name, const char *label, const char *value)
{
    struct arena *arena = fixture->arena;
    Tp__MetricSeries *series = arena_new(arena, sizeof *series);
    tp__metric_series__init(series);
    series->name = arena_string(arena, name);
    series->help = arena_string(arena, "Help.");
    series->kind = kind;
    if (label != NULL) {
        series->n_label_names = series->n_label_values = 1;
        series->label_names = arena_new(arena, sizeof(char *));
        series->label_values = arena_new(arena, sizeof(char *));
        series->label_names[0] = arena_string(arena, label);
        series->label_values[0] = arena_string(arena, value);
    }
    fixture->telemetry->series[fixture->telemetry->n_series++] = series;
    return series;
}

static inline void fixture_gauge(struct fixture *fixture, const char *name, double value)
{
    fixture_add(fixture, TP__METRIC_KIND__GAUGE, name, NULL, NULL)->value = value;
}

/* Bounds 10 and 30 s; how many observations in each of the three buckets. */
static inline void fixture_duration(struct fixture *fixture, const char *name, const char *label,
                                    const char *value, const uint64_t counts[3])
{
    Tp__MetricSeries *series = fixture_add(fixture, TP__METRIC_KIND__HISTOGRAM, name, label, value);
    series->n_bounds = 2;
    series->bounds = arena_array(fixture->arena, double, 2);
    series->bounds[0] = 10;
    series->bounds[1] = 30;
    series->n_counts = 3;
    series->counts = arena_array(fixture->arena, uint64_t, 3);
    memcpy(series->counts, counts, 3 * sizeof counts[0]);
    series->value = 5;
}

static inline struct instant at_s(double seconds)
{
    return (struct instant){(int64_t)(seconds * 1e9)};
}
