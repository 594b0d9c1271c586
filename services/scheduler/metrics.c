#include "metrics.h"

#include <stdlib.h>

#include "base/check.h"
#include "metrics/metrics.h"

static const char *const CLASS_NAMES[CLASSES] = {"interactive", "premium", "standard",
                                                 "background"};

/* One row for each plain series: a figure's place, and how it is shown. */
struct row {
    enum metric_type type;
    const char *name, *help, *label, *value;
    double (*read)(const struct scheduler_figures *figures);
};

#define FIGURE(member)                                                                             \
    static double read_##member(const struct scheduler_figures *figures)                           \
    {                                                                                              \
        return (double)figures->member;                                                            \
    }
FIGURE(is_leader)
FIGURE(epoch)
FIGURE(runnable)
FIGURE(active_users)
FIGURE(waiting_users)
FIGURE(in_flight)
FIGURE(calls)
FIGURE(call_cap)
FIGURE(slots)
FIGURE(decisions)
FIGURE(grants)
FIGURE(permits_llm)
FIGURE(permits_free)
FIGURE(permits_repeated)
FIGURE(drops)
FIGURE(reaped)
FIGURE(released)
FIGURE(splits)
FIGURE(republished)
FIGURE(refused_permits)
FIGURE(shadow_violations)
FIGURE(excused_calls)
FIGURE(degraded_grants)
FIGURE(overruns)
FIGURE(healed_posts)
FIGURE(limited_tenants)
FIGURE(limited_users)
#undef FIGURE

static double read_oldest_wait(const struct scheduler_figures *figures)
{
    return (double)figures->oldest_wait_ms / 1000;
}

#define NAME(name_) "tweetpulse_scheduler_" name_
#define GAUGE(name_, help_, read_)                                                                 \
    {.type = METRIC_GAUGE, .name = NAME(name_), .help = (help_), .read = (read_)}
#define COUNTER(name_, help_, read_)                                                               \
    {.type = METRIC_COUNTER, .name = NAME(name_), .help = (help_), .read = (read_)}
#define PERMITS(kind_, read_)                                                                      \
    {.type = METRIC_COUNTER,                                                                       \
     .name = NAME("permits_total"),                                                                \
     .help = "Answers to permit asks, by kind.",                                                   \
     .label = "kind",                                                                              \
     .value = (kind_),                                                                             \
     .read = (read_)}

static const struct row ROWS[] = {
    GAUGE("is_leader", "1 while this replica leads.", read_is_leader),
    GAUGE("epoch", "The highest epoch this replica has led.", read_epoch),
    GAUGE("runnable_chunks", "Chunks that could be granted now, one of each free user.",
          read_runnable),
    GAUGE("active_users", "Users with a chunk in flight.", read_active_users),
    GAUGE("waiting_users", "Users with chunks that wait and none in flight.", read_waiting_users),
    GAUGE("in_flight", "Grants whose commit has not been heard.", read_in_flight),
    GAUGE("llm_calls", "Calls that count as running.", read_calls),
    GAUGE("llm_concurrency_budget", "Calls that may run at once.", read_call_cap),
    GAUGE("analyzer_slots", "Slots announced by live analyzers.", read_slots),
    GAUGE("oldest_wait_seconds", "Age of the oldest job that never had a permit.",
          read_oldest_wait),
    COUNTER("decisions_total", "Actions decided on.", read_decisions),
    COUNTER("grants_total", "Grants the store has committed.", read_grants),
    PERMITS("llm", read_permits_llm),
    PERMITS("free", read_permits_free),
    PERMITS("repeated", read_permits_repeated),
    PERMITS("drop", read_drops),
    COUNTER("reaped_total", "Attempts given up because their lease ran out.", read_reaped),
    COUNTER("released_total", "Grants taken back before anybody had a permit.", read_released),
    COUNTER("splits_total", "Chunks split in two.", read_splits),
    COUNTER("republished_total", "Dispatches published again.", read_republished),
    COUNTER("refused_permits_total", "Asks for a permit that had to wait for room under a limit.",
            read_refused_permits),
    COUNTER("shadow_violations_total", "Permits that a shadow limit would have refused.",
            read_shadow_violations),
    COUNTER("excused_calls_total",
            "Permitted calls whose analyzer fell silent: they may run beside the limits.",
            read_excused_calls),
    COUNTER("degraded_grants_total",
            "Grants by the embedded analysis for want of an endpoint, to be healed.",
            read_degraded_grants),
    COUNTER("overruns_total", "Calls that used more tokens than had been booked for them.",
            read_overruns),
    COUNTER("healed_posts_total", "Posts given to jobs that analyse them again by the LLM.",
            read_healed_posts),
    GAUGE("limited_tenants", "Tenants that wait for room under their limits.",
          read_limited_tenants),
    GAUGE("limited_users", "Users that wait for room under limits of their own.",
          read_limited_users),
};
enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

/* What limits are called; those of money are told in dollars. */
static const struct {
    const char *name;
    double scale;
} LIMITS[LIMIT_KINDS] = {
    [LIMIT_REQUESTS] = {"requests_per_minute", 1},
    [LIMIT_TOKENS] = {"tokens_per_minute", 1},
    [LIMIT_IN_FLIGHT] = {"calls_in_flight", 1},
    [LIMIT_MONEY] = {"usd_per_day", 1e-6},
};

struct scheduler_metrics {
    struct metric_family *breaker_state, *breaker_openings, *hold, *limit, *limit_used;
    struct metric *series[ROW_COUNT];
    struct metric *queue_depth[CLASSES];
    double told[ROW_COUNT]; /* counters: what has been added so far */
};

static struct metric_family *wait_family(void)
{
    return metrics_duration(NAME("wait_seconds"), "From hearing of a job to its first permit.",
                            METRIC_NO_LABELS);
}

static struct metric_family *batch_family(void)
{
    return metrics_duration(NAME("batch_duration_seconds"),
                            "From asking for a batch of grants to its answer.", METRIC_NO_LABELS);
}

static struct metric_family *refused_family(void)
{
    return metrics_counter(NAME("refused_messages_total"), "Messages that were not taken.",
                           METRIC_LABELS("reason"));
}

static struct metric_family *traced_family(void)
{
    return metrics_counter(NAME("trace_steps_total"),
                           "Steps recorded while leading, by what became of them: stored, lost.",
                           METRIC_LABELS("fate"));
}

static struct metric_family *forecast_family(void)
{
    return metrics_duration(NAME("forecast_seconds"), "Making one forecast.", METRIC_NO_LABELS);
}

static struct metric_family *foretold_family(void)
{
    return metrics_counter(
        NAME("forecast_jobs_total"),
        "Completed jobs of which a finish had been told, by when they were done: "
        "by their first-told p50, else p90, or later.",
        METRIC_LABELS("within"));
}

static struct metric *series_of(const struct row *row)
{
    struct metric_labels labels = row->label ? METRIC_LABELS(row->label) : METRIC_NO_LABELS;
    struct metric_family *family = row->type == METRIC_COUNTER
                                       ? metrics_counter(row->name, row->help, labels)
                                       : metrics_gauge(row->name, row->help, labels);
    return row->label ? metrics_with(family, METRIC_VALUES(row->value)) : metrics_plain(family);
}

static void open_endpoints(struct scheduler_metrics *metrics)
{
    metrics->breaker_state =
        metrics_gauge(NAME("breaker_state"), "Of an endpoint: 0 closed, 1 half open, 2 open.",
                      METRIC_LABELS("endpoint"));
    metrics->breaker_openings = metrics_counter(
        NAME("breaker_openings_total"), "How often a breaker opened.", METRIC_LABELS("endpoint"));
    metrics->hold =
        metrics_gauge("tweetpulse_llm_server_hold_seconds",
                      "How long an endpoint's server wants no calls.", METRIC_LABELS("endpoint"));
    metrics->limit = metrics_gauge(
        "tweetpulse_llm_limit", "An endpoint's limits in force, learned ones included; 0 = none.",
        METRIC_LABELS("endpoint", "limit"));
    metrics->limit_used =
        metrics_gauge("tweetpulse_llm_limit_used", "What counts under the limits of an endpoint.",
                      METRIC_LABELS("endpoint", "limit"));
}

struct scheduler_metrics *scheduler_metrics_new(void)
{
    struct scheduler_metrics *metrics = calloc(1, sizeof *metrics);
    CHECK(metrics);
    for (size_t i = 0; i < ROW_COUNT; i++)
        metrics->series[i] = series_of(&ROWS[i]);
    struct metric_family *depth =
        metrics_gauge(NAME("queue_depth"), "Chunks that wait, for their turn or their retry.",
                      METRIC_LABELS("class"));
    for (int i = 0; i < CLASSES; i++)
        metrics->queue_depth[i] = metrics_with(depth, METRIC_VALUES(CLASS_NAMES[i]));
    open_endpoints(metrics);
    metrics_plain(wait_family());
    metrics_plain(batch_family());
    metrics_plain(forecast_family());
    scheduler_metrics_set(metrics, &(struct scheduler_figures){0});
    return metrics;
}

void scheduler_metrics_free(struct scheduler_metrics **metrics)
{
    free(*metrics);
    *metrics = NULL;
}

static double state_shown(enum breaker_state state)
{
    switch (state) {
    case BREAKER_CLOSED:
        return 0;
    case BREAKER_HALF_OPEN:
        return 1;
    case BREAKER_OPEN:
        return 2;
    }
    CHECK_UNREACHABLE();
}

static void set_endpoint(const struct scheduler_metrics *metrics,
                         const struct endpoint_figures *figures)
{
    struct metric_labels endpoint = METRIC_VALUES(figures->name);
    metric_set(metrics_with(metrics->breaker_state, endpoint), state_shown(figures->breaker));
    metric_set(metrics_with(metrics->breaker_openings, endpoint),
               (double)figures->breaker_openings);
    metric_set(metrics_with(metrics->hold, endpoint), (double)figures->held_ms / 1000);
    for (int kind = LIMIT_REQUESTS; kind < LIMIT_KINDS; kind++) {
        struct metric_labels limit = METRIC_VALUES(figures->name, LIMITS[kind].name);
        metric_set(metrics_with(metrics->limit, limit),
                   (double)figures->limits[kind] * LIMITS[kind].scale);
        metric_set(metrics_with(metrics->limit_used, limit),
                   (double)figures->used[kind] * LIMITS[kind].scale);
    }
}

void scheduler_metrics_set(struct scheduler_metrics *metrics,
                           const struct scheduler_figures *figures)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        double value = ROWS[i].read(figures);
        if (ROWS[i].type == METRIC_COUNTER)
            metric_add(metrics->series[i], value - metrics->told[i]);
        else
            metric_set(metrics->series[i], value);
        metrics->told[i] = value;
    }
    for (int i = 0; i < CLASSES; i++)
        metric_set(metrics->queue_depth[i], (double)figures->queued[i]);
    for (uint32_t i = 0; i < figures->endpoint_count; i++)
        set_endpoint(metrics, &figures->endpoints[i]);
}

void scheduler_metrics_waited(int64_t waited_ms)
{
    metric_observe(metrics_plain(wait_family()), (double)waited_ms / 1000);
}

void scheduler_metrics_batch(double seconds)
{
    metric_observe(metrics_plain(batch_family()), seconds);
}

void scheduler_metrics_refused(const char *reason)
{
    metric_add(metrics_with(refused_family(), METRIC_VALUES(reason)), 1);
}

void scheduler_metrics_traced(const char *fate, uint32_t steps)
{
    metric_add(metrics_with(traced_family(), METRIC_VALUES(fate)), steps);
}

void scheduler_metrics_forecast(double seconds)
{
    metric_observe(metrics_plain(forecast_family()), seconds);
}

void scheduler_metrics_foretold(const char *within)
{
    metric_add(metrics_with(foretold_family(), METRIC_VALUES(within)), 1);
}
