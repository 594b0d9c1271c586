/* Makes a failing history short: delta debugging (Zeller, Hildebrandt 2002) over its decisions.
 *
 * Faults, jobs, posts, cancellations and deadlines are numbered decisions, and a history can be
 * repeated with some of them left out. What is left out stays out as long as the same rule is
 * violated. Bounded by a number of runs and by time.
 */
#pragma once

#include "sim/fleet/sim.h"

/* Prints the short history, how long it is, and the command that repeats it. mutant: its name, ""
 * if nothing is broken on purpose. */
void shrink_and_tell(const struct history *failing, const char *rule, const char *mutant);
