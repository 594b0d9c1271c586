/* Puts the trace of the core's steps on the broker: stream TRACE.
 *
 *   tape_open() -> tape_begin(), the step, tape_end() for each step -> tape_close()
 *
 * Never waits: what the broker does not take in time is lost, and the trace says so. The owner
 * thread's.
 */
#pragma once

#include "bus/bus.h"
#include "core/core.h"

struct tape;

/* Lends the bus and the holder's name; the config is that of the core. */
struct tape *tape_open(struct bus *bus, const char *holder, const struct scheduler_config *config);
/* Waits until the broker has told of what is under way. */
void tape_close(struct tape **tape);

void tape_begin(struct tape *tape, const struct scheduler *core, const struct event *event);
void tape_end(struct tape *tape, const struct scheduler *core, const struct event *event,
              struct instant now, const struct actions *actions);
