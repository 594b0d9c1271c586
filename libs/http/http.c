#include "http/http.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "http/call.h"

enum {
    STOP_CHECK_MS = 200,
    SWEEP_MS = 20, /* by how much a call may outlast its limits */
    EVENTS = 16,   /* at a time: whoever polls has more to do than to hear of ends of calls */
    STREAMS = 100, /* calls at once of a connection that can carry several */
    IDLE_HANDLES = 64,
};

static const struct instant NEVER = {INT64_MAX};
static const uint64_t WAKEUP = UINT64_MAX;

/* Oldest first. */
struct call_list {
    struct http_call *first, *last;
};

/* libcurl's limit of connections is the same for all hosts of a multi handle, and it forgets the
 * time of what waits for one. So each pool is a multi handle of its own, and what exceeds its
 * connections waits here. */
struct http_pool {
    struct http_client *client;
    uint32_t number;
    CURLM *multi;
    char *ca_file;
    int max_connections, running_count;
    bool is_multiplexed; /* by the latest answer */
    struct call_list running, waiting;
    struct instant timer_at; /* when libcurl wants to be called */
};

struct http_client {
    int epoll, wakeup;
    struct http_pool *pools[HTTP_POOLS_MAX];
    uint32_t pool_count;
    struct instant sweep_at;  /* no later than the first limit of any call */
    CURL *idle[IDLE_HANDLES]; /* easy handles for reuse */
    size_t idle_count;
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

/* ---- the client and its pools ---- */

/* libcurl waits for no more than the answer. */
static void note_sent(CURL *easy)
{
    struct http_call *call = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
    if (call != NULL)
        call_note_sent(call);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known)
{
    struct http_pool *pool = context;
    int epoll = pool->client->epoll;
    if (what == CURL_POLL_IN)
        note_sent(easy);
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    struct epoll_event event = {.data.u64 = (uint64_t)pool->number << 32 | (uint32_t)socket};
    if (what != CURL_POLL_OUT)
        event.events |= EPOLLIN;
    if (what != CURL_POLL_IN)
        event.events |= EPOLLOUT;
    int how = known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    CHECK(epoll_ctl(epoll, how, socket, &event) == 0);
    curl_multi_assign(pool->multi, socket, pool);
    return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_pool *pool = context;
    pool->timer_at = timeout_ms < 0 ? NEVER : instant_plus_ms(clock_now(), timeout_ms);
    return 0;
}

struct http_pool *http_pool_new(struct http_client *client, const struct http_pool_options *options)
{
    CHECK(options->max_connections > 0 && client->pool_count < HTTP_POOLS_MAX);
    struct http_pool *pool = calloc(1, sizeof *pool);
    CHECK(pool != NULL);
    pool->client = client;
    pool->max_connections = options->max_connections;
    pool->timer_at = NEVER;
    if (options->ca_file != NULL) {
        pool->ca_file = strdup(options->ca_file);
        CHECK(pool->ca_file != NULL);
    }
    pool->multi = curl_multi_init();
    CHECK(pool->multi != NULL);
    curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)options->max_connections);
    curl_multi_setopt(pool->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)options->max_connections);
    curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(pool->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    pool->number = client->pool_count;
    client->pools[client->pool_count++] = pool;
    return pool;
}

struct http_client *http_client_new(int max_connections)
{
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    struct http_client *client = calloc(1, sizeof *client);
    CHECK(client != NULL);
    client->sweep_at = NEVER;
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    client->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(client->epoll >= 0 && client->wakeup >= 0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKEUP};
    CHECK(epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->wakeup, &event) == 0);
    http_pool_new(client, &(struct http_pool_options){.max_connections = max_connections});
    return client;
}

/* ---- calls come and go ---- */

static void append(struct call_list *list, struct http_call *call)
{
    call->next = NULL;
    call->previous = list->last;
    if (list->last != NULL)
        list->last->next = call;
    else
        list->first = call;
    list->last = call;
}

static void leave(struct call_list *list, struct http_call *call)
{
    if (call->next != NULL)
        call->next->previous = call->previous;
    else
        list->last = call->previous;
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        list->first = call->next;
}

static void run(struct http_call *call)
{
    struct http_pool *pool = call->pool;
    struct http_client *client = pool->client;
    call->easy = client->idle_count > 0 ? client->idle[--client->idle_count] : curl_easy_init();
    CHECK(call->easy != NULL);
    call_prepare(call, pool->ca_file);
    append(&pool->running, call);
    pool->running_count++;
    CHECK(curl_multi_add_handle(pool->multi, call->easy) == CURLM_OK);
}

static bool has_room(const struct http_pool *pool)
{
    int per_connection = pool->is_multiplexed ? STREAMS : 1;
    return pool->running_count < pool->max_connections * per_connection;
}

static void admit(struct http_pool *pool)
{
    while (pool->waiting.first != NULL && has_room(pool)) {
        struct http_call *call = pool->waiting.first;
        leave(&pool->waiting, call);
        run(call);
    }
}

struct http_call *http_start(struct http_client *client, const struct http_request *request,
                             http_done *done, void *context)
{
    struct http_call *call = calloc(1, sizeof *call);
    CHECK(call != NULL);
    call->pool = request->pool != NULL ? request->pool : client->pools[0];
    CHECK(call->pool->client == client);
    call->request = *request;
    call->done = done;
    call->context = context;
    call->began = clock_now();
    call->looked_at = &client->sweep_at;
    call_copy_headers(call);
    append(&call->pool->waiting, call);
    call_watch_limits(call);
    admit(call->pool);
    return call;
}

static void drop_easy(struct http_call *call)
{
    struct http_pool *pool = call->pool;
    struct http_client *client = pool->client;
    leave(&pool->running, call);
    pool->running_count--;
    curl_multi_remove_handle(pool->multi, call->easy);
    if (client->idle_count < IDLE_HANDLES) {
        curl_easy_reset(call->easy);
        client->idle[client->idle_count++] = call->easy;
    } else {
        curl_easy_cleanup(call->easy);
    }
}

static void call_free(struct http_call *call)
{
    if (call->easy != NULL)
        drop_easy(call);
    else
        leave(&call->pool->waiting, call);
    curl_slist_free_all(call->headers);
    text_free(&call->written);
    http_response_free(&call->response);
    free(call);
}

void http_cancel(struct http_client *client, struct http_call **call)
{
    if (*call == NULL)
        return;
    struct http_pool *pool = (*call)->pool;
    CHECK(pool->client == client);
    call_free(TAKE(*call));
    admit(pool);
}

static void go_again(struct http_call *call)
{
    struct http_pool *pool = call->pool;
    CHECK(curl_multi_remove_handle(pool->multi, call->easy) == CURLM_OK);
    curl_easy_reset(call->easy);
    call->is_again = true;
    call->keeps_connections = pool->is_multiplexed;
    call->sendings = 0;
    call_prepare(call, pool->ca_file);
    CHECK(curl_multi_add_handle(pool->multi, call->easy) == CURLM_OK);
}

static void finish(struct http_call *call, CURLcode code)
{
    struct http_pool *pool = call->pool;
    if (code != CURLE_OK && call_may_go_again(call, code)) {
        go_again(call);
        return;
    }
    if (code == CURLE_OK)
        pool->is_multiplexed = call->has_multiplexed;
    struct error why;
    call_explain(call, code, &why);
    call->done(call->context, &call->response,
               call->response.failure == HTTP_ANSWERED ? NULL : &why);
    call_free(call);
    admit(pool);
}

/* ---- the loop ---- */

static bool finish_all(struct http_pool *pool)
{
    bool any = false;
    int left;
    for (CURLMsg *said; (said = curl_multi_info_read(pool->multi, &left)) != NULL;) {
        if (said->msg != CURLMSG_DONE)
            continue;
        struct http_call *call = NULL;
        curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        finish(call, said->data.result);
        any = true;
    }
    return any;
}

static bool run_timers(struct http_client *client)
{
    bool any = false;
    for (uint32_t i = 0; i < client->pool_count; i++) {
        struct http_pool *pool = client->pools[i];
        int running;
        if (instant_is_before(clock_now(), pool->timer_at))
            continue;
        pool->timer_at = NEVER;
        curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        any |= finish_all(pool);
    }
    return any;
}

static struct http_call *late_in(const struct call_list *list, struct instant now)
{
    for (struct http_call *call = list->first; call != NULL; call = call->next) {
        if (!instant_is_before(now, call_ends_at(call)))
            return call;
        call_watch_limits(call);
    }
    return NULL;
}

/* Any call may go when one is told of its end: so each is looked for from the start. */
static bool end_late(const struct call_list *list, struct instant now)
{
    bool any = false;
    struct http_call *call;
    while ((call = late_in(list, now)) != NULL) {
        call->is_late = true;
        finish(call, CURLE_OPERATION_TIMEDOUT);
        any = true;
    }
    return any;
}

static bool sweep(struct http_client *client)
{
    bool any = false;
    struct instant now = clock_now();
    if (instant_is_before(now, client->sweep_at))
        return false;
    client->sweep_at = NEVER;
    for (uint32_t i = 0; i < client->pool_count; i++) {
        any |= end_late(&client->pools[i]->running, now);
        any |= end_late(&client->pools[i]->waiting, now);
    }
    struct instant soonest = instant_plus_ms(now, SWEEP_MS);
    if (instant_is_before(client->sweep_at, soonest))
        client->sweep_at = soonest;
    return any;
}

static int wait_of(const struct http_client *client, int64_t timeout_ms)
{
    struct instant now = clock_now(), until = instant_plus_ms(now, timeout_ms);
    if (instant_is_before(client->sweep_at, until))
        until = client->sweep_at;
    for (uint32_t i = 0; i < client->pool_count; i++)
        if (instant_is_before(client->pools[i]->timer_at, until))
            until = client->pools[i]->timer_at;
    int64_t wait_ms = instant_ms_between(now, until);
    return wait_ms > 0 ? (int)wait_ms : 0;
}

static void move(struct http_client *client, const struct epoll_event *event)
{
    if (event->data.u64 == WAKEUP) {
        uint64_t count;
        ssize_t ignored = read(client->wakeup, &count, sizeof count);
        (void)ignored;
        return;
    }
    int what = 0, running;
    if ((event->events & EPOLLIN) != 0)
        what |= CURL_CSELECT_IN;
    if ((event->events & EPOLLOUT) != 0)
        what |= CURL_CSELECT_OUT;
    if ((event->events & (EPOLLERR | EPOLLHUP)) != 0)
        what |= CURL_CSELECT_ERR;
    struct http_pool *pool = client->pools[event->data.u64 >> 32];
    curl_socket_t socket = (curl_socket_t)(event->data.u64 & UINT32_MAX);
    curl_multi_socket_action(pool->multi, socket, what, &running);
}

void http_poll(struct http_client *client, int64_t timeout_ms)
{
    if (run_timers(client) || sweep(client))
        return;
    struct epoll_event events[EVENTS];
    int count = epoll_wait(client->epoll, events, EVENTS, wait_of(client, timeout_ms));
    for (int i = 0; i < count; i++)
        move(client, &events[i]);
    for (uint32_t i = 0; i < client->pool_count; i++)
        finish_all(client->pools[i]);
    run_timers(client);
    sweep(client);
}

void http_wake(struct http_client *client)
{
    const uint64_t one = 1;
    ssize_t ignored = write(client->wakeup, &one, sizeof one); /* full = it is awake */
    (void)ignored;
}

static void pool_free(struct http_pool *pool)
{
    while (pool->running.first != NULL)
        call_free(pool->running.first);
    while (pool->waiting.first != NULL)
        call_free(pool->waiting.first);
    curl_multi_cleanup(pool->multi);
    free(pool->ca_file);
    free(pool);
}

void http_client_free(struct http_client **client)
{
    if (*client == NULL)
        return;
    for (uint32_t i = 0; i < (*client)->pool_count; i++)
        pool_free((*client)->pools[i]);
    for (size_t i = 0; i < (*client)->idle_count; i++)
        curl_easy_cleanup((*client)->idle[i]);
    close((*client)->epoll);
    close((*client)->wakeup);
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
