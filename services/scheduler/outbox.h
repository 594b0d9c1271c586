/* From actions to messages, metrics and log lines. Makes no decisions and never waits.
 *
 *   outbox_open() -> outbox_keep() what was granted, outbox_perform() what the core says
 *                 -> outbox_close() waits for the broker's last acks
 *
 * The owner thread's.
 */
#pragma once

#include "bus/bus.h"
#include "errands.h"
#include "forecaster.h"
#include "letters.h"

struct outbox;

/* Lends all four. */
struct outbox *outbox_open(struct bus *bus, struct mailbox *mailbox, struct errands *errands,
                           struct forecaster *forecaster);
void outbox_close(struct outbox **outbox);

/* The dispatches that a batch's answer brought: kept until the core has them sent or forgotten. */
void outbox_keep(struct outbox *outbox, const struct letter *letter);

void outbox_perform(struct outbox *outbox, const struct action *action);
