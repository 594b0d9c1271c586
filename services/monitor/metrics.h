/* The monitor's own metrics. Any thread. */
#pragma once

#include "alerts.h"

enum telemetry_fate { TELEMETRY_TAKEN, TELEMETRY_INVALID, TELEMETRY_REFUSED };
enum notification_fate { NOTIFICATION_DELIVERED, NOTIFICATION_FAILED, NOTIFICATION_GIVEN_UP };

/* Makes all series, so that they are there at zero. */
void monitor_metrics_open(void);
void monitor_metrics_telemetry(enum telemetry_fate fate);
void monitor_metrics_notification(enum notification_fate fate);
void monitor_metrics_alerts(const struct alerts *alerts);
