#include <math.h>

#include "messages/checks.h"

enum { BURST_MAX = 64, UNFINISHED_MAX_JOBS = 100000, HEAL_MAX_POSTS = 100000 };
#define WEIGHT_LEAST 0.001
#define WEIGHT_MOST 1000.0

bool check_endpoint_or_empty(const char *field, const char *text, struct error *why)
{
    if (text[0] == '\0')
        return true;
    return check_name(field, text, ENDPOINT_MAX_BYTES, why) && check_token(field, text, why);
}

/* Whom it is about, by its scope. */
static bool check_subject(const Tp__Control *control, struct error *why)
{
    switch (control->scope) {
    case TP__CONTROL_SCOPE__SYSTEM:
        return true;
    case TP__CONTROL_SCOPE__ENDPOINT:
        return check_name("name", control->name, ENDPOINT_MAX_BYTES, why) &&
               check_token("name", control->name, why);
    case TP__CONTROL_SCOPE__TENANT:
        return check_token("tenant_id", control->tenant_id, why);
    case TP__CONTROL_SCOPE__USER:
        return check_token("tenant_id", control->tenant_id, why) &&
               check_name("name", control->name, USER_ID_MAX_BYTES, why);
    case TP__CONTROL_SCOPE__NO_SCOPE:
    case _TP__CONTROL_SCOPE_IS_INT_SIZE:
        break;
    }
    return check_set("scope", 0, why);
}

static bool check_limits(const Tp__Limits *limits, struct error *why)
{
    if (limits == NULL)
        return true;
    return (check_range("tokens_per_minute", limits->tokens_per_minute, 0, MINUTE_MAX_TOKENS,
                        why) &&
            check_range("micros_per_day", limits->micros_per_day, 0, DAY_MAX_MICROS, why)) ||
           error_prefix(why, "limits");
}

bool check_control(const Tp__Control *control, struct error *why)
{
    if (!check_set("scope", control->scope, why) || !check_subject(control, why) ||
        !check_set("state", control->state, why))
        return false;
    bool is_reduced = control->state == TP__CONTROL_STATE__REDUCED;
    if (is_reduced && control->scope != TP__CONTROL_SCOPE__SYSTEM)
        return error_set(why, ERROR_INVALID, "state: only the whole system can be reduced");
    double weight = control->weight;
    if (!isfinite(weight) || (weight != 0 && (weight < WEIGHT_LEAST || weight > WEIGHT_MOST)))
        return error_set(why, ERROR_INVALID, "weight: must be 0, or %g to %g", WEIGHT_LEAST,
                         WEIGHT_MOST);
    return check_name_or_empty("message", control->message, LINE_MAX_BYTES, why) &&
           check_range("burst", control->burst, 0, BURST_MAX, why) &&
           check_range("unfinished_jobs", control->unfinished_jobs, 0, UNFINISHED_MAX_JOBS, why) &&
           check_limits(control->limits, why);
}

bool check_controls(size_t count, Tp__Control *const *controls, struct error *why)
{
    for (size_t i = 0; i < count; i++) {
        if (!check_control(controls[i], why))
            return error_prefix(why, "controls[%zu]", i);
    }
    return true;
}

static bool check_one(const Tp__Control *control, struct error *why)
{
    if (!check_present("control", control, why))
        return false;
    return check_control(control, why) || error_prefix(why, "control");
}

bool check_set_control(const Tp__SetControl *message, struct error *why)
{
    return check_one(message->control, why) &&
           check_name("set_by", message->set_by, NAME_MAX_BYTES, why);
}

bool check_control_reply(const Tp__ControlReply *message, struct error *why)
{
    return check_one(message->control, why);
}

bool check_control_changed(const Tp__ControlChanged *message, struct error *why)
{
    return check_one(message->control, why);
}

bool check_controls_query(const Tp__ControlsQuery *message, struct error *why)
{
    return check_range("after_version", message->after_version, 0, INT64_MAX, why) &&
           (message->tenant_id[0] == '\0' || check_token("tenant_id", message->tenant_id, why));
}

bool check_controls_reply(const Tp__ControlsReply *message, struct error *why)
{
    return check_controls(message->n_controls, message->controls, why);
}

bool check_heal_ask(const Tp__HealAsk *message, struct error *why)
{
    return check_range("epoch", message->epoch, 1, INT64_MAX, why) &&
           check_range("most_posts", message->most_posts, 1, HEAL_MAX_POSTS, why);
}

bool check_heal_reply(const Tp__HealReply *message, struct error *why)
{
    return check_range("posts", message->posts, 0, HEAL_MAX_POSTS, why);
}
