#include "gateway.h"

#include <stdlib.h>

#include "base/check.h"
#include "metrics.h"
#include "routes.h"
#include "scheduler_client.h"

/* Handed to civetweb as it is, so it lives as long as the gateway. */
struct gateway_with_routes {
    struct gateway gateway;
    struct web_route routes[40];
    size_t route_count;
};

static void note_answer(void *context, const char *method, const char *route, int status,
                        double seconds)
{
    (void)context;
    gateway_metrics_answered(method, route, status, seconds);
}

static void fill_routes(struct gateway_with_routes *g)
{
    const size_t caps[] = {[NO_BODY] = 0,
                           [SMALL_BODY] = SMALL_BODY_MAX_BYTES,
                           [POSTS_BODY] = (size_t)g->gateway.settings->max_body_bytes};
#define FILL_(method_, path_, handler_, body, is_stream_)                                          \
    CHECK(g->route_count < sizeof g->routes / sizeof *g->routes);                                  \
    g->routes[g->route_count++] = (struct web_route){.method = method_,                            \
                                                     .path = path_,                                \
                                                     .handler = handler_,                          \
                                                     .max_body_bytes = caps[body],                 \
                                                     .is_stream = is_stream_};
    ROUTES(FILL_)
#undef FILL_
}

/* Streams never take the last threads, or nobody could submit any more. */
static int streams_within(const struct gateway_settings *settings)
{
    int64_t most = settings->threads * 3 / 4;
    return (int)(settings->max_streams < most ? settings->max_streams : most);
}

static bool open_web(struct gateway_with_routes *g, struct error *why)
{
    const struct gateway_settings *settings = g->gateway.settings;
    const struct web_options options = {
        .address = settings->address,
        .port = settings->port,
        .threads = (int)settings->threads,
        .max_active = (int)settings->threads,
        .max_streams = streams_within(settings),
        .request_timeout_ms = (int)settings->request_timeout_ms,
        .keep_alive = settings->keep_alive,
        .routes = g->routes,
        .route_count = g->route_count,
        .sockets = &LIVE_SOCKET,
        .socket_count = 1,
        .context = &g->gateway,
        .answered = note_answer,
    };
    return web_open(&options, &g->gateway.web, why);
}

static bool ask_scheduler(void *context, const char *job_id, struct arena *arena,
                          const Tp__WaitingReply **waiting, struct error *why)
{
    struct gateway *gateway = context;
    return scheduler_waiting(gateway->bus, job_id, SCHEDULER_PATIENCE_MS, NULL, arena, waiting,
                             why);
}

bool gateway_open(const struct gateway_settings *settings, struct bus *bus,
                  struct gateway **gateway, struct error *why)
{
    struct gateway_with_routes *g = calloc(1, sizeof *g);
    CHECK(g != NULL);
    *gateway = &g->gateway;
    g->gateway = (struct gateway){.settings = settings, .bus = bus, .keyring = keyring_new()};
    fill_routes(g);
    if (hub_open(bus, &g->gateway.hub, why) && open_web(g, why)) {
        if (settings->waiting_interval_ms > 0)
            g->gateway.asker = asker_open(g->gateway.hub, settings->waiting_interval_ms,
                                          ask_scheduler, &g->gateway);
        return true;
    }
    gateway_close(gateway);
    return false;
}

void gateway_drain(struct gateway *gateway, int64_t timeout_ms)
{
    hub_end(gateway->hub);
    web_drain(gateway->web, timeout_ms);
}

void gateway_close(struct gateway **gateway)
{
    struct gateway *g = *gateway;
    if (!g)
        return;
    asker_close(&g->asker);
    if (g->hub)
        hub_end(g->hub);
    web_close(&g->web);
    hub_close(&g->hub);
    keyring_free(&g->keyring);
    free(g);
    *gateway = NULL;
}
