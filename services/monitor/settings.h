/* The monitor's settings: TP_MONITOR_*, TP_ALERT_* and those of every service. */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "process/process.h"

struct monitor_settings {
    struct process_settings process;
    const char *address;
    int64_t port;
    const char *external_url;
    int64_t interval_ms, window_s, least_calls;
    int64_t queue_length, queue_for_s;
    double chunk_s, chunk_ratio;
    int64_t chunk_for_s;
    double error_ratio;
    int64_t error_for_s;
    double pool_ratio;
    int64_t pool_for_s;
    int64_t endpoint_for_s;
    double limit_ratio;
    int64_t limit_for_s;
    int64_t clear_s;
    const char *webhook_url;
    int64_t group_wait_s, repeat_s, give_up_s;
};

extern const struct program MONITOR_PROGRAM;

/* What the table cannot say. The message names the setting, and keeps the address secret. */
MUST_USE bool monitor_settings_check(const struct monitor_settings *settings, struct error *why);
