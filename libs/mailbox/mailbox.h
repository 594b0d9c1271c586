/* A bounded queue of pointers between threads: many may post, one takes.
 *
 * Waiting uses the monotonic clock. A mailbox owns nothing: what is left in it at the end is the
 * taker's to free. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/scoped.h"

struct mailbox;

struct mailbox *mailbox_new(size_t capacity);
void mailbox_free(struct mailbox **mailbox);

/* False when full or closed: the poster keeps the letter. */
MUST_USE bool mailbox_post(struct mailbox *mailbox, void *letter);

/* The oldest letter, or NULL at the deadline or once closed and empty. */
void *mailbox_take(struct mailbox *mailbox, struct instant deadline);

/* The oldest letter, or NULL if there is none now. */
void *mailbox_try_take(struct mailbox *mailbox);

/* Nobody can post any more; waiting takers wake. */
void mailbox_close(struct mailbox *mailbox);

size_t mailbox_length(struct mailbox *mailbox);
