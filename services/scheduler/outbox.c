#include "outbox.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "log/log.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "parcels.h"
#include "translate.h"

enum { STORE_TIMEOUT_MS = 2000, ANSWER_CAP_BYTES = 16 * 1024 };

struct outbox {
    struct bus *bus;
    struct mailbox *mailbox;
    struct errands *errands;
    struct forecaster *forecaster;
    struct parcels *parcels;
    struct arena *arena; /* of one message */
    pthread_mutex_t lock;
    pthread_cond_t all_told;
    size_t untold; /* dispatches whose fate the broker has not told; guarded by lock */
};

/* A dispatch on its way to the broker. */
struct passage {
    struct outbox *outbox;
    struct attempt_id id;
};

struct outbox *outbox_open(struct bus *bus, struct mailbox *mailbox, struct errands *errands,
                           struct forecaster *forecaster)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    CHECK(outbox);
    outbox->bus = bus;
    outbox->mailbox = mailbox;
    outbox->errands = errands;
    outbox->forecaster = forecaster;
    outbox->parcels = parcels_new();
    outbox->arena = arena_open(ANSWER_CAP_BYTES);
    CHECK(pthread_mutex_init(&outbox->lock, NULL) == 0);
    CHECK(pthread_cond_init(&outbox->all_told, NULL) == 0);
    return outbox;
}

void outbox_close(struct outbox **outbox)
{
    if (*outbox == NULL)
        return;
    CHECK(pthread_mutex_lock(&(*outbox)->lock) == 0);
    while ((*outbox)->untold > 0) /* each is told within STORE_TIMEOUT_MS */
        CHECK(pthread_cond_wait(&(*outbox)->all_told, &(*outbox)->lock) == 0);
    CHECK(pthread_mutex_unlock(&(*outbox)->lock) == 0);
    CHECK(pthread_cond_destroy(&(*outbox)->all_told) == 0);
    CHECK(pthread_mutex_destroy(&(*outbox)->lock) == 0);
    parcels_free(&(*outbox)->parcels);
    arena_close(&(*outbox)->arena);
    free(*outbox);
    *outbox = NULL;
}

void outbox_keep(struct outbox *outbox, const struct letter *letter)
{
    if (letter->granted == NULL)
        return;
    for (size_t i = 0; i < letter->granted->n_items; i++) {
        const Tp__Dispatch *dispatch = letter->granted->items[i]->dispatch;
        if (dispatch == NULL)
            continue;
        struct attempt_id id =
            translate_attempt(dispatch->job_id, dispatch->chunk_number, dispatch->attempt);
        parcels_keep(outbox->parcels, &id, pack_dispatch(letter->arena, dispatch));
    }
}

/* On a broker thread. */
static void on_stored(void *context, const struct error *why)
{
    struct passage *passage = context;
    struct outbox *outbox = passage->outbox;
    if (why != NULL) {
        log_warn("dispatch.unstored", LOG_TEXT("job", passage->id.job_id),
                 LOG_INT("chunk", passage->id.chunk_number),
                 LOG_INT("attempt", passage->id.attempt), LOG_WHY(why));
        struct event event = {.kind = EVENT_DISPATCH_FAILED, .attempt = passage->id};
        if (!letter_try_post(outbox->mailbox, &event, NULL))
            scheduler_metrics_refused("full"); /* it is published again later anyway */
    }
    free(passage);
    CHECK(pthread_mutex_lock(&outbox->lock) == 0);
    if (--outbox->untold == 0)
        pthread_cond_signal(&outbox->all_told);
    CHECK(pthread_mutex_unlock(&outbox->lock) == 0);
}

static void publish(struct outbox *outbox, const struct action *action)
{
    const struct attempt_id *id = &action->dispatch.id;
    struct bytes packed = parcels_find(outbox->parcels, id);
    if (!packed.at) { /* the store's dispatch was for another attempt than its row */
        log_error("dispatch.missing", LOG_TEXT("job", id->job_id),
                  LOG_INT("chunk", id->chunk_number), LOG_INT("attempt", id->attempt));
        return;
    }
    struct passage *passage = malloc(sizeof *passage);
    CHECK(passage);
    *passage = (struct passage){.outbox = outbox, .id = *id};
    CHECK(pthread_mutex_lock(&outbox->lock) == 0);
    outbox->untold++;
    CHECK(pthread_mutex_unlock(&outbox->lock) == 0);
    char subject[SUBJECT_SIZE];
    subject_work(translate_class(action->dispatch.service_class), subject);
    bus_store_async(outbox->bus, subject, packed, NULL, NULL, STORE_TIMEOUT_MS, on_stored, passage);
    log_debug("chunk.dispatched", LOG_TEXT("job", id->job_id), LOG_INT("chunk", id->chunk_number),
              LOG_INT("attempt", id->attempt), LOG_INT("again", action->dispatch.is_again));
}

static void answer(struct outbox *outbox, const struct action *action)
{
    const struct attempt_id *id = &action->answer.id;
    Tp__PermitAnswer said = TP__PERMIT_ANSWER__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.job_id = id->job_id;
    said.chunk_number = id->chunk_number;
    said.attempt = id->attempt;
    said.ask_number = action->answer.ask_number;
    said.verdict = action->answer.is_permitted ? TP__VERDICT__PERMITTED : TP__VERDICT__DROP;
    said.epoch = action->epoch;
    said.lease_left_ms = action->answer.lease_left_ms;
    said.life_ms = action->answer.life_ms;
    struct error why;
    if (!bus_publish(outbox->bus, action->answer.reply, pack_permit_answer(outbox->arena, &said),
                     &why))
        log_debug("permit.unsent", LOG_TEXT("job", id->job_id), LOG_WHY(&why));
    arena_reset(outbox->arena);
}

void outbox_perform(struct outbox *outbox, const struct action *action)
{
    switch (action->kind) {
    case ACTION_ASK_LEASE:
    case ACTION_RESIGN:
    case ACTION_ASK_SNAPSHOT:
    case ACTION_ASK_CHANGED:
    case ACTION_ASK_JOB:
    case ACTION_ASK_BATCH:
    case ACTION_ASK_HEAL:
        errands_send(outbox->errands, action);
        return;
    case ACTION_DISPATCH:
        publish(outbox, action);
        return;
    case ACTION_FORGET:
        parcels_drop(outbox->parcels, &action->dispatch.id);
        return;
    case ACTION_ANSWER:
        answer(outbox, action);
        return;
    case ACTION_EXPLAIN:
        forecaster_explain(outbox->forecaster, action);
        return;
    case ACTION_SERVED:
        scheduler_metrics_waited(action->waited_ms);
        return;
    case ACTION_LEAD:
        log_info("lead.taken", LOG_INT("epoch", action->epoch));
        return;
    case ACTION_YIELD:
        parcels_drop_all(outbox->parcels);
        log_info("lead.left", LOG_INT("epoch", action->epoch));
        return;
    }
    CHECK_UNREACHABLE();
}
