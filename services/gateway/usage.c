/* GET /v1/usage: what was used and what it cost, in groups; and of a job, chunk by chunk. */
#include <string.h>

#include "base/clock.h"
#include "cursor.h"
#include "gateway.h"
#include "messages/subjects.h"
#include "messages/texts.h"
#include "routes.h"
#include "store_client/store_client.h"
#include "usage_query.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000, DEFAULT_DAYS = 30, MOST_DAYS = 400 };

#define HOUR_MS (INT64_C(3600) * 1000)
#define DAY_MS (24 * HOUR_MS)
#define ALL_TENANTS "*"

static bool read_time(struct web_request *request, const char *name, int64_t fallback,
                      int64_t *wall_ms)
{
    const char *said = web_query(request, name);
    *wall_ms = fallback;
    return !said || usage_time_parse(said, wall_ms) ||
           request_refuse_parameter(request, "from and to are days, 2026-07-01, or times of UTC, "
                                             "2026-07-01T12:00:00Z");
}

/* In whole hours: nothing is kept in finer ones. */
static bool read_times(struct web_request *request, Tp__UsageQuery *query)
{
    int64_t now_ms = clock_wall_ms(), from, to;
    if (!read_time(request, "to", now_ms, &to) ||
        !read_time(request, "from", (to - 1) / DAY_MS * DAY_MS - (DEFAULT_DAYS - 1) * DAY_MS,
                   &from))
        return false;
    query->from_ms = from < 0 ? 0 : from / HOUR_MS * HOUR_MS;
    query->to_ms = (to + HOUR_MS - 1) / HOUR_MS * HOUR_MS;
    if (query->to_ms < query->from_ms)
        return request_refuse_parameter(request, "to is before from");
    return query->to_ms - query->from_ms <= MOST_DAYS * DAY_MS ||
           request_refuse_parameter(request, "there are at most 400 days between from and to");
}

/* Whose: the caller's own tenant, unless an operator says another, or * for all. */
static bool read_tenant(struct web_request *request, const struct identity *caller,
                        Tp__UsageQuery *query)
{
    const char *said = web_query(request, "tenant");
    bool is_operator = strcmp(caller->role, "operator") == 0;
    bool wants_tenants = query->group == TP__USAGE_GROUP__USAGE_BY_TENANT;
    if (!said)
        said = wants_tenants && is_operator ? ALL_TENANTS : caller->tenant;
    if (!is_operator && strcmp(said, caller->tenant) != 0) {
        web_problem(request, 403, "forbidden",
                    "usage of other tenants needs a key of role operator", NULL);
        return false;
    }
    bool is_all = strcmp(said, ALL_TENANTS) == 0;
    if (!is_all && !subject_token_is_valid(said))
        return request_refuse_parameter(request, "tenant is one, or * for all");
    query->tenant_id = is_all ? "" : said;
    return !is_all || (query->group != TP__USAGE_GROUP__USAGE_BY_USER && !*query->user_id) ||
           request_refuse_parameter(request, "users are told apart within one tenant only");
}

static bool read_query(struct web_request *request, const struct identity *caller,
                       Tp__UsageQuery *query)
{
    const char *group = web_query(request, "group_by"), *user = web_query(request, "user");
    const char *cursor = web_query(request, "cursor");
    query->group = TP__USAGE_GROUP__USAGE_BY_DAY;
    if (group && !usage_group_parse(group, &query->group))
        return request_refuse_parameter(
            request,
            "group_by is day, hour, user, model, endpoint, class or, for operators, tenant");
    if (user && !id_is_valid(user, USER_ID_MAX_BYTES))
        return request_refuse_parameter(request,
                                        "user has 1 to 200 bytes without control characters");
    query->user_id = user ? user : "";
    query->has_after = cursor != NULL;
    if (cursor && !cursor_read_key(cursor, web_arena(request), &query->after_key))
        return request_refuse_parameter(request, "cursor is none that this API gave");
    return read_times(request, query) && read_tenant(request, caller, query) &&
           request_number(request, "limit", PAGE_DEFAULT, 1, PAGE_MAX, &query->limit);
}

static void answer_usage(struct web_request *request, const Tp__UsageQuery *query,
                         const Tp__UsageReply *reply)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
    SCOPED(text_free) struct text body = {0};
    clock_format_wall(query->from_ms, from);
    clock_format_wall(query->to_ms, to);
    text_format(&body, "{\"from\":\"%s\",\"to\":\"%s\",\"group_by\":\"%s\",\"usage\":[", from, to,
                usage_group_name(query->group));
    for (size_t i = 0; i < reply->n_rows; i++) {
        text_add(&body, i ? "," : "");
        view_usage_row(reply->rows[i], query->group, &body);
    }
    text_add(&body, "],\"next_cursor\":");
    if (reply->has_more && reply->n_rows > 0)
        text_format(&body, "\"%s\"}",
                    cursor_of_key(reply->rows[reply->n_rows - 1]->key, web_arena(request)));
    else
        text_add(&body, "null}");
    answer_json(request, 200, &body);
}

void usage_get(void *context, struct web_request *request)
{
    struct gateway *gateway = context;
    struct identity caller;
    Tp__UsageQuery query = TP__USAGE_QUERY__INIT;
    if (!caller_identify(gateway, request, &caller) || !read_query(request, &caller, &query))
        return;
    const Tp__UsageReply *reply;
    struct error why;
    if (store_usage(gateway->bus, &query, gateway->settings->store_timeout_ms,
                    request_trace(request), web_arena(request), &reply, &why))
        answer_usage(request, &query, reply);
    else
        answer_store_error(request, &why);
}

/* ---- the chunks of a job ---- */

static void answer_chunks(struct web_request *request, const char *job_id,
                          const Tp__ChunksReply *reply)
{
    SCOPED(text_free) struct text body = {0};
    text_format(&body, "{\"job_id\":\"%s\",\"chunks\":[", job_id);
    for (size_t i = 0; i < reply->n_rows; i++) {
        text_add(&body, i ? "," : "");
        view_chunk(reply->rows[i], &body);
    }
    text_add(&body, "],\"next_cursor\":");
    if (reply->has_more && reply->n_rows > 0) {
        char cursor[CURSOR_SIZE];
        cursor_of_seq(reply->rows[reply->n_rows - 1]->chunk_number + 1, cursor);
        text_format(&body, "\"%s\"}", cursor);
    } else {
        text_add(&body, "null}");
    }
    answer_json(request, 200, &body);
}

void job_chunks(void *context, struct web_request *request)
{
    struct gateway *gateway = context;
    struct identity caller;
    Tp__ChunksQuery query = TP__CHUNKS_QUERY__INIT;
    if (!caller_identify(gateway, request, &caller))
        return;
    query.tenant_id = caller.tenant;
    query.job_id = request_job_id(request);
    const char *cursor = web_query(request, "cursor");
    if (!query.job_id || !request_number(request, "limit", PAGE_DEFAULT, 1, PAGE_MAX, &query.limit))
        return;
    if (cursor &&
        (!cursor_read_seq(cursor, &query.from_chunk) || query.from_chunk > 2 * JOB_MAX_POSTS)) {
        (void)request_refuse_parameter(request, "cursor is none that this API gave");
        return;
    }
    const Tp__ChunksReply *reply;
    struct error why;
    if (store_chunks(gateway->bus, &query, gateway->settings->store_timeout_ms,
                     request_trace(request), web_arena(request), &reply, &why))
        answer_chunks(request, query.job_id, reply);
    else
        answer_store_error(request, &why);
}
