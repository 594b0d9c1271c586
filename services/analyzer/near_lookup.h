/* Looking a dispatch's posts up by what they say: among the posts answered of late, and among those
 * of the dispatch itself. Not for a user's own instruction, which may ask about the very things
 * that near_text.h leaves aside.
 */
#pragma once

#include "work.h"

/* Of those nobody knows, once the scope is set. */
void near_lookup(struct work *work);

/* The post has a result of the model's own, and the memory keeps it: others may have it too. */
void near_lookup_keep(struct work *work, size_t nth, const uint8_t key[CACHE_KEY_BYTES]);
