/* The gateway's settings: TP_HTTP_*, TP_KEY_PEPPER and those of every service. */
#pragma once

#include "process/process.h"

struct gateway_settings {
    struct process_settings process;
    const char *address;
    int64_t port;
    int64_t threads, max_streams;
    int64_t request_timeout_ms;
    bool keep_alive;
    int64_t max_body_bytes;
    int64_t store_timeout_ms;
    int64_t waiting_interval_ms, submit_position_ms;
    int64_t maintenance_retry_s;
    const char *key_pepper;
};

extern const struct program GATEWAY_PROGRAM;
