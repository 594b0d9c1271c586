/* What is told to the monitor's owner thread, through its mailbox.
 *
 * Telemetry may be refused when the mailbox is nearly full: the next one makes up for it. The rest
 * of the room is kept for the few letters that must arrive.
 */
#pragma once

#include "base/arena.h"
#include "base/text.h"
#include "mailbox/mailbox.h"
#include "messages/messages.h"

enum { MAILBOX_CAPACITY = 1024, MAILBOX_KEPT = 32 };

/* Of a page that somebody waits for. The asker owns it and waits for `answered`, which gets the
 * question itself once `answer` is written. */
enum page { PAGE_METRICS, PAGE_ALERTS, PAGE_FLEET };
struct question {
    enum page page;
    struct text answer;
    struct mailbox *answered;
};

/* How a notification went. */
struct delivery {
    bool is_delivered, may_retry;
    int64_t wait_ms; /* what the receiver asks for; 0 = nothing */
    struct error why;
};

enum letter_kind { LETTER_TELEMETRY, LETTER_QUESTION, LETTER_DELIVERY, LETTER_END };

/* Freed by whoever takes it. */
struct letter {
    enum letter_kind kind;
    struct arena *arena; /* owned: the telemetry's */
    const Tp__Telemetry *telemetry;
    struct question *question; /* lent */
    struct delivery delivery;
};

/* Posts a copy of one of those that must arrive. */
void letter_post(struct mailbox *mailbox, const struct letter *letter);
/* Posts a telemetry; false if there is no room: the caller keeps the arena. */
MUST_USE bool letter_post_telemetry(struct mailbox *mailbox, struct arena *arena,
                                    const Tp__Telemetry *telemetry);
void letter_free(struct letter **letter);
