#include "courier.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "http/http.h"
#include "letters.h"

enum { ANSWER_MAX_BYTES = 64 * 1024, FOR_EVER_MS = 3600 * 1000 };

struct courier {
    const char *url;
    int64_t timeout_ms;
    struct mailbox *replies;
    struct mailbox *parcels; /* of char *, owned */
    atomic_bool is_ending;
    pthread_t thread;
};

static bool is_ending(void *context)
{
    struct courier *courier = context;
    return atomic_load(&courier->is_ending);
}

/* What the receiver says beside its status is of no use to us, however long it is. */
static bool pass_over(void *context, const char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
    return true;
}

/* Retry-After in whole seconds; a date is not spoken and counts as none. */
static int64_t asked_wait_ms(const struct http_response *response)
{
    char value[32];
    int64_t seconds;
    if (!http_response_header(response, "retry-after", value, sizeof value) ||
        !number_parse_int(value, &seconds) || seconds < 0 || seconds > 86400)
        return 0;
    return seconds * 1000;
}

static struct delivery judge(const struct http_response *response)
{
    struct delivery delivery = {0};
    int status = response->status;
    delivery.is_delivered = status >= 200 && status < 300;
    delivery.may_retry = status == 408 || status == 429 || status >= 500;
    delivery.wait_ms = asked_wait_ms(response);
    if (!delivery.is_delivered)
        error_set(&delivery.why, delivery.may_retry ? ERROR_UNAVAILABLE : ERROR_INVALID,
                  "the webhook answered %d", status);
    return delivery;
}

static struct delivery deliver(struct courier *courier, struct http_client *client,
                               const char *payload)
{
    static const char *const HEADERS[] = {"Content-Type: application/json",
                                          "User-Agent: tweetpulse-monitor/" TP_VERSION, NULL};
    const struct http_request request = {
        .method = "POST",
        .url = courier->url,
        .headers = HEADERS,
        .body = {(const uint8_t *)payload, strlen(payload)},
        .sink = pass_over,
        .connect_timeout_ms = courier->timeout_ms,
        .total_timeout_ms = courier->timeout_ms,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .should_stop = is_ending,
        .stop_context = courier,
    };
    SCOPED(http_response_free) struct http_response response = {0};
    struct delivery delivery = {0};
    if (http_request(client, &request, &response, &delivery.why))
        return judge(&response);
    delivery.may_retry = delivery.why.kind != ERROR_INVALID; /* such as an address that is none */
    return delivery;
}

static void *carry(void *context)
{
    struct courier *courier = context;
    SCOPED(http_client_free) struct http_client *client = http_client_new(1);
    while (!is_ending(courier)) {
        SCOPED(free_chars) char *payload =
            mailbox_take(courier->parcels, instant_plus_ms(clock_now(), FOR_EVER_MS));
        if (payload == NULL)
            continue;
        struct letter letter = {.kind = LETTER_DELIVERY};
        letter.delivery = deliver(courier, client, payload);
        letter_post(courier->replies, &letter);
    }
    return NULL;
}

struct courier *courier_open(const char *url, int64_t timeout_ms, struct mailbox *mailbox)
{
    struct courier *courier = calloc(1, sizeof *courier);
    CHECK(courier != NULL);
    courier->url = url;
    courier->timeout_ms = timeout_ms;
    courier->replies = mailbox;
    courier->parcels = mailbox_new(1);
    CHECK(pthread_create(&courier->thread, NULL, carry, courier) == 0);
    return courier;
}

void courier_send(struct courier *courier, struct text *payload)
{
    CHECK(mailbox_post(courier->parcels, text_take(payload)));
}

void courier_close(struct courier **courier)
{
    if (*courier == NULL)
        return;
    atomic_store(&(*courier)->is_ending, true);
    mailbox_close((*courier)->parcels);
    CHECK(pthread_join((*courier)->thread, NULL) == 0);
    free(mailbox_try_take((*courier)->parcels));
    mailbox_free(&(*courier)->parcels);
    free(*courier);
    *courier = NULL;
}
