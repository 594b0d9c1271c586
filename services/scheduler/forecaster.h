/* Tells why jobs wait, and when they will be done: forecasts on a thread of their own (rule 12).
 *
 *   forecaster_open() -> forecaster_explain() for each explanation, forecaster_tend() after each
 *   step -> forecaster_close()
 *
 * A forecast is made when somebody asks and the last one is older than a second or knows nothing of
 * the job; they take at most a twentieth of a processor's time. The answer waits for it, but not
 * for long: then it tells an older one, or none. While nobody asks nothing is done. The functions
 * are the owner thread's, and none of them waits.
 */
#pragma once

#include "bus/bus.h"
#include "core/core.h"

struct forecaster;

/* Lends the bus; the config is that of the core. */
struct forecaster *forecaster_open(struct bus *bus, const struct scheduler_config *config);
void forecaster_close(struct forecaster **forecaster);

/* Answers whoever asked, now or soon. */
void forecaster_explain(struct forecaster *forecaster, const struct action *action);
/* Hands over what the core knows, if a forecast is wanted; looks whether jobs were done as told. */
void forecaster_tend(struct forecaster *forecaster, const struct scheduler *core,
                     const struct event *event, struct instant now);
