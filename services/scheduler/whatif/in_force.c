#include "in_force.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static bool is_same_limits(const struct limits *a, const struct limits *b)
{
    return a->requests_per_minute == b->requests_per_minute &&
           a->tokens_per_minute == b->tokens_per_minute &&
           a->calls_in_flight == b->calls_in_flight && a->micros_per_day == b->micros_per_day &&
           a->is_shadow == b->is_shadow;
}

static bool is_same_endpoint(const struct endpoint_config *a, const struct endpoint_config *b)
{
    return strcmp(a->name, b->name) == 0 && is_same_limits(&a->limits, &b->limits) &&
           a->prompt_nanos == b->prompt_nanos && a->completion_nanos == b->completion_nanos;
}

/* As far as it decides how long work takes and what it costs. */
static bool is_same_config(const struct scheduler_config *a, const struct scheduler_config *b)
{
    bool is_same = a->max_active_users == b->max_active_users && a->max_calls == b->max_calls &&
                   a->fairness == b->fairness &&
                   a->has_first_chunks_first == b->has_first_chunks_first &&
                   memcmp(a->weights, b->weights, sizeof(a->weights)) == 0 &&
                   a->user_burst == b->user_burst && a->endpoint_count == b->endpoint_count &&
                   is_same_limits(&a->tenant_limits, &b->tenant_limits);
    for (uint32_t i = 0; is_same && i < a->endpoint_count; i++)
        is_same = is_same_endpoint(&a->endpoints[i], &b->endpoints[i]);
    return is_same;
}

/* Controls are told anew by the snapshot: what is not in it is no more. */
void in_force_begin(struct in_force *in_force, const struct scheduler_config *config)
{
    in_force->changes += in_force->chapters > 0 && !is_same_config(&in_force->config, config);
    in_force->config = *config;
    in_force->chapters++;
    controls_free(&in_force->controls);
}

void in_force_free(struct in_force *in_force)
{
    controls_free(&in_force->controls);
}

/* ---- what operators set ---- */
static const struct control *known(const struct in_force *in_force,
                                   const struct control_facts *facts)
{
    const struct controls *controls = &in_force->controls;
    switch (facts->scope) {
    case SCOPE_SYSTEM:
        return controls_of_system(controls);
    case SCOPE_ENDPOINT:
        return controls_of_endpoint(controls, facts->name);
    case SCOPE_TENANT:
        return controls_of_tenant(controls, facts->tenant_id);
    case SCOPE_USER:
        return controls_of_user(controls, facts->tenant_id, facts->name);
    }
    CHECK_UNREACHABLE();
}

static double weight_of(double told)
{
    return told > 0 ? told : 1;
}

/* What it says of how work is shared; `before` may be NULL, which says nothing. */
static bool is_same_terms(const struct control *before, const struct control_facts *now)
{
    static const struct control NOTHING;
    const struct control *was = before ? before : &NOTHING;
    double weight = now->is_removed ? 1 : weight_of(now->weight);
    bool has_limits = now->has_limits && !now->is_removed;
    return weight_of(was->weight) >= weight && weight_of(was->weight) <= weight &&
           was->burst == (now->is_removed ? 0 : now->burst) && was->has_limits == has_limits &&
           (!has_limits || is_same_limits(&was->limits, &now->limits));
}

static bool is_stop(enum control_state state)
{
    return state == CONTROL_HELD || state == CONTROL_REDUCED;
}

void in_force_find(struct in_force *in_force, const struct control_facts *facts)
{
    if (in_force->chapters > 1) { /* it may have been set between the chapters */
        in_force_hear(in_force, facts);
        return;
    }
    if (facts->version > in_force->newest)
        in_force->newest = facts->version;
    in_force->stops += controls_set(&in_force->controls, facts) && is_stop(facts->state);
}

void in_force_hear(struct in_force *in_force, const struct control_facts *facts)
{
    const struct control *before = known(in_force, facts);
    bool is_same = is_same_terms(before, facts);
    bool was_stopped = before && is_stop(before->state);
    bool is_stopped = !facts->is_removed && is_stop(facts->state);
    if (!controls_set(&in_force->controls, facts) || facts->version <= in_force->newest)
        return; /* it was known */
    in_force->newest = facts->version;
    in_force->changes += !is_same;
    in_force->stops += is_stopped && !was_stopped;
}

/* ---- what is in force at the end ---- */
struct scheduler_config in_force_config(const struct in_force *in_force)
{
    struct scheduler_config config = in_force->config;
    for (uint32_t i = 0; i < config.endpoint_count; i++) {
        const struct control *control =
            controls_of_endpoint(&in_force->controls, config.endpoints[i].name);
        if (control && control->has_limits)
            config.endpoints[i].limits = control->limits;
    }
    return config;
}

static bool is_any_endpoint_open(const struct in_force *in_force)
{
    const struct scheduler_config *config = &in_force->config;
    for (uint32_t i = 0; i < config->endpoint_count; i++)
        if (!control_is_held(controls_of_endpoint(&in_force->controls, config->endpoints[i].name)))
            return true;
    return false;
}

struct keeping {
    struct control_facts *controls;
    size_t count;
    bool may_hold_endpoints;
};

static char *copy(const char *text)
{
    char *copied = strdup(text);
    CHECK(copied);
    return copied;
}

static void keep(void *context, const struct control_facts *control)
{
    struct keeping *keeping = context;
    bool is_endpoint = control->scope == SCOPE_ENDPOINT;
    bool is_held = is_endpoint && control->state == CONTROL_HELD && keeping->may_hold_endpoints;
    struct control_facts *kept = &keeping->controls[keeping->count++];
    *kept = *control;
    kept->tenant_id = copy(control->tenant_id);
    kept->name = copy(control->name);
    kept->message = "";
    kept->state = is_held ? CONTROL_HELD : CONTROL_OPEN;
    kept->has_limits = control->has_limits && !is_endpoint;
}

struct control_facts *in_force_controls(const struct in_force *in_force, size_t *count)
{
    struct keeping keeping = {.may_hold_endpoints = is_any_endpoint_open(in_force)};
    keeping.controls = calloc(in_force->controls.count + 1, sizeof(struct control_facts));
    CHECK(keeping.controls);
    controls_each(&in_force->controls, keep, &keeping);
    *count = keeping.count;
    return keeping.controls;
}

void in_force_free_controls(struct control_facts **controls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)(*controls)[i].tenant_id);
        free((void *)(uintptr_t)(*controls)[i].name);
    }
    free(*controls);
    *controls = NULL;
}
