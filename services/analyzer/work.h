/* One dispatch in hand: all that the shell keeps of it, in one place and one arena. */
#pragma once

#include "bus/bus.h"
#include "flow.h"
#include "llm.h"
#include "messages/messages.h"
#include "outbox.h"

struct work {
    struct work *next;
    struct bus_message *message;
    struct arena *arena; /* of the dispatch */
    const Tp__Dispatch *dispatch;
    struct instant taken_at, called_at;
    struct flow_item *item;    /* once its call runs */
    const struct llm *llm;     /* once it was called; lent */
    struct llm_call *call;     /* while it runs */
    struct delivery *delivery; /* once it is over */
    struct analyzer *analyzer;
};

/* Takes the message. False, and the message is still the caller's: it cannot be read. */
MUST_USE bool work_open(struct bus_message **message, struct instant now, struct work **work,
                        struct error *why);
void work_close(struct work **work);

struct flow_dispatch work_dispatch(const struct work *work);

/* "chunk" of the log's lines: job, chunk, attempt. */
#define LOG_WORK(work)                                                                             \
    LOG_TEXT("job", (work)->dispatch->job_id), LOG_INT("chunk", (work)->dispatch->chunk_number),   \
        LOG_INT("attempt", (work)->dispatch->attempt)
