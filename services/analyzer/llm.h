/* An LLM endpoint: a dispatch becomes a request, what comes back a reply to be classified.
 * Belongs to the thread of its HTTP client. */
#pragma once

#include "answer/classify.h"
#include "http/http.h"
#include "settings.h"

struct llm;
struct llm_call;

/* All three are lent for its life; the client may serve several. */
struct llm *llm_new(const struct analyzer_settings *settings, const struct endpoint *endpoint,
                    struct http_client *client);
void llm_free(struct llm **llm);

const char *llm_name(const struct llm *llm);
const char *llm_model(const struct llm *llm);

/* Told once per call from http_poll(): what came of it. All is lent for the call. is_sent: a
 * request has left. */
typedef void llm_done(void *context, const struct reply *reply, bool is_sent);

/* What is asked: by the brief, about the posts of the dispatch. */
struct llm_question {
    const struct brief *brief;
    const Tp__Dispatch *dispatch;
    const uint32_t *ids; /* of ids_draw(): of its posts, in this call */
    const char *trace;   /* a W3C traceparent, or NULL */
};

/* Brief and dispatch are lent until the call is over: the body is written when it can leave. */
struct llm_call *llm_start(struct llm *llm, const struct llm_question *question, llm_done *done,
                           void *context);
/* Of its request's body; 0 = none was written yet. */
size_t llm_call_bytes(const struct llm_call *call);
/* Ends it at once; it is not told of any more. */
void llm_cancel(struct llm_call **call);
