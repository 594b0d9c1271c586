#include "llm.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "core/flow.h"
#include "keys/keys.h"
#include "question/prompt.h"

enum {
    ANSWER_MAX_BYTES = 2 * 1000 * 1000,
    HEADERS = 5,
    HEARD_HEADERS = 9,
    WAIT_BYTES = 64,
    USER_HEX_BYTES = 16, /* of the hash: enough to tell users apart */
};

struct llm {
    const struct analyzer_settings *settings;
    const struct endpoint *endpoint;
    struct http_client *client;
    struct http_pool *pool;
    struct text url, authorization;
};

struct llm_call {
    struct llm *llm;
    struct http_call *http;
    struct llm_question question;
    size_t body_bytes;
    llm_done *done;
    void *context;
};

static bool ends_with(const struct text *text, const char *end)
{
    size_t length = strlen(end);
    return text->length >= length && strcmp(text->chars + text->length - length, end) == 0;
}

struct llm *llm_new(const struct analyzer_settings *settings, const struct endpoint *endpoint,
                    struct http_client *client)
{
    struct llm *llm = calloc(1, sizeof *llm);
    CHECK(llm != NULL);
    llm->settings = settings;
    llm->endpoint = endpoint;
    llm->client = client;
    /* Interactive calls may exceed the slots. */
    int connections = endpoint->connections > 0 ? (int)endpoint->connections
                                                : (int)settings->slots + INTERACTIVE_EXTRA;
    llm->pool = http_pool_new(
        client, &(struct http_pool_options){
                    .max_connections = connections,
                    .ca_file = settings->ca_file[0] != '\0' ? settings->ca_file : NULL});
    size_t length = strlen(endpoint->base_url);
    while (length > 0 && endpoint->base_url[length - 1] == '/')
        length--;
    text_add_bytes(&llm->url, endpoint->base_url, length);
    text_add(&llm->url, ends_with(&llm->url, "/v1") ? "/chat/completions" : "/v1/chat/completions");
    text_format(&llm->authorization, "Authorization: Bearer %s", endpoint->api_key);
    return llm;
}

void llm_free(struct llm **llm)
{
    if (*llm == NULL)
        return;
    text_free(&(*llm)->url);
    text_free(&(*llm)->authorization);
    free(*llm);
    *llm = NULL;
}

const char *llm_name(const struct llm *llm)
{
    return llm->endpoint->name;
}

const char *llm_model(const struct llm *llm)
{
    return llm->endpoint->model;
}

/* X-User: who it is for, in a form that tells the server nothing about them. */
static void write_user(const char *salt, const Tp__Dispatch *dispatch, struct text *header)
{
    SCOPED(text_free) struct text who = {0};
    text_format(&who, "%s/%s", dispatch->tenant_id, dispatch->user_id);
    unsigned char hash[KEY_HASH_BYTES];
    key_hash(salt, who.chars, who.length, hash);
    text_add(header, "X-User: ");
    for (size_t i = 0; i < USER_HEX_BYTES; i++)
        text_format(header, "%02x", hash[i]);
}

static void llm_call_free(struct llm_call **call)
{
    free(*call);
    *call = NULL;
}

static enum reply_kind kind_of(enum http_failure failure)
{
    switch (failure) {
    case HTTP_ANSWERED:
        return REPLY_ANSWERED;
    case HTTP_NOT_SENT:
        return REPLY_NOT_SENT;
    case HTTP_TIMED_OUT:
        return REPLY_TIMED_OUT;
    case HTTP_TOO_BIG:
        return REPLY_TOO_LONG;
    case HTTP_BROKEN:
    case HTTP_STOPPED:
        return REPLY_BROKEN;
    }
    CHECK_UNREACHABLE();
}

/* NULL if it did not come. */
static const char *header_of(const struct http_response *response, const char *name,
                             char value[WAIT_BYTES])
{
    return http_response_header(response, name, value, WAIT_BYTES) ? value : NULL;
}

static void hear(void *context, const struct http_response *response, const struct error *why)
{
    struct llm_call *call = context;
    char values[HEARD_HEADERS][WAIT_BYTES];
    struct reply reply = {
        .kind = kind_of(response->failure),
        .trouble = why != NULL ? why->message : NULL,
        .status = response->status,
        .retry_after_ms = header_of(response, "retry-after-ms", values[0]),
        .retry_after = header_of(response, "retry-after", values[1]),
        .should_retry = header_of(response, "x-should-retry", values[8]),
        .limits = {.limit_requests = header_of(response, "x-ratelimit-limit-requests", values[2]),
                   .remaining_requests =
                       header_of(response, "x-ratelimit-remaining-requests", values[3]),
                   .reset_requests = header_of(response, "x-ratelimit-reset-requests", values[4]),
                   .limit_tokens = header_of(response, "x-ratelimit-limit-tokens", values[5]),
                   .remaining_tokens =
                       header_of(response, "x-ratelimit-remaining-tokens", values[6]),
                   .reset_tokens = header_of(response, "x-ratelimit-reset-tokens", values[7])},
        .body = {(const uint8_t *)response->body.chars, response->body.length}};
    call->done(call->context, &reply, response->failure != HTTP_NOT_SENT);
    llm_call_free(&call);
}

static void write_body(void *context, struct text *body)
{
    struct llm_call *call = context;
    const struct endpoint *endpoint = call->llm->endpoint;
    prompt_write(call->question.brief, call->question.dispatch, call->question.ids,
                 &(struct prompt_options){.model = endpoint->model,
                                          .max_tokens_field = endpoint->max_tokens_field},
                 body);
    call->body_bytes = body->length;
}

struct llm_call *llm_start(struct llm *llm, const struct llm_question *question, llm_done *done,
                           void *context)
{
    const struct analyzer_settings *settings = llm->settings;
    struct llm_call *call = calloc(1, sizeof *call);
    CHECK(call != NULL);
    call->llm = llm;
    call->done = done;
    call->context = context;
    call->question = *question;
    SCOPED(text_free) struct text user = {0}, traceparent = {0};
    const char *headers[HEADERS] = {"Content-Type: application/json"};
    size_t count = 1;
    if (llm->endpoint->api_key[0] != '\0')
        headers[count++] = llm->authorization.chars;
    if (settings->sends_user) {
        write_user(settings->user_salt, question->dispatch, &user);
        headers[count++] = user.chars;
    }
    if (question->trace != NULL) {
        text_format(&traceparent, "traceparent: %s", question->trace);
        headers[count++] = traceparent.chars;
    }
    struct http_request request = {
        .method = "POST",
        .url = llm->url.chars,
        .headers = headers,
        .writer = write_body,
        .body_context = call,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .first_byte_timeout_ms = settings->first_byte_timeout_ms,
        .silence_timeout_ms = settings->silence_timeout_ms,
        .total_timeout_ms = settings->timeout_ms,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .pool = llm->pool,
    };
    call->http = http_start(llm->client, &request, hear, call);
    return call;
}

size_t llm_call_bytes(const struct llm_call *call)
{
    return call->body_bytes;
}

void llm_cancel(struct llm_call **call)
{
    if (*call == NULL)
        return;
    http_cancel((*call)->llm->client, &(*call)->http);
    llm_call_free(call);
}
