/* What operators set, and for whom. */
#pragma once

#include "names.h"
#include "sim.h"

void controls_plan(struct sim *sim);
void controls_lift_limits(struct sim *sim);
bool controls_limit_user(const struct sim *sim, uint32_t user); /* did they from the start? */
uint32_t control_place(const struct control_facts *facts);
/* Those that changed since then, by the database's clock. */
const struct control_facts *controls_told(struct sim *sim, int64_t since, size_t *count);
/* As it is now, told to all. */
void controls_order(struct sim *sim, uint32_t place, enum control_state state, bool is_removed);
bool controls_refuse_jobs(const struct sim *sim, uint32_t user);

/* ---- control_limits.c: limits that operators lower for a while, of tenants and endpoints ---- */
void control_limits_plan(struct sim *sim);
