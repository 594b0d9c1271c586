/* Telemetry: the metrics of this process, published to tp.telemetry.<service>.<instance>.
 *
 * A thread of its own publishes at every interval, and once more when it is stopped, then as not
 * ready. What cannot be sent is dropped: the next one tells the same counters. Private to the
 * library.
 */
#pragma once

#include <stdint.h>

#include "process/health.h"

struct bus;
struct telemetry;

/* Strings are lent. */
struct telemetry_options {
    struct bus *bus;
    const struct health *health;
    const char *service, *instance;
    int64_t started_ms; /* wall time */
    int64_t interval_ms;
};

struct telemetry *telemetry_start(const struct telemetry_options *options);
void telemetry_stop(struct telemetry **telemetry);
