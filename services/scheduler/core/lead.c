/* Who leads: the lease, the rebuilding after a takeover, the re-reading of what changed (steps 2
 * and 9, rule 11). */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

enum { RENEWALS_PER_LEASE = 5 };

/* Nothing of an older epoch is carried over: the store knows better. */
static void forget_all(struct scheduler *s)
{
    bool was_leading = s->lead.phase == LEAD_LEADING;
    rows_forget_all(s);
    pace_forget(s);
    rebuild_forget(s);
    budget_forget(s);
    CHECK(s->attempts.count == 0 && s->attempts.calls == 0 && s->attempts.waiting == 0);
    CHECK(s->waiting.count == 0 && s->splits.count == 0);
    /* The sequence goes on: an epoch may be taken up again, and its numbers must not come back. */
    s->batch.is_outstanding = false;
    s->batch.count = 0;
    s->attempts.last_grant = 0;
    s->lead.snapshot_at = NEVER;
    s->lead.reread_at = NEVER;
    if (was_leading)
        say(s, ACTION_YIELD);
}

static void begin(struct scheduler *s, uint64_t epoch)
{
    forget_all(s);
    s->random = s->config.seed ^ epoch; /* an epoch does not hang on those before (start.c) */
    s->lead.epoch = epoch;
    s->lead.phase = LEAD_REBUILDING;
    s->lead.snapshot_at = s->now;
    s->lead.cursor[0] = '\0';
    s->lead.has_first_page = false;
}

static void step_down(struct scheduler *s)
{
    if (s->lead.phase != LEAD_LEADING && s->lead.phase != LEAD_REBUILDING)
        return;
    forget_all(s);
    s->lead.phase = LEAD_STANDBY;
}

void lead_on_lease(struct scheduler *s, const struct event *event)
{
    struct instant asked = event->lease.asked;
    if (s->lead.phase == LEAD_LEFT)
        return;
    if (!event->is_answered) {
        struct instant soon = instant_plus_ms(s->now, STORE_RETRY_MS);
        if (instant_is_before(soon, s->lead.ask_at))
            s->lead.ask_at = soon;
        return;
    }
    /* Answers may overtake each other: a refusal counts only if it is the newest word. */
    bool is_newest = instant_is_before(s->lead.answered, asked);
    if (is_newest)
        s->lead.answered = asked;
    if (!event->lease.is_held) {
        if (is_newest)
            step_down(s);
        /* As soon as it may be had, not with the next round of asking. */
        s->lead.ask_at = earlier(s->lead.ask_at, instant_plus_ms(s->now, event->lease.left_ms + 1));
        return;
    }
    if (event->lease.epoch < s->lead.epoch)
        return;
    struct instant until = instant_plus_ms(asked, s->config.lead_lease_ms);
    bool is_same = event->lease.epoch == s->lead.epoch && s->lead.phase != LEAD_STANDBY;
    if (!is_same) {
        begin(s, event->lease.epoch);
        s->lead.until = until;
    } else if (instant_is_before(s->lead.until, until)) {
        s->lead.until = until;
    }
}

void lead_on_snapshot(struct scheduler *s, const struct event *event)
{
    struct lead *lead = &s->lead;
    if (lead->phase != LEAD_REBUILDING || event->snapshot.epoch != lead->epoch)
        return;
    if (!event->is_answered || event->snapshot.is_fenced) {
        lead->snapshot_at = instant_plus_ms(s->now, STORE_RETRY_MS);
        return;
    }
    if (!lead->has_first_page)
        lead->changes_us = event->snapshot.now_us;
    lead->has_first_page = true;
    obey_all(s, event->snapshot.controls, event->snapshot.control_count);
    for (size_t i = 0; i < event->snapshot.job_count; i++)
        rows_apply_job(s, &event->snapshot.jobs[i]);
    for (size_t i = 0; i < event->snapshot.call_count; i++)
        rebuild_call(s, &event->snapshot.calls[i]);
    for (size_t i = 0; i < event->snapshot.spend_count; i++)
        rebuild_spend(s, &event->snapshot.spends[i]);
    rebuild_endpoints(s, event->snapshot.ended, event->snapshot.ended_count);
    if (event->snapshot.next_cursor[0] != '\0') {
        snprintf(lead->cursor, sizeof(lead->cursor), "%s", event->snapshot.next_cursor);
        lead->snapshot_at = s->now;
        return;
    }
    heal_begin(s);
    lead->phase = LEAD_LEADING;
    lead->snapshot_at = NEVER; /* a page asked for before the epoch was taken up again */
    lead->reread_at = s->now;  /* the pages were of different moments */
    lead->after_job[0] = '\0';
    say(s, ACTION_LEAD);
}

void lead_on_changed(struct scheduler *s, const struct event *event)
{
    struct lead *lead = &s->lead;
    if (lead->phase != LEAD_LEADING || event->changed.epoch != lead->epoch)
        return;
    lead->reread_at = instant_plus_ms(s->now, s->config.reread_ms);
    if (!event->is_answered)
        return;
    if (lead->after_job[0] == '\0')
        lead->round_us = event->changed.now_us;
    obey_all(s, event->changed.controls, event->changed.control_count);
    for (size_t i = 0; i < event->changed.job_count; i++)
        rows_apply_job(s, &event->changed.jobs[i]);
    snprintf(lead->after_job, sizeof(lead->after_job), "%s", event->changed.next_job_id);
    if (lead->after_job[0] != '\0')
        lead->reread_at = s->now; /* the next page */
    else if (lead->round_us > lead->changes_us)
        lead->changes_us = lead->round_us;
}

static void swear_off_waiting(void *context, struct job *job)
{
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        struct attempt *attempt = book_flight_of(book_chunk_at(job, i));
        if (attempt && attempt->phase == ATTEMPT_WAITING && attempt->mode == MODE_LLM)
            attempts_swear_off(context, attempt);
    }
}

void lead_on_leave(struct scheduler *s)
{
    s->lead.is_leaving = true;
    if (s->lead.phase == LEAD_LEADING) /* so that the next leader need not wait for them */
        book_each_job(&s->book, swear_off_waiting, s);
}

static void leave(struct scheduler *s)
{
    bool may_hold = s->lead.phase != LEAD_STANDBY && instant_is_before(s->now, s->lead.until);
    if (lead_is_held(s) && s->batch.is_outstanding)
        return;
    if (may_hold)
        say(s, ACTION_RESIGN);
    forget_all(s);
    s->lead.phase = LEAD_LEFT;
}

void lead_tend(struct scheduler *s)
{
    struct lead *lead = &s->lead;
    if (lead->phase == LEAD_LEFT)
        return;
    if (lead->is_leaving)
        leave(s);
    if (lead->phase == LEAD_LEFT)
        return;
    if (!instant_is_before(s->now, lead->ask_at)) {
        say(s, ACTION_ASK_LEASE)->asked = s->now;
        lead->ask_at = instant_plus_ms(s->now, s->config.lead_lease_ms / RENEWALS_PER_LEASE);
    }
    if (lead->phase == LEAD_REBUILDING && !instant_is_before(s->now, lead->snapshot_at)) {
        say(s, ACTION_ASK_SNAPSHOT)->cursor = lead->cursor;
        lead->snapshot_at = NEVER;
    }
    if (lead_is_held(s) && !instant_is_before(s->now, lead->reread_at)) {
        struct action *action = say(s, ACTION_ASK_CHANGED);
        action->changed.since_us = lead->changes_us - s->config.reread_overlap_ms * 1000;
        action->changed.after_job_id = lead->after_job;
        lead->reread_at = NEVER;
    }
}
