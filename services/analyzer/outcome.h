/* Outcomes: what is published about an attempt, from what came of it.
 *
 * Pure. The outcome lives in the arena; its strings are lent by the dispatch, the arena and the
 * caller. An outcome stays under the broker's limit of a message: a post whose analysis is longer
 * than its share loses entities and words, never its sentiment.
 */
#pragma once

#include "answer/answer.h"
#include "base/arena.h"
#include "embedded/topics/topic_sets.h"
#include "work.pb-c.h"

/* One without results, which the caller completes. instance_id: of this incarnation. */
Tp__Outcome *outcome_new(const Tp__Dispatch *dispatch, const char *instance_id,
                         Tp__OutcomeClass outcome_class, struct arena *arena);

/* Every post by the embedded analysis, as far as that can do what is asked: of a user's own
 * instruction it makes nothing, and a post of which nothing else was asked is unanalysable.
 * topics: the tenant's own; NULL = the built-in ones. */
Tp__Outcome *outcome_by_embedded(const Tp__Dispatch *dispatch, const struct topic_set *topics,
                                 const char *instance_id, struct arena *arena);

/* Most bytes that a result may have in an outcome of so many posts. */
size_t outcome_share(size_t posts);

/* Results and missing posts of an LLM's answer. Tags and links come from the embedded analysis; a
 * name that does not stand in its post is an invention and is left out. max_bytes: of a result. */
Tp__Outcome *outcome_of_answer(const Tp__Dispatch *dispatch, const char *instance_id,
                               const char *model, const struct answer *answer, size_t max_bytes,
                               struct arena *arena);
