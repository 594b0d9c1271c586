/* The monitor's mind: the fleet, what the alert rules look at, the alerts, and when to tell of
 * them. A pure core made of fleet, readings, share, alerts and notifier.
 *
 *   watch_hear() with each telemetry; watch_look() at regular times; watch_must_tell() after both
 *
 * One thread.
 */
#pragma once

#include "alerts.h"
#include "base/text.h"
#include "fleet.h"
#include "notifier.h"

struct watch_options {
    struct alerts_options alerts;
    struct notifier_options notifier;
    int64_t window_ms;   /* over which shares of chunks and calls are counted */
    double slow_chunk_s; /* a chunk that takes longer is slow */
    double least_calls;  /* fewer chunks or calls in the window say nothing */
    bool has_receiver;   /* else nobody is told */
    /* Counters of processes that began before this are followed from where they are. */
    uint64_t began_wall_ms;
};

struct watch;

struct watch *watch_new(const struct watch_options *options, struct instant now);
void watch_free(struct watch **watch);

/* Takes the arena, in which the telemetry lives; false if the fleet is full. */
MUST_USE bool watch_hear(struct watch *watch, struct arena *arena, const Tp__Telemetry *telemetry,
                         struct instant now);

/* Lets silent instances go and applies the alert rules to what is known now. */
struct alert_changes watch_look(struct watch *watch, struct instant now, int64_t wall_ms,
                                void (*gone)(void *context, const struct fleet_member *member),
                                void *context);

/* True: a notification is to be sent now; it is written into `payload`. Then one of the two. */
MUST_USE bool watch_must_tell(struct watch *watch, const char *external_url, struct instant now,
                              struct text *payload);
void watch_told(struct watch *watch, struct instant now);
/* True if it is given up; as notifier_failed(). */
bool watch_not_told(struct watch *watch, bool may_retry, int64_t wait_ms, struct instant now);

/* When watch_must_tell() may say yes, if nothing happens before. */
struct instant watch_wakes(const struct watch *watch, struct instant now);

const struct fleet *watch_fleet(const struct watch *watch);
const struct alerts *watch_alerts(const struct watch *watch);
const struct notifier *watch_notifier(const struct watch *watch);
