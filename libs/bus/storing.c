#include <stdlib.h>

#include "base/check.h"
#include "bus/parts.h"
#include "bus/verdict.h"

enum { MIN_AGAIN_MS = 100 };

static bool store_once(struct bus *bus, struct outgoing *outgoing, int64_t timeout_ms,
                       struct error *why)
{
    natsMsg *answer;
    if (!question_wait(bus, outgoing, timeout_ms, &answer, why))
        return false;
    int code;
    bool is_stored = verdict_read(answer, &code, why);
    natsMsg_Destroy(answer);
    return is_stored || error_prefix(why, "storing to %s", outgoing->subject);
}

bool bus_store(struct bus *bus, const char *subject, struct bytes body, const char *dedup_id,
               const char *trace, int64_t timeout_ms, struct error *why)
{
    struct instant deadline = instant_plus_ms(clock_now(), timeout_ms);
    struct outgoing outgoing = {
        .subject = subject, .body = body, .trace = trace, .dedup_id = dedup_id};
    if (store_once(bus, &outgoing, timeout_ms, why))
        return true;
    if (why->kind == ERROR_TIMEOUT) /* a missing stream whose subject somebody else hears */
        bus_want_streams(bus);
    if (why->kind != ERROR_UNAVAILABLE || !bus_is_connected(bus))
        return false;
    if (!bus_provision(bus, why))
        return false;
    int64_t left_ms = instant_ms_between(clock_now(), deadline);
    return store_once(bus, &outgoing, left_ms > MIN_AGAIN_MS ? left_ms : MIN_AGAIN_MS, why);
}

struct storing {
    struct bus *bus;
    bus_stored *done;
    void *context;
};

static void storing_done(void *context, natsMsg *answer, const struct error *failed)
{
    struct storing *storing = context;
    struct error why;
    bool is_stored = false;
    if (answer == NULL) {
        why = *failed;
    } else if (natsMsg_IsNoResponders(answer)) {
        message_error(&why, NATS_NO_RESPONDERS, "stream");
    } else {
        int code;
        is_stored = verdict_read(answer, &code, &why);
    }
    remains_add(storing->bus->remains, answer);
    if (!is_stored && (why.kind == ERROR_TIMEOUT || why.kind == ERROR_UNAVAILABLE))
        bus_want_streams(storing->bus);
    storing->done(storing->context, is_stored ? NULL : &why);
    free(storing);
}

/* A question has that many parts. NOLINTNEXTLINE(readability-function-size) */
void bus_store_async(struct bus *bus, const char *subject, struct bytes body, const char *dedup_id,
                     const char *trace, int64_t timeout_ms, bus_stored *done, void *context)
{
    struct storing *storing = malloc(sizeof *storing);
    CHECK(storing != NULL);
    *storing = (struct storing){bus, done, context};
    struct outgoing outgoing = {
        .subject = subject, .body = body, .trace = trace, .dedup_id = dedup_id};
    question_ask(bus, &outgoing, timeout_ms, storing_done, storing);
}
