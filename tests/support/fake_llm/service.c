#include "service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "base/check.h"
#include "base/clock.h"

enum { SCRIPT_MAX_BYTES = 1024 * 1024 };

struct service {
    struct service_options options;
    struct script *script;
    struct tally *tally; /* of all endpoints */
    struct endpoints endpoints;
    FILE *log;
    int64_t serial, releases;
};

static const char *reason_phrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 429:
        return "Too Many Requests";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "Status";
    }
}

/* Head and body of an answer; `headers` are whole lines or "". */
static void write_answer(struct reply *reply, int status, const char *headers, const char *body,
                         size_t length)
{
    text_format(&reply->bytes,
                "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s%s"
                "\r\n",
                status, reason_phrase(status), length, reply->closes ? "Connection: close\r\n" : "",
                headers);
    text_add_bytes(&reply->bytes, body, length);
}

/* OpenAI's error envelope. */
static void write_error(struct reply *reply, int status, const char *type, const char *message)
{
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{\"error\":{");
    text_add_json_member(&body, "message", message);
    text_format(&body, ",\"type\":\"%s\",\"param\":null,\"code\":null}}", type);
    write_answer(reply, status, "", body.chars, body.length);
}

static bool load_script(struct service *service, const char *path, struct error *why)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return error_set(why, ERROR_INVALID, "%s: %s", path, strerror(errno));
    SCOPED(text_free) struct text bytes = {0};
    char piece[4096];
    for (size_t got;
         bytes.length <= SCRIPT_MAX_BYTES && (got = fread(piece, 1, sizeof piece, file)) > 0;) {
        text_add_bytes(&bytes, piece, got);
    }
    fclose(file);
    if (bytes.length == 0 || bytes.length > SCRIPT_MAX_BYTES)
        return error_set(why, ERROR_INVALID, "%s: empty, or over %d bytes", path, SCRIPT_MAX_BYTES);
    script_free(&service->script);
    if (!script_parse(bytes.chars, bytes.length, &service->script, why))
        return error_prefix(why, "%s", path);
    return true;
}

bool service_open(const struct service_options *options, struct service **out, struct error *why)
{
    SCOPED(service_close) struct service *service = calloc(1, sizeof *service);
    CHECK(service != NULL);
    service->options = *options;
    service->tally = tally_new(clock_wall_ms());
    service->script = script_empty();
    if (options->script != NULL && !load_script(service, options->script, why))
        return false;
    if (options->log != NULL) {
        service->log = fopen(options->log, "ae");
        if (service->log == NULL)
            return error_set(why, ERROR_INVALID, "%s: %s", options->log, strerror(errno));
        setvbuf(service->log, NULL, _IOLBF, 0);
    }
    *out = TAKE(service);
    return true;
}

void service_close(struct service **service)
{
    if (*service == NULL)
        return;
    script_free(&(*service)->script);
    tally_free(&(*service)->tally);
    endpoints_free(&(*service)->endpoints);
    if ((*service)->log != NULL)
        fclose((*service)->log);
    free(*service);
    *service = NULL;
}

/* ---- calls ---- */

static void note_call(struct service *service, const struct request *request,
                      const struct question *question, int rule, struct reply *reply)
{
    if (service->log == NULL)
        return;
    struct text *line = &reply->log_line;
    text_format(line, "{\"began_ms\":%" PRId64, clock_wall_ms());
    text_add_json_member(line, "user", request->user);
    text_add_json_member(line, "endpoint", reply->endpoint->name);
    text_format(line, ",\"rule\":%d,\"posts\":[", rule);
    for (size_t i = 0; i < question->post_count; i++) {
        text_format(line, "%s\"%016" PRIx64 "\"", i == 0 ? "" : ",",
                    answer_hash(question->texts[i]));
    }
    text_add(line, "]");
}

/* The tokens it uses. */
static int64_t write_body(const struct question *question, const struct action *action,
                          int64_t serial, struct text *body)
{
    if (action->body == NULL && action->status == 200)
        return answer_write(question, action, serial, body);
    if (action->body != NULL)
        answer_fill_ids(question, action->body, body);
    else
        text_format(body,
                    "{\"error\":{\"message\":\"as the script says\",\"type\":\"scripted\","
                    "\"param\":null,\"code\":%d}}",
                    action->status);
    return 0;
}

/* As OpenAI refuses what is too much. */
static void write_limited(const struct text *limits, struct reply *reply)
{
    static const char BODY[] = "{\"error\":{\"message\":\"Rate limit reached\",\"type\":"
                               "\"requests\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}";
    reply->delay_ms = 0;
    reply->is_held = false;
    reply->drip = 0;
    reply->end = ENDING_ANSWER;
    write_answer(reply, 429, limits->chars, BODY, sizeof BODY - 1);
}

static void write_scripted(struct service *service, const struct question *question,
                           const struct action *action, struct reply *reply)
{
    SCOPED(text_free) struct text headers = {0}, body = {0};
    text_format(&headers, "x-request-id: req-%" PRId64 "\r\n", ++service->serial);
    int64_t tokens = write_body(question, action, service->serial, &body);
    struct window_limits limits = script_limits(service->script, reply->endpoint->name);
    int64_t wait_ms = endpoint_admit(reply->endpoint, &limits, tokens, clock_now().ns / CLOCK_MS);
    endpoint_write_limits(reply->endpoint, &limits, wait_ms, &headers);
    if (wait_ms > 0) {
        write_limited(&headers, reply);
        return;
    }
    for (size_t i = 0; i < action->header_count; i++)
        text_format(&headers, "%s: %s\r\n", action->headers[i].name, action->headers[i].value);
    write_answer(reply, action->status, headers.chars, body.chars, body.length);
}

static void answer_call(struct service *service, const struct request *request, const char *body,
                        struct endpoint *endpoint, struct reply *reply)
{
    struct question question;
    struct error why;
    if (!question_read(body, request->body_length, &question, &why)) {
        write_error(reply, 400, "invalid_request_error", why.message);
        return;
    }
    const struct call call = {endpoint->name, request->user, question.texts, question.post_count};
    int rule;
    const struct action *action = script_choose(service->script, &call, &rule);
    int64_t posts = (int64_t)question.post_count, now_ms = clock_wall_ms();
    reply->call = tally_begin(service->tally, request->user, posts, now_ms);
    reply->endpoint = endpoint;
    reply->endpoint_call = tally_begin(endpoint->tally, request->user, posts, now_ms);
    reply->delay_ms = action->delay_ms >= 0 ? action->delay_ms : service->options.delay_ms;
    reply->is_held = action->is_held;
    reply->drip = action->drip;
    reply->end = action->end;
    note_call(service, request, &question, rule, reply);
    write_scripted(service, &question, action, reply);
    question_drop(&question);
}

static bool is_authorized(const struct service *service, const struct request *request)
{
    const char *key = service->options.api_key;
    return key == NULL || (strncmp(request->authorization, "Bearer ", 7) == 0 &&
                           strcmp(request->authorization + 7, key) == 0);
}

/* ---- control ---- */

static void answer_stats(struct service *service, struct reply *reply)
{
    SCOPED(text_free) struct text body = {0};
    text_add_char(&body, '{');
    tally_write(service->tally, &body);
    text_add(&body, ",\"endpoints\":");
    endpoints_write(&service->endpoints, &body);
    text_add_char(&body, '}');
    write_answer(reply, 200, "", body.chars, body.length);
}

static void answer_calls(struct service *service, struct reply *reply)
{
    SCOPED(text_free) struct text body = {0};
    endpoints_write_calls(&service->endpoints, &body);
    write_answer(reply, 200, "", body.chars, body.length);
}

static void answer_script(struct service *service, const struct request *request, const char *body,
                          struct reply *reply)
{
    struct script *script;
    struct error why;
    if (!script_parse(body, request->body_length, &script, &why)) {
        write_error(reply, 400, "invalid_script", why.message);
        return;
    }
    script_free(&service->script);
    service->script = script;
    service->releases++;
    write_answer(reply, 200, "", "{}", 2);
}

static void answer_reset(struct service *service, struct reply *reply)
{
    tally_reset(service->tally, clock_wall_ms());
    endpoints_reset(&service->endpoints, clock_wall_ms());
    script_free(&service->script);
    service->script = script_empty();
    service->releases++;
    write_answer(reply, 200, "", "{}", 2);
}

static bool is_for(const struct request *request, const char *method, const char *path)
{
    return strcmp(request->method, method) == 0 && strcmp(request->path, path) == 0;
}

/* What a client of the model asks for. */
static void answer_client(struct service *service, const struct request *request, const char *body,
                          struct reply *reply)
{
    static const char MODELS[] = "{\"object\":\"list\",\"data\":[{\"id\":\"fake\",\"object\":"
                                 "\"model\",\"created\":1767225600,\"owned_by\":\"tests\"}]}";
    struct endpoint *endpoint;
    const char *path =
        endpoints_find(&service->endpoints, request->path, clock_wall_ms(), &endpoint);
    bool is_post = strcmp(request->method, "POST") == 0;
    if (path != NULL && is_post && strcmp(path, "/v1/chat/completions") == 0)
        answer_call(service, request, body, endpoint, reply);
    else if (path != NULL && !is_post && strcmp(path, "/v1/models") == 0)
        write_answer(reply, 200, "", MODELS, sizeof MODELS - 1);
    else
        write_error(reply, 404, "not_found_error", "no such thing here");
}

void service_answer(struct service *service, const struct request *request, const char *body,
                    struct reply *reply)
{
    *reply = (struct reply){.closes = !request->keeps_alive};
    if (is_for(request, "GET", "/control/stats"))
        answer_stats(service, reply);
    else if (is_for(request, "GET", "/control/calls"))
        answer_calls(service, reply);
    else if (is_for(request, "POST", "/control/script"))
        answer_script(service, request, body, reply);
    else if (is_for(request, "POST", "/control/reset"))
        answer_reset(service, reply);
    else if (is_authorized(service, request))
        answer_client(service, request, body, reply);
    else
        write_error(reply, 401, "authentication_error", "Invalid API Key");
}

int64_t service_releases(const struct service *service)
{
    return service->releases;
}

void service_refuse(enum request_state fault, struct reply *reply)
{
    *reply = (struct reply){.closes = true};
    switch (fault) {
    case REQUEST_PARTIAL:
    case REQUEST_PARTIAL_BODY:
    case REQUEST_COMPLETE:
        CHECK_UNREACHABLE();
    case REQUEST_MALFORMED:
        write_error(reply, 400, "invalid_request_error", "this is not an HTTP/1.1 request");
        break;
    case REQUEST_LENGTH_MISSING:
        write_error(reply, 411, "invalid_request_error", "Content-Length is needed");
        break;
    case REQUEST_TOO_LARGE:
        write_error(reply, 413, "invalid_request_error", "the request is too large");
        break;
    }
}

void service_ended(struct service *service, struct reply *reply, enum call_end end)
{
    static const char *const ENDS[] = {"answered", "dropped", "broken"};
    if (reply->call != NULL) {
        int64_t now_ms = clock_wall_ms();
        tally_end(service->tally, reply->call, end, now_ms);
        tally_end(reply->endpoint->tally, reply->endpoint_call, end, now_ms);
        if (service->log != NULL) {
            fprintf(service->log, "%s,\"ended_ms\":%" PRId64 ",\"end\":\"%s\"}\n",
                    reply->log_line.chars, now_ms, ENDS[end]);
        }
    }
    text_free(&reply->bytes);
    text_free(&reply->log_line);
    *reply = (struct reply){0};
}
