/* Who may call, and what came of it (steps 5 and 6): asks are parked until there is room for a call
 * (rules 2 and 5) and answered the oldest grant first; an outcome makes room for the next. */
#include <string.h>

#include "base/check.h"
#include "state.h"

enum { AVERAGE_OVER = 8 };

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

static void answer_permit(struct scheduler *s, struct attempt *attempt, uint32_t ask_number,
                          const char *reply)
{
    attempts_note_served(s, book_job_of(attempt->chunk));
    attempts_forget_dispatch(s, attempt);
    struct attempt_id id = attempts_id(attempt);
    answer(s, &id, ask_number, reply, instant_ms_between(s->now, attempt->end));
}

/* All of it is cached: no call follows, but from now on nobody else may call (step 5). */
static void permit_free(struct scheduler *s, struct attempt *attempt, const struct event *event)
{
    if (attempt->phase == ATTEMPT_WAITING) {
        strcpy(attempt->instance_id, event->ask.instance_id);
        attempts_set_phase(s, attempt, ATTEMPT_CACHED);
        attempts_unpark(s, attempt);
        s->figures.permits_free++;
    }
    answer_permit(s, attempt, event->ask.ask_number, event->ask.reply);
}

/* Its permit may have been lost, or void when it came: it gets it again (step 5). */
static void permit_again(struct scheduler *s, struct attempt *attempt, const struct event *event)
{
    struct instant void_at = instant_plus_ms(s->now, s->config.permit_life_ms);
    if (instant_is_before(s->lead.until, void_at) || !attempts_has_room(s, attempt) ||
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

void permits_on_ask(struct scheduler *s, const struct event *event)
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

static void permit(struct scheduler *s, struct attempt *attempt)
{
    strcpy(attempt->instance_id, attempt->asker);
    attempt->permitted_at = s->now;
    pace_note_permit(s, attempt);
    attempts_set_phase(s, attempt, ATTEMPT_CALLING);
    budget_take(s, book_tenant_of(attempt->chunk), &attempt->booking, s->now);
    s->figures.permits_llm++;
    answer_permit(s, attempt, attempt->ask_number, attempt->reply);
}

static void park_again(struct scheduler *s, struct attempt *refused)
{
    for (; refused; refused = refused->next_refused)
        heap_add(&s->attempts.parked, &refused->parked, refused->order);
}

void permits_serve(struct scheduler *s)
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
        attempts_unpark(s, attempt);
        if (is_stale || !attempts_has_room(s, attempt))
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

void permits_on_outcome(struct scheduler *s, const struct outcome_facts *outcome)
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
    if (endpoints_on_outcome(s, attempt, outcome))
        obey_take_back(s); /* its breaker has opened */
    budget_settle(s, attempt, outcome);
    attempts_set_phase(s, attempt, ATTEMPT_ENDED);
    attempt->ended = s->now;
    attempts_forget_dispatch(s, attempt);
    attempts_unpark(s, attempt);
}
