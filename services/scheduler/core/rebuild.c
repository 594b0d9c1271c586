/* After a takeover: what the calls of older epochs still count for (step 9, rules 5 and 7). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

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

static void remember_past(struct scheduler *s, const struct call_facts *call, uint32_t endpoint)
{
    struct budget *budget = &s->budget;
    enum breaker_word word = error_class_of(call->outcome_class)->word;
    bool says_something = call->was_called || word == BREAKER_FAILS || word == BREAKER_REFUSES;
    if (!says_something || word == BREAKER_NOTHING || endpoint == NO_ENDPOINT)
        return;
    size_t count = budget->past_call_count++;
    budget->past_calls =
        reallocarray(budget->past_calls, budget->past_call_count, sizeof(budget->past_calls[0]));
    CHECK(budget->past_calls);
    budget->past_calls[count] = (struct past_call){
        .endpoint = endpoint, .word = word, .at = instant_plus_ms(s->now, call->settled_in_ms)};
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
    if (call->is_settled)
        remember_past(s, call, endpoint);
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
    uuid_format(&attempt->chunk->job->id, job_id);
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

/* Of one commit many have the same time: their order must not hang on the sort (replay). */
static int compare_past(const void *a, const void *b)
{
    const struct past_call *one = a, *other = b;
    int by_time = (one->at.ns > other->at.ns) - (one->at.ns < other->at.ns);
    return by_time ? by_time : (one->word > other->word) - (one->word < other->word);
}

void rebuild_end(struct scheduler *s)
{
    struct budget *budget = &s->budget;
    if (budget->past_call_count > 0)
        qsort(budget->past_calls, budget->past_call_count, sizeof(budget->past_calls[0]),
              compare_past);
    for (size_t i = 0; i < budget->past_call_count; i++) {
        const struct past_call *call = &budget->past_calls[i];
        breaker_replay(&budget->endpoints[call->endpoint].breaker, call->word, call->at);
    }
    free(budget->past_calls);
    budget->past_calls = NULL;
    budget->past_call_count = 0;
}

void rebuild_forget(struct scheduler *s)
{
    free(s->budget.old_calls);
    free(s->budget.past_calls);
    s->budget.old_calls = NULL;
    s->budget.past_calls = NULL;
    s->budget.old_call_count = s->budget.past_call_count = 0;
}
