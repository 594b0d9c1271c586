#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/check.h"
#include "web/server.h"

enum { ONE_WRITE_BYTES = 64 * 1024 };

void web_add_header(struct web_request *request, const char *name, const char *format, ...)
{
    char value[1000];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    for (char *c = value; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    text_format(&request->headers, "%s: %s\r\n", name, value);
}

static bool is_added(const struct web_request *request, const char *name)
{
    size_t length = strlen(name);
    const char *line = request->headers.chars;
    while (line && *line) {
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return true;
        line = strchr(line, '\n');
        if (line)
            line++;
    }
    return false;
}

static void add_default(struct web_request *request, const char *name, const char *value)
{
    if (!is_added(request, name))
        web_add_header(request, name, "%s", value);
}

static void add_date(struct text *head)
{
    time_t now = time(NULL);
    struct tm parts;
    char date[40];
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
    text_format(head, "Date: %s\r\n", date);
}

void answer_head(struct web_request *request, int status, struct text *head)
{
    CHECK(request->status == 0);
    request->status = status;
    add_default(request, "X-Request-Id", request->id);
    add_default(request, "Cache-Control", "no-store");
    add_default(request, "X-Content-Type-Options", "nosniff");
    add_default(request, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    add_default(request, "Referrer-Policy", "no-referrer");
    if (request_has_unread_body(request))
        request_hang_up(request);
    text_format(head, "HTTP/1.1 %d %s\r\n", status,
                mg_get_response_code_text(request->connection, status));
    add_date(head);
    text_add_bytes(head, request->headers.chars, request->headers.length);
    if (status != 101)
        text_format(head, "Connection: %s\r\n", request->keeps_alive ? "keep-alive" : "close");
}

static bool send_bytes(struct web_request *request, const void *bytes, size_t length)
{
    if (request->is_broken)
        return false;
    if (length > 0 && mg_write(request->connection, bytes, length) != (int)length) {
        request->is_broken = true;
        request_hang_up(request);
    }
    return !request->is_broken;
}

static bool is_head(const struct web_request *request)
{
    return strcmp(web_method(request), "HEAD") == 0;
}

void web_answer(struct web_request *request, int status, const char *content_type, const void *body,
                size_t length)
{
    SCOPED(text_free) struct text out = {0};
    bool has_body = status != 204 && status != 304;
    if (has_body && content_type)
        web_add_header(request, "Content-Type", "%s", content_type);
    answer_head(request, status, &out);
    if (has_body)
        text_format(&out, "Content-Length: %zu\r\n", length);
    text_add(&out, "\r\n");
    if (!has_body || is_head(request))
        length = 0;
    if (length <= ONE_WRITE_BYTES) {
        text_add_bytes(&out, body, length);
        send_bytes(request, out.chars, out.length);
    } else if (send_bytes(request, out.chars, out.length)) {
        send_bytes(request, body, length);
    }
}

bool web_stream_begin(struct web_request *request, int status, const char *content_type)
{
    SCOPED(text_free) struct text out = {0};
    request_hang_up(request);
    request->sends_chunks = strcmp(request->line->http_version, "1.1") == 0;
    web_add_header(request, "Content-Type", "%s", content_type);
    if (request->sends_chunks)
        web_add_header(request, "Transfer-Encoding", "chunked");
    answer_head(request, status, &out);
    text_add(&out, "\r\n");
    return send_bytes(request, out.chars, out.length);
}

bool web_stream_write(struct web_request *request, const void *bytes, size_t length)
{
    if (length == 0 || is_head(request))
        return !request->is_broken;
    if (!request->sends_chunks)
        return send_bytes(request, bytes, length);
    SCOPED(text_free) struct text out = {0};
    text_format(&out, "%zx\r\n", length);
    text_add_bytes(&out, bytes, length);
    text_add(&out, "\r\n");
    return send_bytes(request, out.chars, out.length);
}

void web_stream_end(struct web_request *request)
{
    if (request->sends_chunks && !is_head(request))
        send_bytes(request, "0\r\n\r\n", 5);
}

void web_problem(struct web_request *request, int status, const char *code, const char *detail,
                 const char *extra)
{
    SCOPED(text_free) struct text body = {0};
    text_format(&body, "{\"type\":\"/problems/%s\"", code);
    text_add_json_member(&body, "title", mg_get_response_code_text(request->connection, status));
    text_format(&body, ",\"status\":%d", status);
    text_add_json_member(&body, "detail", detail);
    if (uri_is_clean(request->line->request_uri))
        text_add_json_member(&body, "instance", request->line->request_uri);
    text_add_json_member(&body, "code", code);
    text_add_json_member(&body, "request_id", request->id);
    if (extra)
        text_format(&body, ",%s", extra);
    text_add(&body, "}\n");
    if (status == 503 || status == 429)
        add_default(request, "Retry-After", "1");
    web_answer(request, status, "application/problem+json", body.chars, body.length);
}

void answer_refusal(struct web_request *request, const struct framing_fault *fault)
{
    web_problem(request, fault->status, fault->code, fault->detail, NULL);
}

void web_problem_of(struct web_request *request, const struct error *why)
{
    static const struct {
        int status;
        const char *code;
    } PROBLEMS[ERROR_KINDS] = {
        [ERROR_INVALID] = {400, "invalid"},     [ERROR_NOT_FOUND] = {404, "not_found"},
        [ERROR_DENIED] = {403, "denied"},       [ERROR_BUSY] = {429, "busy"},
        [ERROR_TIMEOUT] = {503, "timeout"},     [ERROR_UNAVAILABLE] = {503, "unavailable"},
        [ERROR_CANCELLED] = {499, "cancelled"}, [ERROR_CONFLICT] = {409, "conflict"},
        [ERROR_CLOSED] = {503, "closed"},       [ERROR_INTERNAL] = {500, "internal"},
    };
    const char *detail = why->kind == ERROR_INTERNAL ? "something went wrong here" : why->message;
    web_problem(request, PROBLEMS[why->kind].status, PROBLEMS[why->kind].code, detail, NULL);
}
