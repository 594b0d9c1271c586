/* The modelled analyzers: three of five slots, which ask for permits, call and publish. */
#pragma once

#include "sim.h"

extern const struct role ANALYZER;

/* The scheduler's answer to the ask of one of them. */
void analyzers_answer(struct sim *sim, uint32_t number, const struct action *action);

/* What was granted as that attempt, which there must be. */
struct grant *analyzers_grant(const struct sim *sim, const struct attempt_id *id);
