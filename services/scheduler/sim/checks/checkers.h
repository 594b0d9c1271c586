/* What must be true of a history: checkers written apart from the core, which see journals only.
 *
 *   sim_new(&history, &CHECKERS, ground)
 *
 * The first violation is told by sim_violation(), which ends the run.
 */
#pragma once

#include "sim/fleet/sim.h"

extern const struct witness CHECKERS;
