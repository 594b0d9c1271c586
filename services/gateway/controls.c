/* /v1/admin/controls: what operators set, and admins for their own tenant. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control.h"
#include "cursor.h"
#include "gateway.h"
#include "log/log.h"
#include "messages/subjects.h"
#include "messages/texts.h"
#include "routes.h"
#include "scheduler_client.h"
#include "store_client/store_client.h"

enum { ENDPOINT_NAME_MAX_BYTES = 32, ENDPOINTS_PATIENCE_MS = 1000 };

/* One request about one control. */
struct asking {
    struct gateway *gateway;
    struct web_request *request;
    struct identity caller;
    bool is_operator;
    Tp__Control whom;        /* nothing set, but whom it is about */
    uint64_t micros_per_day; /* the limit of money until now; 0 = none */
    const char *warning;     /* of what was set all the same; or NULL */
};

static bool refuse(struct web_request *request, const char *detail)
{
    web_problem(request, 403, "forbidden", detail, NULL);
    return false;
}

/* An admin speaks for its tenant, an operator for all. */
static bool may_look(const struct asking *asking)
{
    bool is_own = strcmp(asking->whom.tenant_id, asking->caller.tenant) == 0;
    if (asking->is_operator)
        return true;
    if (strcmp(asking->caller.role, "admin") != 0)
        return refuse(asking->request, "this needs a key of role admin or operator");
    return is_own || refuse(asking->request, "this needs a key of role operator");
}

static bool begin(struct asking *asking)
{
    if (!caller_identify(asking->gateway, asking->request, &asking->caller))
        return false;
    asking->is_operator = strcmp(asking->caller.role, "operator") == 0;
    return true;
}

static void refuse_path(struct web_request *request)
{
    web_problem(request, 404, "no_such_path",
                "no endpoint, tenant or user can have that name; of endpoints and tenants it is "
                "made of A-Z a-z 0-9 - _",
                NULL);
}

static void answer_failure(struct web_request *request, const struct error *why)
{
    switch (why->kind) {
    case ERROR_NOT_FOUND:
    case ERROR_INVALID:
    case ERROR_DENIED:
    case ERROR_CONFLICT:
    case ERROR_CLOSED:
        web_problem_of(request, why);
        return;
    case ERROR_BUSY:
    case ERROR_TIMEOUT:
    case ERROR_UNAVAILABLE:
    case ERROR_CANCELLED:
    case ERROR_INTERNAL:
        answer_store_error(request, why);
        return;
    }
}

static void answer_control(const struct asking *asking, const Tp__Control *control)
{
    SCOPED(text_free) struct text body = {0};
    control_write(control, asking->warning, &body);
    web_add_header(asking->request, "Cache-Control", "no-store");
    answer_json(asking->request, 200, &body);
}

/* ---- to the store ---- */

/* A page of those of a tenant, or of everybody if the tenant is empty; on false it has been
 * answered.
 */
static bool ask_page(struct asking *asking, const char *tenant, uint64_t after,
                     const Tp__ControlsReply **reply)
{
    Tp__ControlsQuery query = TP__CONTROLS_QUERY__INIT;
    struct error why;
    query.tenant_id = tenant;
    query.after_version = after;
    if (store_controls(asking->gateway->bus, &query, asking->gateway->settings->store_timeout_ms,
                       request_trace(asking->request), web_arena(asking->request), reply, &why))
        return true;
    answer_failure(asking->request, &why);
    return false;
}

static bool is_about(const Tp__Control *control, const Tp__Control *whom)
{
    return !control->is_removed && control->scope == whom->scope &&
           strcmp(control->tenant_id, whom->tenant_id) == 0 &&
           strcmp(control->name, whom->name) == 0;
}

static uint64_t last_version(const Tp__ControlsReply *reply)
{
    return reply->n_controls > 0 ? reply->controls[reply->n_controls - 1]->version : 0;
}

/* *control is NULL if nothing is set; on false it has been answered. */
static bool find_control(struct asking *asking, const Tp__Control **control)
{
    const Tp__ControlsReply *reply;
    uint64_t after = 0;
    *control = NULL;
    do {
        if (!ask_page(asking, asking->whom.tenant_id, after, &reply))
            return false;
        for (size_t i = 0; i < reply->n_controls && !*control; i++)
            if (is_about(reply->controls[i], &asking->whom))
                *control = reply->controls[i];
        after = last_version(reply);
    } while (!*control && reply->has_more);
    return true;
}

static bool set(struct asking *asking, Tp__Control *control, const Tp__ControlReply **reply)
{
    Tp__SetControl order = TP__SET_CONTROL__INIT;
    struct error why;
    order.control = control;
    order.set_by = asking->caller.key_id;
    if (!store_set_control(
            asking->gateway->bus, &order, asking->gateway->settings->store_timeout_ms,
            request_trace(asking->request), web_arena(asking->request), reply, &why)) {
        answer_failure(asking->request, &why);
        return false;
    }
    log_info("control.set", LOG_INT("scope", control->scope),
             LOG_TEXT("tenant", control->tenant_id), LOG_INT("state", control->state),
             LOG_TEXT("key_id", asking->caller.key_id),
             LOG_TEXT("request", web_request_id(asking->request)));
    return true;
}

/* ---- what is asked ---- */

static void get(struct asking *asking)
{
    const Tp__Control *control;
    if (!find_control(asking, &control))
        return;
    if (control)
        answer_control(asking, control);
    else
        web_problem(asking->request, 404, "control_not_found", "nothing is set here", NULL);
}

static bool is_json(const char *content_type)
{
    static const char *const TYPES[] = {"application/json", "application/merge-patch+json"};
    size_t length = content_type ? strcspn(content_type, "; \t") : 0;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (strlen(TYPES[i]) == length && strncasecmp(TYPES[i], content_type, length) == 0)
            return true;
    return false;
}

static void refuse_control(struct web_request *request, const struct control_faults *faults)
{
    SCOPED(text_free) struct text errors = {0};
    control_write_faults(faults, &errors);
    web_problem(request, 400, "invalid_control", "the control has faults; nothing was set",
                errors.chars);
}

/* Makes of `control` what the body asks for; on false it has been answered. */
static bool read_body(struct asking *asking, Tp__Control *control)
{
    struct web_request *request = asking->request;
    const char *bytes;
    size_t length;
    struct control_faults faults;
    if (!is_json(web_header(request, "Content-Type"))) {
        web_problem(request, 415, "unknown_content_type", "Content-Type must be application/json",
                    NULL);
        return false;
    }
    const Tp__Control before = *control;
    if (!web_body(request, &bytes, &length))
        return false;
    if (!control_read(web_arena(request), bytes, length, control, &faults)) {
        refuse_control(request, &faults);
        return false;
    }
    return asking->is_operator || control_operators_part_is(control, &before) ||
           refuse(request, "a tenant's weight, burst and limits are set by a key of role operator");
}

static void refuse_endpoint(struct asking *asking, const Tp__ControlsReply *known)
{
    SCOPED(text_free) struct text detail = {0};
    text_format(&detail, "there is no endpoint %s; there is", asking->whom.name);
    for (size_t i = 0; i < known->n_controls; i++)
        text_format(&detail, "%s %s", i ? "," : "", known->controls[i]->name);
    web_problem(asking->request, 404, "endpoint_not_found", detail.chars, NULL);
}

static bool is_among(const Tp__ControlsReply *known, const char *name)
{
    for (size_t i = 0; i < known->n_controls; i++)
        if (strcmp(known->controls[i]->name, name) == 0)
            return true;
    return false;
}

static uint64_t micros_of(const Tp__Control *control)
{
    return control && control->limits ? control->limits->micros_per_day : 0;
}

/* It would seem to keep spending down. One that stands already must not keep an endpoint from being
 * held. On false it has been answered. */
static bool may_limit_money(struct asking *asking, const Tp__Control *control,
                            const Tp__ControlsReply *known)
{
    if (control_counts_money(control, known))
        return true;
    asking->warning = "the limit of money never binds: no price is set, so nothing counts as spent";
    if (control->scope != TP__CONTROL_SCOPE__ENDPOINT ||
        micros_of(control) == asking->micros_per_day)
        return true;
    SCOPED(text_free) struct text detail = {0};
    text_format(&detail,
                "endpoint %s has no price, so nothing would ever count: set its "
                "prompt_usd_per_million and completion_usd_per_million in TP_LLM_ENDPOINTS (of a "
                "single endpoint TP_LLM_PROMPT_USD_PER_MILLION and "
                "TP_LLM_COMPLETION_USD_PER_MILLION), or limit requests or tokens",
                control->name);
    struct control_faults faults = {.count = 1};
    faults.list[0].pointer = "/limits/usd_per_day";
    faults.list[0].detail = detail.chars;
    refuse_control(asking->request, &faults);
    return false;
}

/* A slip of the pen would hold nothing, and seem to. Without an answer it is set all the same: a
 * control may have to be set while no scheduler is there. On false it has been answered. */
static bool takes_hold(struct asking *asking, const Tp__Control *control)
{
    const Tp__ControlsReply *known;
    struct error why;
    bool is_endpoint = control->scope == TP__CONTROL_SCOPE__ENDPOINT;
    bool has_money = micros_of(control) > 0;
    if (!is_endpoint && !has_money)
        return true;
    if (!scheduler_endpoints(asking->gateway->bus, ENDPOINTS_PATIENCE_MS,
                             request_trace(asking->request), web_arena(asking->request), &known,
                             &why)) {
        asking->warning =
            is_endpoint ? "no scheduler answered, so nobody knows whether there is such an endpoint"
                        : "no scheduler answered, so nobody knows whether an endpoint has a price";
        return true;
    }
    if (is_endpoint && !is_among(known, control->name)) {
        refuse_endpoint(asking, known);
        return false;
    }
    return may_limit_money(asking, control, known);
}

static void change(struct asking *asking, Tp__Control *control)
{
    const Tp__ControlReply *reply;
    if (read_body(asking, control) && takes_hold(asking, control) && set(asking, control, &reply))
        answer_control(asking, reply->control);
}

/* Nothing set; but what is the operator's stays as it is when an admin asks. */
static Tp__Control blank(const struct asking *asking, const Tp__Control *current)
{
    Tp__Control control = asking->whom;
    if (!asking->is_operator)
        control_keep_operators_part(&control, current);
    return control;
}

static void put(struct asking *asking)
{
    const Tp__Control *current;
    if (!find_control(asking, &current))
        return;
    Tp__Control control = blank(asking, current);
    asking->micros_per_day = micros_of(current);
    change(asking, &control);
}

static void patch(struct asking *asking)
{
    const Tp__Control *current;
    if (!find_control(asking, &current))
        return;
    Tp__Control control = current ? *current : asking->whom;
    asking->micros_per_day = micros_of(current);
    change(asking, &control);
}

static void remove_control(struct asking *asking)
{
    const Tp__Control *current;
    const Tp__ControlReply *reply;
    if (!find_control(asking, &current))
        return;
    Tp__Control control = blank(asking, current);
    control.is_removed = control_is_plain(&control);
    if (!current || set(asking, &control, &reply))
        web_answer(asking->request, 204, NULL, NULL, 0);
}

static void serve(struct asking *asking)
{
    static const struct {
        const char *method;
        void (*serve)(struct asking *asking);
    } METHODS[] = {
        {"GET", get}, {"HEAD", get}, {"PUT", put}, {"PATCH", patch}, {"DELETE", remove_control}};
    for (size_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++)
        if (strcmp(METHODS[i].method, web_method(asking->request)) == 0)
            METHODS[i].serve(asking);
}

/* ---- for whom ---- */

static struct asking about(void *context, struct web_request *request, Tp__ControlScope scope)
{
    struct asking asking = {.gateway = context, .request = request, .whom = TP__CONTROL__INIT};
    asking.whom.scope = scope;
    asking.whom.state = TP__CONTROL_STATE__OPEN;
    return asking;
}

void control_of_system(void *context, struct web_request *request)
{
    struct asking asking = about(context, request, TP__CONTROL_SCOPE__SYSTEM);
    if (begin(&asking) && may_look(&asking))
        serve(&asking);
}

void control_of_endpoint(void *context, struct web_request *request)
{
    struct asking asking = about(context, request, TP__CONTROL_SCOPE__ENDPOINT);
    const char *name = web_path_value(request, 0);
    if (!begin(&asking) || !may_look(&asking))
        return;
    if (!name || strlen(name) > ENDPOINT_NAME_MAX_BYTES || !subject_token_is_valid(name)) {
        refuse_path(request);
        return;
    }
    asking.whom.name = name;
    serve(&asking);
}

static void serve_tenant(struct asking *asking)
{
    const char *tenant = web_path_value(asking->request, 0);
    if (!begin(asking))
        return;
    asking->whom.tenant_id = tenant ? tenant : "";
    if (!may_look(asking))
        return;
    if (subject_token_is_valid(asking->whom.tenant_id))
        serve(asking);
    else
        refuse_path(asking->request);
}

void control_of_tenant(void *context, struct web_request *request)
{
    struct asking asking = about(context, request, TP__CONTROL_SCOPE__TENANT);
    serve_tenant(&asking);
}

void control_of_user(void *context, struct web_request *request)
{
    struct asking asking = about(context, request, TP__CONTROL_SCOPE__USER);
    const char *user = web_path_value(request, 1);
    asking.whom.name = user ? user : "";
    if (id_is_valid(asking.whom.name, USER_ID_MAX_BYTES))
        serve_tenant(&asking);
    else if (begin(&asking))
        refuse_path(request);
}

/* ---- the list ---- */

static void answer_list(struct web_request *request, const Tp__ControlsReply *reply)
{
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{\"controls\":[");
    for (size_t i = 0; i < reply->n_controls; i++) {
        text_add(&body, i ? "," : "");
        control_write(reply->controls[i], NULL, &body);
    }
    text_add(&body, "],\"next_cursor\":");
    if (reply->has_more) {
        char cursor[CURSOR_SIZE];
        cursor_of_version(last_version(reply), cursor);
        text_format(&body, "\"%s\"}", cursor);
    } else {
        text_add(&body, "null}");
    }
    web_add_header(request, "Cache-Control", "no-store");
    answer_json(request, 200, &body);
}

void controls_list(void *context, struct web_request *request)
{
    struct asking asking = about(context, request, TP__CONTROL_SCOPE__TENANT);
    const Tp__ControlsReply *reply;
    if (!begin(&asking))
        return;
    const char *tenant = web_query(request, "tenant"), *cursor = web_query(request, "cursor");
    uint64_t after = 0;
    if (!tenant)
        tenant = asking.is_operator ? "" : asking.caller.tenant;
    asking.whom.tenant_id = tenant;
    if (!may_look(&asking))
        return;
    if (*tenant && !subject_token_is_valid(tenant))
        request_refuse_parameter(request, "tenant can be no name of a tenant");
    else if (cursor && !cursor_read_version(cursor, &after))
        request_refuse_parameter(request, "cursor is none that this API gave");
    else if (ask_page(&asking, tenant, after, &reply))
        answer_list(request, reply);
}
