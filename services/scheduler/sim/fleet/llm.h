/* The endpoints, and what calls cost. */
#pragma once

#include "sim.h"

void llm_plan(struct sim *sim);
void llm_configure(const struct sim *sim, struct scheduler_config *config);
const char *endpoint_name(uint32_t endpoint);
uint32_t endpoint_numbered(const char *name); /* ENDPOINTS = there is none of that name */
struct usage llm_usage(const struct sim *sim, const struct grant *grant);
uint64_t llm_price(const struct usage *usage);
/* outcome NULL: it will never be called. */
void llm_settle(struct sim *sim, struct grant *grant, const struct outcome *outcome);
const struct call_facts *llm_told(struct sim *sim, size_t *count);
const struct ended_call *llm_ended(struct sim *sim, size_t *count);
const struct spend_facts *llm_spends(struct sim *sim, size_t *count); /* before it all began */

/* ---- servers.c: limits that the servers have of themselves ---- */
void servers_plan(struct sim *sim);
/* At its beginning; what the server says with its answer. */
void server_takes(struct sim *sim, struct call *call);
void server_says(struct sim *sim, const struct call *call, struct outcome *outcome);
