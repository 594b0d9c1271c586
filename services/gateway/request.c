#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/uuid.h"
#include "gateway.h"
#include "log/log.h"

enum { TRACE_LENGTH = 55, FIRST_RETRY_S = 1 };

/* 00-<32 hex>-<16 hex>-<2 hex>; later versions look the same at least this far. */
const char *request_trace(const struct web_request *request)
{
    static const char hex[] = "0123456789abcdef";
    const char *trace = web_header(request, "traceparent");
    if (!trace || strlen(trace) != TRACE_LENGTH || trace[2] != '-' || trace[35] != '-' ||
        trace[52] != '-' || strspn(trace, hex) != 2 || strspn(trace + 3, hex) != 32 ||
        strspn(trace + 36, hex) != 16 || strspn(trace + 53, hex) != 2)
        return NULL;
    return trace;
}

const char *request_job_id(struct web_request *request)
{
    const char *id = web_path_value(request, 0);
    if (id && uuid_is_valid(id))
        return id;
    web_problem(request, 404, "job_not_found", "there is no such job", NULL);
    return NULL;
}

bool request_refuse_parameter(struct web_request *request, const char *detail)
{
    web_problem(request, 400, "bad_parameter", detail, NULL);
    return false;
}

bool request_number(struct web_request *request, const char *name, uint32_t fallback,
                    uint32_t least, uint32_t most, uint32_t *number)
{
    const char *given = web_query(request, name);
    int64_t value = fallback;
    *number = fallback;
    if (given && (!number_parse_int(given, &value) || value < least || value > most)) {
        char detail[100];
        snprintf(detail, sizeof detail, "%s must be a whole number from %u to %u", name, least,
                 most);
        return request_refuse_parameter(request, detail);
    }
    *number = (uint32_t)value;
    return true;
}

void answer_json(struct web_request *request, int status, const struct text *body)
{
    web_answer(request, status, "application/json", body->chars, body->length);
}

void answer_store_error(struct web_request *request, const struct error *why)
{
    switch (why->kind) {
    case ERROR_NOT_FOUND:
        web_problem(request, 404, "job_not_found", "there is no such job", NULL);
        return;
    case ERROR_CONFLICT:
        web_problem(request, 422, "idempotency_key_reused", why->message, NULL);
        return;
    case ERROR_BUSY:
        web_add_header(request, "Retry-After", "%d", FIRST_RETRY_S);
        web_problem(request, 429, "queue_full", why->message, NULL);
        return;
    case ERROR_TIMEOUT:
    case ERROR_UNAVAILABLE:
        web_add_header(request, "Retry-After", "%d", FIRST_RETRY_S);
        web_problem(request, 503, "unavailable", why->message, NULL);
        return;
    case ERROR_CLOSED:
        web_problem(request, 503, "maintenance", why->message, NULL);
        return;
    case ERROR_DENIED:
        web_problem(request, 403, "not_accepted", why->message, NULL);
        return;
    case ERROR_INVALID:
    case ERROR_CANCELLED:
    case ERROR_INTERNAL:
        log_error("store.refused", LOG_WHY(why), LOG_TEXT("request", web_request_id(request)));
        web_problem(request, 500, "internal", "something went wrong here", NULL);
        return;
    }
}
