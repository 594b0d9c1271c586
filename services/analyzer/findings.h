/* What an answer of the store says of a chunk's posts: which are known, which the chunk has claimed
 * and which others are asking the model for (proto/cache.proto).
 *
 *   struct findings = {.found = the answer}, then for each chunk of the question, in the order of
 *   their keys, findings_of_looked_up() or findings_of_watched()
 *
 * Without an answer nothing is found, and nothing has changed. Of the analyzer's thread.
 */
#pragma once

#include "core/claims.h"
#include "work.h"

/* Each list is in the order of the keys, so that it is gone through once. */
struct findings {
    const Tp__CacheFound *found; /* NULL = no answer */
    size_t results, claimed, flying;
};

/* Of the posts that were unknown; answers how many are known now. */
size_t findings_of_looked_up(struct findings *findings, struct work *work, struct claims *claims);
/* Of the posts that others ask for. */
void findings_of_watched(struct findings *findings, struct work *work);
/* Those of others are waited for no longer. */
void findings_give_up(struct work *work);
