/* The ops listener: /healthz, /readyz and /metrics, on threads of its own, so that a busy service
 * still answers its probes. Private to the library. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scoped.h"
#include "process/ending.h"
#include "process/health.h"
#include "web/web.h"

/* What the answers are made from: lent until the server is closed. */
struct ops {
    const struct health *health;
    const struct ending *ending;
};

MUST_USE bool ops_open(struct ops *ops, const char *address, int64_t port,
                       struct web_server **server, struct error *why);
