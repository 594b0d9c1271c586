/* Events on their way to the broker.
 *
 * Whoever has committed events publishes them at once; the broker's acks are gathered here until
 * the caretaker marks those events as published. What is lost in between is published again from
 * the table: readers go by number. A cancelled or expired job is also called out on tp.cancel, so
 * that its running calls stop; a control that was set is said on tp.control. Thread-safe.
 */
#pragma once

#include <stddef.h>

#include "base/uuid.h"
#include "bus/bus.h"
#include "views.h"

struct outbox;

struct published {
    char job_id[UUID_TEXT_SIZE];
    uint32_t number;
};

struct outbox *outbox_new(struct bus *bus); /* lends the bus */
/* Waits for the acks still out, which all come within seconds. */
void outbox_free(struct outbox **outbox);

/* Returns at once. trace is a traceparent or NULL. */
void outbox_publish(struct outbox *outbox, const struct made_events *events, const char *trace,
                    struct arena *arena);

/* Takes up to `max` of those that were acked; answers how many. */
size_t outbox_take_published(struct outbox *outbox, struct published *list, size_t max);
