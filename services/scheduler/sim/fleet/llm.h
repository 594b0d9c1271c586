/* The endpoints, and what calls cost. */
#pragma once

#include "names.h"
#include "sim.h"

void llm_plan(struct sim *sim);
void llm_configure(const struct sim *sim, struct scheduler_config *config);
struct usage llm_usage(const struct sim *sim, const struct grant *grant);
uint64_t llm_price(const struct usage *usage);
/* outcome NULL: it will never be called. */
void llm_settle(struct sim *sim, struct grant *grant, const struct outcome *outcome);
const struct call_facts *llm_told(struct sim *sim, size_t *count);
const struct ended_call *llm_ended(struct sim *sim, size_t *count);
const struct spend_facts *llm_spends(struct sim *sim, size_t *count); /* before it all began */

/* ---- servers.c: those that answer the calls, with limits of themselves ---- */
void servers_plan(struct sim *sim);
/* At its beginning; how long it takes from then on. */
void server_takes(struct sim *sim, struct call *call);
int64_t server_lasts(struct sim *sim, const struct call *call);
/* At its end; what the server says of itself besides, call NULL: nothing. */
struct outcome server_answers(struct sim *sim, const struct call *call);
void server_says(struct sim *sim, const struct call *call, struct outcome *outcome);
