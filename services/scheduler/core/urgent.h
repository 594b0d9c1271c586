/* What must not wait for a limit: of each share the runnable turns whose next chunk needs no
 * endpoint, or belongs to a job that ends at a deadline and that the embedded analysis may do
 * (rule 6); the first deadline first. So the queue finds in O(log n) what is to be done although
 * its tenant or its endpoint is used up, whoever else has to wait.
 *
 * Told by the queue whenever the turn or the share was settled. One thread.
 */
#pragma once

#include "queue.h"

/* What needs no endpoint at all is before all deadlines; what may wait for ever is in no heap. */
enum { NEEDS_NO_ENDPOINT = 0 };
#define MAY_WAIT_FOR_EVER ((uint64_t)INT64_MAX)

/* When it must be done: one of these, or the deadline of its job, as a key of a heap. */
uint64_t urgent_key(const struct chunk *chunk);

/* The turn stands among its share's if it is runnable and its next chunk does not wait for ever. */
void urgent_settle_turn(struct queue *queue, struct share *share, struct turn *turn,
                        bool is_runnable);
/* The share stands among all, by its first, unless an operator holds its tenant. */
void urgent_settle_share(struct queue *queue, struct share *share);

/* Is there something in the share for which a tenant without room is open? */
bool urgent_has_some(const struct share *share);
struct turn *urgent_first(const struct share *share);
