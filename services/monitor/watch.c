#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "payload.h"
#include "readings.h"
#include "share.h"

struct watch {
    struct watch_options options;
    struct fleet *fleet;
    struct share chunks, calls;
    struct alerts alerts;
    struct notifier notifier;
    bool untold[ALERT_KINDS];     /* resolved, and nobody knows yet */
    bool on_its_way[ALERT_KINDS]; /* of these, what the present notification says */
};

struct watch *watch_new(const struct watch_options *options, struct instant now)
{
    struct watch *watch = calloc(1, sizeof *watch);
    CHECK(watch != NULL);
    watch->options = *options;
    watch->fleet = fleet_new();
    share_init(&watch->chunks, options->window_ms);
    share_init(&watch->calls, options->window_ms);
    alerts_init(&watch->alerts, &options->alerts);
    notifier_init(&watch->notifier, &options->notifier, now);
    return watch;
}

void watch_free(struct watch **watch)
{
    if (*watch == NULL)
        return;
    fleet_free(&(*watch)->fleet);
    free(*watch);
    *watch = NULL;
}

bool watch_hear(struct watch *watch, struct arena *arena, const Tp__Telemetry *telemetry,
                struct instant now)
{
    struct fleet_before before;
    if (!fleet_hear(watch->fleet, arena, telemetry, now, &before))
        return false;
    struct increase increase = readings_increase(
        before.telemetry, telemetry, watch->options.began_wall_ms, watch->options.slow_chunk_s);
    share_add(&watch->chunks, increase.slow_chunks, increase.chunks, now);
    share_add(&watch->calls, increase.failed_calls, increase.calls, now);
    arena_close(&before.arena);
    return true;
}

static void keep_greater(struct sample *sample, bool has_value, double value)
{
    if (has_value && (!sample->has_value || value > sample->value))
        *sample = (struct sample){.has_value = true, .value = value};
}

/* The sum of the queues, of the others the worst: a standby scheduler knows of no trouble. */
static void add_gauges(void *context, const struct fleet_member *member)
{
    struct sample *samples = context;
    if (!member->is_up)
        return;
    struct gauges gauges = readings_gauges(member->telemetry);
    if (gauges.has_queue) {
        samples[ALERT_QUEUE_LONG].has_value = true;
        samples[ALERT_QUEUE_LONG].value += gauges.queue_depth;
    }
    keep_greater(&samples[ALERT_POOL_FULL], gauges.has_pool, gauges.pool_ratio);
    keep_greater(&samples[ALERT_ENDPOINT_DOWN], gauges.has_breakers, gauges.open_breakers);
    keep_greater(&samples[ALERT_LIMIT_USED], gauges.has_limits, gauges.limit_ratio);
}

static struct sample sample_share(struct watch *watch, struct share *share, struct instant now)
{
    struct sample sample = {0};
    sample.has_value = share_read(share, watch->options.least_calls, now, &sample.value);
    return sample;
}

struct alert_changes watch_look(struct watch *watch, struct instant now, int64_t wall_ms,
                                void (*gone)(void *context, const struct fleet_member *member),
                                void *context)
{
    fleet_age(watch->fleet, now, gone, context);
    struct sample samples[ALERT_KINDS] = {0};
    fleet_visit(watch->fleet, add_gauges, samples);
    samples[ALERT_CHUNK_SLOW] = sample_share(watch, &watch->chunks, now);
    samples[ALERT_ERRORS_HIGH] = sample_share(watch, &watch->calls, now);

    struct alert_changes changes = alerts_step(&watch->alerts, samples, now, wall_ms);
    for (size_t i = 0; i < changes.count; i++) {
        enum alert_kind kind = changes.which[i];
        watch->untold[kind] = watch->alerts.list[kind].state == ALERT_RESOLVED;
        notifier_changed(&watch->notifier, now);
    }
    return changes;
}

static bool is_firing(const struct watch *watch)
{
    for (int kind = 0; kind < ALERT_KINDS; kind++)
        if (watch->alerts.list[kind].state == ALERT_FIRING)
            return true;
    return false;
}

bool watch_must_tell(struct watch *watch, const char *external_url, struct instant now,
                     struct text *payload)
{
    if (!watch->options.has_receiver ||
        !notifier_must_send(&watch->notifier, is_firing(watch), now))
        return false;
    memcpy(watch->on_its_way, watch->untold, sizeof watch->on_its_way);
    payload_write(&watch->alerts, watch->on_its_way, external_url, payload);
    return true;
}

static void forget_resolved(struct watch *watch)
{
    for (int kind = 0; kind < ALERT_KINDS; kind++)
        if (watch->on_its_way[kind])
            watch->untold[kind] = false;
}

void watch_told(struct watch *watch, struct instant now)
{
    notifier_delivered(&watch->notifier, now);
    forget_resolved(watch);
}

bool watch_not_told(struct watch *watch, bool may_retry, int64_t wait_ms, struct instant now)
{
    bool is_given_up = notifier_failed(&watch->notifier, may_retry, wait_ms, now);
    if (is_given_up)
        forget_resolved(watch);
    return is_given_up;
}

struct instant watch_wakes(const struct watch *watch, struct instant now)
{
    return notifier_wakes(&watch->notifier, is_firing(watch), now);
}

const struct fleet *watch_fleet(const struct watch *watch)
{
    return watch->fleet;
}

const struct alerts *watch_alerts(const struct watch *watch)
{
    return &watch->alerts;
}

const struct notifier *watch_notifier(const struct watch *watch)
{
    return &watch->notifier;
}
