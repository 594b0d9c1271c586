/* The modelled analyzers: what they are told, and what was granted to them. */
#pragma once

#include "sim.h"

void analyzers_boot(struct sim *sim, uint32_t number);
void analyzers_died(struct sim *sim, uint32_t number);
void analyzers_hear_cancel(struct sim *sim, const struct model_job *job);
void analyzers_answer(struct sim *sim, uint32_t number, const struct action *action);
void analyzers_work_arrived(struct sim *sim, const struct attempt_id *id);
void analyzers_upset_streams(struct sim *sim, int64_t way);

struct grant *analyzers_grant(const struct sim *sim, const struct attempt_id *id);
