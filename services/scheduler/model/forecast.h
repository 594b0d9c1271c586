/* When will each unfinished job be done? The model (model.h) runs several times from what the core
 * knows now, with call lengths drawn from those seen lately (rule 12).
 *
 *   struct forecast *f = forecast_new(core, &config, bounds);   on the core's thread, copies
 *   forecast_run(f, seed);                                      on any thread, takes a while
 *   forecast_find(f, job_id, least_ms) -> finish;  forecast_free(&f)
 *
 * It takes for granted: nothing new arrives, calls succeed as fast as lately, retries that wait are
 * done when they are due, pauses and open breakers end when they are to, and limits and what
 * operators set stay as they are in force now. Jobs that an operator holds are not in it. Users are
 * ordered anew as by a new leader. Where the work is more than the bounds, so much is simulated,
 * and the rest reckoned from equal sharing at the pace seen: such a finish is rough.
 */
#pragma once

#include "core/core.h"

struct forecast;

struct forecast_bounds {
    size_t most_chunks; /* that are copied from the core */
    size_t most_steps;  /* chunks simulated, over all runs: bounds the time */
    int64_t batch_us, commit_us;
};
/* Some 40 ms of a processor for 1,000 chunks, 100 ms for 10,000. */
extern const struct forecast_bounds FORECAST_BOUNDS;

struct forecast_finish {
    int64_t p50_ms, p90_ms; /* from the moment it was made */
    bool is_rough;
};

/* NULL: there is nothing to be foretold, or no call has been seen yet. */
struct forecast *forecast_new(const struct scheduler *core, const struct scheduler_config *config,
                              struct forecast_bounds bounds);
void forecast_run(struct forecast *forecast, uint64_t seed);
/* After forecast_run(). It waits at least so long from then on, as is known by now, unless its
 * deadline ends it. False: the job is not in it, or does not end as things are. */
bool forecast_find(const struct forecast *forecast, const char *job_id, int64_t least_ms,
                   struct forecast_finish *finish);
void forecast_free(struct forecast **forecast);
