#include "alerts.h"

#include <stdio.h>

#include "base/check.h"

static const struct {
    const char *name, *severity;
    bool includes_threshold; /* reaching it is a breach already */
} KINDS[ALERT_KINDS] = {
    [ALERT_QUEUE_LONG] = {"TweetPulseQueueLong", "warning", false},
    [ALERT_CHUNK_SLOW] = {"TweetPulseChunkSlow", "warning", false},
    [ALERT_ERRORS_HIGH] = {"TweetPulseErrorRateHigh", "critical", false},
    [ALERT_POOL_FULL] = {"TweetPulseDatabasePoolFull", "critical", true},
    [ALERT_ENDPOINT_DOWN] = {"TweetPulseEndpointDown", "critical", false},
    [ALERT_LIMIT_USED] = {"TweetPulseLimitUsedUp", "warning", true},
};

void alerts_init(struct alerts *alerts, const struct alerts_options *options)
{
    *alerts = (struct alerts){.options = *options};
}

static void enter(struct alert *alert, enum alert_state state, struct instant now)
{
    alert->state = state;
    alert->since = now;
}

static bool has_lasted(struct instant since, struct instant now, int64_t ms)
{
    return !instant_is_before(now, instant_plus_ms(since, ms));
}

/* Rules 1, 2 and 5, up to firing. */
static bool may_fire(const struct alerts *alerts, enum alert_kind kind, struct alert *alert,
                     struct instant now, int64_t wall_ms)
{
    if (alert->state != ALERT_PENDING)
        enter(alert, ALERT_PENDING, now);
    if (!has_lasted(alert->since, now, alerts->options.rules[kind].for_ms))
        return false;
    enter(alert, ALERT_FIRING, now);
    alert->heard = now;
    alert->is_good = false;
    alert->starts_wall_ms = wall_ms;
    alert->ends_wall_ms = 0;
    return true;
}

/* Rules 3 and 4. */
static bool may_resolve(const struct alerts *alerts, struct alert *alert, bool has_value,
                        bool is_breach, struct instant now)
{
    if (has_value)
        alert->heard = now;
    if (!has_value || is_breach) {
        alert->is_good = false;
        return has_lasted(alert->heard, now, alerts->options.stale_ms) && !has_value;
    }
    if (!alert->is_good) {
        alert->is_good = true;
        alert->good_since = now;
    }
    return has_lasted(alert->good_since, now, alerts->options.clear_ms);
}

/* True if it began to fire or was resolved. */
static bool step_one(struct alerts *alerts, enum alert_kind kind, const struct sample *sample,
                     struct instant now, int64_t wall_ms)
{
    struct alert *alert = &alerts->list[kind];
    double threshold = alerts->options.rules[kind].threshold;
    bool is_breach =
        sample->has_value &&
        (KINDS[kind].includes_threshold ? sample->value >= threshold : sample->value > threshold);
    if (sample->has_value)
        alert->value = sample->value;
    switch (alert->state) {
    case ALERT_INACTIVE:
        return is_breach && may_fire(alerts, kind, alert, now, wall_ms);
    case ALERT_PENDING:
        if (is_breach)
            return may_fire(alerts, kind, alert, now, wall_ms);
        enter(alert, ALERT_INACTIVE, now);
        return false;
    case ALERT_FIRING:
        if (!may_resolve(alerts, alert, sample->has_value, is_breach, now))
            return false;
        enter(alert, ALERT_RESOLVED, now);
        alert->ends_wall_ms = wall_ms;
        return true;
    case ALERT_RESOLVED:
        if (is_breach)
            return may_fire(alerts, kind, alert, now, wall_ms);
        if (has_lasted(alert->since, now, alerts->options.linger_ms))
            enter(alert, ALERT_INACTIVE, now);
        return false;
    }
    CHECK_UNREACHABLE();
}

struct alert_changes alerts_step(struct alerts *alerts, const struct sample samples[ALERT_KINDS],
                                 struct instant now, int64_t wall_ms)
{
    struct alert_changes changes = {0};
    for (int kind = 0; kind < ALERT_KINDS; kind++)
        if (step_one(alerts, (enum alert_kind)kind, &samples[kind], now, wall_ms))
            changes.which[changes.count++] = (enum alert_kind)kind;
    return changes;
}

const char *alert_name(enum alert_kind kind)
{
    return KINDS[kind].name;
}

const char *alert_severity(enum alert_kind kind)
{
    return KINDS[kind].severity;
}

const char *alert_state_name(enum alert_state state)
{
    static const char *const NAMES[] = {"inactive", "pending", "firing", "resolved"};
    return NAMES[state];
}

void alert_describe(enum alert_kind kind, double value, double threshold, char *line, size_t size)
{
    switch (kind) {
    case ALERT_QUEUE_LONG:
        snprintf(line, size, "%.0f chunks wait, the limit is %.0f", value, threshold);
        break;
    case ALERT_CHUNK_SLOW:
        snprintf(line, size, "%.1f %% of the chunks are too slow, the limit is %.1f %%",
                 100 * value, 100 * threshold);
        break;
    case ALERT_ERRORS_HIGH:
        snprintf(line, size, "%.1f %% of the model's calls fail, the limit is %.1f %%", 100 * value,
                 100 * threshold);
        break;
    case ALERT_POOL_FULL:
        snprintf(line, size,
                 "%.0f %% of a store's database connections are in use, the limit is %.0f %%",
                 100 * value, 100 * threshold);
        break;
    case ALERT_ENDPOINT_DOWN:
        snprintf(line, size, "%.0f of the LLM's endpoints are left alone because their calls fail",
                 value);
        break;
    case ALERT_LIMIT_USED:
        snprintf(line, size,
                 "%.0f %% of an endpoint's limit of requests, tokens or money are used, the limit "
                 "of this is %.0f %%",
                 100 * value, 100 * threshold);
        break;
    }
}
