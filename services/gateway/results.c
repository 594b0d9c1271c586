/* GET /v1/jobs/{id}/results: a page of JSON, or all of them as NDJSON or CSV. */
#include <string.h>
#include <strings.h>

#include "cursor.h"
#include "gateway.h"
#include "routes.h"
#include "states.h"
#include "store_client/store_client.h"
#include "views.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000, STREAM_PAGE = 500 };

enum format { FORMAT_PAGE, FORMAT_LINES, FORMAT_CSV };

struct reading {
    struct gateway *gateway;
    struct web_request *request;
    struct identity caller;
    const char *job_id;
    enum format format;
};

/* ?format=, for where headers cannot be set, else Accept. */
static bool choose_format(struct web_request *request, enum format *format)
{
    const char *asked = web_query(request, "format");
    const char *accept = web_header(request, "Accept");
    *format = FORMAT_PAGE;
    if (asked && strcmp(asked, "json") != 0) {
        *format = strcmp(asked, "csv") == 0 ? FORMAT_CSV : FORMAT_LINES;
        if (*format == FORMAT_LINES && strcmp(asked, "ndjson") != 0)
            return request_refuse_parameter(request, "format is json, ndjson or csv");
    } else if (!asked && accept) {
        if (strcasestr(accept, "application/x-ndjson") || strcasestr(accept, "application/jsonl"))
            *format = FORMAT_LINES;
        else if (strcasestr(accept, "text/csv"))
            *format = FORMAT_CSV;
        else if (!strcasestr(accept, "json") && !strstr(accept, "*/*") &&
                 !strcasestr(accept, "application/*")) {
            web_problem(request, 406, "not_acceptable",
                        "results come as application/json, application/x-ndjson or text/csv", NULL);
            return false;
        }
    }
    return true;
}

static bool ask_rows(const struct reading *reading, uint32_t from, uint32_t limit,
                     struct arena *arena, const Tp__ResultsReply **reply, struct error *why)
{
    Tp__ResultsQuery query = TP__RESULTS_QUERY__INIT;
    query.tenant_id = reading->caller.tenant;
    query.job_id = reading->job_id;
    query.from_seq = from;
    query.limit = limit;
    return store_results(reading->gateway->bus, &query,
                         reading->gateway->settings->store_timeout_ms,
                         request_trace(reading->request), arena, reply, why);
}

static void answer_page(const struct reading *reading, uint32_t from, uint32_t limit)
{
    const Tp__ResultsReply *reply;
    struct error why;
    if (!ask_rows(reading, from, limit, web_arena(reading->request), &reply, &why)) {
        answer_store_error(reading->request, &why);
        return;
    }
    SCOPED(text_free) struct text body = {0};
    text_format(&body, "{\"job_id\":\"%s\",\"state\":\"%s\",\"results\":[", reading->job_id,
                state_name(reply->status));
    for (size_t i = 0; i < reply->n_rows; i++) {
        text_add(&body, i ? "," : "");
        view_result(reply->rows[i], &body);
    }
    text_add(&body, "],\"next_cursor\":");
    if (reply->has_more) {
        char cursor[CURSOR_SIZE];
        cursor_of_seq(reply->next_seq, cursor);
        text_format(&body, "\"%s\"}", cursor);
    } else {
        text_add(&body, "null}");
    }
    answer_json(reading->request, 200, &body);
}

static bool write_rows(const struct reading *reading, const Tp__ResultsReply *reply)
{
    SCOPED(text_free) struct text lines = {0};
    for (size_t i = 0; i < reply->n_rows; i++) {
        if (reading->format == FORMAT_CSV) {
            view_csv_row(reply->rows[i], &lines);
        } else {
            view_result(reply->rows[i], &lines);
            text_add(&lines, "\n");
        }
    }
    return web_stream_write(reading->request, lines.chars, lines.length);
}

static bool begin_stream(const struct reading *reading)
{
    SCOPED(text_free) struct text head = {0};
    const bool is_csv = reading->format == FORMAT_CSV;
    if (is_csv)
        view_csv_head(&head);
    return web_stream_begin(reading->request, 200,
                            is_csv ? "text/csv; charset=utf-8" : "application/x-ndjson") &&
           web_stream_write(reading->request, head.chars, head.length);
}

/* Page after page from the store. If it fails on the way the stream ends without its last chunk,
 * so that the client notices. */
static void answer_stream(const struct reading *reading, uint32_t from)
{
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    const Tp__ResultsReply *reply;
    struct error why;
    if (!ask_rows(reading, from, STREAM_PAGE, arena, &reply, &why)) {
        answer_store_error(reading->request, &why);
        return;
    }
    if (!begin_stream(reading))
        return;
    while (write_rows(reading, reply)) {
        uint32_t next = reply->next_seq;
        if (!reply->has_more) {
            web_stream_end(reading->request);
            return;
        }
        arena_reset(arena);
        if (!ask_rows(reading, next, STREAM_PAGE, arena, &reply, &why))
            return;
    }
}

void job_results(void *context, struct web_request *request)
{
    struct reading reading = {.gateway = context, .request = request};
    uint32_t from = 0, limit;
    if (!caller_identify(reading.gateway, request, &reading.caller))
        return;
    reading.job_id = request_job_id(request);
    if (!reading.job_id || !choose_format(request, &reading.format) ||
        !request_number(request, "limit", PAGE_DEFAULT, 1, PAGE_MAX, &limit))
        return;
    const char *cursor = web_query(request, "cursor");
    if (cursor && !cursor_read_seq(cursor, &from)) {
        request_refuse_parameter(request, "cursor is none that this API gave");
        return;
    }
    if (reading.format == FORMAT_PAGE)
        answer_page(&reading, from, limit);
    else
        answer_stream(&reading, from);
}
