/* What is done to the fleet as a whole. */
#pragma once

#include "sim.h"

void upset_plan(struct sim *sim);
void upset_heal(struct sim *sim);
