#include "calibration.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"

struct promise {
    UT_hash_handle hh;
    char id[JOB_ID_SIZE];
    struct instant p50, p90;
};

static struct promise *find(const struct calibration *calibration, const char *job_id)
{
    struct promise *found = NULL;
    HASH_FIND_STR(calibration->promises, job_id, found);
    return found;
}

static void drop(struct calibration *calibration, struct promise *promise)
{
    HASH_DEL(calibration->promises, promise);
    free(promise);
}

void calibration_free(struct calibration *calibration)
{
    while (calibration->promises)
        drop(calibration, calibration->promises);
}

void calibration_tell(struct calibration *calibration, const char *job_id, struct instant p50,
                      struct instant p90)
{
    if (find(calibration, job_id))
        return;
    if (HASH_COUNT(calibration->promises) == MOST_PROMISES)
        drop(calibration, calibration->promises);
    struct promise *promise = calloc(1, sizeof(*promise));
    CHECK(promise && strlen(job_id) < JOB_ID_SIZE);
    strcpy(promise->id, job_id);
    promise->p50 = p50;
    promise->p90 = p90;
    HASH_ADD_STR(calibration->promises, id, promise);
}

enum kept calibration_finish(struct calibration *calibration, const char *job_id,
                             struct instant now)
{
    struct promise *promise = find(calibration, job_id);
    if (!promise)
        return KEPT_UNKNOWN;
    enum kept kept = !instant_is_before(promise->p50, now)   ? KEPT_P50
                     : !instant_is_before(promise->p90, now) ? KEPT_P90
                                                             : KEPT_LATER;
    drop(calibration, promise);
    return kept;
}

void calibration_forget(struct calibration *calibration, const char *job_id)
{
    struct promise *promise = find(calibration, job_id);
    if (promise)
        drop(calibration, promise);
}
