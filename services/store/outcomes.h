/* Outcomes of attempts, committed in batches: protocol step 7. */
#pragma once

#include "db.h"
#include "views.h"

enum { OUTCOMES_MAX = 32, OUTCOMES_MAX_BYTES = 4 << 20 };

enum verdict {
    VERDICT_COMMITTED,
    VERDICT_LATE,   /* the job was over: its place is free now */
    VERDICT_STALE,  /* of an attempt no longer in flight, or told before */
    VERDICT_WASTED, /* stale, and its call is heard of only now */
};
const char *verdict_name(enum verdict verdict);

/* One transaction: all or none. ERROR_INVALID or ERROR_CONFLICT: one of them cannot be committed
 * ever; with a single outcome it is that one. */
MUST_USE bool commit_outcomes(struct db *db, struct arena *arena,
                              const Tp__Outcome *const *outcomes, size_t count,
                              enum verdict *verdicts, struct made_events *made, struct error *why);
