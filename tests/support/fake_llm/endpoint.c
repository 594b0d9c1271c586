#include "endpoint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *endpoints_find(struct endpoints *endpoints, const char *path, int64_t now_ms,
                           struct endpoint **endpoint)
{
    const char *rest = path;
    size_t length = 0;
    if (strncmp(path, "/v1/", 4) != 0) {
        rest = strchr(path + 1, '/');
        if (path[0] != '/' || rest == NULL || strncmp(rest, "/v1/", 4) != 0)
            return NULL;
        length = (size_t)(rest - path) - 1;
    }
    if (length >= SCRIPT_ENDPOINT_SIZE)
        return NULL;
    char name[SCRIPT_ENDPOINT_SIZE] = "";
    memcpy(name, path + 1, length);
    for (size_t i = 0; i < endpoints->count; i++) {
        *endpoint = &endpoints->list[i];
        if (strcmp((*endpoint)->name, name) == 0)
            return rest;
    }
    if (endpoints->count == ENDPOINTS_MAX)
        return NULL;
    *endpoint = &endpoints->list[endpoints->count++];
    **endpoint = (struct endpoint){.tally = tally_new(now_ms)};
    memcpy((*endpoint)->name, name, sizeof name);
    return rest;
}

/* Calls may be in flight: the tallies stay. */
void endpoints_reset(struct endpoints *endpoints, int64_t now_ms)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        struct endpoint *endpoint = &endpoints->list[i];
        tally_reset(endpoint->tally, now_ms);
        window_free(&endpoint->seen);
        window_free(&endpoint->accepted);
        endpoint->limited = 0;
    }
}

void endpoints_free(struct endpoints *endpoints)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        tally_free(&endpoints->list[i].tally);
        window_free(&endpoints->list[i].seen);
        window_free(&endpoints->list[i].accepted);
    }
    endpoints->count = 0;
}

int64_t endpoint_admit(struct endpoint *endpoint, const struct window_limits *limits,
                       int64_t tokens, int64_t now_ms)
{
    int64_t wait_ms = window_wait_ms(&endpoint->accepted, limits, tokens, now_ms);
    if (wait_ms > 0)
        endpoint->limited++;
    else
        window_add(&endpoint->accepted, now_ms, tokens);
    window_add(&endpoint->seen, now_ms, wait_ms > 0 ? 0 : tokens);
    return wait_ms;
}

void endpoints_write(const struct endpoints *endpoints, struct text *out)
{
    text_add_char(out, '{');
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct endpoint *endpoint = &endpoints->list[i];
        text_add(out, i > 0 ? "," : "");
        text_add_json(out, endpoint->name, strlen(endpoint->name));
        text_add(out, ":{");
        tally_write(endpoint->tally, out);
        text_format(out,
                    ",\"limited\":%" PRId64 ",\"minute\":{\"calls\":%" PRId64 ",\"tokens\":%" PRId64
                    "}}",
                    endpoint->limited, endpoint->seen.peak_calls, endpoint->seen.peak_tokens);
    }
    text_add_char(out, '}');
}

void endpoints_write_calls(const struct endpoints *endpoints, struct text *out)
{
    text_add_char(out, '{');
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct window *seen = &endpoints->list[i].seen;
        text_add(out, i > 0 ? "," : "");
        text_add_json(out, endpoints->list[i].name, strlen(endpoints->list[i].name));
        text_add(out, ":[");
        for (size_t k = 0; k < seen->count; k++)
            text_format(out, "%s[%" PRId64 ",%" PRId64 "]", k > 0 ? "," : "", seen->calls[k].at_ms,
                        seen->calls[k].tokens);
        text_add_char(out, ']');
    }
    text_add_char(out, '}');
}

static void write_limit(const char *what, int64_t limit, int64_t used, int64_t reset_ms,
                        struct text *headers)
{
    if (limit == 0)
        return;
    int64_t left = used < limit ? limit - used : 0;
    text_format(headers,
                "x-ratelimit-limit-%s: %" PRId64 "\r\nx-ratelimit-remaining-%s: %" PRId64
                "\r\nx-ratelimit-reset-%s: %" PRId64 "ms\r\n",
                what, limit, what, left, what, reset_ms);
}

void endpoint_write_limits(const struct endpoint *endpoint, const struct window_limits *limits,
                           int64_t wait_ms, struct text *headers)
{
    const struct window *accepted = &endpoint->accepted;
    int64_t reset_ms = wait_ms > 0 ? wait_ms : 1;
    write_limit("requests", limits->calls, window_calls(accepted), reset_ms, headers);
    write_limit("tokens", limits->tokens, accepted->tokens, reset_ms, headers);
    if (wait_ms > 0)
        text_format(headers, "retry-after-ms: %" PRId64 "\r\nretry-after: %" PRId64 "\r\n", wait_ms,
                    (wait_ms + 999) / 1000);
}
