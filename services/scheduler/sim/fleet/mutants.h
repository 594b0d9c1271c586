/* Schedulers that are deaf to something, or tell what is not so: what a mutant makes of an event
 * before the core is told of it, and of what the core tells. All others leave it as it is.
 */
#pragma once

#include "sim.h"

struct event mutant_hears(struct sim *sim, const struct event *event);
struct explanation mutant_tells(struct sim *sim, uint32_t number, const struct action *action);
