/* Asks the scheduler why followed jobs wait, and tells the hub.
 *
 *   struct asker *asker = asker_open(hub, interval_ms, ask, context); ... asker_close(&asker);
 *
 * A thread of its own. Each job that the hub awaits is asked about once per interval, at most
 * ASKER_MOST in each ASKER_TICK_MS, however many are followed: then the interval grows. When nobody
 * answers it pauses for ASKER_PAUSE_MS, so that a fleet without a leader costs a question a second.
 */
#pragma once

#include "hub.h"

enum { ASKER_TICK_MS = 200, ASKER_MOST = 50, ASKER_PAUSE_MS = 1000 };

/* In the shape of scheduler_waiting(); on the asker's thread. */
typedef bool asker_ask(void *context, const char *job_id, struct arena *arena,
                       const Tp__WaitingReply **waiting, struct error *why);

struct asker;
struct asker *asker_open(struct hub *hub, int64_t interval_ms, asker_ask *ask, void *context);
/* Waits for a question under way. Before the hub is closed. */
void asker_close(struct asker **asker);
