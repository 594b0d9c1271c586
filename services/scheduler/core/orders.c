/* What operators have set, as it is in force. */
#include "state.h"

void orders_greet(struct scheduler *s, struct user *user)
{
    const char *tenant_id = NULL, *user_id = NULL;
    book_name_user(&s->book, user, &tenant_id, &user_id);
    const struct control *control = controls_of_user(&s->controls, tenant_id, user_id);
    uint32_t burst = control ? control->burst : 0;
    user->burst = (uint8_t)(burst < MOST_BURST ? burst : MOST_BURST);
    user->purse = control && control->has_limits ? control->purse : 0;
    if (control_is_held(control))
        queue_shut_user(&s->queue, user, SHUT_BY_CONTROL);
    else
        queue_open_user(&s->queue, user, SHUT_BY_CONTROL);
    queue_user_changed(&s->queue, user);
}

bool orders_is_user_held(const struct scheduler *s, const struct user *user)
{
    return ((s->queue.shut | user->tenant->shut | user->shut) & SHUT_BY_CONTROL) != 0;
}

bool orders_is_reduced(const struct scheduler *s)
{
    const struct control *control = controls_of_system(&s->controls);
    return control && control->state == CONTROL_REDUCED;
}

bool orders_is_endpoint_held(const struct scheduler *s, const struct endpoint_config *endpoint)
{
    return control_is_held(controls_of_endpoint(&s->controls, endpoint->name));
}

const struct limits *orders_limits_of_tenant(const struct scheduler *s, const struct tenant *tenant)
{
    const struct control *control = controls_of_tenant(&s->controls, book_tenant_id(tenant));
    return control && control->has_limits ? &control->limits : &s->config.tenant_limits;
}

const struct limits *orders_limits_of_user(const struct scheduler *s, const struct purse *purse)
{
    static const struct limits NONE;
    const struct control *control =
        controls_of_user(&s->controls, book_tenant_id(purse->tenant), purse->user_id);
    return control && control->has_limits ? &control->limits : &NONE;
}

const struct limits *orders_limits_of_endpoint(const struct scheduler *s,
                                               const struct endpoint_config *endpoint)
{
    const struct control *control = controls_of_endpoint(&s->controls, endpoint->name);
    return control && control->has_limits ? &control->limits : &endpoint->limits;
}
