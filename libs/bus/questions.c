#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "bus/parts.h"

void question_ask(struct bus *bus, struct outgoing *question, int64_t timeout_ms, reply_done *done,
                  void *context)
{
    struct error why;
    char token[REPLY_TOKEN_SIZE], reply[INBOX_SIZE + REPLY_TOKEN_SIZE];
    if (!replies_expect(bus->replies, timeout_ms, done, context, token)) {
        error_set(&why, ERROR_BUSY, "too many questions wait for their answers");
        done(context, NULL, &why);
        return;
    }
    snprintf(reply, sizeof reply, "%s.%s", bus->inbox, token);
    question->reply = reply;
    bool is_sent = message_send(bus, question, &why);
    question->reply = NULL;
    if (!is_sent && replies_forget(bus->replies, token))
        done(context, NULL, &why);
}

/* One thread waiting for one answer. */
struct waiter {
    sem_t is_done;
    natsMsg *answer;
    struct error *why;
};

static void waiter_done(void *context, natsMsg *answer, const struct error *why)
{
    struct waiter *waiter = context;
    waiter->answer = answer;
    if (answer == NULL)
        *waiter->why = *why;
    CHECK(sem_post(&waiter->is_done) == 0);
}

bool question_wait(struct bus *bus, struct outgoing *question, int64_t timeout_ms, natsMsg **answer,
                   struct error *why)
{
    struct waiter waiter = {.why = why};
    CHECK(sem_init(&waiter.is_done, 0, 0) == 0);
    question_ask(bus, question, timeout_ms, waiter_done, &waiter);
    while (sem_wait(&waiter.is_done) != 0)
        continue; /* a signal came */
    CHECK(sem_destroy(&waiter.is_done) == 0);
    *answer = waiter.answer;
    if (waiter.answer == NULL)
        return false;
    if (natsMsg_IsNoResponders(waiter.answer)) {
        natsMsg_Destroy(waiter.answer);
        return message_error(why, NATS_NO_RESPONDERS, question->subject);
    }
    return true;
}

/* What the responder answered: its bytes, lent, or its error as it was set there. */
static bool look_at_answer(const natsMsg *answer, struct bytes *said, struct error *why)
{
    *said = (struct bytes){(const uint8_t *)natsMsg_GetData(answer),
                           (size_t)natsMsg_GetDataLength(answer)};
    const char *failure = message_header(answer, HEADER_ERROR);
    if (failure == NULL)
        return true;
    enum error_kind kind;
    if (!error_kind_parse(failure, &kind))
        kind = ERROR_INTERNAL;
    const char *text = said->at == NULL ? "" : (const char *)said->at;
    return error_set(why, kind, "%.*s", (int)said->length, text);
}

static bool read_answer(const natsMsg *answer, struct arena *arena, struct bytes *reply,
                        struct error *why)
{
    struct bytes said;
    if (!look_at_answer(answer, &said, why))
        return false;
    uint8_t *copy = arena_try(arena, said.length + 1);
    if (copy == NULL)
        return error_set(why, ERROR_INTERNAL, "an answer of %zu bytes is too large here",
                         said.length);
    if (said.length > 0)
        memcpy(copy, said.at, said.length);
    *reply = (struct bytes){copy, said.length};
    return true;
}

/* A question has that many parts. NOLINTNEXTLINE(readability-function-size) */
bool bus_request(struct bus *bus, const char *subject, struct bytes body, int64_t timeout_ms,
                 const char *trace, struct arena *arena, struct bytes *reply, struct error *why)
{
    struct outgoing question = {
        .subject = subject, .body = body, .trace = trace, .patience_ms = timeout_ms};
    natsMsg *answer;
    if (!question_wait(bus, &question, timeout_ms, &answer, why))
        return false;
    bool is_read = read_answer(answer, arena, reply, why);
    remains_add(bus->remains, answer);
    return is_read;
}

struct asking {
    bus_answered *done;
    void *context;
    char subject[SUBJECT_MAX_SIZE]; /* for the error's text */
};

static void asking_done(void *context, natsMsg *answer, const struct error *failed)
{
    struct asking *asking = context;
    struct bytes said = {0};
    struct error why;
    bool is_answered = false;
    if (answer == NULL)
        why = *failed;
    else if (natsMsg_IsNoResponders(answer))
        message_error(&why, NATS_NO_RESPONDERS, asking->subject);
    else
        is_answered = look_at_answer(answer, &said, &why);
    asking->done(asking->context, said, is_answered ? NULL : &why);
    natsMsg_Destroy(answer);
    free(asking);
}

/* A question has that many parts. NOLINTNEXTLINE(readability-function-size) */
void bus_request_async(struct bus *bus, const char *subject, struct bytes body, int64_t timeout_ms,
                       bus_answered *done, void *context)
{
    struct asking *asking = malloc(sizeof *asking);
    CHECK(asking != NULL);
    *asking = (struct asking){.done = done, .context = context};
    snprintf(asking->subject, sizeof asking->subject, "%s", subject);
    struct outgoing question = {.subject = subject, .body = body, .patience_ms = timeout_ms};
    question_ask(bus, &question, timeout_ms, asking_done, asking);
}
