/* How the chunk that is next is done: by which endpoint, by the embedded analysis, or not now
 * (rules 5 to 7). */
#include "base/check.h"
#include "retry.h"
#include "state.h"

enum {
    MOST_URGENT = 32,          /* jobs looked at, those that end first */
    LOOK_AGAIN_MS = 1000,      /* at what was stopped, whatever was foreseen */
    ENDPOINT_WAIT_MS = 2000,   /* of what nothing may stand in for */
    HEALING_WAIT_MS = 3600000, /* of a post that has no result by the LLM after all its tries */
};

static int64_t left_ms_at(const struct chunk *chunk, struct instant at)
{
    struct instant deadline = chunk->job->deadline;
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
    return s->config.has_fallback && !chunk->job->is_healing && until.ns != NEVER.ns &&
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
    if (!chunk->job->is_healing)
        return by_embedded(true);
    chunk->is_without_endpoint = true;
    return put_off(s, chunk, ENDPOINT_WAIT_MS);
}

static struct choice without_endpoint(struct scheduler *s, struct chunk *chunk,
                                      const struct pick *pick)
{
    return s->config.has_fallback ? without_llm(s, chunk) : stop(s, pick);
}

static struct choice by_llm(struct scheduler *s, const struct pick *pick)
{
    struct choice choice = {.kind = CHOICE_GRANT,
                            .mode = MODE_LLM,
                            .booking = {.endpoint = pick->endpoint, .charge = pick->charge}};
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
    if (!chunk->job->is_healing || !is_last_resort || chunk->patient == chunk->facts.attempt)
        return false;
    chunk->patient = chunk->facts.attempt;
    return true;
}

static struct choice when_full(struct scheduler *s, struct chunk *chunk, const struct pick *pick)
{
    if (may_not_wait(s, chunk, pick->shortage.until))
        return by_embedded(true);
    /* Nothing else may stand in for it, and others may not have so long. */
    return pick->is_long && chunk->job->is_healing ? without_llm(s, chunk) : stop(s, pick);
}

struct choice choice_of(struct scheduler *s, struct chunk *chunk)
{
    chunk->is_without_endpoint = false;
    bool is_by_embedded = chunk->is_by_embedded ||
                          retry_mode(&chunk->facts, left_ms_at(chunk, s->now)) == MODE_EMBEDDED;
    if (is_by_embedded && !chunk->job->is_healing)
        return by_embedded(false);
    if (must_be_patient(chunk))
        return put_off(s, chunk, HEALING_WAIT_MS);
    if (obey_is_reduced(s))
        return without_llm(s, chunk);
    struct pick pick = endpoints_pick(s, chunk);
    struct shortage shortage;
    switch (pick.kind) {
    case PICK_NONE:
        return without_endpoint(s, chunk, &pick);
    case PICK_FULL:
        return when_full(s, chunk, &pick);
    case PICK_CALL:
        if (budget_tenant_may_grant(s, book_tenant_of(chunk), &pick.charge, &shortage))
            return by_llm(s, &pick);
        if (may_not_wait(s, chunk, shortage.until))
            return by_embedded(true);
        budget_shut(s, book_tenant_of(chunk), &shortage);
        return (struct choice){.kind = CHOICE_NEXT};
    }
    CHECK_UNREACHABLE();
}

/* What is next of its user, if that is of this job and could be granted. */
static struct chunk *next_of(const struct job *job)
{
    const struct user *user = job->user;
    if (user->occupied > 0 || ((user->shut | user->tenant->shut) & SHUT_BY_CONTROL))
        return NULL;
    for (const struct turn *turn = user->turns; turn; turn = turn->next)
        if (turn->service_class == job->service_class && turn->ready.count > 0) {
            struct chunk *chunk = HEAP_OWNER(heap_first(&turn->ready), struct chunk, node);
            return chunk->job == job ? chunk : NULL;
        }
    return NULL;
}

struct chunk *choice_next_urgent(struct scheduler *s, struct choice *choice)
{
    const struct stop *stop = &s->budget.stop;
    struct instant until = stop->shortage.until;
    struct job *looked_at[MOST_URGENT];
    size_t count = 0;
    struct chunk *found = NULL;
    if (stop->kind != STOP_FULL || !s->config.has_fallback || until.ns == NEVER.ns)
        return NULL;
    uint64_t before = key_of(instant_plus_ms(until, FALLBACK_MARGIN_MS - 1));
    struct heap_node *node;
    while (!found && count < MOST_URGENT && (node = heap_take_until(&s->book.ending, before))) {
        looked_at[count] = HEAP_OWNER(node, struct job, ending);
        found = next_of(looked_at[count++]);
    }
    while (count > 0) {
        struct job *job = looked_at[--count];
        heap_add(&s->book.ending, &job->ending, job->ending.key);
    }
    *choice = by_embedded(true);
    return found;
}

bool choice_holds(const struct scheduler *s, const struct booking *booking)
{
    bool is_by_llm = booking->stage == BOOKED_PROMISE;
    return !is_by_llm || (!obey_is_reduced(s) && endpoints_may_go_on(s, booking));
}
