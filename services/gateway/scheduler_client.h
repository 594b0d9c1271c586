/* What only the scheduler can tell, asked over the broker.
 *
 * Waits up to timeout_ms; ERROR_TIMEOUT or ERROR_UNAVAILABLE: nobody leads just now. The reply
 * lives in the arena. Thread-safe as the bus is; the arena is the caller's.
 */
#pragma once

#include "bus/bus.h"
#include "messages/messages.h"

enum { SCHEDULER_PATIENCE_MS = 150 }; /* a leader that is well answers within a few */

MUST_USE bool scheduler_waiting(struct bus *bus, const char *job_id, int64_t timeout_ms,
                                const char *trace, struct arena *arena,
                                const Tp__WaitingReply **reply, struct error *why);

/* The endpoints there are: controls with nothing but their names, and limits as the settings say.
 */
MUST_USE bool scheduler_endpoints(struct bus *bus, int64_t timeout_ms, const char *trace,
                                  struct arena *arena, const Tp__ControlsReply **reply,
                                  struct error *why);
