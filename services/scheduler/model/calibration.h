/* Were the forecasts right? Of jobs that were completed, how many were by their P50, how many by
 * their P90, as it was first told. Of true forecasts that is 50 % and 90 %. Bounded: beyond
 * MOST_PROMISES the oldest is forgotten. One thread.
 */
#pragma once

#include <stdbool.h>

#include "core/core.h"

enum { MOST_PROMISES = 10000 };
/* By when it was done, of what had been told; UNKNOWN: nothing had. */
enum kept { KEPT_UNKNOWN, KEPT_P50, KEPT_P90, KEPT_LATER };

struct promise;
struct calibration {
    struct promise *promises; /* oldest first */
};

void calibration_free(struct calibration *calibration);
/* It is told that the job will be done by then; only the first time counts. */
void calibration_tell(struct calibration *calibration, const char *job_id, struct instant p50,
                      struct instant p90);
/* It is done. */
enum kept calibration_finish(struct calibration *calibration, const char *job_id,
                             struct instant now);
/* It ended otherwise. */
void calibration_forget(struct calibration *calibration, const char *job_id);
