/* Conversations with the store: asked by the owner thread, which never waits, carried on by three
 * clerks (the lease, the batches, the reading), and answered by a letter each, if only by "no
 * answer".
 *
 *   errands_open() -> errands_send() ... -> errands_close() finishes what was sent
 */
#pragma once

#include "bus/bus.h"
#include "core/facts.h"
#include "mailbox/mailbox.h"

struct errands;

struct errands_options {
    struct bus *bus;         /* lent */
    struct mailbox *mailbox; /* lent; where the answers go */
    const char *holder;      /* lent; who holds the lease: one incarnation of this process */
    int64_t lead_lease_ms;
};

struct errands *errands_open(const struct errands_options *options);
void errands_close(struct errands **errands);

/* One of the ACTION_ASK_* or ACTION_RESIGN; copied. */
void errands_send(struct errands *errands, const struct action *action);
