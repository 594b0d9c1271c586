/* Messages of the library that nobody needs any more, destroyed by the dozen.
 *
 * natsMsg_Destroy() only hands the message to the library's own thread, and wakes that for each one
 * that finds it asleep: a third of all wake-ups of a busy service. Thread-safe. Keeps at most 32
 * messages and 256 KB beyond their time.
 */
#pragma once

#include <nats/nats.h>

struct remains;

struct remains *remains_new(void);
void remains_free(struct remains **remains);

/* Takes the message; NULL is none. */
void remains_add(struct remains *remains, natsMsg *message);
