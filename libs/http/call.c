#include "http/call.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum {
    CONNECT_TIMEOUT_MS = 10 * 1000,
    MAX_BODY_BYTES = 1 << 20,
    MAX_HEADER_BYTES = 64 * 1024,
    RECEIVE_BYTES = 4 * 1024, /* libcurl holds one such buffer for each call that runs; with half of
                               * it, libcurl 7.88 stalls over HTTP/2 (tls_test.c) */
    SEND_BYTES = 16 * 1024,   /* and, while the request leaves, one of these: the least it takes */
};

static const struct instant NEVER = {INT64_MAX};

/* ---- its limits ---- */

static struct instant within(struct instant end, struct instant start, int64_t limit_ms)
{
    if (limit_ms <= 0)
        return end;
    struct instant limit = instant_plus_ms(start, limit_ms);
    return instant_is_before(limit, end) ? limit : end;
}

struct instant call_ends_at(const struct http_call *call)
{
    const struct http_request *request = &call->request;
    struct instant end = within(NEVER, call->began, request->total_timeout_ms);
    return call->is_heard ? within(end, call->heard, request->silence_timeout_ms)
                          : within(end, call->began, request->first_byte_timeout_ms);
}

void call_watch_limits(const struct http_call *call)
{
    struct instant end = call_ends_at(call);
    if (instant_is_before(end, *call->looked_at))
        *call->looked_at = end;
}

/* ---- what libcurl calls ---- */

static void hear(struct http_call *call)
{
    bool is_first = !call->is_heard;
    call->is_heard = true;
    call->heard = clock_now();
    if (is_first)
        call_watch_limits(call);
}

static size_t take_header(char *bytes, size_t one, size_t length, void *pointer)
{
    (void)one;
    struct http_call *call = pointer;
    struct text *headers = &call->response.headers;
    hear(call);
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        text_clear(headers); /* a new answer: what came before was an interim one */
        call->has_multiplexed = length > 5 && bytes[5] == '2';
        return length;
    }
    if (headers->length + length > MAX_HEADER_BYTES) {
        call->is_too_big = true;
        return 0;
    }
    bool is_name = true;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '\r' || c == '\n' || c == '\0')
            continue;
        is_name = is_name && c != ':';
        text_add_char(headers, is_name ? (char)tolower((unsigned char)c) : c);
    }
    text_add_char(headers, '\n');
    return length;
}

static int status_of(CURL *easy)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static size_t take_body(char *bytes, size_t one, size_t length, void *pointer)
{
    (void)one;
    struct http_call *call = pointer;
    const struct http_request *request = &call->request;
    hear(call);
    if (request->sink != NULL && status_of(call->easy) / 100 == 2) {
        if (request->sink(request->body_context, bytes, length))
            return length;
        call->is_stopped = true;
        return 0;
    }
    /* libcurl's own limit of sizes does not see chunked bodies (measured): so here. */
    size_t most = request->max_body_bytes > 0 ? request->max_body_bytes : MAX_BODY_BYTES;
    if (length > most - call->response.body.length) {
        call->is_too_big = true;
        return 0;
    }
    text_add_bytes(&call->response.body, bytes, length);
    return length;
}

static size_t give_body(char *buffer, size_t one, size_t size, void *pointer)
{
    struct http_call *call = pointer;
    return call->request.source(call->request.body_context, buffer, one * size);
}

/* libcurl rewinds only to send again or for authentication; a source cannot go back. */
static int refuse_to_rewind(void *pointer, curl_off_t offset, int origin)
{
    (void)pointer;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_CANTSEEK;
}

static bool is_over_new_connection(const struct http_call *call)
{
    long opened = 0;
    curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &opened);
    return opened > 0;
}

/* A connection stands and the request is about to leave. When a reused one dies, libcurl repeats by
 * itself, over one idle connection after another, up to five times; each might run a paid call. So
 * only a repetition over a new connection may go on; another ends here, and finish() makes ours. */
static int about_to_send(void *pointer, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    struct http_call *call = pointer;
    call->sendings++;
    if (call->sendings == 1)
        return CURL_PREREQFUNC_OK;
    bool is_body_gone = call->request.writer != NULL && call->written.chars == NULL;
    if (call->is_again || !is_over_new_connection(call) || is_body_gone)
        return CURL_PREREQFUNC_ABORT;
    call->is_again = true;
    return CURL_PREREQFUNC_OK;
}

/* Only of the first sending it is sure that what libcurl counts is this one's. */
void call_note_sent(struct http_call *call)
{
    curl_off_t sent = 0;
    if (call->written.chars == NULL || call->sendings != 1)
        return;
    curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    if ((size_t)sent == call->written.length)
        text_free(&call->written);
}

/* ---- preparing ---- */

static void set_source(struct http_call *call)
{
    const struct http_request *request = &call->request;
    CURL *easy = call->easy;
    curl_off_t length = request->source_bytes > 0 ? (curl_off_t)request->source_bytes : -1;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, length);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, call);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_to_rewind);
}

static struct bytes body_of(struct http_call *call)
{
    const struct http_request *request = &call->request;
    if (request->writer == NULL)
        return request->body;
    text_clear(&call->written);
    request->writer(request->body_context, &call->written);
    text_fit(&call->written);
    return (struct bytes){(const uint8_t *)call->written.chars, call->written.length};
}

static void set_body(struct http_call *call)
{
    const struct http_request *request = &call->request;
    CURL *easy = call->easy;
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    bool is_get = strcmp(request->method, "GET") == 0;
    bool has_body = request->source != NULL || request->writer != NULL || request->body.length > 0;
    if (is_get && !has_body)
        return;
    if (request->source != NULL) {
        set_source(call);
    } else {
        /* Not copied; and a body that is at hand leaves together with the headers. */
        struct bytes body = body_of(call);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.length > 0 ? (const void *)body.at : "");
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_connection(struct http_call *call, const char *ca_file)
{
    const struct http_request *request = &call->request;
    CURL *easy = call->easy;
    int64_t connect_ms =
        request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* Rather a stream of a connection that is being opened than one more connection. */
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, strncmp(request->url, "https:", 6) == 0 ? 1L : 0L);
    if (call->is_again && !call->keeps_connections)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

static void add_header(struct http_call *call, const char *line)
{
    struct curl_slist *longer = curl_slist_append(call->headers, line);
    CHECK(longer != NULL);
    call->headers = longer;
}

void call_copy_headers(struct http_call *call)
{
    /* Waiting for "100 Continue" costs a second where it is not answered. */
    add_header(call, "Expect:");
    const char *const *line = call->request.headers;
    for (; line != NULL && *line != NULL; line++)
        add_header(call, *line);
    call->request.headers = NULL;
}

void call_prepare(struct http_call *call, const char *ca_file)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_URL, call->request.url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tweetpulse/" TP_VERSION);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->trouble);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, about_to_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    set_connection(call, ca_file);
    set_body(call);
}

/* ---- its end ---- */

bool call_may_go_again(const struct http_call *call, CURLcode code)
{
    if (call->is_again || call->is_heard || call->is_late || call->request.source != NULL)
        return false;
    if (call->sendings > 1) /* libcurl was about to repeat, which it does for no other reason */
        return true;
    return call->sendings == 1 && !is_over_new_connection(call) &&
           (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
            code == CURLE_HTTP2);
}

static enum http_failure failure_of(const struct http_call *call, CURLcode code)
{
    if (code == CURLE_OK)
        return HTTP_ANSWERED;
    if (call->is_too_big)
        return HTTP_TOO_BIG;
    if (call->is_stopped)
        return HTTP_STOPPED;
    if (call->sendings == 0 && !call->is_again)
        return HTTP_NOT_SENT;
    if (call->is_late || code == CURLE_OPERATION_TIMEDOUT)
        return HTTP_TIMED_OUT;
    return HTTP_BROKEN;
}

/* Which of its limits has ended it. */
static void tell_limit(const struct http_call *call, char *words, size_t size)
{
    const struct http_request *request = &call->request;
    int64_t waited_ms = instant_ms_between(call->began, clock_now());
    bool is_total = request->total_timeout_ms > 0 && waited_ms >= request->total_timeout_ms;
    const char *what = "no first byte of the answer after";
    if (call->easy == NULL)
        what = "none was free for";
    else if (call->sendings == 0)
        what = "none stood after";
    else if (is_total)
        what = "not all of it after";
    else if (call->is_heard)
        what = "the server went silent after";
    snprintf(words, size, "%s %lld ms", what, (long long)waited_ms);
}

/* The one place where libcurl's codes become ours. */
void call_explain(struct http_call *call, CURLcode code, struct error *why)
{
    char limit[80];
    tell_limit(call, limit, sizeof limit);
    const char *said = call->trouble[0] != '\0' ? call->trouble : curl_easy_strerror(code);
    if (call->is_late)
        said = limit;
    call->response.status = call->easy != NULL ? status_of(call->easy) : 0;
    call->response.failure = failure_of(call, code);
    switch (call->response.failure) {
    case HTTP_ANSWERED:
        break;
    case HTTP_NOT_SENT:
        error_set(why, ERROR_UNAVAILABLE, "no connection: %s", said);
        break;
    case HTTP_TIMED_OUT:
        error_set(why, ERROR_TIMEOUT, "no whole answer in time: %s", said);
        break;
    case HTTP_BROKEN:
        error_set(why, ERROR_TIMEOUT, "the connection broke before the answer was whole: %s", said);
        break;
    case HTTP_TOO_BIG:
        error_set(why, ERROR_INVALID, "the answer is longer than %zu bytes",
                  call->request.max_body_bytes > 0 ? call->request.max_body_bytes
                                                   : (size_t)MAX_BODY_BYTES);
        break;
    case HTTP_STOPPED:
        error_set(why, ERROR_CANCELLED, "given up by the caller");
        break;
    }
}
