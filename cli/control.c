#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "outcome.h"

enum { PATIENCE_MS = 30000, CURSOR_SIZE = 128 };

/* The caller's own; NULL with *end set if it cannot be learnt. */
static json_t *ask_me(struct session *session, int *end)
{
    const struct api_call call = {.method = "GET", .path = "/v1/me", .patience_ms = PATIENCE_MS};
    json_t *me;
    struct error why;
    if (api_send(session->api, &call, &me, &why))
        return me;
    *end = console_fail(&session->console, &why);
    return NULL;
}

static bool write_path(struct session *session, const struct control_target *target,
                       struct text *path, int *end)
{
    SCOPED(json_free) json_t *me = NULL;
    const char *tenant = target->tenant;
    bool is_tenant = strcmp(target->scope, "tenant") == 0;
    bool is_user = strcmp(target->scope, "user") == 0;
    if (is_tenant && target->name)
        tenant = target->name;
    if ((is_tenant || is_user) && !tenant) {
        me = ask_me(session, end);
        if (!me)
            return false;
        tenant = json_string_value(json_object_get(me, "tenant"));
    }
    text_add(path, "/v1/admin/controls");
    if (is_tenant || is_user) {
        text_add(path, "/tenants");
        api_add_segment(path, tenant ? tenant : "");
        if (is_user) {
            text_add(path, "/users");
            api_add_segment(path, target->name);
        }
    } else if (strcmp(target->scope, "endpoint") == 0) {
        text_add(path, "/endpoints");
        api_add_segment(path, target->name);
    } else {
        text_add(path, "/system");
    }
    return true;
}

static const char *member(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static void add_limit(const json_t *limits, const char *name, const char *words, struct text *out)
{
    double limit = json_number_value(json_object_get(limits, name));
    if (limit > 0)
        text_format(out, "  %.15g %s", limit, words);
}

static void add_limits(const json_t *limits, struct text *out)
{
    size_t before = out->length;
    add_limit(limits, "requests_per_minute", "requests/min", out);
    add_limit(limits, "tokens_per_minute", "tokens/min", out);
    add_limit(limits, "calls_in_flight", "calls at once", out);
    add_limit(limits, "usd_per_day", "USD/day", out);
    if (out->length == before)
        text_add(out, "  no limits");
    else if (json_is_true(json_object_get(limits, "shadow")))
        text_add(out, "  (limits are not enforced)");
}

/* Was set once, and is now as if it had never been. */
static bool is_plain(const json_t *control)
{
    static const char *const MEMBERS[] = {"weight", "burst", "unfinished_jobs", "limits",
                                          "message"};
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++)
        if (json_object_get(control, MEMBERS[i]))
            return false;
    return strcmp(member(control, "state"), "open") == 0;
}

static void print_control(const struct session *session, const json_t *control)
{
    if (session->console.is_json) {
        session_print(control);
        return;
    }
    SCOPED(text_free) struct text whom = {0};
    SCOPED(text_free) struct text what = {0};
    const json_t *limits = json_object_get(control, "limits");
    const char *scope = member(control, "scope");
    text_format(&whom, "%s%s%s%s", scope, strcmp(scope, "system") == 0 ? "" : " ",
                member(control, "endpoint"), member(control, "tenant"));
    if (*member(control, "user"))
        text_format(&whom, "/%s", member(control, "user"));
    if (json_object_get(control, "weight"))
        text_format(&what, "  weight %g", json_number_value(json_object_get(control, "weight")));
    if (json_object_get(control, "burst"))
        text_format(&what, "  burst %lld",
                    (long long)json_integer_value(json_object_get(control, "burst")));
    if (json_object_get(control, "unfinished_jobs"))
        text_format(&what, "  %lld unfinished jobs",
                    (long long)json_integer_value(json_object_get(control, "unfinished_jobs")));
    if (limits)
        add_limits(limits, &what);
    if (*member(control, "message"))
        text_format(&what, "  \"%s\"", member(control, "message"));
    if (what.length > 0)
        printf("%-32s  %-8s%s\n", whom.chars, member(control, "state"), what.chars);
    else
        printf("%-32s  %s\n", whom.chars, member(control, "state"));
}

int control_change(struct session *session, const struct control_target *target,
                   const json_t *change)
{
    SCOPED(text_free) struct text path = {0};
    SCOPED(json_free) json_t *answer = NULL;
    struct error why;
    int end = END_OK;
    if (!write_path(session, target, &path, &end))
        return end;
    SCOPED(free_chars) char *body = json_dumps(change, JSON_COMPACT);
    CHECK(body != NULL);
    const struct api_call call = {
        .method = "PATCH",
        .path = path.chars,
        .content_type = "application/merge-patch+json",
        .body = {(const uint8_t *)body, strlen(body)},
        .patience_ms = PATIENCE_MS,
    };
    if (!api_send(session->api, &call, &answer, &why))
        return console_fail(&session->console, &why);
    print_control(session, answer);
    if (*member(answer, "warning"))
        console_say(&session->console, "%s", member(answer, "warning"));
    return END_OK;
}

int control_clear(struct session *session, const struct control_target *target)
{
    SCOPED(text_free) struct text path = {0};
    SCOPED(json_free) json_t *answer = NULL;
    struct error why;
    int end = END_OK;
    if (!write_path(session, target, &path, &end))
        return end;
    const struct api_call call = {
        .method = "DELETE", .path = path.chars, .patience_ms = PATIENCE_MS};
    if (!api_send(session->api, &call, &answer, &why))
        return console_fail(&session->console, &why);
    return END_OK;
}

int control_show_system(struct session *session)
{
    const struct api_call call = {
        .method = "GET", .path = "/v1/admin/controls/system", .patience_ms = PATIENCE_MS};
    SCOPED(json_free) json_t *answer = NULL;
    struct error why;
    if (!api_send(session->api, &call, &answer, &why)) {
        if (why.kind != ERROR_NOT_FOUND)
            return console_fail(&session->console, &why);
        answer = json_pack("{s:s, s:s}", "scope", "system", "state", "open");
        CHECK(answer != NULL);
    }
    print_control(session, answer);
    return END_OK;
}

/* Page by page; *cursor is "" at the end. Counts what it prints. */
static bool print_page(struct session *session, const char *tenant, char cursor[CURSOR_SIZE],
                       size_t *printed, struct error *why)
{
    SCOPED(text_free) struct text path = {0};
    SCOPED(json_free) json_t *answer = NULL;
    text_add(&path, "/v1/admin/controls");
    api_add_query(&path, "tenant", tenant);
    api_add_query(&path, "cursor", *cursor ? cursor : NULL);
    const struct api_call call = {.method = "GET", .path = path.chars, .patience_ms = PATIENCE_MS};
    if (!api_send(session->api, &call, &answer, why))
        return false;
    const json_t *controls = json_object_get(answer, "controls");
    for (size_t i = 0; i < json_array_size(controls); i++) {
        if (!session->console.is_json && is_plain(json_array_get(controls, i)))
            continue;
        print_control(session, json_array_get(controls, i));
        ++*printed;
    }
    snprintf(cursor, CURSOR_SIZE, "%s", member(answer, "next_cursor"));
    return true;
}

int control_list(struct session *session, const char *tenant)
{
    char cursor[CURSOR_SIZE] = "";
    size_t printed = 0;
    struct error why;
    do {
        if (!print_page(session, tenant, cursor, &printed, &why))
            return console_fail(&session->console, &why);
    } while (*cursor);
    if (printed == 0)
        console_say(&session->console, "nothing is set");
    return END_OK;
}
