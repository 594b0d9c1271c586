/* Adapter: telemetry from the broker into the monitor's mailbox. */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "bus/bus.h"
#include "mailbox/mailbox.h"

struct inbox;

MUST_USE bool inbox_open(struct bus *bus, struct mailbox *mailbox, struct inbox **inbox,
                         struct error *why);
void inbox_close(struct inbox **inbox);
