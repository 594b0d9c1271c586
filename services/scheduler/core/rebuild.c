/* After a takeover: what the calls of older epochs still count for (step 9, rules 5 and 7). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

enum { MINUTE_MS = 60000 };

/* When the call counts, at the latest: it was settled, its lease left room for a whole call, or it
 * began before the takeover. */
static int64_t counted_in_ms(const struct scheduler *s, const struct call_facts *call)
{
    int64_t in_ms = call->lease_in_ms - s->config.call_limit_ms;
    if (in_ms > 0)
        in_ms = 0;
    return call->is_settled && call->settled_in_ms < in_ms ? call->settled_in_ms : in_ms;
}

static void remember_old(struct scheduler *s, const struct call_facts *call,
                         const struct booking *booking)
{
    struct budget *budget = &s->budget;
    size_t count = budget->old_call_count++;
    budget->old_calls =
        reallocarray(budget->old_calls, budget->old_call_count, sizeof(budget->old_calls[0]));
    CHECK(budget->old_calls);
    budget->old_calls[count] = (struct old_call){.id = call->id, .booking = *booking};
    struct attempt *attempt = attempts_find(s, &call->id);
    if (attempt)
        rebuild_adopt(s, attempt);
}

void rebuild_call(struct scheduler *s, const struct call_facts *call)
{
    struct instant when = instant_plus_ms(s->now, counted_in_ms(s, call));
    uint32_t number = purses_of(s, call->tenant_id, call->user_id);
    struct purse *purse = purses_at(s, number);
    if (call->is_of_user_alone) {
        struct charge charge = {.calls = 1, .tokens = call->tokens, .micros = call->micros};
        if (purse)
            account_take(&purse->account, &charge, when);
        return;
    }
    uint32_t endpoint = endpoints_named(s, call->endpoint);
    if (call->is_settled && !call->was_called)
        return;
    struct booking booking = {
        .endpoint = endpoint,
        .user_purse = number,
        .charge = {.calls = 1, .tokens = call->tokens, .micros = call->micros}};
    budget_take(s, book_tenant(&s->book, call->tenant_id), &booking, when);
    if (!call->is_settled)
        remember_old(s, call, &booking);
}

void rebuild_spend(struct scheduler *s, const struct spend_facts *spend)
{
    const struct charge charge = {.micros = spend->micros};
    struct instant when = instant_plus_ms(s->now, -spend->ended_ago_ms);
    uint32_t endpoint = endpoints_named(s, spend->endpoint);
    if (spend->user_id[0] != '\0') {
        struct purse *purse = purses_at(s, purses_of(s, spend->tenant_id, spend->user_id));
        if (purse)
            account_take(&purse->account, &charge, when);
        return;
    }
    if (spend->tenant_id[0] != '\0')
        account_take(&budget_purse(s, book_tenant(&s->book, spend->tenant_id))->account, &charge,
                     when);
    if (spend->endpoint[0] != '\0' && endpoint != NO_ENDPOINT)
        account_take(&s->budget.endpoints[endpoint].account, &charge, when);
}

void rebuild_adopt(struct scheduler *s, struct attempt *attempt)
{
    char job_id[JOB_ID_SIZE];
    uuid_format(&book_job_of(attempt->chunk)->id, job_id);
    for (size_t i = 0; i < s->budget.old_call_count; i++) {
        const struct old_call *old = &s->budget.old_calls[i];
        if (old->id.attempt != attempt->number ||
            old->id.chunk_number != attempt->chunk->facts.number ||
            strcmp(old->id.job_id, job_id) != 0)
            continue;
        attempts_adopt(s, attempt, &old->booking);
        s->budget.old_calls[i] = s->budget.old_calls[--s->budget.old_call_count];
        return;
    }
}

/* What worked in the minute before a refusal; false = what is told begins later than that. */
static bool worked_before(const struct ended_call *calls, size_t place, struct learned_use *worked)
{
    const struct ended_call *refused = &calls[place];
    *worked = (struct learned_use){0};
    while (place-- > 0) {
        const struct ended_call *call = &calls[place];
        if (strcmp(call->endpoint, refused->endpoint) != 0)
            continue;
        if (call->settled_in_ms < refused->settled_in_ms - MINUTE_MS)
            return true;
        bool has_worked = call->was_called && call->outcome_class != OUTCOME_RATE_LIMITED;
        worked->requests += has_worked;
        worked->tokens += has_worked ? call->tokens : 0;
    }
    return false;
}

static void learn_again(struct scheduler *s, uint32_t endpoint, const struct ended_call *calls,
                        size_t place)
{
    const struct ended_call *call = &calls[place];
    struct instant at = instant_plus_ms(s->now, call->settled_in_ms);
    const struct outcome_facts outcome = {.outcome_class = call->outcome_class,
                                          .completion_tokens = call->tokens,
                                          .retry_after_ms = call->retry_after_ms,
                                          .server_limits = call->server_limits};
    struct learned_use worked;
    bool is_refusal = call->outcome_class == OUTCOME_RATE_LIMITED;
    bool is_known = is_refusal && worked_before(calls, place, &worked);
    if (is_refusal)
        account_take(&s->budget.endpoints[endpoint].refused,
                     &(struct charge){.calls = 1, .tokens = call->tokens}, at);
    endpoints_learn(s, endpoint, &outcome, is_known ? &worked : NULL, at);
}

void rebuild_endpoints(struct scheduler *s, const struct ended_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct ended_call *call = &calls[i];
        uint32_t endpoint = endpoints_named(s, call->endpoint);
        if (endpoint == NO_ENDPOINT || !endpoints_tells(call->outcome_class, call->was_called))
            continue;
        learn_again(s, endpoint, calls, i);
        struct breaker *breaker = &s->budget.endpoints[endpoint].breaker;
        enum breaker_word word = error_class_of(call->outcome_class)->word;
        struct instant at = instant_plus_ms(s->now, call->settled_in_ms);
        struct instant granted = instant_plus_ms(s->now, call->granted_in_ms);
        if (call->is_probe)
            breaker_replay_probe(breaker, word, granted, at);
        else
            breaker_replay(breaker, word, granted, at);
    }
}

void rebuild_forget(struct scheduler *s)
{
    free(s->budget.old_calls);
    s->budget.old_calls = NULL;
    s->budget.old_call_count = 0;
}
