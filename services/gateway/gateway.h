/* The shell of the gateway: the parts that its request handlers share.
 *
 *   gateway_open() -> requests are served -> gateway_drain() -> gateway_close()
 *
 * Handlers are in jobs.c, submission.c, results.c, events.c, sockets.c, usage.c, audit.c,
 * controls.c and pages.c; each runs straight through on the thread of its connection and keeps
 * nothing.
 */
#pragma once

#include <stdatomic.h>

#include "asker.h"
#include "bus/bus.h"
#include "hub.h"
#include "keyring.h"
#include "settings.h"
#include "web/web.h"

struct gateway {
    const struct gateway_settings *settings;
    struct bus *bus;
    struct hub *hub;
    struct asker *asker; /* NULL if the settings want none */
    struct keyring *keyring;
    struct web_server *web;
    _Atomic int64_t quiet_until_ns; /* no submission asks the scheduler for a position before */
};

MUST_USE bool gateway_open(const struct gateway_settings *settings, struct bus *bus,
                           struct gateway **gateway, struct error *why);
/* Ends the streams and lets running requests finish. */
void gateway_drain(struct gateway *gateway, int64_t timeout_ms);
void gateway_close(struct gateway **gateway);

/* ---- what the handlers share ---- */

/* Whose request it is, by `Authorization: Bearer` or `X-API-Key`; on false it has been answered. */
MUST_USE bool caller_identify(struct gateway *gateway, struct web_request *request,
                              struct identity *caller);
/* The same for an access_token of the query too, where headers cannot be set. */
MUST_USE bool caller_identify_by_token(struct gateway *gateway, struct web_request *request,
                                       struct identity *caller);

/* The request's traceparent if it is one, else NULL. */
const char *request_trace(const struct web_request *request);
/* The job id of the path, or NULL once answered with 404. */
const char *request_job_id(struct web_request *request);
/* False: what the query says is answered with 400. */
bool request_refuse_parameter(struct web_request *request, const char *detail);
/* A whole number of the query; on false answered with 400. */
MUST_USE bool request_number(struct web_request *request, const char *name, uint32_t fallback,
                             uint32_t least, uint32_t most, uint32_t *number);
void answer_json(struct web_request *request, int status, const struct text *body);
/* The problem that goes with an error of the store. */
void answer_store_error(struct web_request *request, const struct error *why);
