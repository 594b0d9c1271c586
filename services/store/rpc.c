#include "rpc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "log/log.h"
#include "mailbox/mailbox.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "threads.h"

enum { PILE_LENGTH = 512, LISTEN_MS = 500, ARENA_BYTES = 48 << 20 };
#define QUEUE_GROUP "store"

/* A question as taken: whose asker waits until `until`. */
struct taken {
    const struct question *question;
    struct bus_message *message;
    struct instant began, until;
};

struct rpc {
    struct rpc_options options;
    atomic_bool is_ending;
    struct mailbox *piles[PILES];
    pthread_t receiver, redis_worker;
    pthread_t workers[];
};

static void observe(const struct taken *taken, const char *outcome)
{
    struct metric *duration = metrics_with(metrics_of_store()->rpc_seconds,
                                           METRIC_VALUES(taken->question->name, outcome));
    metric_observe(duration, (double)(clock_now().ns - taken->began.ns) / 1e9);
}

static void taken_free(struct taken *taken)
{
    bus_message_free(&taken->message);
    free(taken);
}

/* ---- the receiver ---- */

static struct instant patience(const struct bus_message *message, struct instant now)
{
    enum { LONGEST_MS = 60 * 1000 };
    int64_t ms = bus_patience_ms(message);
    return instant_plus_ms(now, ms < LONGEST_MS ? ms : LONGEST_MS);
}

static void lay_down(struct rpc *rpc, struct bus_message *message)
{
    struct bus *bus = rpc->options.bus;
    struct error why;
    const struct question *question = question_find(bus_subject(message));
    if (question == NULL) {
        error_set(&why, ERROR_INVALID, "no such question");
        bus_reply_error(bus, message, &why);
        bus_message_free(&message);
        return;
    }
    struct taken *taken = malloc(sizeof *taken);
    CHECK(taken != NULL);
    struct instant now = clock_now();
    *taken = (struct taken){question, message, now, patience(message, now)};
    if (mailbox_post(rpc->piles[question->pile], taken))
        return;
    error_set(&why, ERROR_UNAVAILABLE, "the store has too many questions waiting");
    bus_reply_error(bus, message, &why);
    observe(taken, "shed");
    taken_free(taken);
}

static void *receive(void *context)
{
    struct rpc *rpc = context;
    struct bus_subscription *subscription = NULL;
    struct error why;
    while (!bus_listen(rpc->options.bus, RPC_STORE_ALL, QUEUE_GROUP, &subscription, &why)) {
        if (atomic_load(&rpc->is_ending))
            return NULL;
        store_thread_sleep_ms(LISTEN_MS / 2);
    }
    struct bus_message *message;
    while (!atomic_load(&rpc->is_ending)) {
        if (bus_next(subscription, LISTEN_MS, &message))
            lay_down(rpc, message);
    }
    for (int i = 0; i < PILE_LENGTH && bus_next(subscription, 0, &message); i++)
        lay_down(rpc, message); /* had come before the end */
    bus_unsubscribe(&subscription);
    return NULL;
}

/* ---- the workers ---- */

static void answer(const struct rpc_options *options, struct desk *desk, const struct taken *taken)
{
    if (instant_is_before(taken->until, clock_now())) {
        observe(taken, "too_late");
        return;
    }
    struct bytes reply;
    struct error why;
    desk->made = (struct made_events){0};
    if (taken->question->answer(desk, bus_body(taken->message), &reply, &why)) {
        outbox_publish(options->outbox, &desk->made, bus_trace(taken->message), desk->arena);
        bus_reply(options->bus, taken->message, reply);
        observe(taken, "ok");
        return;
    }
    /* Committed although the answer failed: it must be heard of all the same. */
    outbox_publish(options->outbox, &desk->made, bus_trace(taken->message), desk->arena);
    bus_reply_error(options->bus, taken->message, &why);
    observe(taken, error_kind_name(why.kind));
    if (why.kind == ERROR_INTERNAL)
        log_error("question.failed", LOG_TEXT("question", taken->question->name), LOG_WHY(&why));
    else
        log_debug("question.refused", LOG_TEXT("question", taken->question->name), LOG_WHY(&why));
}

/* Until the pile is closed and empty. */
static void work(const struct rpc *rpc, enum pile pile)
{
    const struct rpc_options *options = &rpc->options;
    struct desk desk = {
        .db = db_new(options->vitals), /* connects when it is first used */
        .cache = cache_new(pile == PILE_REDIS ? options->results : options->cache),
        .limits = options->limits,
        .asked = arena_open(UNPACK_CAP_BYTES),
        .arena = arena_open(ARENA_BYTES),
    };
    for (;;) {
        struct taken *taken =
            mailbox_take(rpc->piles[pile], instant_plus_ms(clock_now(), options->idle_ms));
        if (taken == NULL && atomic_load(&rpc->is_ending))
            break;
        if (taken == NULL) {
            db_rest(desk.db);
            continue;
        }
        answer(options, &desk, taken);
        taken_free(taken);
        arena_reset(desk.asked);
        arena_reset(desk.arena);
    }
    arena_close(&desk.asked);
    arena_close(&desk.arena);
    cache_free(&desk.cache);
    db_free(&desk.db);
}

static void *work_for_leader(void *context)
{
    struct rpc *rpc = context;
    work(rpc, PILE_LEADERS);
    return NULL;
}

static void *work_for_others(void *context)
{
    struct rpc *rpc = context;
    work(rpc, PILE_OTHERS);
    return NULL;
}

static void *work_at_redis(void *context)
{
    struct rpc *rpc = context;
    work(rpc, PILE_REDIS);
    return NULL;
}

struct rpc *rpc_start(const struct rpc_options *options)
{
    CHECK(options->workers >= 2);
    struct rpc *rpc = calloc(1, sizeof *rpc + (size_t)options->workers * sizeof rpc->workers[0]);
    CHECK(rpc != NULL);
    rpc->options = *options;
    for (size_t i = 0; i < PILES; i++)
        rpc->piles[i] = mailbox_new(PILE_LENGTH);
    for (int i = 0; i < options->workers; i++)
        rpc->workers[i] = store_thread_start(i == 0 ? work_for_leader : work_for_others, rpc);
    rpc->redis_worker = store_thread_start(work_at_redis, rpc);
    rpc->receiver = store_thread_start(receive, rpc);
    return rpc;
}

void rpc_stop(struct rpc **rpc)
{
    if (*rpc == NULL)
        return;
    atomic_store(&(*rpc)->is_ending, true);
    pthread_join((*rpc)->receiver, NULL);
    for (size_t i = 0; i < PILES; i++)
        mailbox_close((*rpc)->piles[i]);
    pthread_join((*rpc)->redis_worker, NULL);
    for (int i = 0; i < (*rpc)->options.workers; i++)
        pthread_join((*rpc)->workers[i], NULL);
    for (size_t i = 0; i < PILES; i++)
        mailbox_free(&(*rpc)->piles[i]);
    free(*rpc);
    *rpc = NULL;
}
