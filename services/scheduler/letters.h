/* What the owner thread is told, through its mailbox: an event of the core and what it lives in.
 *
 * Whoever takes a letter frees it. Any thread.
 */
#pragma once

#include "base/arena.h"
#include "core/facts.h"
#include "mailbox/mailbox.h"
#include "messages/messages.h"

/* A letter holds a message, what it was translated to, and for a batch the dispatches packed. */
enum { MAILBOX_CAPACITY = 8192, LETTER_CAP_BYTES = 2 * UNPACK_CAP_BYTES + (8 << 20) };

struct letter {
    struct event event;
    struct arena *arena;           /* owned; where the event's lists live; may be NULL */
    const Tp__BatchReply *granted; /* of a batch: the dispatches to send, in the arena */
};

/* Takes the arena. False if the mailbox is full: nothing was posted, and the arena is gone. */
MUST_USE bool letter_try_post(struct mailbox *mailbox, const struct event *event,
                              struct arena *arena);

/* For answers to our own questions, which must arrive: waits for room. Takes the letter's arena. */
void letter_post(struct mailbox *mailbox, const struct letter *letter);

void letter_free(struct letter **letter);
