/* What comes in over the broker: dispatches by pulling, permits and cancellations by subscription.
 * Messages become events here, nothing is decided. */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "bus/bus.h"
#include "letter.h"
#include "mailbox/mailbox.h"

struct inbox;

/* wake is called on broker threads whenever a letter or a dispatch may be waiting. */
MUST_USE bool inbox_open(struct bus *bus, void (*wake)(void *context), void *context,
                         struct inbox **inbox, struct error *why);
void inbox_close(struct inbox **inbox);

/* Pulls no more, and hands back what has come and was not taken. */
void inbox_stop_pulling(struct inbox *inbox);

/* Where permits are to be sent. */
const char *inbox_reply_subject(const struct inbox *inbox);

/* The next letter, or NULL. */
struct letter *inbox_letter(struct inbox *inbox);
void letter_free(struct letter **letter);

/* The next dispatch, interactive ones first, or NULL; asks the broker for up to `room` more. */
struct bus_message *inbox_dispatch(struct inbox *inbox, int room);
