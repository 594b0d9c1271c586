#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/number.h"
#include "interrupt.h"

enum {
    FIRST_PAUSE_MS = 250,
    LONGEST_PAUSE_MS = 8000,
    MAX_HEADERS = 8,
    NO_CONTENT = 204,
    FAULTS_SHOWN = 3,
    ANSWER_MAX_BYTES = 64 << 20
};

struct api {
    const char *url, *key;
    struct console *console;
    struct http_client *client;
};

struct api *api_open(const char *url, const char *key, struct console *console)
{
    struct api *api = calloc(1, sizeof *api);
    CHECK(api != NULL);
    api->url = url;
    api->key = key;
    api->console = console;
    api->client = http_client_new(1);
    return api;
}

void api_close(struct api **api)
{
    if (!*api)
        return;
    http_client_free(&(*api)->client);
    free(*api);
    *api = NULL;
}

/* The headers of one call; the strings live as long as this struct. */
struct headers {
    struct text lines[MAX_HEADERS];
    const char *list[MAX_HEADERS + 1];
    size_t count;
};

static void add_header(struct headers *headers, const char *name, const char *value)
{
    if (!value)
        return;
    CHECK(headers->count < MAX_HEADERS);
    struct text *line = &headers->lines[headers->count];
    text_format(line, "%s%s", name, value);
    headers->list[headers->count++] = line->chars;
}

static void headers_free(struct headers *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        text_free(&headers->lines[i]);
}

static enum error_kind kind_of_status(int status)
{
    switch (status) {
    case 401:
    case 403:
        return ERROR_DENIED;
    case 404:
        return ERROR_NOT_FOUND;
    case 409:
    case 422:
        return ERROR_CONFLICT;
    case 429:
        return ERROR_BUSY;
    case 502:
    case 503:
    case 504:
        return ERROR_UNAVAILABLE;
    default:
        return status < 500 ? ERROR_INVALID : ERROR_INTERNAL;
    }
}

/* "; POINTER: DETAIL" for the first of the errors that a problem lists, and how many more. */
static void add_faults(const json_t *problem, struct text *out)
{
    const json_t *faults = json_object_get(problem, "errors");
    size_t count = json_array_size(faults);
    for (size_t i = 0; i < count && i < FAULTS_SHOWN; i++) {
        const json_t *fault = json_array_get(faults, i);
        const char *where = json_string_value(json_object_get(fault, "pointer"));
        const char *what = json_string_value(json_object_get(fault, "detail"));
        text_format(out, "; %s%s%s", where ? where : "", where ? ": " : "", what ? what : "");
    }
    int64_t all = json_integer_value(json_object_get(problem, "error_count"));
    if (all > FAULTS_SHOWN)
        text_format(out, "; and %lld more", (long long)(all - FAULTS_SHOWN));
}

static bool fail_with_problem(const struct http_response *response, struct error *why)
{
    SCOPED(json_free) json_t *problem = NULL;
    SCOPED(text_free) struct text faults = {0};
    struct error ignored;
    if (!json_parse(response->body.chars ? response->body.chars : "", response->body.length,
                    &problem, &ignored)) {
        return error_set(why, kind_of_status(response->status), "the service answered %d",
                         response->status);
    }
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *title = json_string_value(json_object_get(problem, "title"));
    add_faults(problem, &faults);
    return error_set(why, kind_of_status(response->status), "%s%s",
                     detail ? detail : (title ? title : "refused"),
                     faults.length > 0 ? faults.chars : "");
}

/* How long to wait before the next try: what the service asks for, else twice the last pause. */
static int64_t next_pause(const struct http_response *response, int64_t last_ms)
{
    char value[32];
    int64_t seconds;
    if (http_response_header(response, "retry-after", value, sizeof value) &&
        number_parse_int(value, &seconds) && seconds >= 0) {
        return seconds * 1000;
    }
    int64_t pause_ms = last_ms ? 2 * last_ms : FIRST_PAUSE_MS;
    return pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS;
}

static bool is_worth_repeating(const struct api_call *call, const struct http_response *response)
{
    if (response->failure == HTTP_ANSWERED)
        return response->status == 429 || response->status == 503 || response->status == 502;
    if (response->failure == HTTP_NOT_SENT)
        return true;
    bool is_lost = response->failure == HTTP_TIMED_OUT || response->failure == HTTP_BROKEN;
    return is_lost && !call->sink;
}

static bool send_once(struct api *api, const struct api_call *call, const char *url,
                      struct http_response *response, struct error *why)
{
    SCOPED(headers_free) struct headers headers = {0};
    add_header(&headers, "Authorization: Bearer ", api->key);
    add_header(&headers, "Accept: ", call->accept);
    add_header(&headers, "Content-Type: ", call->content_type);
    add_header(&headers, "Idempotency-Key: ", call->idempotency_key);
    add_header(&headers, "Last-Event-ID: ", call->last_event_id);
    add_header(&headers, "User-Agent: tweetpulse/", TP_VERSION);
    const struct http_request request = {
        .method = call->method,
        .url = url,
        .headers = headers.list,
        .body = call->body,
        .sink = call->sink,
        .body_context = call->sink_context,
        .connect_timeout_ms = 5000,
        .first_byte_timeout_ms = 60000,
        .silence_timeout_ms = call->silence_ms ? call->silence_ms : 30000,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .should_stop = interrupt_is_asked,
    };
    if (!http_request(api->client, &request, response, why))
        return false;
    if (response->status >= 300)
        return fail_with_problem(response, why);
    return true;
}

bool api_send(struct api *api, const struct api_call *call, json_t **answer, struct error *why)
{
    SCOPED(text_free) struct text url = {0};
    size_t base = strlen(api->url);
    text_add_bytes(&url, api->url, base > 0 && api->url[base - 1] == '/' ? base - 1 : base);
    text_add(&url, call->path);
    struct instant give_up = instant_plus_ms(clock_now(), call->patience_ms);
    int64_t pause_ms = 0;
    bool is_told = false;
    *answer = NULL;
    for (;;) {
        SCOPED(http_response_free) struct http_response response = {0};
        if (send_once(api, call, url.chars, &response, why)) {
            if (call->sink || response.status == NO_CONTENT)
                return true;
            return json_parse(response.body.chars ? response.body.chars : "", response.body.length,
                              answer, why) ||
                   error_set(why, ERROR_INTERNAL, "%s is not a TweetPulse: its answer is no JSON",
                             api->url);
        }
        if (interrupt_is_asked(NULL))
            return error_set(why, ERROR_CANCELLED, "interrupted");
        if (!is_worth_repeating(call, &response))
            return false;
        pause_ms = next_pause(&response, pause_ms);
        if (!instant_is_before(instant_plus_ms(clock_now(), pause_ms), give_up))
            return false;
        if (!is_told)
            console_say(api->console, "%s; trying again for up to %lld s", why->message,
                        (long long)(call->patience_ms / 1000));
        is_told = true;
        if (interrupt_during(pause_ms, 0))
            return error_set(why, ERROR_CANCELLED, "interrupted");
    }
}

static void add_escaped(struct text *path, const char *value)
{
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || strchr("-_~", c) != NULL;
        if (is_plain)
            text_add_char(path, (char)c);
        else
            text_format(path, "%%%02X", c);
    }
}

void api_add_segment(struct text *path, const char *value)
{
    text_add(path, "/");
    add_escaped(path, value);
}

void api_add_query(struct text *path, const char *name, const char *value)
{
    if (!value)
        return;
    text_format(path, "%c%s=", path->chars && strchr(path->chars, '?') ? '&' : '?', name);
    add_escaped(path, value);
}
