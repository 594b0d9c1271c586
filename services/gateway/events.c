/* GET /v1/jobs/{id}/events: server-sent events. Their ids are the events' numbers. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "follow.h"
#include "metrics.h"
#include "routes.h"

enum { PING_MS = 15000, RECONNECT_MS = 2000 };

/* Where to go on: what the client saw last, by header or query. */
static bool read_after(struct web_request *request, uint32_t *after)
{
    const char *last = web_header(request, "Last-Event-ID");
    int64_t number;
    if (!last)
        return request_number(request, "after", 0, 0, INT32_MAX, after);
    if (!number_parse_int(last, &number) || number < 0 || number > INT32_MAX)
        return request_refuse_parameter(request, "Last-Event-ID is the number of an event");
    *after = (uint32_t)number;
    return true;
}

static bool read_revisions(struct web_request *request, bool *hears_revisions)
{
    const char *said = web_query(request, "revisions");
    *hears_revisions = said && strcmp(said, "true") == 0;
    return !said || *hears_revisions || strcmp(said, "false") == 0 ||
           request_refuse_parameter(request, "revisions is true or false");
}

static bool send_event(void *context, uint32_t number, const char *json, size_t length)
{
    SCOPED(text_free) struct text out = {0};
    text_format(&out, "id: %u\ndata: ", number);
    text_add_bytes(&out, json, length);
    text_add(&out, "\n\n");
    return web_stream_write(context, out.chars, out.length);
}

/* By a name and without an id: clients that know of no such event do not hear it, and they resume
 * by the last number. */
static bool send_waiting(struct web_request *request, const struct text *event)
{
    SCOPED(text_free) struct text out = {0};
    text_add(&out, "event: waiting\ndata: ");
    text_add_bytes(&out, event->chars, event->length);
    text_add(&out, "\n\n");
    return web_stream_write(request, out.chars, out.length);
}

static bool send_comment(struct web_request *request, const char *comment)
{
    SCOPED(text_free) struct text out = {0};
    text_format(&out, ": %s\n\n", comment);
    return web_stream_write(request, out.chars, out.length);
}

/* What comes after the store's events. A store that is away for a while ends no stream. */
static void stream_live(struct follow *follow, struct web_request *request)
{
    SCOPED(text_free) struct text event = {0};
    struct hub *hub = follow->gateway->hub;
    struct instant next_ping = instant_plus_ms(clock_now(), PING_MS);
    struct error why;
    while (!follow->is_over) {
        struct instant deadline = instant_plus_ms(clock_now(), FOLLOW_CHECK_MS);
        switch (hub_wait(hub, &follow->follower, follow->after, deadline, &event)) {
        case HUB_EVENT:
            if (!send_event(request, follow->after + 1, event.chars, event.length))
                return;
            follow_sent(follow, follow->follower.is_final);
            break;
        case HUB_WAITING:
            if (!send_waiting(request, &event))
                return;
            break;
        case HUB_MISSED:
        case HUB_NOTHING:
            if (!follow_catch_up(follow, &why) && why.kind == ERROR_CANCELLED)
                return;
            break;
        case HUB_ENDING:
            send_comment(request, "this server is about to stop; reconnect");
            return;
        }
        if (instant_is_before(next_ping, clock_now())) {
            if (!send_comment(request, "ping"))
                return;
            next_ping = instant_plus_ms(clock_now(), PING_MS);
        }
    }
}

static void stream(struct follow *follow, struct web_request *request)
{
    char retry[32];
    struct error why;
    int length = snprintf(retry, sizeof retry, "retry: %d\n\n", RECONNECT_MS);
    web_add_header(request, "X-Accel-Buffering", "no");
    if (!web_stream_begin(request, 200, "text/event-stream") ||
        !web_stream_write(request, retry, (size_t)length))
        return;
    gateway_metrics_stream(1);
    hub_follow(follow->gateway->hub, &follow->follower, follow->job_id, NULL, NULL);
    follow_await(follow);
    if (follow_catch_up(follow, &why) || why.kind != ERROR_CANCELLED)
        stream_live(follow, request);
    hub_unfollow(follow->gateway->hub, &follow->follower);
    web_stream_end(request);
    gateway_metrics_stream(-1);
}

void job_events(void *context, struct web_request *request)
{
    struct follow follow = {.gateway = context, .send = send_event, .context = request};
    struct identity caller;
    struct error why;
    if (!caller_identify_by_token(context, request, &caller) ||
        !read_after(request, &follow.after) || !read_revisions(request, &follow.hears_revisions))
        return;
    const char *job_id = request_job_id(request);
    if (!job_id)
        return;
    snprintf(follow.tenant, sizeof follow.tenant, "%s", caller.tenant);
    snprintf(follow.job_id, sizeof follow.job_id, "%s", job_id);
    if (!follow_begin(&follow, &why))
        answer_store_error(request, &why);
    else if (follow.is_over) /* 204 tells an EventSource not to come back */
        web_answer(request, 204, NULL, NULL, 0);
    else
        stream(&follow, request);
}
