/* Grants, permits and losses: what runs, what may run, and what is given up (steps 3 to 5, 8). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

/* Grants ahead cover what calls of the usual length free within LOOK_AHEAD. More would stray
 * further from the order of users than it would keep slots busy (docs/performance.md). */
enum { LOOK_AHEAD_US = 30000, LEAST_AHEAD = 2, SHORTEST_CALL_US = 1000, AVERAGE_OVER = 8 };

#define BURST_IS_LAST (UINT64_C(1) << 63)

static bool counts_as_call(const struct attempt *attempt)
{
    return attempt->phase == ATTEMPT_CALLING ||
           (attempt->phase == ATTEMPT_FOREIGN && attempt->mode == MODE_LLM);
}

static void set_phase(struct scheduler *s, struct attempt *attempt, enum attempt_phase phase)
{
    if (counts_as_call(attempt)) {
        s->attempts.calls--;
        budget_end_call(s, attempt);
    }
    s->attempts.waiting -= attempt->phase == ATTEMPT_WAITING;
    if (heap_has(&attempt->burst))
        heap_remove(&s->attempts.bursts, &attempt->burst);
    if (attempt->phase == ATTEMPT_WAITING)
        budget_withdraw(s, book_tenant_of(attempt->chunk), &attempt->booking);
    attempt->phase = phase;
    if (counts_as_call(attempt)) {
        s->attempts.calls++;
        budget_begin_call(s, attempt);
    }
    s->attempts.waiting += attempt->phase == ATTEMPT_WAITING;
    if (attempt->is_burst && phase == ATTEMPT_WAITING && attempt->mode == MODE_LLM)
        heap_add(&s->attempts.bursts, &attempt->burst, UINT64_MAX - attempt->order);
    if (phase != ATTEMPT_WAITING && phase != ATTEMPT_CALLING)
        endpoints_probe_ended(s, &attempt->booking);
}

static void unpark(struct scheduler *s, struct attempt *attempt)
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

static struct attempt_id id_of(const struct attempt *attempt)
{
    struct attempt_id id = {.chunk_number = attempt->chunk->facts.number,
                            .attempt = attempt->number};
    uuid_format(&attempt->chunk->job->id, id.job_id);
    return id;
}

struct attempt *attempts_find(const struct scheduler *s, const struct attempt_id *id)
{
    struct job *job = book_job(&s->book, id->job_id);
    const struct chunk *chunk = job ? book_chunk(job, id->chunk_number) : NULL;
    struct attempt *attempt = chunk ? chunk->flight : NULL;
    return attempt && attempt->number == id->attempt ? attempt : NULL;
}

struct attempt *attempts_add(struct scheduler *s, struct chunk *chunk, enum attempt_phase phase,
                             struct instant end)
{
    CHECK(!chunk->flight);
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    CHECK(attempt);
    attempt->chunk = chunk;
    attempt->number = chunk->facts.attempt;
    attempt->mode = chunk->facts.mode;
    attempt->end = end;
    attempt->phase = ATTEMPT_ENDED; /* counts nowhere yet */
    attempt->booking.endpoint = NO_ENDPOINT;
    attempt->publish_at = phase == ATTEMPT_WAITING ? s->now : NEVER;
    attempt->publish_gap_ms = s->config.republish_ms;
    attempt->is_burst = chunk->lane >= FIRST_BURST_LANE;
    attempt->order = ++s->attempts.last_grant | (attempt->is_burst ? BURST_IS_LAST : 0);
    chunk->flight = attempt;
    s->attempts.count++;
    set_phase(s, attempt, phase);
    alarm_at(s, attempt, s->now);
    if (phase == ATTEMPT_FOREIGN)
        rebuild_adopt(s, attempt);
    return attempt;
}

void attempts_adopt(struct scheduler *s, struct attempt *attempt, const struct booking *booking)
{
    if (attempt->phase != ATTEMPT_FOREIGN)
        return;
    set_phase(s, attempt, ATTEMPT_ENDED); /* its endpoint begins to count it */
    attempt->booking = *booking;
    set_phase(s, attempt, ATTEMPT_FOREIGN);
}

static void forget_dispatch(struct scheduler *s, struct attempt *attempt)
{
    if (attempt->publish_at.ns == NEVER.ns)
        return;
    attempt->publish_at = NEVER;
    say(s, ACTION_FORGET)->dispatch.id = id_of(attempt);
}

void attempts_drop(struct scheduler *s, struct chunk *chunk)
{
    struct attempt *attempt = chunk->flight;
    set_phase(s, attempt, ATTEMPT_ENDED);
    forget_dispatch(s, attempt);
    unpark(s, attempt);
    if (heap_has(&attempt->alarm))
        heap_remove(attempt->errand == ERRAND_NONE ? &s->attempts.alarms : &s->attempts.errands,
                    &attempt->alarm);
    if (attempt->mode == MODE_EMBEDDED) /* what it brought is now known to the store */
        heal_note(s);
    chunk->flight = NULL;
    s->attempts.count--;
    free(attempt);
}

static void answer(struct scheduler *s, const struct attempt_id *id, uint32_t ask_number,
                   const char *reply, int64_t lease_left_ms)
{
    struct action *action = say(s, ACTION_ANSWER);
    action->answer.id = *id;
    action->answer.ask_number = ask_number;
    strcpy(action->answer.reply, reply);
    action->answer.is_permitted = lease_left_ms > 0;
    action->answer.lease_left_ms = lease_left_ms > 0 ? (uint32_t)lease_left_ms : 0;
    action->answer.life_ms = (uint32_t)s->config.permit_life_ms;
    if (!action->answer.is_permitted)
        s->figures.drops++;
}

void attempts_swear_off(struct scheduler *s, struct attempt *attempt)
{
    CHECK(attempt->phase == ATTEMPT_WAITING && attempt->mode == MODE_LLM);
    budget_give_back(s, attempt->chunk, &attempt->booking);
    set_phase(s, attempt, ATTEMPT_SWORN);
    forget_dispatch(s, attempt);
    unpark(s, attempt);
    send_on_errand(s, attempt, ERRAND_RELEASE);
}

/* Does the lease leave room for a whole call by a permit that is used at the end of its life? */
static bool has_room_for_a_call(const struct scheduler *s, const struct attempt *attempt)
{
    int64_t need_ms = s->config.permit_life_ms + s->config.call_limit_ms + LEASE_MARGIN_MS;
    return !instant_is_before(attempt->end, instant_plus_ms(s->now, need_ms));
}

static void note_served(struct scheduler *s, struct job *job)
{
    if (!book_end_waiting(&s->book, job))
        return;
    say(s, ACTION_SERVED)->waited_ms = instant_ms_between(job->heard, s->now);
}

static void answer_permit(struct scheduler *s, struct attempt *attempt, uint32_t ask_number,
                          const char *reply)
{
    note_served(s, attempt->chunk->job);
    forget_dispatch(s, attempt);
    struct attempt_id id = id_of(attempt);
    answer(s, &id, ask_number, reply, instant_ms_between(s->now, attempt->end));
}

/* All of it is cached: no call follows, but from now on nobody else may call (step 5). */
static void permit_free(struct scheduler *s, struct attempt *attempt, const struct event *event)
{
    if (attempt->phase == ATTEMPT_WAITING) {
        strcpy(attempt->instance_id, event->ask.instance_id);
        set_phase(s, attempt, ATTEMPT_CACHED);
        unpark(s, attempt);
        s->figures.permits_free++;
    }
    answer_permit(s, attempt, event->ask.ask_number, event->ask.reply);
}

/* Its permit may have been lost, or void when it came: it gets it again (step 5). */
static void permit_again(struct scheduler *s, struct attempt *attempt, const struct event *event)
{
    struct instant void_at = instant_plus_ms(s->now, s->config.permit_life_ms);
    if (instant_is_before(s->lead.until, void_at) || !has_room_for_a_call(s, attempt) ||
        !budget_may_repeat(s, attempt))
        return;
    s->figures.permits_repeated++;
    answer_permit(s, attempt, event->ask.ask_number, event->ask.reply);
}

/* May this instance still come to run the attempt? */
static bool is_open_to(const struct attempt *attempt, const char *instance_id)
{
    switch (attempt->phase) {
    case ATTEMPT_WAITING:
        return true;
    case ATTEMPT_CALLING:
    case ATTEMPT_CACHED:
        return strcmp(attempt->instance_id, instance_id) == 0;
    case ATTEMPT_FOREIGN:
    case ATTEMPT_ENDED:
    case ATTEMPT_SWORN:
    case ATTEMPT_LOST:
        return false;
    }
    CHECK_UNREACHABLE();
}

void attempts_on_ask(struct scheduler *s, const struct event *event)
{
    if (!lead_is_held(s))
        return; /* who does not lead stays silent */
    struct attempt *attempt = attempts_find(s, &event->ask.id);
    if (!attempt || !is_open_to(attempt, event->ask.instance_id)) {
        answer(s, &event->ask.id, event->ask.ask_number, event->ask.reply, 0);
        return;
    }
    if (attempt->phase == ATTEMPT_WAITING)
        attempt->publish_at = instant_plus_ms(s->now, attempt->publish_gap_ms);
    if (event->ask.is_free) {
        permit_free(s, attempt, event);
        return;
    }
    if (attempt->phase == ATTEMPT_CALLING)
        permit_again(s, attempt, event);
    if (attempt->phase != ATTEMPT_WAITING) /* or it has said that no call follows */
        return;
    attempt->asked = s->now;
    attempt->is_refused = false;
    attempt->ask_number = event->ask.ask_number;
    strcpy(attempt->asker, event->ask.instance_id);
    strcpy(attempt->reply, event->ask.reply);
    if (!heap_has(&attempt->parked))
        heap_add(&s->attempts.parked, &attempt->parked, attempt->order);
}

uint32_t attempts_call_cap(const struct scheduler *s)
{
    uint32_t cap = s->config.max_active_users;
    return s->config.max_calls && s->config.max_calls < cap ? s->config.max_calls : cap;
}

static void permit(struct scheduler *s, struct attempt *attempt)
{
    strcpy(attempt->instance_id, attempt->asker);
    attempt->permitted_at = s->now;
    pace_note_permit(s, attempt);
    set_phase(s, attempt, ATTEMPT_CALLING);
    budget_take(s, book_tenant_of(attempt->chunk), &attempt->booking, s->now);
    s->figures.permits_llm++;
    answer_permit(s, attempt, attempt->ask_number, attempt->reply);
}

static void park_again(struct scheduler *s, struct attempt *refused)
{
    for (; refused; refused = refused->next_refused)
        heap_add(&s->attempts.parked, &refused->parked, refused->order);
}

void attempts_serve(struct scheduler *s)
{
    if (!lead_is_held(s))
        return;
    struct heap_node *first;
    struct attempt *refused = NULL;
    s->budget.permit_at = NEVER;
    while (s->attempts.calls < attempts_call_cap(s) && (first = heap_first(&s->attempts.parked))) {
        struct attempt *attempt = HEAP_OWNER(first, struct attempt, parked);
        struct instant void_at = instant_plus_ms(attempt->asked, s->config.permit_life_ms);
        bool is_stale = !instant_is_before(s->now, void_at);
        if (!is_stale && instant_is_before(s->lead.until, void_at))
            break; /* our own lease must outlast the permit */
        unpark(s, attempt);
        if (is_stale || !has_room_for_a_call(s, attempt))
            continue;
        if (budget_may_permit(s, attempt)) {
            permit(s, attempt);
        } else { /* others' asks behind it need not wait for it (rule 5) */
            attempt->next_refused = refused;
            refused = attempt;
        }
    }
    park_again(s, refused);
}

/* The first one that succeeds is nearer to the next than what was assumed, by far if calls are
 * short; what is refused at once before it tells nothing of them. */
static void note_call(struct scheduler *s, int64_t took_us, enum outcome_class outcome)
{
    int64_t *mean_us = &s->attempts.mean_call_us;
    if (*mean_us != ASSUMED_CALL_US)
        *mean_us += (took_us - *mean_us) / AVERAGE_OVER;
    else if (outcome == OUTCOME_NONE)
        *mean_us = took_us;
}

void attempts_on_outcome(struct scheduler *s, const struct outcome_facts *outcome)
{
    struct attempt *attempt = attempts_find(s, &outcome->id);
    if (!attempt || attempt->phase == ATTEMPT_ENDED || attempt->phase == ATTEMPT_SWORN)
        return;
    if (attempt->phase == ATTEMPT_CALLING) {
        int64_t took_us = (s->now.ns - attempt->permitted_at.ns) / 1000;
        note_call(s, took_us, outcome->outcome_class);
        calls_seen_note(&s->calls_seen, attempt->chunk, took_us);
    }
    attempt->is_charged = false;
    endpoints_on_outcome(s, attempt, outcome);
    budget_settle(s, attempt, outcome);
    set_phase(s, attempt, ATTEMPT_ENDED);
    attempt->ended = s->now;
    forget_dispatch(s, attempt);
    unpark(s, attempt);
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
        note_served(s, attempt->chunk->job);
    struct action *action = say(s, ACTION_DISPATCH);
    action->dispatch.id = id_of(attempt);
    action->dispatch.service_class = attempt->chunk->job->service_class;
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
        set_phase(s, attempt, ATTEMPT_LOST);
        break;
    case ATTEMPT_FOREIGN:
    case ATTEMPT_WAITING:
    case ATTEMPT_CACHED:
        set_phase(s, attempt, ATTEMPT_LOST);
        break;
    case ATTEMPT_ENDED:
    case ATTEMPT_SWORN:
    case ATTEMPT_LOST:
        break;
    }
    forget_dispatch(s, attempt);
    unpark(s, attempt);
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
            if (!has_room_for_a_call(s, attempt)) {
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
