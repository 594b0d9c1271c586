/* The chunks of a turn that are due, oldest job first.
 *
 *   due_add(turn, chunk);    how many there are is turn->due_count
 *   due_first(turn)          the one that is next, or NULL
 *
 * Of a million users most have one: it stands in the turn itself, and only more of them are a heap.
 * The queue's own. One thread.
 */
#pragma once

#include "book.h"

void due_add(struct turn *turn, struct chunk *chunk);
void due_remove(struct turn *turn, struct chunk *chunk);

struct chunk *due_first(const struct turn *turn);

/* The lesser is before the other: by the job's age first, then by the place in the job. */
uint64_t due_key(const struct chunk *chunk);

/* How many of the turn's are before that key; of very many an estimate, as heap_count_below(). */
size_t due_count_below(const struct turn *turn, uint64_t key);
