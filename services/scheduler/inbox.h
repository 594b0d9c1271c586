/* From messages to events: what the scheduler hears, unpacked on the broker's threads.
 *
 *   inbox_open() -> letters come to the mailbox -> inbox_close()
 *
 * Makes no decisions: leader or standby, all is handed on. What cannot be read or does not fit is
 * counted and dropped; the re-reading makes up for it.
 */
#pragma once

#include "base/error.h"
#include "bus/bus.h"
#include "mailbox/mailbox.h"

struct inbox;

/* Lends the bus and the mailbox. */
MUST_USE bool inbox_open(struct bus *bus, struct mailbox *mailbox, struct inbox **inbox,
                         struct error *why);
void inbox_close(struct inbox **inbox);
