#include "llm_server_for_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/text.h"
#include "json/json.h"

enum { MOST_POSTS = 2 };

static bool read_request(int socket, char *request, size_t size)
{
    size_t length = 0;
    while (length + 1 < size) {
        ssize_t got = recv(socket, request + length, size - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        request[length] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        const char *said = strcasestr(request, "content-length:");
        if (end != NULL && said != NULL &&
            length >= (size_t)(end + 4 - request) + strtoul(said + 15, NULL, 10))
            return true;
    }
    return false;
}

/* Answers how many there are. */
static size_t read_ids(const char *request, json_int_t *ids, size_t most)
{
    SCOPED(json_free) json_t *body = NULL, *content = NULL;
    struct error why;
    const char *start = strstr(request, "\r\n\r\n") + 4;
    CHECK(json_parse(start, strlen(start), &body, &why));
    const json_t *user = json_array_get(json_object_get(body, "messages"), 1);
    const char *document = json_string_value(json_object_get(user, "content"));
    CHECK(json_parse(document, strlen(document), &content, &why));
    const json_t *posts = json_object_get(content, "posts"), *post;
    size_t i;
    CHECK(json_array_size(posts) <= most);
    json_array_foreach (posts, i, post)
        ids[i] = json_integer_value(json_object_get(post, "id"));
    return json_array_size(posts);
}

static void say(int socket, const char *head, const char *body)
{
    SCOPED(text_free) struct text all = {0};
    text_format(&all, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", head,
                strlen(body), body);
    ssize_t ignored = send(socket, all.chars, all.length, MSG_NOSIGNAL);
    (void)ignored;
}

static void serve_one(struct test_llm *llm, int socket, const char *request)
{
    SCOPED(text_free) struct text content = {0}, body = {0};
    text_add(&content, "Here you are: {\"results\":[");
    json_int_t ids[MOST_POSTS];
    size_t count = read_ids(request, ids, MOST_POSTS);
    atomic_fetch_add(&llm->posts, (int)count);
    for (size_t i = 1; i <= count; i++)
        text_format(
            &content,
            "%s{\"id\":%" JSON_INTEGER_FORMAT
            ",\"sentiment\":\"positive\",\"score\":0.5,\"confidence\":0.9,"
            "\"entities\":[],\"keywords\":[],\"topics\":[\"echo-%zu\"],\"language\":\"en\"}",
            i > 1 ? "," : "", ids[i - 1], i);
    text_add(&content, "],\"summary\":\"all\\nwell\"}");
    text_add(&body, "{\"choices\":[{\"message\":{\"content\":");
    text_add_json(&body, content.chars, content.length);
    text_add(&body, "}}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}");
    say(socket, "200 OK", body.chars);
}

/* Until the other side, or the test, has had enough. A broker started meanwhile holds a copy of the
 * other side's socket, so its end alone may not be heard. */
static void stay_silent(struct test_llm *llm, int socket)
{
    char byte;
    struct timeval pause = {.tv_usec = 20 * 1000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
    while (atomic_load(&llm->mood) == TEST_LLM_IS_SILENT && recv(socket, &byte, 1, 0) != 0)
        ;
}

static void answer(struct test_llm *llm, int socket, const char *request)
{
    while (atomic_load(&llm->mood) == TEST_LLM_HESITATES)
        usleep(1000);
    switch ((enum test_llm_mood)atomic_load(&llm->mood)) {
    case TEST_LLM_SERVES:
        serve_one(llm, socket, request);
        return;
    case TEST_LLM_IS_BUSY:
        say(socket,
            "429 Busy\r\nRetry-After: 7\r\nX-RateLimit-Limit-Requests: 60\r\n"
            "X-RateLimit-Remaining-Requests: 0\r\nX-RateLimit-Reset-Requests: 1m0s",
            "{\"error\":{\"code\":\"slow_down\"}}");
        return;
    case TEST_LLM_IS_SILENT:
        stay_silent(llm, socket);
        return;
    case TEST_LLM_HESITATES: /* again already: whoever asked may ask once more */
        return;
    }
}

static void *serve(void *context)
{
    struct test_llm *llm = context;
    static char request[1 << 20];
    for (;;) {
        int socket = accept(llm->listener, NULL, NULL);
        if (socket < 0)
            return NULL;
        if (read_request(socket, request, sizeof request)) {
            atomic_store(&llm->has_user, strstr(request, "X-User: ") != NULL);
            pthread_mutex_lock(&llm->lock);
            snprintf(llm->first_line, sizeof llm->first_line, "%.*s", (int)strcspn(request, "\r"),
                     request);
            pthread_mutex_unlock(&llm->lock);
            atomic_fetch_add(&llm->requests, 1);
            answer(llm, socket, request);
        }
        close(socket);
    }
}

void test_llm_start(struct test_llm *llm)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *llm = (struct test_llm){.listener = socket(AF_INET, SOCK_STREAM, 0)};
    CHECK(pthread_mutex_init(&llm->lock, NULL) == 0);
    CHECK(bind(llm->listener, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(llm->listener, 16) == 0);
    CHECK(getsockname(llm->listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(llm->url, sizeof llm->url, "http://127.0.0.1:%d/v1/", ntohs(address.sin_port));
    CHECK(pthread_create(&llm->thread, NULL, serve, llm) == 0);
}

void test_llm_stop(struct test_llm *llm)
{
    atomic_store(&llm->mood, TEST_LLM_SERVES); /* a test that failed may have left it hesitating */
    shutdown(llm->listener, SHUT_RDWR);
    pthread_join(llm->thread, NULL);
    close(llm->listener);
    pthread_mutex_destroy(&llm->lock);
}

void test_llm_copy_first_line(struct test_llm *llm, char line[TEST_LLM_LINE_SIZE])
{
    pthread_mutex_lock(&llm->lock);
    memcpy(line, llm->first_line, TEST_LLM_LINE_SIZE);
    pthread_mutex_unlock(&llm->lock);
}
