/* The alert rules and their states. A pure core.
 *
 * Rules:
 * 1. An inactive alert whose value breaches its threshold is pending, from then on.
 * 2. A pending one fires when the breach has lasted for_ms without a break, and is inactive again
 *    at the first sample without a breach: nobody is told of it.
 * 3. A firing one is resolved when its value has been good for clear_ms without a break. A breach
 *    before that keeps it firing, so an alert that flaps is told once.
 * 4. Missing data is no breach and no good value: a pending alert becomes inactive, a firing one
 *    goes on firing, and is resolved only after stale_ms without any data.
 * 5. A resolved alert is shown as such for linger_ms, then it is inactive. A new breach makes it
 *    pending again, and if it fires that is a new alert with a new beginning.
 *
 * One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum alert_kind {
    ALERT_QUEUE_LONG,
    ALERT_CHUNK_SLOW,
    ALERT_ERRORS_HIGH,
    ALERT_POOL_FULL,
    ALERT_ENDPOINT_DOWN,
    ALERT_LIMIT_USED,
};
enum { ALERT_KINDS = 6 };

enum alert_state { ALERT_INACTIVE, ALERT_PENDING, ALERT_FIRING, ALERT_RESOLVED };

struct alert_rule {
    double threshold;
    int64_t for_ms;
};

struct alerts_options {
    struct alert_rule rules[ALERT_KINDS];
    int64_t clear_ms, stale_ms, linger_ms;
};

struct alert {
    enum alert_state state;
    double value;                     /* the latest there was */
    struct instant since;             /* of the state */
    struct instant good_since, heard; /* while firing */
    bool is_good;                     /* good_since counts */
    int64_t starts_wall_ms;           /* when it began to fire */
    int64_t ends_wall_ms;             /* when it was resolved; 0 = it is not */
};

struct alerts {
    struct alerts_options options;
    struct alert list[ALERT_KINDS];
};

struct sample {
    bool has_value;
    double value;
};

/* The alerts that began to fire or were resolved by this step. */
struct alert_changes {
    size_t count;
    enum alert_kind which[ALERT_KINDS];
};

void alerts_init(struct alerts *alerts, const struct alerts_options *options);
struct alert_changes alerts_step(struct alerts *alerts, const struct sample samples[ALERT_KINDS],
                                 struct instant now, int64_t wall_ms);

/* "TweetPulseQueueLong": the alertname, the same in monitor and Prometheus rules. */
const char *alert_name(enum alert_kind kind);
const char *alert_severity(enum alert_kind kind); /* "warning", "critical" */
const char *alert_state_name(enum alert_state state);
/* One line for people: "237 chunks wait; the limit is 100". */
void alert_describe(enum alert_kind kind, double value, double threshold, char *line, size_t size);
