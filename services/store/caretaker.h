/* What the store does by itself, on a thread and a connection of its own: marks events as
 * published, publishes those left over, ends jobs whose deadline has passed, compares audits,
 * counts the queue, and throws away what has served. Every second; cheap when there is nothing to
 * do. */
#pragma once

#include "db.h"
#include "outbox.h"
#include "questions.h"

struct caretaker;

struct caretaker_options {
    struct outbox *outbox;
    struct db_vitals *vitals;
    struct queue_limits *limits;
};
struct caretaker *caretaker_start(const struct caretaker_options *options);
/* After a last round of marking. */
void caretaker_stop(struct caretaker **caretaker);
