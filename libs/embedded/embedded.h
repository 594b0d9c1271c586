/* The embedded analysis: what the system knows of a post with no key and no network.
 *
 *   embedded_analyze(text, arena, &analysis);       everything
 *   embedded_analyze_for(topics, text, ...);        with a tenant's own topics (topic_sets.h)
 *   embedded_find_entities(text, arena, &analysis); only tags, mentions, cashtags and links
 *   embedded_summary(posts, analyses, count, &out); one line over a chunk
 *
 * Pure functions: the same text gives the same answer. Any bytes may come in; what comes out is
 * valid UTF-8. All memory is the arena's (at most some 100 bytes per byte of text), and what the
 * analysis holds is lent by the arena and the text. Any thread.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/arena.h"

/* Changes whenever an answer may. */
#define EMBEDDED_VERSION "embedded-3"

void embedded_analyze(struct piece text, struct arena *arena, struct post_analysis *analysis);

/* topics NULL: the built-in ones. */
struct topic_set;
void embedded_analyze_for(const struct topic_set *topics, struct piece text, struct arena *arena,
                          struct post_analysis *analysis);

void embedded_find_entities(struct piece text, struct arena *arena, struct post_analysis *analysis);

/* Counts, topics, and the beginning of the post that has most in common with the others. */
void embedded_summary(const struct piece *posts, const struct post_analysis *analyses, size_t count,
                      struct text *out);
