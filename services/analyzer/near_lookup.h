/* Looking a dispatch's posts up by what they say: among the posts asked for of late, and among
 * those of the dispatch itself. Not for a user's own instruction, which may ask about the very
 * things that near_text.h leaves aside.
 */
#pragma once

#include "work.h"

/* Of those nobody knows, once the scope is set. What is found nowhere is kept as a source: whoever
 * says the same finds it as soon as the memory knows its result. */
void near_lookup(struct work *work);
