/* One line over a chunk, where the model was not asked for it. Pure; any thread. */
#pragma once

#include "analysis/analysis.h"
#include "base/arena.h"
#include "embedded/topics/topic_sets.h"
#include "work.pb-c.h"

/* From what is known of each post; in the arena. */
const char *summary_line(const struct piece *posts, const struct post_analysis *analyses,
                         size_t count, struct arena *arena);

/* The same, by the labels, keywords and topics of the outcome's results; where a result does not
 * tell them, by the embedded analysis, with the tenant's own topics unless that is NULL. */
const char *summary_of_results(const Tp__Dispatch *dispatch, const Tp__Outcome *outcome,
                               const struct topic_set *topics, struct arena *arena);
