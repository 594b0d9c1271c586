#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "bus/parts.h"

static natsStatus add_headers(natsMsg *message, const struct outgoing *outgoing)
{
    char patience[24] = "";
    if (outgoing->patience_ms > 0)
        snprintf(patience, sizeof patience, "%" PRId64, outgoing->patience_ms);
    const char *failure =
        outgoing->failure == NULL ? NULL : error_kind_name(outgoing->failure->kind);
    natsStatus status = message_add_header(message, HEADER_TRACE, outgoing->trace);
    if (status == NATS_OK)
        status = message_add_header(message, HEADER_DEDUP, outgoing->dedup_id);
    if (status == NATS_OK)
        status = message_add_header(message, HEADER_PATIENCE, patience);
    if (status == NATS_OK)
        status = message_add_header(message, HEADER_ERROR, failure);
    return status;
}

bool message_send(struct bus *bus, const struct outgoing *outgoing, struct error *why)
{
    natsConnection *connection = bus_connection(bus);
    if (connection == NULL)
        return error_set(why, ERROR_UNAVAILABLE, "broker, %s: not yet connected",
                         outgoing->subject);
    if (outgoing->body.length > INT32_MAX)
        return message_error(why, NATS_MAX_PAYLOAD, outgoing->subject);
    natsMsg *message = NULL;
    natsStatus status = natsMsg_Create(&message, outgoing->subject, outgoing->reply,
                                       (const char *)outgoing->body.at, (int)outgoing->body.length);
    if (status == NATS_OK)
        status = add_headers(message, outgoing);
    if (status == NATS_OK)
        status = natsConnection_PublishMsg(connection, message);
    remains_add(bus->remains, message);
    return status == NATS_OK || message_error(why, status, outgoing->subject);
}

void bus_inbox(char subject[64])
{
    uint8_t random[20];
    CHECK(getrandom(random, sizeof random, 0) == (ssize_t)sizeof random);
    int used = snprintf(subject, INBOX_SIZE, "_INBOX.");
    for (size_t i = 0; i < sizeof random; i++)
        used += snprintf(subject + used, INBOX_SIZE - (size_t)used, "%02x", random[i]);
}

bool bus_publish(struct bus *bus, const char *subject, struct bytes body, struct error *why)
{
    return message_send(bus, &(struct outgoing){.subject = subject, .body = body}, why);
}

bool bus_ask(struct bus *bus, const char *subject, const char *reply, struct bytes body,
             const char *trace, struct error *why)
{
    struct outgoing outgoing = {.subject = subject, .reply = reply, .body = body, .trace = trace};
    return message_send(bus, &outgoing, why);
}

bool bus_reply(struct bus *bus, const struct bus_message *message, struct bytes body)
{
    const char *reply = bus_reply_subject(message);
    if (reply == NULL)
        return false;
    struct error why;
    if (message_send(bus, &(struct outgoing){.subject = reply, .body = body}, &why))
        return true;
    if (why.kind == ERROR_INVALID) { /* too large for the broker: better than silence */
        error_set(&why, ERROR_INTERNAL, "the answer is too large: %zu bytes", body.length);
        bus_reply_error(bus, message, &why);
    }
    return false;
}

bool bus_reply_error(struct bus *bus, const struct bus_message *message, const struct error *why)
{
    const char *reply = bus_reply_subject(message);
    if (reply == NULL)
        return false;
    struct error sending;
    struct outgoing outgoing = {
        .subject = reply,
        .body = {(const uint8_t *)why->message, strlen(why->message)},
        .failure = why,
    };
    return message_send(bus, &outgoing, &sending);
}
