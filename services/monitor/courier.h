/* Adapter: carries notifications to the webhook, one at a time, on a thread of its own, and posts
 * how it went to the monitor's mailbox. */
#pragma once

#include "base/text.h"
#include "mailbox/mailbox.h"

struct courier;

/* Lends url and mailbox. */
struct courier *courier_open(const char *url, int64_t timeout_ms, struct mailbox *mailbox);

/* Takes what is in the payload. Only when the one before has been answered by a LETTER_DELIVERY. */
void courier_send(struct courier *courier, struct text *payload);

/* Gives up what is on its way. */
void courier_close(struct courier **courier);
