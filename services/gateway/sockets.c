/* /v1/ws: many jobs over one WebSocket.
 *
 * The client says {"subscribe":"<job id>","after":N,"revisions":false} and
 * {"unsubscribe":"<job id>"}; it hears the same events as on the event stream, and {"error":{...}}
 * for what cannot be done. A job that is over is unsubscribed by itself, unless its revisions are
 * to be heard.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "follow.h"
#include "metrics.h"
#include "routes.h"
#include "json/json.h"

enum { SUBSCRIPTIONS_MAX = 100, CLOSE_PROTOCOL = 1007 };

struct subscription {
    struct follow follow;
    struct instant checked; /* when the store was asked last */
    struct subscription *next;
};

struct session {
    struct gateway *gateway;
    struct web_socket *socket;
    struct identity caller;
    struct subscription *subscriptions;
    int count;
};

static bool accept_client(void *context, struct web_request *request, void **state)
{
    struct identity caller;
    if (!caller_identify_by_token(context, request, &caller))
        return false;
    struct session *session = calloc(1, sizeof *session);
    CHECK(session != NULL);
    session->gateway = context;
    session->caller = caller;
    *state = session;
    return true;
}

static void open_session(void *context, struct web_socket *socket, void *state)
{
    (void)context;
    struct session *session = state;
    session->socket = socket;
    gateway_metrics_stream(1);
}

static bool send_event(void *context, uint32_t number, const char *json, size_t length)
{
    (void)number;
    return web_socket_send(context, json, length);
}

static void send_error(struct session *session, const char *job_id, const char *code,
                       const char *detail)
{
    SCOPED(text_free) struct text out = {0};
    text_format(&out, "{\"error\":{\"code\":\"%s\"", code);
    text_add_json_member(&out, "detail", detail);
    text_add(&out, "}");
    if (job_id)
        text_add_json_member(&out, "job_id", job_id);
    text_add(&out, "}");
    web_socket_send(session->socket, out.chars, out.length);
}

static void wake_socket(void *context)
{
    web_socket_wake(context);
}

static struct subscription **find(struct session *session, const char *job_id)
{
    struct subscription **link = &session->subscriptions;
    while (*link && strcmp((*link)->follow.job_id, job_id) != 0)
        link = &(*link)->next;
    return link;
}

static void unsubscribe(struct session *session, struct subscription **link)
{
    struct subscription *subscription = *link;
    CHECK(subscription != NULL);
    *link = subscription->next;
    hub_unfollow(session->gateway->hub, &subscription->follow.follower);
    free(subscription);
    session->count--;
}

static bool catch_up(struct subscription *subscription)
{
    struct error why;
    subscription->checked = clock_now();
    return follow_catch_up(&subscription->follow, &why);
}

static bool is_check_due(const struct subscription *subscription)
{
    return instant_ms_between(subscription->checked, clock_now()) >= FOLLOW_CHECK_MS;
}

/* Sends what there is by now; the store is asked where the hub missed something, and now and then,
 * for wake-ups may be lost. */
static void pump(struct session *session, struct subscription *subscription)
{
    SCOPED(text_free) struct text event = {0};
    struct follow *follow = &subscription->follow;
    while (!follow->is_over) {
        switch (hub_wait(session->gateway->hub, &follow->follower, follow->after,
                         (struct instant){0}, &event)) {
        case HUB_EVENT:
            if (!web_socket_send(session->socket, event.chars, event.length))
                return;
            follow_sent(follow, follow->follower.is_final);
            break;
        case HUB_WAITING:
            if (!web_socket_send(session->socket, event.chars, event.length))
                return;
            break;
        case HUB_MISSED:
            if (!catch_up(subscription))
                return;
            break;
        case HUB_NOTHING:
            if (!is_check_due(subscription) || !catch_up(subscription))
                return;
            break;
        case HUB_ENDING:
            web_socket_close(session->socket, 1001);
            return;
        }
    }
}

static void pump_all(void *context, struct web_socket *socket, void *state)
{
    (void)context;
    (void)socket;
    struct session *session = state;
    struct subscription **link = &session->subscriptions;
    while (*link) {
        pump(session, *link);
        if ((*link)->follow.is_over)
            unsubscribe(session, link);
        else
            link = &(*link)->next;
    }
}

/* What a client asks to follow. */
struct wish {
    const char *job_id;
    uint32_t after;
    bool hears_revisions;
};

static void subscribe(struct session *session, const struct wish *wish)
{
    const char *job_id = wish->job_id;
    struct error why;
    if (!uuid_is_valid(job_id)) {
        send_error(session, job_id, "job_not_found", "there is no such job");
        return;
    }
    if (*find(session, job_id))
        return;
    if (session->count == SUBSCRIPTIONS_MAX) {
        send_error(session, job_id, "too_many_subscriptions", "a socket follows up to 100 jobs");
        return;
    }
    struct subscription *subscription = calloc(1, sizeof *subscription);
    CHECK(subscription != NULL);
    struct follow *follow = &subscription->follow;
    *follow = (struct follow){.gateway = session->gateway,
                              .after = wish->after,
                              .hears_revisions = wish->hears_revisions,
                              .send = send_event,
                              .context = session->socket};
    snprintf(follow->tenant, sizeof follow->tenant, "%s", session->caller.tenant);
    snprintf(follow->job_id, sizeof follow->job_id, "%s", job_id);
    hub_follow(session->gateway->hub, &follow->follower, job_id, wake_socket, session->socket);
    subscription->checked = clock_now();
    subscription->next = session->subscriptions;
    session->subscriptions = subscription;
    session->count++;
    bool is_begun =
        follow_begin(follow, &why) && (follow->is_over || follow_catch_up(follow, &why));
    if (!is_begun && why.kind != ERROR_CANCELLED) {
        bool is_unknown = why.kind == ERROR_NOT_FOUND;
        send_error(session, job_id, is_unknown ? "job_not_found" : "unavailable",
                   is_unknown ? "there is no such job" : "try again");
        unsubscribe(session, find(session, job_id));
        return;
    }
    follow_await(follow);
    pump_all(NULL, session->socket, session);
}

static void hear_client(void *context, struct web_socket *socket, void *state, const char *text,
                        size_t length)
{
    (void)context;
    struct session *session = state;
    SCOPED(json_free) json_t *said = NULL;
    struct error why;
    const char *unwanted = NULL;
    struct wish wish = {0};
    int64_t after = 0;
    if (!json_parse(text, length, &said, &why)) {
        web_socket_close(socket, CLOSE_PROTOCOL);
        return;
    }
    if (!json_text(said, "subscribe", NULL, 100, &wish.job_id, &why) ||
        !json_text(said, "unsubscribe", NULL, 100, &unwanted, &why) ||
        !json_int(said, "after", 0, 0, INT32_MAX, &after, &why) ||
        !json_bool(said, "revisions", false, &wish.hears_revisions, &why)) {
        send_error(session, NULL, "invalid", why.message);
        return;
    }
    wish.after = (uint32_t)after;
    if (wish.job_id)
        subscribe(session, &wish);
    else if (unwanted && *find(session, unwanted))
        unsubscribe(session, find(session, unwanted));
    else if (!unwanted)
        send_error(session, NULL, "invalid", "say subscribe or unsubscribe");
}

static void close_session(void *context, struct web_socket *socket, void *state)
{
    (void)context;
    (void)socket;
    struct session *session = state;
    while (session->subscriptions)
        unsubscribe(session, &session->subscriptions);
    free(session);
    gateway_metrics_stream(-1);
}

const struct web_socket_route LIVE_SOCKET = {
    .path = LIVE_SOCKET_PATH,
    .accept = accept_client,
    .opened = open_session,
    .said = hear_client,
    .woken = pump_all,
    .closed = close_session,
};
