#include "core.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

const struct scheduler_config SCHEDULER_DEFAULTS = {
    .max_active_users = 10,
    .fairness = FAIRNESS_SOJOURN,
    .has_first_chunks_first = true,
    .weights = {8, 4, 2, 1},
    .lead_lease_ms = 2500,
    .permit_life_ms = 1200,
    .call_limit_ms = 30000,
    .grant_wait_ms = 6000,
    .republish_ms = 3000,
    .reread_ms = 2000,
    .reread_overlap_ms = 6000,
    .silent_ms = 3500,
    .seed = 1,
    .user_burst = 1,
    .has_fallback = true,
    .breaker_open_ms = 60000,
    .breaker_percent = 50,
    .breaker_calls = 20,
    .heal_ms = 5000,
};

struct scheduler *scheduler_new(const struct scheduler_config *config, struct instant now)
{
    struct scheduler *s = calloc(1, sizeof(*s));
    CHECK(s && config->permit_life_ms < config->lead_lease_ms);
    CHECK(config->endpoint_count <= MOST_ENDPOINTS);
    s->config = *config;
    if (s->config.endpoint_count == 0)
        s->config.endpoint_count = 1;
    s->now = now;
    s->random = config->seed;
    s->lead.ask_at = now;
    s->lead.answered = (struct instant){INT64_MIN};
    s->lead.until = (struct instant){INT64_MIN};
    s->lead.snapshot_at = NEVER;
    s->lead.reread_at = NEVER;
    s->attempts.mean_call_us = ASSUMED_CALL_US;
    struct queue_config queue = {.fairness = config->fairness,
                                 .burst = config->user_burst,
                                 .has_first_chunks_first = config->has_first_chunks_first};
    memcpy(queue.weights, config->weights, sizeof(queue.weights));
    queue_open(&s->queue, &queue);
    pace_forget(s);
    pace_tell(s);
    budget_open(s);
    return s;
}

void scheduler_free(struct scheduler **core)
{
    struct scheduler *s = *core;
    *core = NULL;
    if (!s)
        return;
    rows_forget_all(s);
    rebuild_forget(s);
    budget_close(s);
    queue_close(&s->queue);
    heap_free(&s->waiting);
    heap_free(&s->splits);
    heap_free(&s->attempts.alarms);
    heap_free(&s->attempts.errands);
    heap_free(&s->attempts.parked);
    heap_free(&s->attempts.bursts);
    fleet_free(&s->fleet);
    free(s->actions.list);
    free(s);
}

static void hear(struct scheduler *s, const struct event *event)
{
    bool is_rebuilt = s->lead.phase == LEAD_LEADING;
    switch (event->kind) {
    case EVENT_TIME:
        break;
    case EVENT_LEAVE:
        lead_on_leave(s);
        break;
    case EVENT_LEASE:
        lead_on_lease(s, event);
        break;
    case EVENT_SNAPSHOT:
        lead_on_snapshot(s, event);
        break;
    case EVENT_CHANGED:
        lead_on_changed(s, event);
        break;
    case EVENT_JOB:
        if (is_rebuilt && event->is_answered && event->job.epoch == s->lead.epoch)
            rows_on_job(s, event->job.job_id, event->job.job);
        else if (is_rebuilt)
            rows_on_job(s, event->job.job_id, NULL);
        break;
    case EVENT_BATCH:
        batch_on_answer(s, event);
        break;
    case EVENT_JOB_EVENT:
        if (is_rebuilt) /* before, the snapshot and the first re-reading bring it */
            rows_on_event(s, event->job_event.job, event->job_event.number);
        break;
    case EVENT_OUTCOME:
        permits_on_outcome(s, &event->outcome);
        break;
    case EVENT_PERMIT_ASK:
        permits_on_ask(s, event);
        break;
    case EVENT_HEARTBEAT:
        fleet_heard(&s->fleet, event->heartbeat.instance_id, event->heartbeat.slots, s->now);
        break;
    case EVENT_WAITING_ASK: /* answered when all that can be done is done */
        break;
    case EVENT_DISPATCH_FAILED:
        attempts_on_dispatch_failed(s, &event->attempt);
        break;
    case EVENT_CONTROL:
        obey_control(s, event->control);
        break;
    case EVENT_HEALING:
        heal_on_answer(s, event);
        break;
    }
}

const struct actions *scheduler_step(struct scheduler *s, const struct event *event,
                                     struct instant now)
{
    CHECK(!instant_is_before(now, s->now));
    s->now = now;
    s->actions.count = 0;
    queue_pass_time(&s->queue, now);
    fleet_forget_silent(&s->fleet, now, s->config.silent_ms);
    hear(s, event);
    pace_tell(s);
    rows_tend(s);
    attempts_tend(s);
    budget_tend(s); /* after them: a call whose lease ended makes room */
    burst_tend(s);
    permits_serve(s);
    batch_tend(s);
    attempts_tend(s); /* what was granted or refused just now */
    lead_tend(s);
    heal_tend(s);
    if (event->kind == EVENT_WAITING_ASK)
        explain_on_ask(s, event);
    return &s->actions;
}

static struct instant first_of(const struct heap *heap)
{
    return heap->count > 0 ? (struct instant){(int64_t)heap_first_key(heap)} : NEVER;
}

struct instant scheduler_next_wake(const struct scheduler *s)
{
    if (s->lead.phase == LEAD_LEFT)
        return NEVER;
    struct instant wake = s->lead.ask_at;
    wake = earlier(wake, s->lead.snapshot_at);
    wake = earlier(wake, first_of(&s->waiting));
    if (!lead_is_held(s))
        return wake;
    wake = earlier(wake, s->lead.reread_at);
    wake = earlier(wake, first_of(&s->attempts.alarms));
    wake = earlier(wake, budget_next_wake(s));
    wake = earlier(wake, heal_next_wake(s));
    if (s->batch.is_outstanding)
        wake = earlier(wake, s->batch.repeat_at);
    return wake;
}

bool scheduler_has_left(const struct scheduler *s)
{
    return s->lead.phase == LEAD_LEFT;
}

void scheduler_figures(const struct scheduler *s, struct scheduler_figures *figures)
{
    *figures = s->figures;
    figures->is_leader = lead_is_held(s);
    figures->epoch = s->lead.epoch;
    memcpy(figures->queued, s->book.queued, sizeof(figures->queued));
    figures->runnable = queue_runnable(&s->queue);
    figures->active_users = s->book.active_users;
    figures->waiting_users = s->book.waiting_users;
    figures->in_flight = s->attempts.count;
    figures->calls = s->attempts.calls;
    figures->call_cap = attempts_call_cap(s);
    figures->slots = s->fleet.slots;
    endpoints_figures(s, figures);
    const struct job *oldest = book_longest_unserved(&s->book);
    figures->oldest_wait_ms = oldest ? instant_ms_between(oldest->heard, s->now) : 0;
}
