/* How the chunk that is next is done: by which endpoint, by the embedded analysis, or not now
 * (rules 5 to 7). */
#include "base/check.h"
#include "retry.h"
#include "state.h"
#include "urgent.h"

enum {
    LOOK_AGAIN_MS = 1000,      /* at what was stopped, whatever was foreseen */
    ENDPOINT_WAIT_MS = 2000,   /* of what nothing may stand in for */
    HEALING_WAIT_MS = 3600000, /* of a post that has no result by the LLM after all its tries */
};

static int64_t left_ms_at(const struct chunk *chunk, struct instant at)
{
    struct instant deadline = book_deadline(chunk->job);
    return deadline.ns == INT64_MAX ? INT64_MAX : instant_ms_between(at, deadline);
}

static struct choice by_embedded(bool is_degraded)
{
    return (struct choice){.kind = CHOICE_GRANT,
                           .mode = MODE_EMBEDDED,
                           .is_degraded = is_degraded,
                           .booking.endpoint = NO_ENDPOINT};
}

/* Would it wait until too close to its deadline? Then the fallback has it now (rule 6). */
static bool may_not_wait(const struct scheduler *s, const struct chunk *chunk, struct instant until)
{
    return s->config.has_fallback && book_has_stand_in(chunk->job) && until.ns != NEVER.ns &&
           left_ms_at(chunk, until) < FALLBACK_MARGIN_MS;
}

static struct choice put_off(struct scheduler *s, struct chunk *chunk, int64_t wait_ms)
{
    rows_put_off(s, chunk, wait_ms);
    return (struct choice){.kind = CHOICE_NEXT};
}

static struct choice stop(struct scheduler *s, const struct pick *pick)
{
    struct instant soon = instant_plus_ms(s->now, LOOK_AGAIN_MS);
    s->budget.stop = (struct stop){.kind = pick->kind == PICK_FULL ? STOP_FULL : STOP_NO_ENDPOINT,
                                   .endpoint = pick->endpoint,
                                   .shortage = pick->shortage};
    s->budget.grant_at = earlier(pick->shortage.until, soon);
    return (struct choice){.kind = CHOICE_STOP};
}

static struct choice without_llm(struct scheduler *s, struct chunk *chunk)
{
    if (book_has_stand_in(chunk->job))
        return by_embedded(true);
    chunk->is_without_endpoint = true;
    return put_off(s, chunk, ENDPOINT_WAIT_MS);
}

static struct choice without_endpoint(struct scheduler *s, struct chunk *chunk,
                                      const struct pick *pick)
{
    return s->config.has_fallback ? without_llm(s, chunk) : stop(s, pick);
}

static struct choice by_llm(struct scheduler *s, const struct chunk *chunk, const struct pick *pick)
{
    struct choice choice = {.kind = CHOICE_GRANT,
                            .mode = MODE_LLM,
                            .booking = {.endpoint = pick->endpoint,
                                        .user_purse = book_user_of(chunk->job->turn)->purse,
                                        .charge = pick->charge}};
    struct breaker *breaker = &s->budget.endpoints[pick->endpoint].breaker;
    if (breaker->state == BREAKER_HALF_OPEN) {
        breaker_probe(breaker);
        choice.booking.is_probe = true;
    }
    return choice;
}

/* A healing job is for the LLM alone; the post that even all tries leave without an answer is tried
 * again now and then, as long as the job lives. */
static bool must_be_patient(struct chunk *chunk)
{
    bool is_last_resort = retry_mode(&chunk->facts, INT64_MAX) == MODE_EMBEDDED;
    if (!chunk->job->is_healing || !is_last_resort || chunk->is_patient)
        return false;
    chunk->is_patient = true;
    return true;
}

static struct choice when_full(struct scheduler *s, struct chunk *chunk, const struct pick *pick)
{
    if (may_not_wait(s, chunk, pick->shortage.until))
        return by_embedded(true);
    /* Nothing else may stand in for it, and others may not have so long. */
    return pick->is_long && !book_has_stand_in(chunk->job) ? without_llm(s, chunk) : stop(s, pick);
}

/* The endpoint has room; have its tenant and its user? */
static struct choice when_there_is_room(struct scheduler *s, struct chunk *chunk,
                                        const struct pick *pick)
{
    struct turn *turn = chunk->job->turn;
    struct tenant *tenant = book_user_of(turn)->tenant;
    struct purse *purse = purses_at(s, book_user_of(turn)->purse);
    struct shortage shortage;
    bool tenant_has_room = budget_tenant_may_grant(s, tenant, &pick->charge, &shortage);
    if (tenant_has_room && (!purse || budget_user_may_grant(s, purse, &pick->charge, &shortage)))
        return by_llm(s, chunk, pick);
    if (may_not_wait(s, chunk, shortage.until))
        return by_embedded(true);
    if (tenant_has_room)
        budget_shut_turn(s, turn, &shortage);
    else
        budget_shut(s, tenant, &shortage);
    return (struct choice){.kind = CHOICE_NEXT};
}

/* With an endpoint or without: it is the last resort, or there is no time for a call. What only an
 * LLM can do is called even then: nothing is lost by it. */
static bool is_for_embedded(const struct scheduler *s, const struct chunk *chunk)
{
    bool is_late = left_ms_at(chunk, s->now) < FALLBACK_MARGIN_MS;
    return urgent_needs_no_endpoint(chunk) || (is_late && book_has_stand_in(chunk->job));
}

struct choice choice_of(struct scheduler *s, struct chunk *chunk)
{
    chunk->is_without_endpoint = false;
    if (is_for_embedded(s, chunk))
        return by_embedded(false);
    if (must_be_patient(chunk))
        return put_off(s, chunk, HEALING_WAIT_MS);
    if (orders_is_reduced(s))
        return without_llm(s, chunk);
    struct pick pick = endpoints_pick(s, chunk);
    switch (pick.kind) {
    case PICK_NONE:
        return without_endpoint(s, chunk, &pick);
    case PICK_FULL:
        return when_full(s, chunk, &pick);
    case PICK_CALL:
        return when_there_is_room(s, chunk, &pick);
    }
    CHECK_UNREACHABLE();
}

struct chunk *choice_next_urgent(struct scheduler *s, struct choice *choice)
{
    uint64_t before = budget_urgent_before(s, &s->budget.stop.shortage);
    struct chunk *chunk = queue_next_urgent(&s->queue, before);
    if (chunk)
        *choice = by_embedded(!is_for_embedded(s, chunk));
    return chunk;
}

bool choice_holds(const struct scheduler *s, const struct booking *booking)
{
    bool is_by_llm = booking->stage == BOOKED_PROMISE;
    return !is_by_llm || (!orders_is_reduced(s) && endpoints_may_go_on(s, booking));
}
