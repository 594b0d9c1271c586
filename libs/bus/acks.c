/* Answers to what was pulled; one that is lost only means a redelivery. */
#include <inttypes.h>
#include <stdio.h>

#include "bus/parts.h"

static void answer(struct bus *bus, const struct bus_message *message, const char *said)
{
    const char *reply = bus_reply_subject(message);
    natsConnection *connection = bus_connection(bus);
    if (reply != NULL && connection != NULL)
        natsConnection_PublishString(connection, reply, said);
}

void bus_ack(struct bus *bus, const struct bus_message *message)
{
    answer(bus, message, "+ACK");
}

void bus_working(struct bus *bus, const struct bus_message *message)
{
    answer(bus, message, "+WPI");
}

void bus_nak(struct bus *bus, const struct bus_message *message, int64_t delay_ms)
{
    char said[64] = "-NAK";
    if (delay_ms > 0)
        snprintf(said, sizeof said, "-NAK {\"delay\":%" PRId64 "}", delay_ms * CLOCK_MS);
    answer(bus, message, said);
}

void bus_terminate(struct bus *bus, const struct bus_message *message)
{
    answer(bus, message, "+TERM");
}
