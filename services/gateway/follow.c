#include "follow.h"

#include "states.h"
#include "store_client/store_client.h"
#include "views.h"

enum { PAGE = 200 };

bool follow_begin(struct follow *follow, struct error *why)
{
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    Tp__JobQuery query = TP__JOB_QUERY__INIT;
    query.tenant_id = follow->tenant;
    query.job_id = follow->job_id;
    const Tp__JobReply *reply;
    if (!store_job(follow->gateway->bus, &query, follow->gateway->settings->store_timeout_ms, NULL,
                   arena, &reply, why))
        return false;
    const Tp__JobView *job = reply->job;
    bool is_final = state_is_final(job->status);
    follow->is_over = is_final && job->event_number <= follow->after && !follow->hears_revisions;
    follow->is_under_way = !is_final;
    follow->begun_at = job->event_number;
    follow->status = job->status;
    return true;
}

void follow_await(struct follow *follow)
{
    if (follow->is_under_way)
        hub_await(follow->gateway->hub, &follow->follower, follow->begun_at, follow->status,
                  clock_now());
}

void follow_sent(struct follow *follow, bool is_final)
{
    follow->after++;
    follow->is_over = follow->is_over || (is_final && !follow->hears_revisions);
}

static bool send_events(struct follow *follow, const Tp__EventsReply *reply, struct error *why)
{
    SCOPED(text_free) struct text json = {0};
    for (size_t i = 0; i < reply->n_events; i++) {
        const Tp__JobEvent *event = reply->events[i];
        text_clear(&json);
        view_event(event, &json);
        if (!follow->send(follow->context, event->number, json.chars, json.length))
            return error_set(why, ERROR_CANCELLED, "the client is gone");
        follow->after = event->number - 1;
        follow_sent(follow, state_is_final(event->job->status));
    }
    return true;
}

bool follow_catch_up(struct follow *follow, struct error *why)
{
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__EventsReply *reply;
    do {
        arena_reset(arena);
        Tp__EventsQuery query = TP__EVENTS_QUERY__INIT;
        query.tenant_id = follow->tenant;
        query.job_id = follow->job_id;
        query.after_number = follow->after;
        query.limit = PAGE;
        if (!store_events(follow->gateway->bus, &query, follow->gateway->settings->store_timeout_ms,
                          NULL, arena, &reply, why) ||
            !send_events(follow, reply, why))
            return false;
    } while (reply->n_events > 0 && (!follow->is_over || reply->n_events == PAGE));
    return true;
}
