#include "process/ops.h"

#include <string.h>

#include "metrics/metrics.h"

enum { THREADS = 2, REQUEST_TIMEOUT_MS = 5000 };

static void answer_json(struct web_request *request, int status, const struct text *json)
{
    web_add_header(request, "Cache-Control", "no-store");
    web_answer(request, status, "application/json", json->chars, json->length);
}

/* While it ends, loops stop one after the other: that is no reason to be shot, and the end is
 * bounded anyway. */
static void answer_healthz(void *context, struct web_request *request)
{
    const struct ops *ops = context;
    SCOPED(text_free) struct text json = {0};
    bool is_fine = true;
    if (ending_is_asked(ops->ending))
        text_add(&json, "{\"status\":\"ending\"}\n");
    else
        is_fine = health_is_alive(ops->health, clock_now(), &json);
    answer_json(request, is_fine ? 200 : 503, &json);
}

static void answer_readyz(void *context, struct web_request *request)
{
    const struct ops *ops = context;
    SCOPED(text_free) struct text json = {0};
    bool is_ready = health_is_ready(ops->health, &json);
    answer_json(request, is_ready ? 200 : 503, &json);
}

static void answer_metrics(void *context, struct web_request *request)
{
    (void)context;
    SCOPED(text_free) struct text page = {0};
    metrics_write(&page);
    web_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", page.chars, page.length);
}

bool ops_open(struct ops *ops, const char *address, int64_t port, struct web_server **server,
              struct error *why)
{
    static const struct web_route routes[] = {
        {.method = "GET", .path = "/healthz", .handler = answer_healthz},
        {.method = "GET", .path = "/readyz", .handler = answer_readyz},
        {.method = "GET", .path = "/metrics", .handler = answer_metrics},
    };
    const struct web_options options = {
        .address = address,
        .port = port,
        .threads = THREADS,
        .max_active = THREADS,
        .request_timeout_ms = REQUEST_TIMEOUT_MS,
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .context = ops,
    };
    return web_open(&options, server, why);
}
