/* When to tell the world about alerts, and when to try again. A pure core.
 *
 * Rules:
 * 1. The first change waits group_wait_ms for others, so alerts that change together are told
 *    together.
 * 2. One notification is on its way at a time. It is made of the alerts as they are when it is
 *    sent, also when it is tried again.
 * 3. One that fails is tried again after 1, 2, 4 ... 60 s, or after what the receiver asks for.
 * 4. What has been tried for give_up_ms, or was refused for good, is given up: the next change or
 *    repeat speaks again.
 * 5. While anything fires, it is told again every repeat_ms.
 *
 * One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/scoped.h"

struct notifier_options {
    int64_t group_wait_ms, repeat_ms, give_up_ms;
};

struct notifier {
    struct notifier_options options;
    bool has_news;            /* something changed that nobody has been told */
    bool is_sending, is_late; /* is_late: it failed at least once */
    int failures;
    struct instant due;         /* of the news */
    struct instant first_tried; /* while is_late */
    struct instant told;        /* last delivered or given up */
};

void notifier_init(struct notifier *notifier, const struct notifier_options *options,
                   struct instant now);

/* An alert began to fire or was resolved. */
void notifier_changed(struct notifier *notifier, struct instant now);

/* True: send now. Answer with one of the two below. */
MUST_USE bool notifier_must_send(struct notifier *notifier, bool is_firing, struct instant now);
void notifier_delivered(struct notifier *notifier, struct instant now);
/* may_retry false = refused for good; wait_ms: what the receiver asks for, 0 = nothing. True if
 * it is given up. */
bool notifier_failed(struct notifier *notifier, bool may_retry, int64_t wait_ms,
                     struct instant now);

/* When to ask notifier_must_send() again, if nothing happens before. */
struct instant notifier_wakes(const struct notifier *notifier, bool is_firing, struct instant now);
