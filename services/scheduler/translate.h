/* Between the messages on the wire and the core's own words. Pure; strings stay where they are, so
 * a translation lives as long as its message. */
#pragma once

#include "base/arena.h"
#include "core/facts.h"
#include "messages/messages.h"

void translate_chunk(const Tp__ChunkState *chunk, struct chunk_facts *facts);
void translate_job(struct arena *arena, const Tp__JobState *job, struct job_facts *facts);
const struct job_facts *translate_jobs(struct arena *arena, Tp__JobState *const *jobs,
                                       size_t count);

const struct call_facts *translate_calls(struct arena *arena, Tp__CallRecord *const *calls,
                                         size_t count);
const struct ended_call *translate_ended(struct arena *arena, Tp__EndedCall *const *calls,
                                         size_t count);
const struct spend_facts *translate_spends(struct arena *arena, Tp__SpendRecord *const *spends,
                                           size_t count);
const struct control_facts *translate_controls(struct arena *arena, Tp__Control *const *controls,
                                               size_t count);
void translate_outcome(const Tp__Outcome *outcome, struct outcome_facts *facts);

/* false: it is not what a store answers to such an item */
MUST_USE bool translate_answers(struct arena *arena, const Tp__BatchReply *reply,
                                struct event *event);
Tp__BatchItem **translate_items(struct arena *arena, const struct batch_item *items, size_t count);

struct attempt_id translate_attempt(const char *job_id, uint32_t chunk_number, uint32_t attempt);
/* The reply's strings are lent by what was told. */
void translate_explanation(const struct explanation *told, Tp__WaitingReply *reply);
Tp__ServiceClass translate_class(enum service_class service_class);
