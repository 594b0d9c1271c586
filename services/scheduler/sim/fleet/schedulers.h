/* The real core, twice: performs its actions, tells it what happens. */
#pragma once

#include "sim.h"

extern const struct role SCHEDULER;

/* What its class weighs, in all of the history. */
uint32_t schedulers_weight(const struct sim *sim, int service_class);
