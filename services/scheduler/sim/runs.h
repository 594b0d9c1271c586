/* Many histories, one after another, in several processes.
 *
 *   struct runs runs = {.seeds = 10000, .jobs = 2, .seen_by = ""};
 *   struct outcome_of_runs found;
 *   runs_perform(&runs, &found);
 *
 * Constant memory; which failing seed is told does not depend on the number of processes. Long runs
 * tell on stderr how far they are.
 */
#pragma once

#include "sim/fleet/sim.h"

enum { MOST_JOBS = 64 };

struct runs {
    int64_t seeds, first, jobs;
    enum mutant mutant;
    const char *seen_by; /* only violations of these rules are looked for; "" = any */
};

struct outcome_of_runs {
    uint64_t counts[COUNTS];
    bool has_failed;
    int64_t failing_seed; /* the least */
    char rule[16], violation[200];
};

void runs_perform(const struct runs *runs, struct outcome_of_runs *found);
