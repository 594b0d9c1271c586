/* How long a post that another replica asks the model for is waited for, and how often the store is
 * asked about it. Pure.
 *
 *  1 It is asked about FIRST_GAP_MS after the wait has begun, then after gaps that double up to
 *    MOST_GAP_MS, each from the answer before.
 *  2 While an own call runs the wait costs nothing and has no end.
 *  3 With a permit for a call it ends PERMITTED_MS after the own call has, or if there is none
 * after the wait's begin: the permit keeps others from calling. 4 With a free permit, which counts
 * in no limit, it ends FREE_MS after its begin. Then the post comes with the next attempt, which
 * costs nothing but may call.
 */
#pragma once

#include <stdbool.h>

#include "base/clock.h"

enum patience_kind { PATIENCE_CALLING, PATIENCE_PERMITTED, PATIENCE_FREE };

struct patience {
    enum patience_kind kind;
    struct instant ask_at, end_at;
    int64_t gap_ms;
};

void patience_begin(struct patience *patience, enum patience_kind kind, struct instant now);
/* The own call has ended, or goes out now; of another kind than before only. */
void patience_become(struct patience *patience, enum patience_kind kind, struct instant now);
void patience_answered(struct patience *patience, struct instant now);

bool patience_may_ask(const struct patience *patience, struct instant now);
bool patience_is_over(const struct patience *patience, struct instant now);
/* When one of these becomes true. */
struct instant patience_next_at(const struct patience *patience);
