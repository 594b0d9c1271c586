/* One transfer of libcurl's: an easy handle prepared from a request, and what it heard. Only for
 * http.c and call.c; one thread. */
#pragma once

#include <curl/curl.h>

#include "base/clock.h"
#include "http/http.h"

struct http_call {
    struct http_call *next, *previous; /* among those running, or those waiting */
    struct http_pool *pool;
    struct http_request request;
    http_done *done;
    void *context;
    CURL *easy; /* NULL while it waits for a connection */
    struct curl_slist *headers;
    struct text written; /* by the request's writer, until it has left */
    struct http_response response;
    struct instant began, heard;
    struct instant *looked_at; /* lent: no later than its limits */
    int sendings;              /* how often the request began to leave */
    bool is_again;             /* the one repetition after a reused connection died */
    bool keeps_connections;    /* the repetition may share one: it would not find the dead one */
    bool is_heard, is_too_big, is_late, is_stopped, has_multiplexed;
    char trouble[CURL_ERROR_SIZE];
};

/* The lines of the request, kept: what lent them may go. */
void call_copy_headers(struct http_call *call);
/* Into a handle that was reset. */
void call_prepare(struct http_call *call, const char *ca_file);

/* All of it may have left: then what was written is not kept any longer. */
void call_note_sent(struct http_call *call);

/* When it is over without having been answered; INT64_MAX ns = never. */
struct instant call_ends_at(const struct http_call *call);
void call_watch_limits(const struct http_call *call);

/* Has a connection that was open before died without a byte of the answer? */
bool call_may_go_again(const struct http_call *call, CURLcode code);

/* Fills failure and status of the response, and `why` unless it was answered. */
void call_explain(struct http_call *call, CURLcode code, struct error *why);
