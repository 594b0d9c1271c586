#include "inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "letters.h"
#include "log/log.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "translate.h"

/* One subscription: what it hears becomes one kind of event. The arena is of the message. */
struct ear {
    struct mailbox *mailbox;
    bool (*read)(struct ear *ear, const struct bus_message *message, struct error *why);
    struct arena *arena;
    struct bus_subscription *subscription;
};

enum { EARS = 6 };
struct inbox {
    struct ear ears[EARS];
};

static void post(struct ear *ear, const struct event *event, struct arena *arena)
{
    if (!letter_try_post(ear->mailbox, event, arena))
        scheduler_metrics_refused("full");
}

static bool read_reply(const struct bus_message *message, char subject[REPLY_SUBJECT_SIZE],
                       struct error *why)
{
    const char *reply = bus_reply_subject(message);
    if (reply == NULL || strlen(reply) >= REPLY_SUBJECT_SIZE)
        return error_set(why, ERROR_INVALID, "an ask without a usable reply subject");
    strcpy(subject, reply);
    return true;
}

static bool read_ask(struct ear *ear, const struct bus_message *message, struct error *why)
{
    const Tp__PermitAsk *ask;
    if (!unpack_permit_ask(ear->arena, bus_body(message), &ask, why))
        return false;
    struct event event = {.kind = EVENT_PERMIT_ASK};
    event.ask.id = translate_attempt(ask->job_id, ask->chunk_number, ask->attempt);
    event.ask.ask_number = ask->ask_number;
    event.ask.is_free = ask->is_free;
    snprintf(event.ask.instance_id, INSTANCE_ID_SIZE, "%s", ask->instance_id);
    if (!read_reply(message, event.ask.reply, why))
        return false;
    post(ear, &event, NULL);
    return true;
}

static bool read_waiting(struct ear *ear, const struct bus_message *message, struct error *why)
{
    const Tp__WaitingAsk *ask;
    if (!unpack_waiting_ask(ear->arena, bus_body(message), &ask, why))
        return false;
    struct event event = {.kind = EVENT_WAITING_ASK};
    snprintf(event.waiting.job_id, JOB_ID_SIZE, "%s", ask->job_id);
    if (!read_reply(message, event.waiting.reply, why))
        return false;
    post(ear, &event, NULL);
    return true;
}

static bool read_heartbeat(struct ear *ear, const struct bus_message *message, struct error *why)
{
    const Tp__Heartbeat *heartbeat;
    if (!unpack_heartbeat(ear->arena, bus_body(message), &heartbeat, why))
        return false;
    struct event event = {.kind = EVENT_HEARTBEAT, .heartbeat.slots = heartbeat->slots};
    snprintf(event.heartbeat.instance_id, INSTANCE_ID_SIZE, "%s", heartbeat->instance_id);
    post(ear, &event, NULL);
    return true;
}

static bool read_outcome(struct ear *ear, const struct bus_message *message, struct error *why)
{
    const Tp__Outcome *outcome;
    if (!unpack_outcome(ear->arena, bus_body(message), &outcome, why))
        return false;
    struct event event = {.kind = EVENT_OUTCOME};
    translate_outcome(outcome, &event.outcome);
    post(ear, &event, NULL);
    return true;
}

static bool read_job_event(struct ear *ear, const struct bus_message *message, struct error *why)
{
    SCOPED(arena_close) struct arena *arena = arena_open(LETTER_CAP_BYTES);
    const Tp__JobEvent *happened;
    if (!unpack_job_event(arena, bus_body(message), &happened, why))
        return false;
    struct job_facts *facts = arena_new(arena, sizeof *facts);
    translate_job(arena, happened->job, facts);
    struct event event = {.kind = EVENT_JOB_EVENT,
                          .job_event = {.job = facts, .number = happened->number}};
    post(ear, &event, TAKE(arena));
    return true;
}

static bool read_control(struct ear *ear, const struct bus_message *message, struct error *why)
{
    SCOPED(arena_close) struct arena *arena = arena_open(LETTER_CAP_BYTES);
    const Tp__ControlChanged *changed;
    if (!unpack_control_changed(arena, bus_body(message), &changed, why))
        return false;
    struct event event = {
        .kind = EVENT_CONTROL,
        .control = translate_controls(arena, (Tp__Control *const *)&changed->control, 1)};
    post(ear, &event, TAKE(arena));
    return true;
}

/* On the bus's thread, in the broker's order. */
static void hear(void *context, struct bus_message *message)
{
    struct ear *ear = context;
    struct error why;
    if (!ear->read(ear, message, &why)) {
        scheduler_metrics_refused("invalid");
        log_warn("message.invalid", LOG_TEXT("subject", bus_subject(message)), LOG_WHY(&why));
    }
    arena_reset(ear->arena);
}

bool inbox_open(struct bus *bus, struct mailbox *mailbox, struct inbox **out, struct error *why)
{
    static const struct {
        const char *subject;
        bool (*read)(struct ear *ear, const struct bus_message *message, struct error *why);
    } SUBJECTS[EARS] = {
        {RPC_SCHEDULER_PERMIT, read_ask},          {RPC_SCHEDULER_WAITING, read_waiting},
        {RPC_SCHEDULER_HEARTBEAT, read_heartbeat}, {SUBJECT_RESULT, read_outcome},
        {SUBJECT_EVENTS_ALL, read_job_event},      {SUBJECT_CONTROL, read_control},
    };
    SCOPED(inbox_close) struct inbox *inbox = calloc(1, sizeof *inbox);
    CHECK(inbox);
    for (int i = 0; i < EARS; i++) {
        struct ear *ear = &inbox->ears[i];
        ear->mailbox = mailbox;
        ear->read = SUBJECTS[i].read;
        ear->arena = arena_open(UNPACK_CAP_BYTES);
        /* No queue group: every scheduler hears everything, only the leader answers. */
        if (!bus_subscribe(bus, SUBJECTS[i].subject, NULL, hear, ear, &ear->subscription, why))
            return false;
    }
    *out = TAKE(inbox);
    return true;
}

void inbox_close(struct inbox **inbox)
{
    if (*inbox == NULL)
        return;
    for (int i = 0; i < EARS; i++) {
        struct ear *ear = &(*inbox)->ears[i];
        if (ear->subscription != NULL)
            bus_unsubscribe(&ear->subscription);
        arena_close(&ear->arena);
    }
    free(*inbox);
    *inbox = NULL;
}
