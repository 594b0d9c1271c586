/* Cuts off clients who let a read wait too long.
 *
 * civetweb's blocking read has no bound while single bytes drip in, so a thread of ours shuts the
 * reading side of the socket at a deadline, which ends that read; answering is still possible.
 *
 *   struct cut cut;                       on the reader's stack
 *   cutter_arm(cutter, &cut, fd, at);
 *   ... read; cutter_move(cutter, &cut, later); read ...
 *   if (cutter_disarm(cutter, &cut)) ... it was cut ...
 *
 * The thread starts with the first arming. Thread-safe; a cut belongs to one reader, who disarms it
 * before the socket is closed.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

struct cutter;

struct cut {
    int fd;
    struct instant at;
    atomic_bool is_done;         /* the reading side is shut */
    struct cut *previous, *next; /* the cutter's */
};

struct cutter *cutter_new(void);
/* No cut may be armed. */
void cutter_free(struct cutter **cutter);

void cutter_arm(struct cutter *cutter, struct cut *cut, int fd, struct instant at);
void cutter_move(struct cutter *cutter, struct cut *cut, struct instant at);
bool cutter_disarm(struct cutter *cutter, struct cut *cut);
