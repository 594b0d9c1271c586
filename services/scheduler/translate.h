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

/* false: it is not what a store answers to such an item */
MUST_USE bool translate_answers(struct arena *arena, const Tp__BatchReply *reply,
                                struct event *event);
Tp__BatchItem **translate_items(struct arena *arena, const struct batch_item *items, size_t count);

struct attempt_id translate_attempt(const char *job_id, uint32_t chunk_number, uint32_t attempt);
void translate_explanation(const struct explanation *told, Tp__WaitingReply *reply);
Tp__ServiceClass translate_class(enum service_class service_class);
