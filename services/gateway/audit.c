/* GET /v1/admin/audit: how far models agree with themselves. */
#include <string.h>

#include "agreement.h"
#include "base/clock.h"
#include "gateway.h"
#include "routes.h"
#include "store_client/store_client.h"

enum { DAYS_DEFAULT = 30, DAYS_MAX = 400 };

#define HOUR_MS (INT64_C(3600) * 1000)
#define DAY_MS (24 * HOUR_MS)

static void answer_audit(struct web_request *request, int64_t from_ms, const Tp__AuditReply *reply)
{
    char from[CLOCK_TEXT_SIZE];
    SCOPED(text_free) struct text body = {0};
    clock_format_wall(from_ms, from);
    text_format(&body, "{\"from\":\"%s\",\"audits\":[", from);
    for (size_t i = 0; i < reply->n_lines; i++) {
        text_add(&body, i ? "," : "");
        agreement_write(reply->lines[i], &body);
    }
    text_add(&body, "]}");
    web_add_header(request, "Cache-Control", "no-store");
    answer_json(request, 200, &body);
}

void audit_get(void *context, struct web_request *request)
{
    struct gateway *gateway = context;
    struct identity caller;
    uint32_t days;
    if (!caller_identify(gateway, request, &caller))
        return;
    if (strcmp(caller.role, "admin") != 0 && strcmp(caller.role, "operator") != 0) {
        web_problem(request, 403, "forbidden", "this needs a key of role admin or operator", NULL);
        return;
    }
    if (!request_number(request, "days", DAYS_DEFAULT, 1, DAYS_MAX, &days))
        return;
    Tp__AuditQuery query = TP__AUDIT_QUERY__INIT;
    const Tp__AuditReply *reply;
    struct error why;
    int64_t from_ms = clock_wall_ms() - days * DAY_MS;
    query.from_ms = from_ms < 0 ? 0 : from_ms / HOUR_MS * HOUR_MS;
    if (store_audit(gateway->bus, &query, gateway->settings->store_timeout_ms,
                    request_trace(request), web_arena(request), &reply, &why))
        answer_audit(request, query.from_ms, reply);
    else
        answer_store_error(request, &why);
}
