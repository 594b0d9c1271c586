/* Where each grant stands, from the batch that made it until its row has left the flight:
 * published, parked, calling, over, given up (steps 3, 4 and 8). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

/* Grants ahead cover what calls of the usual length free within LOOK_AHEAD. More would stray
 * further from the order of users than it would keep slots busy (docs/performance.md). */
enum { LOOK_AHEAD_US = 30000, LEAST_AHEAD = 2, SHORTEST_CALL_US = 1000 };

#define BURST_IS_LAST (UINT64_C(1) << 63)

void attempts_set_phase(struct scheduler *s, struct attempt *attempt, enum attempt_phase phase)
{
    if (attempt_counts_as_call(attempt)) {
        s->attempts.calls--;
        budget_end_call(s, attempt);
    }
    s->attempts.waiting -= attempt->phase == ATTEMPT_WAITING;
    if (heap_has(&attempt->burst))
        heap_remove(&s->attempts.bursts, &attempt->burst);
    if (attempt->phase == ATTEMPT_WAITING)
        budget_withdraw(s, book_tenant_of(attempt->chunk), &attempt->booking);
    attempt->phase = phase;
    if (attempt_counts_as_call(attempt)) {
        s->attempts.calls++;
        budget_begin_call(s, attempt);
    }
    s->attempts.waiting += attempt->phase == ATTEMPT_WAITING;
    if (attempt->is_burst && phase == ATTEMPT_WAITING && attempt->mode == MODE_LLM)
        heap_add(&s->attempts.bursts, &attempt->burst, UINT64_MAX - attempt->order);
    if (phase != ATTEMPT_WAITING && phase != ATTEMPT_CALLING)
        endpoints_probe_ended(s, &attempt->booking);
}

void attempts_unpark(struct scheduler *s, struct attempt *attempt)
{
    if (heap_has(&attempt->parked))
        heap_remove(&s->attempts.parked, &attempt->parked);
}

static void alarm_at(struct scheduler *s, struct attempt *attempt, struct instant at)
{
    heap_set(&s->attempts.alarms, &attempt->alarm, key_of(at));
}

static void send_on_errand(struct scheduler *s, struct attempt *attempt, enum errand errand)
{
    if (attempt->errand == ERRAND_NONE && heap_has(&attempt->alarm))
        heap_remove(&s->attempts.alarms, &attempt->alarm);
    attempt->errand = errand;
    heap_set(&s->attempts.errands, &attempt->alarm, key_of(attempt->end));
}

struct attempt_id attempts_id(const struct attempt *attempt)
{
    struct attempt_id id = {.chunk_number = attempt->chunk->facts.number,
                            .attempt = attempt->number};
    uuid_format(&book_job_of(attempt->chunk)->id, id.job_id);
    return id;
}

struct attempt *attempts_find(const struct scheduler *s, const struct attempt_id *id)
{
    struct job *job = book_job(&s->book, id->job_id);
    const struct chunk *chunk = job ? book_chunk(job, id->chunk_number) : NULL;
    struct attempt *attempt = chunk ? book_flight_of(chunk) : NULL;
    return attempt && attempt->number == id->attempt ? attempt : NULL;
}

struct attempt *attempts_add(struct scheduler *s, struct chunk *chunk, enum attempt_phase phase,
                             struct instant end)
{
    CHECK(!chunk->is_flying && !heap_has(&chunk->node));
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    CHECK(attempt);
    attempt->chunk = chunk;
    attempt->number = chunk->facts.attempt;
    attempt->mode = chunk->facts.mode;
    attempt->end = end;
    attempt->phase = ATTEMPT_ENDED; /* counts nowhere yet */
    attempt->booking.endpoint = NO_ENDPOINT;
    attempt->booking.user_purse = book_user_of(book_turn_of(chunk))->purse;
    attempt->publish_at = phase == ATTEMPT_WAITING ? s->now : NEVER;
    attempt->publish_gap_ms = s->config.republish_ms;
    attempt->is_burst = chunk->lane >= FIRST_BURST_LANE;
    attempt->order = ++s->attempts.last_grant | (attempt->is_burst ? BURST_IS_LAST : 0);
    chunk->is_flying = true;
    chunk->flight = attempt;
    s->attempts.count++;
    attempts_set_phase(s, attempt, phase);
    alarm_at(s, attempt, s->now);
    return attempt;
}

void attempts_adopt(struct scheduler *s, struct attempt *attempt, const struct booking *booking)
{
    if (attempt->phase != ATTEMPT_FOREIGN)
        return;
    attempts_set_phase(s, attempt, ATTEMPT_ENDED); /* its endpoint begins to count it */
    attempt->booking = *booking;
    attempts_set_phase(s, attempt, ATTEMPT_FOREIGN);
}

void attempts_forget_dispatch(struct scheduler *s, struct attempt *attempt)
{
    if (attempt->publish_at.ns == NEVER.ns)
        return;
    attempt->publish_at = NEVER;
    say(s, ACTION_FORGET)->dispatch.id = attempts_id(attempt);
}

void attempts_drop(struct scheduler *s, struct chunk *chunk)
{
    CHECK(chunk->is_flying);
    struct attempt *attempt = chunk->flight;
    attempts_set_phase(s, attempt, ATTEMPT_ENDED);
    attempts_forget_dispatch(s, attempt);
    attempts_unpark(s, attempt);
    if (heap_has(&attempt->alarm))
        heap_remove(attempt->errand == ERRAND_NONE ? &s->attempts.alarms : &s->attempts.errands,
                    &attempt->alarm);
    if (attempt->mode == MODE_EMBEDDED) /* what it brought is now known to the store */
        heal_note(s);
    chunk->is_flying = false;
    chunk->node = (struct heap_node){0};
    s->attempts.count--;
    free(attempt);
}

void attempts_swear_off(struct scheduler *s, struct attempt *attempt)
{
    CHECK(attempt->phase == ATTEMPT_WAITING && attempt->mode == MODE_LLM);
    budget_give_back(s, attempt->chunk, &attempt->booking);
    attempts_set_phase(s, attempt, ATTEMPT_SWORN);
    attempts_forget_dispatch(s, attempt);
    attempts_unpark(s, attempt);
    send_on_errand(s, attempt, ERRAND_RELEASE);
}

bool attempts_has_room(const struct scheduler *s, const struct attempt *attempt)
{
    int64_t need_ms = s->config.permit_life_ms + s->config.call_limit_ms + LEASE_MARGIN_MS;
    return !instant_is_before(attempt->end, instant_plus_ms(s->now, need_ms));
}

void attempts_note_served(struct scheduler *s, struct job *job)
{
    if (!book_end_waiting(&s->book, job))
        return;
    say(s, ACTION_SERVED)->waited_ms = instant_ms_between(job->heard, s->now);
}

uint32_t attempts_call_cap(const struct scheduler *s)
{
    uint32_t cap = s->config.max_active_users;
    return s->config.max_calls && s->config.max_calls < cap ? s->config.max_calls : cap;
}

void attempts_on_dispatch_failed(struct scheduler *s, const struct attempt_id *id)
{
    struct attempt *attempt = attempts_find(s, id);
    if (!attempt || attempt->publish_at.ns == NEVER.ns)
        return;
    attempt->publish_at = instant_plus_ms(s->now, STORE_RETRY_MS);
    alarm_at(s, attempt, s->now);
}

void attempts_retry_errand(struct scheduler *s, struct attempt *attempt)
{
    attempt->errand = ERRAND_NONE;
    alarm_at(s, attempt, instant_plus_ms(s->now, BUSY_RETRY_MS));
}

static void publish(struct scheduler *s, struct attempt *attempt)
{
    if (attempt->mode == MODE_EMBEDDED) /* it needs no permit */
        attempts_note_served(s, book_job_of(attempt->chunk));
    struct action *action = say(s, ACTION_DISPATCH);
    action->dispatch.id = attempts_id(attempt);
    action->dispatch.service_class = book_job_of(attempt->chunk)->service_class;
    action->dispatch.is_again = attempt->publish_gap_ms > s->config.republish_ms;
    s->figures.republished += action->dispatch.is_again;
    attempt->publish_at = instant_plus_ms(s->now, attempt->publish_gap_ms);
    attempt->publish_gap_ms *= 2; /* what waits in the stream must not fill it */
}

/* The lease is over: a call that may still have run counts no more (rule 9). */
static void lapse(struct scheduler *s, struct attempt *attempt)
{
    switch (attempt->phase) {
    case ATTEMPT_CALLING:
        attempt->is_charged = true;
        s->figures.excused_calls++;
        attempts_set_phase(s, attempt, ATTEMPT_LOST);
        break;
    case ATTEMPT_FOREIGN:
    case ATTEMPT_WAITING:
    case ATTEMPT_CACHED:
        attempts_set_phase(s, attempt, ATTEMPT_LOST);
        break;
    case ATTEMPT_ENDED:
    case ATTEMPT_SWORN:
    case ATTEMPT_LOST:
        break;
    }
    attempts_forget_dispatch(s, attempt);
    attempts_unpark(s, attempt);
}

static void attend(struct scheduler *s, struct attempt *attempt)
{
    struct instant reap_at = instant_plus_ms(attempt->end, LEASE_MARGIN_MS);
    struct instant next = instant_is_before(s->now, attempt->end) ? attempt->end : reap_at;
    if (!instant_is_before(s->now, attempt->end))
        lapse(s, attempt);
    if (!instant_is_before(s->now, reap_at)) {
        send_on_errand(s, attempt, ERRAND_REAP);
        return;
    }
    if (attempt->phase == ATTEMPT_SWORN) { /* the store was not ready to release it */
        send_on_errand(s, attempt, ERRAND_RELEASE);
        return;
    }
    if (attempt->phase == ATTEMPT_WAITING) {
        if (attempt->mode == MODE_LLM) {
            if (!attempts_has_room(s, attempt)) {
                attempts_swear_off(s, attempt);
                return;
            }
            next = earlier(next, instant_plus_ms(attempt->end, 1 - s->config.permit_life_ms -
                                                                   s->config.call_limit_ms -
                                                                   LEASE_MARGIN_MS));
        }
        if (!instant_is_before(s->now, attempt->publish_at))
            publish(s, attempt);
        next = earlier(next, attempt->publish_at);
    }
    alarm_at(s, attempt, next);
}

void attempts_tend(struct scheduler *s)
{
    if (!lead_is_held(s))
        return;
    struct heap_node *node;
    while ((node = heap_take_until(&s->attempts.alarms, key_of(s->now))))
        attend(s, HEAP_OWNER(node, struct attempt, alarm));
}

size_t attempts_slots(const struct scheduler *s)
{
    size_t slots = attempts_call_cap(s);
    return s->fleet.slots < slots ? s->fleet.slots : slots;
}

size_t attempts_room_ahead(const struct scheduler *s)
{
    size_t slots = attempts_slots(s);
    if (slots == 0)
        return 0;
    /* Users in service keep their slots until the commit, so that their next chunk finds it. */
    if (!queue_runs_ahead(&s->queue))
        return slots > s->attempts.count ? slots - s->attempts.count : 0;
    /* What is free now, and what calls of the usual length will free while a grant is made. */
    size_t free_slots = slots > s->attempts.calls ? slots - s->attempts.calls : 0;
    int64_t mean_us = s->attempts.mean_call_us;
    if (mean_us < SHORTEST_CALL_US)
        mean_us = SHORTEST_CALL_US;
    size_t ahead = slots * LOOK_AHEAD_US / (size_t)mean_us;
    if (ahead > slots)
        ahead = slots;
    size_t wanted = free_slots + ahead + LEAST_AHEAD;
    /* Half of it lasts until the next batch is made: few large batches cost less than many. */
    return s->attempts.waiting * 2 > wanted ? 0 : wanted - s->attempts.waiting;
}
