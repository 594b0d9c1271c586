/* What users use of the limits that an operator has set for them (rule 5). Nobody else has a purse:
 * a million users cost nothing more than if there were no such limits. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "state.h"

struct purse *purses_at(const struct scheduler *s, uint32_t number)
{
    return number > 0 ? s->budget.user_purses[number - 1] : NULL;
}

uint32_t purses_of(const struct scheduler *s, const char *tenant_id, const char *user_id)
{
    if (user_id[0] == '\0')
        return 0;
    const struct control *control = controls_of_user(&s->controls, tenant_id, user_id);
    return control && control->has_limits ? control->purse : 0;
}

static void drop(struct scheduler *s, uint32_t number)
{
    struct purse *purse = purses_at(s, number);
    CHECK(purse);
    s->budget.user_purses[number - 1] = NULL;
    s->budget.user_purse_count--;
    if (heap_has(&purse->shut))
        heap_remove(&s->budget.shut_users, &purse->shut);
    account_close(&purse->account);
    free(purse->user_id);
    free(purse);
}

/* Numbers are not given again, so what is still booked with one of them is booked nowhere. */
static void drop_unlimited(struct scheduler *s)
{
    for (uint32_t number = 1; number <= s->budget.last_user_purse; number++) {
        const struct purse *purse = purses_at(s, number);
        if (purse && purses_of(s, book_tenant_id(purse->tenant), purse->user_id) != number)
            drop(s, number);
    }
}

static uint32_t make(struct scheduler *s, const char *tenant_id, const char *user_id)
{
    struct budget *budget = &s->budget;
    if (budget->user_purse_count >= MOST_CONTROLS)
        drop_unlimited(s);
    struct purse *purse = calloc(1, sizeof(*purse));
    CHECK(purse);
    account_open(&purse->account, s->config.permit_life_ms);
    purse->tenant = book_tenant(&s->book, tenant_id);
    purse->user_id = strdup(user_id);
    CHECK(purse->user_id);
    uint32_t number = ++budget->last_user_purse;
    budget->user_purses = reallocarray((void *)budget->user_purses, number, sizeof(struct purse *));
    CHECK(budget->user_purses);
    budget->user_purses[number - 1] = purse;
    budget->user_purse_count++;
    return number;
}

static void count_booking(struct purse *purse, struct booking *booking, uint32_t number)
{
    booking->user_purse = number;
    if (booking->stage == BOOKED_PROMISE)
        account_promise(&purse->account, &booking->charge);
    else if (booking->stage == BOOKED_CALL)
        account_take(&purse->account, &booking->charge, booking->taken_at);
}

static bool is_of(const struct scheduler *s, const struct chunk *chunk, const struct purse *purse)
{
    const char *tenant_id = NULL, *user_id = NULL;
    const struct user *user = book_user_of(book_turn_of(chunk));
    book_name_user(&s->book, user, &tenant_id, &user_id);
    return user->tenant == purse->tenant && strcmp(user_id, purse->user_id) == 0;
}

static void count_attempts(const struct scheduler *s, const struct heap *attempts,
                           struct purse *purse, uint32_t number)
{
    for (uint32_t i = 0; i < attempts->count; i++) {
        struct attempt *attempt = HEAP_OWNER(heap_at(attempts, i)->node, struct attempt, alarm);
        if (attempt->booking.user_purse == number || !is_of(s, attempt->chunk, purse))
            continue;
        count_booking(purse, &attempt->booking, number);
        if (attempt_counts_as_call(attempt))
            account_begin_call(&purse->account);
    }
}

/* What was granted before the user had limits. */
static void count_all(struct scheduler *s, struct purse *purse, uint32_t number)
{
    count_attempts(s, &s->attempts.alarms, purse, number);
    count_attempts(s, &s->attempts.errands, purse, number);
    for (size_t i = 0; s->batch.is_outstanding && i < s->batch.count; i++)
        if (s->batch.bookings[i].stage == BOOKED_PROMISE &&
            s->batch.bookings[i].user_purse != number && is_of(s, s->batch.chunks[i], purse))
            count_booking(purse, &s->batch.bookings[i], number);
}

void purses_begin(struct scheduler *s, const char *tenant_id, const char *user_id)
{
    uint32_t number = purses_of(s, tenant_id, user_id);
    if (!purses_at(s, number)) {
        number = make(s, tenant_id, user_id);
        controls_keep_purse(&s->controls, tenant_id, user_id, number);
    }
    struct purse *purse = purses_at(s, number);
    CHECK(purse);
    count_all(s, purse, number);
}

void purses_forget(struct scheduler *s)
{
    heap_free(&s->budget.shut_users);
    for (uint32_t number = 1; number <= s->budget.last_user_purse; number++)
        if (purses_at(s, number))
            drop(s, number);
    free((void *)s->budget.user_purses);
    s->budget.user_purses = NULL;
    s->budget.last_user_purse = 0;
}
