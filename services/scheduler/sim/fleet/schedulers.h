/* The processes around the core. */
#pragma once

#include "sim.h"

void schedulers_boot(struct sim *sim, uint32_t number);
void schedulers_died(struct sim *sim, uint32_t number);
uint32_t schedulers_weight(const struct sim *sim, int service_class);
void schedulers_hear(struct sim *sim, uint32_t from, uint32_t loss_permille,
                     const struct event *event);
