#include "inbox.h"

#include <string.h>

#include "base/check.h"
#include "messages/messages.h"
#include "messages/subjects.h"
#include "metrics.h"

enum { LETTERS = 4096, PERMIT_ARENA_BYTES = 16 * 1024, CLASSES = 4 };

/* In the order in which they are taken. */
static const Tp__ServiceClass ORDER[CLASSES] = {
    TP__SERVICE_CLASS__INTERACTIVE, TP__SERVICE_CLASS__PREMIUM, TP__SERVICE_CLASS__STANDARD,
    TP__SERVICE_CLASS__BACKGROUND};

struct inbox {
    struct bus *bus;
    void (*wake)(void *context);
    void *context;
    struct mailbox *letters;
    char reply_subject[64];
    struct bus_subscription *permits, *cancels;
    struct bus_pull *pulls[CLASSES];
};

void letter_free(struct letter **letter)
{
    if (*letter == NULL)
        return;
    free(*letter);
    *letter = NULL;
}

/* One that is lost: the ask is repeated, the lease ends the call. */
static void post(struct inbox *inbox, struct letter *letter)
{
    if (!mailbox_post(inbox->letters, letter)) {
        letter_free(&letter);
        return;
    }
    inbox->wake(inbox->context);
}

static struct letter *letter_new(enum letter_kind kind, const char *job_id)
{
    struct letter *letter = calloc(1, sizeof *letter);
    CHECK(letter != NULL);
    letter->kind = kind;
    strncpy(letter->job_id, job_id, sizeof letter->job_id - 1);
    return letter;
}

static void hear_permit(void *context, struct bus_message *message)
{
    SCOPED(arena_close) struct arena *arena = arena_open(PERMIT_ARENA_BYTES);
    const Tp__PermitAnswer *answer;
    struct error why;
    if (!unpack_permit_answer(arena, bus_body(message), &answer, &why)) {
        analyzer_metrics_refused();
        return;
    }
    struct letter *letter = letter_new(LETTER_PERMIT, answer->job_id);
    letter->permit = (struct flow_permit){.job_id = letter->job_id,
                                          .chunk_number = answer->chunk_number,
                                          .attempt = answer->attempt,
                                          .ask_number = answer->ask_number,
                                          .is_permitted = answer->verdict == TP__VERDICT__PERMITTED,
                                          .lease_left_ms = answer->lease_left_ms,
                                          .life_ms = answer->life_ms};
    post(context, letter);
}

static void hear_cancel(void *context, struct bus_message *message)
{
    const char *job_id = strrchr(bus_subject(message), '.');
    if (job_id != NULL && strlen(job_id + 1) < FLOW_JOB_SIZE)
        post(context, letter_new(LETTER_CANCEL, job_id + 1));
}

static bool open_pulls(struct inbox *inbox, struct error *why)
{
    for (size_t i = 0; i < CLASSES; i++) {
        const char *consumer = class_name(ORDER[i]);
        if (!bus_pull_open(inbox->bus, STREAM_WORK, consumer, &inbox->pulls[i], why))
            return error_prefix(why, "pull of %s", consumer);
        bus_pull_on_arrival(inbox->pulls[i], inbox->wake, inbox->context);
    }
    return true;
}

bool inbox_open(struct bus *bus, void (*wake)(void *context), void *context, struct inbox **inbox,
                struct error *why)
{
    SCOPED(inbox_close) struct inbox *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->bus = bus;
    made->wake = wake;
    made->context = context;
    made->letters = mailbox_new(LETTERS);
    bus_inbox(made->reply_subject);
    if (!bus_subscribe(bus, made->reply_subject, NULL, hear_permit, made, &made->permits, why) ||
        !bus_subscribe(bus, SUBJECT_CANCEL_ALL, NULL, hear_cancel, made, &made->cancels, why) ||
        !open_pulls(made, why))
        return false;
    *inbox = TAKE(made);
    return true;
}

static void return_rest(struct inbox *inbox, struct bus_pull *pull)
{
    struct bus_message *message;
    while ((message = bus_pull_next(pull, 0, 0)) != NULL) {
        bus_nak(inbox->bus, message, 0);
        bus_message_free(&message);
    }
}

void inbox_stop_pulling(struct inbox *inbox)
{
    for (size_t i = 0; i < CLASSES; i++) {
        if (inbox->pulls[i] == NULL)
            continue;
        return_rest(inbox, inbox->pulls[i]);
        bus_pull_close(&inbox->pulls[i]);
    }
}

void inbox_close(struct inbox **inbox)
{
    if (*inbox == NULL)
        return;
    inbox_stop_pulling(*inbox);
    bus_unsubscribe(&(*inbox)->cancels);
    bus_unsubscribe(&(*inbox)->permits);
    for (struct letter *letter; (letter = inbox_letter(*inbox)) != NULL;)
        letter_free(&letter);
    mailbox_free(&(*inbox)->letters);
    free(*inbox);
    *inbox = NULL;
}

const char *inbox_reply_subject(const struct inbox *inbox)
{
    return inbox->reply_subject;
}

struct letter *inbox_letter(struct inbox *inbox)
{
    return mailbox_try_take(inbox->letters);
}

struct bus_message *inbox_dispatch(struct inbox *inbox, int room)
{
    for (size_t i = 0; i < CLASSES && inbox->pulls[i] != NULL; i++) {
        struct bus_message *message = bus_pull_next(inbox->pulls[i], room, 0);
        if (message != NULL)
            return message;
    }
    return NULL;
}
