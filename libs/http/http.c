#include "http/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/clock.h"

enum {
    CONNECT_TIMEOUT_MS = 10 * 1000,
    MAX_BODY_BYTES = 1 << 20,
    MAX_HEADER_BYTES = 64 * 1024,
    BUFFER_BYTES = 16 * 1024,
    STOP_CHECK_MS = 200,
};

struct http_call {
    struct http_call *next, *previous;
    struct http_client *client;
    struct http_request request;
    http_done *done;
    void *context;
    CURL *easy;
    struct curl_slist *headers;
    struct http_response response;
    size_t body_sent; /* of request.body */
    struct instant began, heard;
    int sendings;  /* how often the request began to leave */
    bool is_again; /* the one repetition after a reused connection died */
    bool is_heard, is_too_big, is_silent, is_stopped;
    char trouble[CURL_ERROR_SIZE];
};

struct http_client {
    CURLM *multi;
    struct http_call *calls;
    CURL **idle; /* easy handles for reuse */
    size_t idle_count, idle_capacity;
};

void http_response_free(struct http_response *response)
{
    text_free(&response->headers);
    text_free(&response->body);
    *response = (struct http_response){0};
}

bool http_response_header(const struct http_response *response, const char *name, char *value,
                          size_t size)
{
    size_t name_length = strlen(name);
    const char *line = response->headers.chars;
    while (line != NULL && *line != '\0') {
        const char *end = strchr(line, '\n');
        CHECK(end != NULL);
        if (strncmp(line, name, name_length) == 0 && line[name_length] == ':') {
            const char *start = line + name_length + 1;
            start += strspn(start, " \t");
            size_t length = start < end ? (size_t)(end - start) : 0;
            if (length >= size)
                length = size - 1;
            memcpy(value, start, length);
            value[length] = '\0';
            return true;
        }
        line = end + 1;
    }
    return false;
}

struct http_client *http_client_new(int max_connections)
{
    CHECK(max_connections > 0);
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    struct http_client *client = calloc(1, sizeof *client);
    CHECK(client != NULL);
    client->idle_capacity = (size_t)max_connections;
    client->idle = calloc(client->idle_capacity, sizeof *client->idle);
    CHECK(client->idle != NULL);
    client->multi = curl_multi_init();
    CHECK(client->multi != NULL);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
    curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)max_connections);
    return client;
}

/* ---- what libcurl calls ---- */

static void hear(struct http_call *call)
{
    call->is_heard = true;
    call->heard = clock_now();
}

static size_t take_header(char *bytes, size_t one, size_t length, void *pointer)
{
    (void)one;
    struct http_call *call = pointer;
    struct text *headers = &call->response.headers;
    hear(call);
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        text_clear(headers); /* a new answer: what came before was an interim one */
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
    size *= one;
    if (call->request.source != NULL)
        return call->request.source(call->request.body_context, buffer, size);
    size_t left = call->request.body.length - call->body_sent;
    size_t length = left < size ? left : size;
    if (length > 0)
        memcpy(buffer, call->request.body.at + call->body_sent, length);
    call->body_sent += length;
    return length;
}

/* libcurl rewinds only to send again or for authentication; a source cannot go back. */
static int rewind_body(void *pointer, curl_off_t offset, int origin)
{
    struct http_call *call = pointer;
    if (call->request.source != NULL || origin != SEEK_SET || offset < 0 ||
        (size_t)offset > call->request.body.length)
        return CURL_SEEKFUNC_CANTSEEK;
    call->body_sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
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
    if (call->is_again || !is_over_new_connection(call))
        return CURL_PREREQFUNC_ABORT;
    call->is_again = true;
    return CURL_PREREQFUNC_OK;
}

static int watch(void *pointer, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    struct http_call *call = pointer;
    const struct http_request *request = &call->request;
    int64_t limit_ms =
        call->is_heard ? request->silence_timeout_ms : request->first_byte_timeout_ms;
    struct instant since = call->is_heard ? call->heard : call->began;
    if (limit_ms > 0 && instant_ms_between(since, clock_now()) > limit_ms)
        call->is_silent = true;
    return call->is_silent;
}

/* ---- one call ---- */

static void set_body(struct http_call *call)
{
    const struct http_request *request = &call->request;
    CURL *easy = call->easy;
    curl_off_t length = (curl_off_t)request->body.length;
    if (request->source != NULL)
        length = request->source_bytes > 0 ? (curl_off_t)request->source_bytes : -1;
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (length != 0 || strcmp(request->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, length);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(easy, CURLOPT_READDATA, call);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    }
}

static void set_limits(struct http_call *call)
{
    const struct http_request *request = &call->request;
    CURL *easy = call->easy;
    int64_t connect_ms =
        request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (request->first_byte_timeout_ms > 0 || request->silence_timeout_ms > 0) {
        curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
        curl_easy_setopt(easy, CURLOPT_XFERINFODATA, call);
        curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    }
}

static void add_header(struct http_call *call, const char *line)
{
    struct curl_slist *longer = curl_slist_append(call->headers, line);
    CHECK(longer != NULL);
    call->headers = longer;
}

static void prepare(struct http_call *call)
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
    set_limits(call);
    set_body(call);
    if (call->is_again)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

struct http_call *http_start(struct http_client *client, const struct http_request *request,
                             http_done *done, void *context)
{
    struct http_call *call = calloc(1, sizeof *call);
    CHECK(call != NULL);
    call->client = client;
    call->request = *request;
    call->done = done;
    call->context = context;
    call->began = clock_now();
    call->easy = client->idle_count > 0 ? client->idle[--client->idle_count] : curl_easy_init();
    CHECK(call->easy != NULL);
    /* Waiting for "100 Continue" costs a second where it is not answered. */
    add_header(call, "Expect:");
    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
        add_header(call, *line);
    prepare(call);
    call->next = client->calls;
    if (call->next != NULL)
        call->next->previous = call;
    client->calls = call;
    CHECK(curl_multi_add_handle(client->multi, call->easy) == CURLM_OK);
    return call;
}

static void call_free(struct http_call *call)
{
    struct http_client *client = call->client;
    curl_multi_remove_handle(client->multi, call->easy);
    if (client->idle_count < client->idle_capacity) {
        curl_easy_reset(call->easy);
        client->idle[client->idle_count++] = call->easy;
    } else {
        curl_easy_cleanup(call->easy);
    }
    if (call->next != NULL)
        call->next->previous = call->previous;
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        client->calls = call->next;
    curl_slist_free_all(call->headers);
    http_response_free(&call->response);
    free(call);
}

void http_cancel(struct http_client *client, struct http_call **call)
{
    if (*call == NULL)
        return;
    CHECK((*call)->client == client);
    call_free(TAKE(*call));
}

/* Has a connection that was open before died without a byte of the answer? */
static bool may_go_again(const struct http_call *call, CURLcode code)
{
    if (call->is_again || call->is_heard || call->is_silent || call->request.source != NULL)
        return false;
    if (call->sendings > 1) /* libcurl was about to repeat, which it does for no other reason */
        return true;
    return call->sendings == 1 && !is_over_new_connection(call) &&
           (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING);
}

static void go_again(struct http_call *call)
{
    CHECK(curl_multi_remove_handle(call->client->multi, call->easy) == CURLM_OK);
    curl_easy_reset(call->easy);
    call->is_again = true;
    call->sendings = 0;
    call->body_sent = 0;
    prepare(call);
    if (call->request.total_timeout_ms > 0) {
        int64_t used_ms = instant_ms_between(call->began, clock_now());
        int64_t left_ms = call->request.total_timeout_ms - used_ms;
        curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
    }
    CHECK(curl_multi_add_handle(call->client->multi, call->easy) == CURLM_OK);
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
    if (call->is_silent || code == CURLE_OPERATION_TIMEDOUT)
        return HTTP_TIMED_OUT;
    return HTTP_BROKEN;
}

/* The one place where libcurl's codes become ours. */
static void explain(const struct http_call *call, CURLcode code, struct error *why)
{
    const char *said = call->trouble[0] != '\0' ? call->trouble : curl_easy_strerror(code);
    switch (call->response.failure) {
    case HTTP_ANSWERED:
        break;
    case HTTP_NOT_SENT:
        error_set(why, ERROR_UNAVAILABLE, "no connection: %s", said);
        break;
    case HTTP_TIMED_OUT:
        error_set(why, ERROR_TIMEOUT, "no whole answer in time: %s",
                  call->is_silent ? "the server went silent" : said);
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

static void finish(struct http_call *call, CURLcode code)
{
    if (code != CURLE_OK && may_go_again(call, code)) {
        go_again(call);
        return;
    }
    call->response.status = status_of(call->easy);
    call->response.failure = failure_of(call, code);
    struct error why;
    explain(call, code, &why);
    call->done(call->context, &call->response,
               call->response.failure == HTTP_ANSWERED ? NULL : &why);
    call_free(call);
}

static bool finish_all(struct http_client *client)
{
    bool any = false;
    int left;
    for (CURLMsg *said; (said = curl_multi_info_read(client->multi, &left)) != NULL;) {
        if (said->msg != CURLMSG_DONE)
            continue;
        struct http_call *call = NULL;
        curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        finish(call, said->data.result);
        any = true;
    }
    return any;
}

void http_poll(struct http_client *client, int64_t timeout_ms)
{
    int running;
    curl_multi_perform(client->multi, &running);
    if (finish_all(client))
        return;
    curl_multi_poll(client->multi, NULL, 0, (int)timeout_ms, NULL);
    curl_multi_perform(client->multi, &running);
    finish_all(client);
}

void http_wake(struct http_client *client)
{
    curl_multi_wakeup(client->multi);
}

void http_client_free(struct http_client **client)
{
    if (*client == NULL)
        return;
    while ((*client)->calls != NULL)
        call_free((*client)->calls);
    for (size_t i = 0; i < (*client)->idle_count; i++)
        curl_easy_cleanup((*client)->idle[i]);
    free((*client)->idle);
    curl_multi_cleanup((*client)->multi);
    free(*client);
    *client = NULL;
    curl_global_cleanup();
}

/* ---- one request, waited for ---- */

struct waiting {
    struct http_response *response;
    struct error *why;
    bool is_done;
};

static void keep_response(void *context, const struct http_response *response,
                          const struct error *why)
{
    struct waiting *waiting = context;
    struct http_response *kept = waiting->response;
    kept->failure = response->failure;
    kept->status = response->status;
    text_add_bytes(&kept->headers, response->headers.chars, response->headers.length);
    text_add_bytes(&kept->body, response->body.chars, response->body.length);
    if (why != NULL)
        *waiting->why = *why;
    waiting->is_done = true;
}

bool http_request(struct http_client *client, const struct http_request *request,
                  struct http_response *response, struct error *why)
{
    *response = (struct http_response){0};
    struct waiting waiting = {.response = response, .why = why};
    struct http_call *call = http_start(client, request, keep_response, &waiting);
    while (!waiting.is_done) {
        if (request->should_stop != NULL && request->should_stop(request->stop_context)) {
            http_cancel(client, &call);
            response->failure = HTTP_STOPPED;
            return error_set(why, ERROR_CANCELLED, "given up by the caller");
        }
        http_poll(client, STOP_CHECK_MS);
    }
    return response->failure == HTTP_ANSWERED;
}
