#include "metrics.h"

#include "metrics/metrics.h"

static struct metric_family *telemetry_family(void)
{
    return metrics_counter("tweetpulse_monitor_telemetry_total",
                           "Telemetry messages heard, by what became of them.",
                           METRIC_LABELS("result"));
}

static struct metric_family *notification_family(void)
{
    return metrics_counter("tweetpulse_monitor_notifications_total",
                           "Attempts to tell the webhook, by what became of them.",
                           METRIC_LABELS("result"));
}

static struct metric_family *alert_family(void)
{
    return metrics_gauge("tweetpulse_monitor_alert_firing", "1 while the alert fires.",
                         METRIC_LABELS("alertname"));
}

static struct metric *telemetry_of(enum telemetry_fate fate)
{
    static const char *const NAMES[] = {"taken", "invalid", "refused"};
    return metrics_with(telemetry_family(), METRIC_VALUES(NAMES[fate]));
}

static struct metric *notification_of(enum notification_fate fate)
{
    static const char *const NAMES[] = {"delivered", "failed", "given_up"};
    return metrics_with(notification_family(), METRIC_VALUES(NAMES[fate]));
}

static struct metric *alert_of(enum alert_kind kind)
{
    return metrics_with(alert_family(), METRIC_VALUES(alert_name(kind)));
}

void monitor_metrics_open(void)
{
    for (int fate = TELEMETRY_TAKEN; fate <= TELEMETRY_REFUSED; fate++)
        metric_add(telemetry_of((enum telemetry_fate)fate), 0);
    for (int fate = NOTIFICATION_DELIVERED; fate <= NOTIFICATION_GIVEN_UP; fate++)
        metric_add(notification_of((enum notification_fate)fate), 0);
    for (int kind = 0; kind < ALERT_KINDS; kind++)
        metric_set(alert_of((enum alert_kind)kind), 0);
}

void monitor_metrics_telemetry(enum telemetry_fate fate)
{
    metric_add(telemetry_of(fate), 1);
}

void monitor_metrics_notification(enum notification_fate fate)
{
    metric_add(notification_of(fate), 1);
}

void monitor_metrics_alerts(const struct alerts *alerts)
{
    for (int kind = 0; kind < ALERT_KINDS; kind++)
        metric_set(alert_of((enum alert_kind)kind),
                   alerts->list[kind].state == ALERT_FIRING ? 1 : 0);
}
