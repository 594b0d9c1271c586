/* Who is about to ask the model for which post, in Redis beside the posts' results.
 *
 *  1 What nobody has a result of and nobody else claims is claimed by whoever asks for it.
 *  2 A claim holds until the post's result is kept, until its claimant releases it, for the life it
 *    was given, and as long as its claimant is heard (CLAIMANT_HEARD_MS). Nobody releases
 * another's. 3 What is only watched is never claimed. 4 Where Redis does not answer nothing is
 * claimed, and nothing flies: a post is asked for twice.
 *
 * Whoever looks for a result, then here, and finds neither knows that no claim has ended with a
 * result in between: such a post is said to have landed.
 */
#pragma once

#include "base/arena.h"
#include "cache.h"
#include "messages/messages.h"

enum claim_state {
    CLAIM_NONE,   /* of nobody else; the asker's own from before, or only watched */
    CLAIM_MADE,   /* for the asker */
    CLAIM_FLIES,  /* another's */
    CLAIM_LANDED, /* there is a result now */
};

/* The keys of `nths` in the question: those below ask->n_keys are to be claimed. Also the
 * claimant's sign of life. */
void claims_make(struct cache *cache, const Tp__CacheFind *ask, const size_t *nths, size_t count,
                 enum claim_state *states, struct arena *arena);
/* What the question releases; all of the claimant's if it is leaving. */
void claims_release(struct cache *cache, const Tp__CacheFind *ask, struct arena *arena);
/* Results are there, or will never be: whosever claims they were. */
void claims_end(struct cache *cache, const ProtobufCBinaryData *keys, size_t count,
                struct arena *arena);

/* Its n-th key, the watched ones after the others. */
ProtobufCBinaryData claims_key(const Tp__CacheFind *ask, size_t nth);
