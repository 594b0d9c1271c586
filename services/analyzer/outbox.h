/* What goes out over the broker: asks, heartbeats, and outcomes until they are stored. */
#pragma once

#include "base/clock.h"
#include "bus/bus.h"
#include "core/flow.h"
#include "messages/messages.h"

/* Who asks, and where the answers go. Lent. */
struct outbox {
    struct bus *bus;
    const char *instance_id, *reply_subject;
};

/* A lost ask is repeated and a lost heartbeat is followed by the next: neither is told of. */
void outbox_ask(const struct outbox *outbox, const Tp__Dispatch *dispatch,
                const struct flow_action *action, const char *trace);
void outbox_beat(const struct outbox *outbox, int slots, int busy);

/* One outcome on its way: it is published until it is stored. */
struct delivery;

/* Packs it; `wake` is called on a broker thread when there is news. trace is copied. */
struct delivery *delivery_new(struct bus *bus, const Tp__Outcome *outcome, const char *trace,
                              void (*wake)(void *context), void *context);
/* Not while it is under way: is_stored, or never moved. */
void delivery_free(struct delivery **delivery);

/* Publishes it if that is due. True once it is stored; `why` is filled and *has_failed set when a
 * try has just failed. */
bool delivery_move(struct delivery *delivery, struct instant now, bool *has_failed,
                   struct error *why);
/* When delivery_move() has something to do by itself. */
struct instant delivery_next_at(struct delivery *delivery);
int delivery_tries(const struct delivery *delivery);
