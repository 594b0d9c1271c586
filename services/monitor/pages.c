#include "pages.h"

#include <stdlib.h>

#include "base/check.h"
#include "letters.h"
#include "web/web.h"

/* Handlers at once stay under what the mailbox keeps room for. */
enum { THREADS = 4, REQUEST_TIMEOUT_MS = 5000, DRAIN_MS = 2000, FOR_EVER_MS = 3600 * 1000 };

struct pages {
    struct mailbox *mailbox;
    struct web_server *server;
};

static void ask(void *context, struct web_request *request, enum page page, const char *type)
{
    const struct pages *pages = context;
    SCOPED(mailbox_free) struct mailbox *answered = mailbox_new(1);
    struct question question = {.page = page, .answered = answered};
    letter_post(pages->mailbox, &(struct letter){.kind = LETTER_QUESTION, .question = &question});
    while (mailbox_take(answered, instant_plus_ms(clock_now(), FOR_EVER_MS)) == NULL)
        ;
    web_add_header(request, "Cache-Control", "no-store");
    web_answer(request, 200, type, question.answer.chars, question.answer.length);
    text_free(&question.answer);
}

static void show_metrics(void *context, struct web_request *request)
{
    ask(context, request, PAGE_METRICS, "text/plain; version=0.0.4; charset=utf-8");
}

static void show_alerts(void *context, struct web_request *request)
{
    ask(context, request, PAGE_ALERTS, "application/json");
}

static void show_fleet(void *context, struct web_request *request)
{
    ask(context, request, PAGE_FLEET, "application/json");
}

bool pages_open(const char *address, int64_t port, struct mailbox *mailbox, struct pages **out,
                struct error *why)
{
    static const struct web_route ROUTES[] = {
        {.method = "GET", .path = "/metrics", .handler = show_metrics},
        {.method = "GET", .path = "/v1/alerts", .handler = show_alerts},
        {.method = "GET", .path = "/v1/fleet", .handler = show_fleet},
    };
    SCOPED(pages_close) struct pages *pages = calloc(1, sizeof *pages);
    CHECK(pages != NULL);
    pages->mailbox = mailbox;
    const struct web_options options = {
        .address = address,
        .port = port,
        .threads = THREADS,
        .max_active = THREADS,
        .request_timeout_ms = REQUEST_TIMEOUT_MS,
        .routes = ROUTES,
        .route_count = sizeof ROUTES / sizeof ROUTES[0],
        .context = pages,
    };
    if (!web_open(&options, &pages->server, why))
        return false;
    *out = TAKE(pages);
    return true;
}

int pages_port(const struct pages *pages)
{
    return web_port(pages->server);
}

void pages_close(struct pages **pages)
{
    if (*pages == NULL)
        return;
    if ((*pages)->server != NULL) {
        web_drain((*pages)->server, DRAIN_MS);
        web_close(&(*pages)->server);
    }
    free(*pages);
    *pages = NULL;
}
