/* From a request to what is to be sent, and the counting around it.
 *
 *   service_answer() -> the server waits, sends, closes as the reply says -> service_ended()
 *
 * POST /v1/chat/completions  GET /v1/models, also with /NAME before them: another endpoint
 * GET /control/stats  GET /control/calls
 * POST /control/script (a script, in force from the next call)  POST /control/reset
 * One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "request.h"
#include "script.h"
#include "tally.h"

struct service;

struct service_options {
    int64_t delay_ms;
    const char *script;  /* path; NULL = none */
    const char *log;     /* path of one JSON line per call; NULL = none */
    const char *api_key; /* demanded as Bearer token; NULL = none */
};

MUST_USE bool service_open(const struct service_options *options, struct service **service,
                           struct error *why);
void service_close(struct service **service);

struct reply {
    struct text bytes; /* head and body */
    int64_t delay_ms;  /* before the first byte */
    bool is_held;      /* until service_releases() has grown, instead of the delay */
    int64_t drip;      /* bytes a second; 0 = at once */
    enum call_ending end;
    bool closes;             /* the connection, after the last byte */
    struct tally_user *call; /* NULL = not a call of the model: not counted */
    struct endpoint *endpoint;
    struct tally_user *endpoint_call; /* the same, among those of the endpoint */
    struct text log_line;
};

void service_answer(struct service *service, const struct request *request, const char *body,
                    struct reply *reply);

/* How often what is held has been let go so far: by each script and each reset. */
int64_t service_releases(const struct service *service);

/* The answer to what request_read() found to be wrong. */
void service_refuse(enum request_state fault, struct reply *reply);

/* How it went; once for each reply. Frees what is in it. */
void service_ended(struct service *service, struct reply *reply, enum call_end end);
