/* The questions of operators: proto/control.proto. */
#include "questions.h"

enum { CONTROLS_PER_PAGE = 500 }; /* of some 1300 bytes each at most */

static const struct statement SET_CONTROL = {
    "set_control", "select r.* from set_control($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
                   " $13, $14, $15, $16) c, control_row(c) r"};
static const struct statement CONTROLS = {
    "controls", "select r.* from list_controls($1, $2, $3) c, control_row(c) r order by r.version"};

/* As far as its scope has them. */
static void params_subject(struct params *params, const Tp__Control *control)
{
    bool is_in_tenant =
        control->scope == TP__CONTROL_SCOPE__TENANT || control->scope == TP__CONTROL_SCOPE__USER;
    bool is_named =
        control->scope == TP__CONTROL_SCOPE__ENDPOINT || control->scope == TP__CONTROL_SCOPE__USER;
    params_int2(params, control->scope);
    params_text(params, is_in_tenant ? control->tenant_id : "");
    params_text(params, is_named ? control->name : "");
}

static void params_limits(struct params *params, const Tp__Limits *limits)
{
    static const Tp__Limits none = TP__LIMITS__INIT;
    params_bool(params, limits != NULL);
    if (limits == NULL)
        limits = &none;
    params_int8(params, limits->requests_per_minute);
    params_int8(params, (int64_t)limits->tokens_per_minute);
    params_int8(params, limits->calls_in_flight);
    params_int8(params, (int64_t)limits->micros_per_day);
    params_bool(params, limits->is_shadow);
}

bool answer_set_control(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__SetControl *asked;
    if (!unpack_set_control(desk->asked, ask, &asked, why))
        return false;
    const Tp__Control *control = asked->control;
    struct params params = params_begin(desk->arena);
    params_subject(&params, control);
    params_int2(&params, control->state);
    params_text(&params, control->message);
    params_double(&params, control->weight);
    params_int4(&params, control->burst);
    params_limits(&params, control->limits);
    params_bool(&params, control->is_removed);
    params_text(&params, asked->set_by);
    params_int4(&params, (int32_t)control->unfinished_jobs);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &SET_CONTROL, &params, &rows, why))
        return false;
    struct cells cells = rows_at(&rows, 0, desk->arena);
    Tp__ControlReply said = TP__CONTROL_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.control = read_control(&cells);
    desk->made.control = said.control;
    *reply = pack_control_reply(desk->arena, &said);
    return true;
}

bool answer_controls(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__ControlsQuery *query;
    if (!unpack_controls_query(desk->asked, ask, &query, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_text(&params, query->tenant_id);
    params_int8(&params, (int64_t)query->after_version);
    params_int4(&params, CONTROLS_PER_PAGE + 1); /* one more tells whether there is more */
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &CONTROLS, &params, &rows, why))
        return false;
    Tp__ControlsReply said = TP__CONTROLS_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.has_more = rows.count > CONTROLS_PER_PAGE;
    said.n_controls = said.has_more ? CONTROLS_PER_PAGE : (size_t)rows.count;
    said.controls = arena_array(desk->arena, Tp__Control *, said.n_controls);
    for (size_t i = 0; i < said.n_controls; i++) {
        struct cells cells = rows_at(&rows, (int)i, desk->arena);
        said.controls[i] = read_control(&cells);
    }
    *reply = pack_controls_reply(desk->arena, &said);
    return true;
}
