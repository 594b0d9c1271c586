#include "classify.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "json/json.h"

enum { WORD_BYTES = 64, MESSAGE_BYTES = 1000, MAX_ERROR_BYTES = 64 * 1024 };

/* An error body, whatever its shape: the words in small letters. */
struct fault {
    bool is_there, is_page; /* a proxy's, not a model's server's */
    char message[MESSAGE_BYTES], type[WORD_BYTES], code[WORD_BYTES];
};

static void keep_small(char *kept, size_t size, const char *words)
{
    size_t length = 0;
    for (; words[length] != '\0' && length + 1 < size; length++)
        kept[length] = (char)tolower((unsigned char)words[length]);
    kept[length] = '\0';
}

static void keep_member(char *kept, size_t size, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_string(value))
        keep_small(kept, size, json_string_value(value));
    else if (json_is_integer(value))
        snprintf(kept, size, "%lld", (long long)json_integer_value(value));
}

/* {"error":{...}}, {"error":"words"}, the flat {"object":"error",...} of older servers; and where
 * the status says that it is one, {"message":...} of gateways and {"detail":...} of FastAPI. */
static void read_error(const json_t *document, bool is_told, struct fault *fault)
{
    const json_t *error = json_object_get(document, "error");
    const json_t *object = json_object_get(document, "object");
    if (error == NULL && is_told)
        error = json_object_get(document, "detail");
    if (json_is_string(error)) {
        keep_small(fault->message, sizeof fault->message, json_string_value(error));
        fault->is_there = true;
        return;
    }
    bool is_flat =
        is_told || (json_is_string(object) && strcmp(json_string_value(object), "error") == 0);
    if (error == NULL && is_flat)
        error = document;
    if (!json_is_object(error))
        return;
    fault->is_there = true;
    keep_member(fault->message, sizeof fault->message, error, "message");
    keep_member(fault->type, sizeof fault->type, error, "type");
    keep_member(fault->code, sizeof fault->code, error, "code");
}

/* The words as they stand, where the body is no JSON: a page of a proxy. */
static void read_words(struct bytes body, struct fault *fault)
{
    size_t length = 0;
    for (size_t i = 0; i < body.length && length + 1 < sizeof fault->message; i++)
        if (body.at[i] != 0)
            fault->message[length++] = (char)tolower(body.at[i]);
    fault->message[length] = '\0';
    fault->is_page = fault->message[strspn(fault->message, " \t\r\n")] == '<';
    fault->is_there = fault->is_page;
}

/* Without that word, as a name or a value, an object tells of no error: a good answer need not be
 * read for one. */
static bool may_tell_of_error(struct bytes body)
{
    static const char WORD[] = "\"error\"";
    return body.at[0] != '{' || memmem(body.at, body.length, WORD, sizeof WORD - 1) != NULL;
}

static struct fault fault_in(struct bytes body, int status)
{
    struct fault fault = {0};
    bool is_good = status / 100 == 2;
    if (body.length == 0 || (!is_good && body.length > MAX_ERROR_BYTES))
        return fault;
    if (is_good && !may_tell_of_error(body))
        return fault;
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    if (json_parse((const char *)body.at, body.length, &document, &why))
        read_error(document, status / 100 != 2, &fault);
    else
        read_words(body, &fault);
    return fault;
}

static bool has_any(const char *words, const char *const *phrases)
{
    for (; *phrases != NULL; phrases++)
        if (strstr(words, *phrases) != NULL)
            return true;
    return false;
}

static bool is_filtered(const struct fault *fault)
{
    static const char *const codes[] = {"content_filter", "content_policy", "responsibleai", NULL};
    return has_any(fault->code, codes) || has_any(fault->type, codes);
}

static bool is_quota(const struct fault *fault, int status)
{
    static const char *const codes[] = {
        "insufficient_quota", "credit_balance",       "spend_limit",
        "spending_limit",     "usage_limit_exceeded", "billing_hard_limit",
        "billing_not_active", "insufficient_balance", NULL};
    static const char *const phrases[] = {"exceeded your current quota", "quota exceeded",
                                          "credit balance is too low", "insufficient balance",
                                          NULL};
    return status == 402 || has_any(fault->code, codes) || has_any(fault->type, codes) ||
           has_any(fault->message, phrases);
}

static bool is_too_large(const struct fault *fault, int status)
{
    static const char *const codes[] = {"context_length_exceeded", "string_above_max_length",
                                        "request_too_large", "exceed_context_size", NULL};
    static const char *const phrases[] = {
        "request too large",       "maximum context length",  "context length exceeded",
        "context window",          "prompt is too long",      "too many tokens",
        "reduce the length",       "tokens must be reduced",  "available context size",
        "exceeds the context",     "exceed context",          "input is too long",
        "longer than the maximum", "larger than the maximum", "model's context length",
        "too long to fit",         "too large to process",    NULL};
    return status == 413 || has_any(fault->code, codes) || has_any(fault->type, codes) ||
           has_any(fault->message, phrases);
}

/* Rule 4. */
static bool is_our_fault(const struct fault *fault)
{
    static const char *const phrases[] = {
        "parse_error",   "parse error",     "failed to parse", "is required", "is allowed",
        "not allowed",   "must be a ",      "must be an ",     "must be of ", "must be one of",
        "must be less",  "must be greater", "must be between", "unsupported", "not supported",
        "unknown field", "unrecognized",    "invalid type",    "type_error",  "json_schema",
        "missing field", "response_format", "invalid request", NULL};
    return !fault->is_page && has_any(fault->message, phrases);
}

/* No key, a wrong one, no such model or path, another address, a setting the model does not take:
 * the same for every chunk, until somebody acts. */
static bool is_refusal(const struct fault *fault, int status)
{
    static const char *const codes[] = {"unsupported_parameter",
                                        "unsupported_value",
                                        "unknown_parameter",
                                        "model_not_found",
                                        "deploymentnotfound",
                                        "invalid_api_key",
                                        NULL};
    return status == 401 || status == 403 || status == 404 || status == 405 || status / 100 == 3 ||
           has_any(fault->code, codes);
}

static bool is_rate_limit(const struct fault *fault, int status)
{
    static const char *const names[] = {"rate_limit", "ratelimit", "too_many_requests", NULL};
    return status == 429 ||
           (status / 100 == 2 && (has_any(fault->code, names) || has_any(fault->type, names)));
}

/* Rule 5: what the error says of itself, where the status says that all is well. */
static int status_told(const struct fault *fault, int status)
{
    int64_t told;
    bool is_told = status / 100 == 2 && fault->is_there && number_parse_int(fault->code, &told) &&
                   told >= 400 && told <= 599;
    return is_told ? (int)told : status;
}

static Tp__OutcomeClass class_of(const struct fault *fault, int status_sent)
{
    if (status_sent / 100 == 2 && !fault->is_there)
        return TP__OUTCOME_CLASS__OK;
    int status = status_told(fault, status_sent);
    if (is_filtered(fault))
        return TP__OUTCOME_CLASS__CONTENT_FILTER;
    if (is_too_large(fault, status))
        return TP__OUTCOME_CLASS__TOO_LARGE;
    if (is_quota(fault, status))
        return TP__OUTCOME_CLASS__QUOTA_EXHAUSTED;
    if (is_refusal(fault, status))
        return TP__OUTCOME_CLASS__AUTH;
    if (is_rate_limit(fault, status))
        return TP__OUTCOME_CLASS__RATE_LIMITED;
    if (status == 408)
        return TP__OUTCOME_CLASS__TIMEOUT;
    if (status == 500 && is_our_fault(fault))
        return TP__OUTCOME_CLASS__BAD_REQUEST;
    if (status / 100 == 2 || status >= 500 || status == 409 || status == 499)
        return TP__OUTCOME_CLASS__SERVER_ERROR;
    return TP__OUTCOME_CLASS__BAD_REQUEST;
}

/* Rule 7. */
static Tp__OutcomeClass class_as_told(Tp__OutcomeClass outcome_class, const char *should_retry)
{
    if (should_retry == NULL)
        return outcome_class;
    if (outcome_class == TP__OUTCOME_CLASS__BAD_REQUEST && strcmp(should_retry, "true") == 0)
        return TP__OUTCOME_CLASS__SERVER_ERROR;
    if (outcome_class == TP__OUTCOME_CLASS__SERVER_ERROR && strcmp(should_retry, "false") == 0)
        return TP__OUTCOME_CLASS__BAD_REQUEST;
    return outcome_class;
}

/* ---- waits, in ms; negative = none ---- */

/* A header's value without the blanks that HTTP allows around it. */
static void trim(char *kept, size_t size, const char *words)
{
    words += strspn(words, " \t");
    size_t length = strlen(words);
    while (length > 0 && (words[length - 1] == ' ' || words[length - 1] == '\t'))
        length--;
    snprintf(kept, size, "%.*s", (int)(length < size ? length : size - 1), words);
}

static double wait_of_number(const char *words, double unit_ms)
{
    double number;
    bool is_plain = words[strspn(words, "0123456789.")] == '\0';
    return is_plain && number_parse_double(words, &number) ? number * unit_ms : -1;
}

/* The three forms that RFC 9110 asks for, and UTC, which some write for GMT. */
static double wait_of_date(const char *words, int64_t wall_ms)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S", "%A, %d-%b-%y %H:%M:%S",
                                        "%a %b %e %H:%M:%S %Y"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = {0};
        const char *end = strptime(words, forms[i], &tm);
        if (end == NULL || (*end != '\0' && strcmp(end, " GMT") != 0 && strcmp(end, " UTC") != 0))
            continue;
        double wait = (double)timegm(&tm) * 1000 - (double)wall_ms;
        return wait > 0 ? wait : 0;
    }
    return -1;
}

static double wait_of_header(const char *words, double unit_ms, int64_t wall_ms)
{
    char value[WORD_BYTES];
    trim(value, sizeof value, words);
    double wait = wait_of_number(value, unit_ms);
    return wait < 0 ? wait_of_date(value, wall_ms) : wait;
}

/* A duration such as "18.642s", "644ms", "1m2.5s" or "37 seconds" at the start of the words. */
static double wait_of_duration(const char *words)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1},   {"second", 1000}, {"minute", 60000},
                 {"s", 1000}, {"m", 60000},     {"h", 3600000}};
    double wait = -1;
    while (isdigit((unsigned char)*words)) {
        char *end;
        double number = strtod(words, &end);
        end += strspn(end, " ");
        size_t unit = 0, count = sizeof units / sizeof units[0];
        while (unit < count && strncmp(end, units[unit].unit, strlen(units[unit].unit)) != 0)
            unit++;
        if (unit == count || !isfinite(number))
            break;
        wait = (wait < 0 ? 0 : wait) + number * units[unit].ms;
        words = end + strlen(units[unit].unit);
    }
    return wait;
}

static double wait_in_message(const char *message)
{
    static const char *const leads[] = {"try again in ", "retry after ", "retry in ", "wait "};
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        const char *lead = strstr(message, leads[i]);
        double wait = lead != NULL ? wait_of_duration(lead + strlen(leads[i])) : -1;
        if (wait >= 0)
            return wait;
    }
    return -1;
}

/* Rule 6. */
static uint32_t wait_of(const struct reply *reply, const struct fault *fault, int64_t wall_ms)
{
    double wait = -1;
    if (reply->retry_after_ms != NULL)
        wait = wait_of_header(reply->retry_after_ms, 1, wall_ms);
    if (wait < 0 && reply->retry_after != NULL)
        wait = wait_of_header(reply->retry_after, 1000, wall_ms);
    if (wait < 0)
        wait = wait_in_message(fault->message);
    if (wait < 0)
        return 0;
    return (uint32_t)fmin(fmax(wait, (double)WAIT_LEAST_MS), (double)WAIT_MOST_MS);
}

/* Codes are written for machines: what is no word of theirs stays out of logs. */
static void keep_words(char *kept, const char *code)
{
    size_t length = strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_-.");
    bool is_code = code[length] == '\0' && length > 0;
    snprintf(kept, WORD_BYTES, "%s", is_code ? code : "");
}

static void describe(struct verdict *verdict, int status, const struct fault *fault)
{
    char type[WORD_BYTES], code[WORD_BYTES];
    keep_words(type, fault->type);
    keep_words(code, fault->code);
    snprintf(verdict->detail, sizeof verdict->detail, "HTTP %d%s%s%s%s", status,
             type[0] != '\0' ? " " : "", type, code[0] != '\0' ? " " : "", code);
}

/* Rule 1. */
static Tp__OutcomeClass class_without_answer(const struct reply *reply)
{
    switch (reply->kind) {
    case REPLY_NOT_SENT:
        return TP__OUTCOME_CLASS__CONNECTION;
    case REPLY_TIMED_OUT:
        return TP__OUTCOME_CLASS__TIMEOUT;
    case REPLY_TOO_LONG:
        return reply->status / 100 == 2 ? TP__OUTCOME_CLASS__TRUNCATED
                                        : TP__OUTCOME_CLASS__INVALID_ANSWER;
    case REPLY_BROKEN:
    case REPLY_ANSWERED:
        break;
    }
    return TP__OUTCOME_CLASS__SERVER_ERROR;
}

static struct verdict unanswered(const struct reply *reply)
{
    struct verdict verdict = {.outcome_class = class_without_answer(reply)};
    const char *trouble = reply->trouble != NULL ? reply->trouble : "no answer";
    snprintf(verdict.detail, sizeof verdict.detail, "%s", trouble);
    for (char *c = verdict.detail; *c != '\0'; c++) /* names in certificates are the server's */
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
    return verdict;
}

struct verdict classify(const struct reply *reply, int64_t wall_ms)
{
    if (reply->kind != REPLY_ANSWERED)
        return unanswered(reply);
    struct fault fault = fault_in(reply->body, reply->status);
    Tp__OutcomeClass by_status = class_of(&fault, reply->status);
    struct verdict verdict = {.outcome_class = class_as_told(by_status, reply->should_retry)};
    if (verdict.outcome_class == TP__OUTCOME_CLASS__OK)
        return verdict;
    verdict.retry_after_ms = wait_of(reply, &fault, wall_ms);
    describe(&verdict, reply->status, &fault);
    return verdict;
}
