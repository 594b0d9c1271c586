/* The broker's two work queues: dispatches for the analyzers, outcomes for the store. What is not
 * acked in time is given again; and it forgets, and repeats.
 */
#pragma once

#include "sim.h"

/* What an analyzer says of its attempt, on its way. */
struct result {
    struct grant *grant;
    struct outcome outcome;
};

void broker_take_dispatch(struct sim *sim, const struct grant *grant);
/* Copied; the store commits it, once and more often. */
void broker_take_outcome(struct sim *sim, const struct result *result);
/* Gives work to the analyzers that have room: as much as they have; to all, or to that one. */
void broker_hand_out(struct sim *sim);
void broker_hand_to(struct sim *sim, uint32_t analyzer);
/* After a crash: it has forgotten, or gives again what was acked, or gives all again. */
void broker_upset(struct sim *sim, int64_t way);
