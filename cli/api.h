/* The service's HTTP API, as this command uses it.
 *
 * What may be repeated is repeated: answers 429 and 503, and requests that got no answer, after
 * Retry-After or a growing pause, for as long as the patience lasts. All our requests may be: they
 * read, cancel, or bear an idempotency key. An interrupt ends everything with ERROR_CANCELLED.
 * A problem (RFC 9457) becomes the error that goes with its status. One thread.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/scoped.h"
#include "console.h"
#include "http/http.h"
#include "json/json.h"

struct api;

struct api_call {
    const char *method, *path; /* "/v1/jobs?user=x", escaped */
    const char *accept, *content_type, *idempotency_key, *last_event_id; /* NULL = none */
    struct bytes body;
    int64_t patience_ms;
    int64_t silence_ms;   /* give up a stream that says nothing for so long; 0 = 30 s */
    http_body_sink *sink; /* of a stream; NULL = the answer is one JSON document */
    void *sink_context;
};

/* All are lent for its life; the console is told, once a call, why it is repeated. */
struct api *api_open(const char *url, const char *key, struct console *console);
void api_close(struct api **api);

/* *answer is the caller's, NULL with a sink or where the service says nothing (204). A stream of
 * which something came is not repeated. */
MUST_USE bool api_send(struct api *api, const struct api_call *call, json_t **answer,
                       struct error *why);

/* Adds "/value" to a path, escaped. A dot too: some take ".." for the folder above. */
void api_add_segment(struct text *path, const char *value);

/* Adds "name=value" to a path, escaped, with ? or & before it; nothing if value is NULL. */
void api_add_query(struct text *path, const char *name, const char *value);
