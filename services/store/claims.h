/* Who is about to ask the model for which post, in Redis: a mark under the key of the post, where
 * its result will be.
 *
 * 1. What nobody has a result of and nobody else claims is claimed by whoever asks for it.
 * 2. A claim holds until the post's result is kept, until its claimant releases it, for the life it
 *    was given, and as long as its claimant is heard (CLAIMANT_HEARD_MS). Nobody releases
 *    another's.
 * 3. What is only watched is never claimed.
 * 4. Where Redis does not answer nothing is claimed, and nothing flies: a post is asked for twice.
 *
 * A result takes the place of the mark: whoever looks finds one or the other, and whoever finds
 * neither knows that no claim has ended with a result.
 */
#pragma once

#include "base/arena.h"
#include "cache.h"
#include "messages/messages.h"

enum claim_state {
    CLAIM_NONE,  /* of nobody else; the asker's own from before, or only watched */
    CLAIM_MADE,  /* for the asker */
    CLAIM_FLIES, /* another's, or its result has come just now */
};

/* No result is one. */
bool claims_is_mark(struct bytes value);

/* Of the entries, which are as they were found: those of the question's keys, which are to be
 * claimed, then the watched ones. A result that comes meanwhile is filled in. Also the claimant's
 * sign of life. */
void claims_make(struct cache *cache, const Tp__CacheFind *ask, struct cache_entry *entries,
                 enum claim_state *states, struct arena *arena);

/* What the question releases, by these keys; all of the claimant's if it is leaving. */
void claims_release(struct cache *cache, const Tp__CacheFind *ask, const struct bytes *keys,
                    struct arena *arena);
