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

/* By the keys that the queue goes by: who is next although its tenant is shut is never shut out
 * here, or it would be next again. */
static bool is_late_at(const struct chunk *chunk, struct instant at)
{
    return urgent_key(chunk) < key_of(instant_plus_ms(at, FALLBACK_MARGIN_MS));
}

/* Would it wait until too close to its deadline? Then the fallback has it now (rule 6). */
static bool may_not_wait(const struct scheduler *s, const struct chunk *chunk, struct instant until)
{
    return s->config.has_fallback && until.ns != NEVER.ns && is_late_at(chunk, until);
}

/* A healing job is for the LLM alone; the post that even all tries leave without an answer is tried
 * again now and then, as long as the job lives. */
static bool must_be_patient(const struct chunk *chunk)
{
    bool is_last_resort = retry_mode(&chunk->facts, INT64_MAX) == MODE_EMBEDDED;
    return book_job_of(chunk)->is_healing && is_last_resort && !chunk->is_patient;
}

/* With an endpoint or without: it is the last resort, or there is no time for a call. What only an
 * LLM can do is called even then: nothing is lost by it. */
static bool is_for_embedded(const struct scheduler *s, const struct chunk *chunk)
{
    return is_late_at(chunk, s->now);
}

static struct verdict embedded(bool is_degraded)
{
    return (struct verdict){.kind = VERDICT_EMBEDDED, .is_degraded = is_degraded};
}

static struct verdict without_llm(const struct chunk *chunk, const struct pick *pick)
{
    return book_has_stand_in(book_job_of(chunk))
               ? embedded(true)
               : (struct verdict){.kind = VERDICT_WITHOUT, .pick = *pick};
}

static struct verdict without_endpoint(const struct scheduler *s, const struct chunk *chunk,
                                       const struct pick *pick)
{
    return s->config.has_fallback ? without_llm(chunk, pick)
                                  : (struct verdict){.kind = VERDICT_STOP, .pick = *pick};
}

static struct verdict when_full(const struct scheduler *s, const struct chunk *chunk,
                                const struct pick *pick)
{
    if (may_not_wait(s, chunk, pick->shortage.until))
        return embedded(true);
    /* Nothing else may stand in for it, and others may not have so long. */
    if (pick->is_long && !book_has_stand_in(book_job_of(chunk)))
        return without_llm(chunk, pick);
    return (struct verdict){.kind = VERDICT_STOP, .pick = *pick};
}

/* The endpoint has room; have its tenant and its user? */
static struct verdict when_there_is_room(struct scheduler *s, const struct chunk *chunk,
                                         const struct pick *pick)
{
    const struct user *user = book_user_of(book_turn_of(chunk));
    struct purse *purse = purses_at(s, user->purse);
    struct verdict verdict = {.kind = VERDICT_CALL, .pick = *pick};
    if (!budget_tenant_may_grant(s, user->tenant, &pick->charge, &verdict.shortage))
        verdict.kind = VERDICT_SHUT_TENANT;
    else if (purse && !budget_user_may_grant(s, purse, &pick->charge, &verdict.shortage))
        verdict.kind = VERDICT_SHUT_USER;
    else
        return verdict;
    return may_not_wait(s, chunk, verdict.shortage.until) ? embedded(true) : verdict;
}

static struct call_size size_of(const struct chunk *chunk)
{
    return (struct call_size){.text_bytes = chunk->facts.text_bytes,
                              .posts = chunk->facts.open_posts};
}

struct verdict choice_verdict(struct scheduler *s, const struct chunk *chunk)
{
    static const struct pick NOTHING = {.kind = PICK_NONE, .endpoint = NO_ENDPOINT};
    if (is_for_embedded(s, chunk))
        return embedded(false);
    if (must_be_patient(chunk))
        return (struct verdict){.kind = VERDICT_PATIENT};
    if (orders_is_reduced(s))
        return without_llm(chunk, &NOTHING);
    struct call_size size = size_of(chunk);
    struct pick pick = endpoints_pick(s, &size);
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

static struct choice by_embedded(bool is_degraded)
{
    return (struct choice){.kind = CHOICE_GRANT,
                           .mode = MODE_EMBEDDED,
                           .is_degraded = is_degraded,
                           .booking.endpoint = NO_ENDPOINT};
}

static struct choice by_llm(struct scheduler *s, const struct chunk *chunk, const struct pick *pick)
{
    struct choice choice = {.kind = CHOICE_GRANT,
                            .mode = MODE_LLM,
                            .booking = {.endpoint = pick->endpoint,
                                        .user_purse = book_user_of(book_turn_of(chunk))->purse,
                                        .charge = pick->charge}};
    struct breaker *breaker = &s->budget.endpoints[pick->endpoint].breaker;
    if (breaker->state == BREAKER_HALF_OPEN) {
        breaker_probe(breaker);
        choice.booking.is_probe = true;
    }
    return choice;
}

static struct choice put_off(struct scheduler *s, struct chunk *chunk, int64_t wait_ms)
{
    rows_put_off(s, chunk, wait_ms);
    return (struct choice){.kind = CHOICE_NEXT};
}

static struct choice stop(struct scheduler *s, const struct chunk *chunk, const struct pick *pick)
{
    struct instant soon = instant_plus_ms(s->now, LOOK_AGAIN_MS);
    s->budget.stop =
        (struct stop){.is_set = true, .size = size_of(chunk), .shortage = pick->shortage};
    s->budget.grant_at = earlier(pick->shortage.until, soon);
    return (struct choice){.kind = CHOICE_STOP};
}

struct choice choice_of(struct scheduler *s, struct chunk *chunk)
{
    struct verdict verdict = choice_verdict(s, chunk);
    struct turn *turn = book_turn_of(chunk);
    chunk->is_without_endpoint = verdict.kind == VERDICT_WITHOUT;
    switch (verdict.kind) {
    case VERDICT_CALL:
        return by_llm(s, chunk, &verdict.pick);
    case VERDICT_EMBEDDED:
        return by_embedded(verdict.is_degraded);
    case VERDICT_PATIENT:
        chunk->is_patient = true;
        return put_off(s, chunk, HEALING_WAIT_MS);
    case VERDICT_WITHOUT:
        return put_off(s, chunk, ENDPOINT_WAIT_MS);
    case VERDICT_STOP:
        return stop(s, chunk, &verdict.pick);
    case VERDICT_SHUT_TENANT:
        budget_shut(s, book_user_of(turn)->tenant, &verdict.pick.charge, &verdict.shortage);
        return (struct choice){.kind = CHOICE_NEXT};
    case VERDICT_SHUT_USER:
        budget_shut_turn(s, turn, &verdict.pick.charge, &verdict.shortage);
        return (struct choice){.kind = CHOICE_NEXT};
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
