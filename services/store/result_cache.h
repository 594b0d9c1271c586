/* Results of posts that were analysed before, in Redis, by what the analyzers take for their key.
 *
 * Kept is what an outcome marks with a key, once it is committed: whoever finds a result here finds
 * one that was paid for and told. A result of more than its share of a message is not kept, so that
 * whatever a question finds fits into one answer. Redis may forget anything at any time.
 */
#pragma once

#include "base/arena.h"
#include "cache.h"
#include "messages/messages.h"

/* And ends the claims of them; see claims.h. */
void result_cache_keep(struct cache *cache, const Tp__Outcome *const *outcomes, size_t count,
                       int life_s, struct arena *arena);

/* Fills in what is there, and whose the rest is. What Redis says is unpacked into the first arena,
 * whose cap bounds what it may become. The reply lives in both. */
void result_cache_find(struct cache *cache, const Tp__CacheFind *ask, struct arena *unpacked,
                       struct arena *arena, Tp__CacheFound *found);
