#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "bus/parts.h"

enum { MAX_HEADER_BYTES = 200 };

/* What the library's statuses mean for the caller; any other one is our fault. */
static const struct {
    natsStatus status;
    enum error_kind kind;
} MEANINGS[] = {
    {NATS_INSUFFICIENT_BUFFER, ERROR_UNAVAILABLE}, /* no connection: nothing is buffered */
    {NATS_CONNECTION_CLOSED, ERROR_UNAVAILABLE},
    {NATS_CONNECTION_DISCONNECTED, ERROR_UNAVAILABLE},
    {NATS_NOT_YET_CONNECTED, ERROR_UNAVAILABLE},
    {NATS_NO_SERVER, ERROR_UNAVAILABLE},
    {NATS_STALE_CONNECTION, ERROR_UNAVAILABLE},
    {NATS_NO_RESPONDERS, ERROR_UNAVAILABLE},
    {NATS_IO_ERROR, ERROR_TIMEOUT}, /* part of it may have left */
    {NATS_TIMEOUT, ERROR_TIMEOUT},
    {NATS_MAX_PAYLOAD, ERROR_INVALID},
    {NATS_INVALID_SUBJECT, ERROR_INVALID},
    {NATS_INVALID_ARG, ERROR_INVALID},
    {NATS_NOT_PERMITTED, ERROR_DENIED},
};

bool message_error(struct error *why, natsStatus status, const char *subject)
{
    enum error_kind kind = ERROR_INTERNAL;
    for (size_t i = 0; i < sizeof MEANINGS / sizeof MEANINGS[0]; i++) {
        if (MEANINGS[i].status == status)
            kind = MEANINGS[i].kind;
    }
    return error_set(why, kind, "broker, %s: %s", subject, natsStatus_GetText(status));
}

/* Printable ASCII: nobody smuggles a header in. */
static bool is_header_value(const char *value)
{
    size_t length = strnlen(value, MAX_HEADER_BYTES + 1);
    if (length == 0 || length > MAX_HEADER_BYTES)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < 0x21 || value[i] > 0x7E)
            return false;
    }
    return true;
}

natsStatus message_add_header(natsMsg *message, const char *name, const char *value)
{
    if (value == NULL || !is_header_value(value))
        return NATS_OK;
    return natsMsgHeader_Set(message, name, value);
}

/* The library parses headers when they are first asked for, hence its missing const. */
const char *message_header(const natsMsg *message, const char *name)
{
    const char *value;
    union {
        const natsMsg *lent;
        natsMsg *parsed;
    } same = {message};
    return natsMsgHeader_Get(same.parsed, name, &value) == NATS_OK ? value : NULL;
}

struct bus_message *message_keep(struct bus_message *lent)
{
    struct bus_message *kept = malloc(sizeof *kept);
    CHECK(kept != NULL);
    *kept = *lent;
    lent->nats = NULL;
    return kept;
}

void bus_message_free(struct bus_message **message)
{
    if (*message == NULL)
        return;
    natsMsg_Destroy((*message)->nats);
    free(*message);
    *message = NULL;
}

void bus_drop_body(struct bus_message *message)
{
    natsMsg *rest = NULL;
    CHECK(natsMsg_Create(&rest, bus_subject(message), bus_reply_subject(message), NULL, 0) ==
          NATS_OK);
    CHECK(message_add_header(rest, HEADER_TRACE, bus_trace(message)) == NATS_OK);
    natsMsg_Destroy(message->nats);
    message->nats = rest;
}

struct bytes bus_body(const struct bus_message *message)
{
    return (struct bytes){(const uint8_t *)natsMsg_GetData(message->nats),
                          (size_t)natsMsg_GetDataLength(message->nats)};
}

const char *bus_subject(const struct bus_message *message)
{
    return natsMsg_GetSubject(message->nats);
}

const char *bus_trace(const struct bus_message *message)
{
    return message_header(message->nats, HEADER_TRACE);
}

const char *bus_reply_subject(const struct bus_message *message)
{
    return natsMsg_GetReply(message->nats);
}

bool bus_wants_reply(const struct bus_message *message)
{
    return bus_reply_subject(message) != NULL;
}

int64_t bus_patience_ms(const struct bus_message *message)
{
    const char *said = message_header(message->nats, HEADER_PATIENCE);
    int64_t patience_ms;
    if (said == NULL || !number_parse_int(said, &patience_ms) || patience_ms < 0)
        return INT64_MAX;
    int64_t waited_ms = instant_ms_between(message->received, clock_now());
    return waited_ms >= patience_ms ? 0 : patience_ms - waited_ms;
}
