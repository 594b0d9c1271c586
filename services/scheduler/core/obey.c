/* What operators set is obeyed: who is held gets nothing granted, whatever was told first. */
#include <stdlib.h>

#include "base/check.h"
#include "state.h"

/* Granted and not yet permitted: it would begin a call after the holding, or at an endpoint that is
 * not called any more. */
static bool is_to_be_taken_back(const struct scheduler *s, const struct attempt *attempt)
{
    return attempt->phase == ATTEMPT_WAITING && attempt->mode == MODE_LLM &&
           (orders_is_user_held(s, book_user_of(book_turn_of(attempt->chunk))) ||
            !choice_holds(s, &attempt->booking));
}

void obey_take_back(struct scheduler *s)
{
    if (s->attempts.waiting == 0)
        return;
    struct attempt **held = calloc(s->attempts.waiting, sizeof(struct attempt *));
    CHECK(held);
    size_t count = 0;
    for (uint32_t i = 0; i < s->attempts.alarms.count; i++) {
        struct attempt *attempt =
            HEAP_OWNER(heap_at(&s->attempts.alarms, i)->node, struct attempt, alarm);
        if (is_to_be_taken_back(s, attempt))
            held[count++] = attempt;
    }
    for (size_t i = 0; i < count; i++)
        attempts_swear_off(s, held[i]);
    free((void *)held);
}

static void obey_system(struct scheduler *s)
{
    if (control_is_held(controls_of_system(&s->controls)))
        queue_shut_all(&s->queue, SHUT_BY_CONTROL);
    else
        queue_open_all(&s->queue, SHUT_BY_CONTROL);
}

struct burst_change {
    struct queue *queue;
    const struct tenant *tenant;
};

static void look_at_burst(void *context, struct job *job)
{
    const struct burst_change *change = context;
    if (book_user_of(job->turn)->tenant == change->tenant)
        queue_user_changed(change->queue, book_user_of(job->turn));
}

static void obey_tenant(struct scheduler *s, const char *tenant_id)
{
    const struct control *control = controls_of_tenant(&s->controls, tenant_id);
    struct tenant *tenant = book_tenant(&s->book, tenant_id);
    bool was_held = (tenant->shut & SHUT_BY_CONTROL) != 0;
    uint32_t burst_before = tenant->burst;
    queue_set_weight(&s->queue, tenant, control ? control->weight : 0);
    tenant->burst = control ? control->burst : 0;
    if (control_is_held(control))
        queue_shut_tenant(&s->queue, tenant, SHUT_BY_CONTROL);
    else
        queue_open_tenant(&s->queue, tenant, SHUT_BY_CONTROL);
    struct burst_change change = {&s->queue, tenant};
    if (tenant->users > 0 && (was_held || tenant->burst != burst_before))
        book_each_job(&s->book, look_at_burst, &change);
}

static void obey_user(struct scheduler *s, const char *tenant_id, const char *user_id)
{
    const struct control *control = controls_of_user(&s->controls, tenant_id, user_id);
    if (control && control->has_limits)
        purses_begin(s, tenant_id, user_id);
    for (uint32_t lane = 0; lane <= INTERACTIVE_LANE; lane++) {
        struct user *user = book_user(&s->book, tenant_id, user_id, lane);
        struct purse *purse = user ? purses_at(s, user->purse) : NULL;
        if (purse)
            budget_look_again_at_user(s, purse);
        if (user)
            orders_greet(s, user);
    }
}

void obey_control(struct scheduler *s, const struct control_facts *facts)
{
    bool is_heard = s->lead.phase == LEAD_REBUILDING || s->lead.phase == LEAD_LEADING;
    if (!is_heard || !controls_set(&s->controls, facts))
        return; /* who does not lead is told all when it does */
    switch (facts->scope) {
    case SCOPE_SYSTEM:
        obey_system(s);
        break;
    case SCOPE_ENDPOINT: /* looked up when one is chosen */
        break;
    case SCOPE_TENANT:
        obey_tenant(s, facts->tenant_id);
        break;
    case SCOPE_USER:
        obey_user(s, facts->tenant_id, facts->name);
        break;
    }
    obey_take_back(s);
}

void obey_all(struct scheduler *s, const struct control_facts *facts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        obey_control(s, &facts[i]);
}
