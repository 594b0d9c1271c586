/* How fast the embedded analysis goes over posts: passes over all of them, each timed by the
 * processor time of this thread. One thread. */
#pragma once

#include <stdint.h>

#include "posts.h"

enum work { WORK_ENTITIES, WORK_EVERYTHING, WORK_JSON };
enum { WORK_COUNT = WORK_JSON + 1, LEAST_PASSES = 3, MOST_PASSES = 1000 };

struct speed {
    double best, median;  /* posts per second */
    uint64_t allocations; /* of the last pass: those before let the arena grow */
};

/* "entities", "everything", "everything with its JSON" */
const char *work_name(enum work work);

/* passes: LEAST_PASSES to MOST_PASSES. */
/* Milliseconds that the profile of the first PROFILE_POSTS posts, or as many as there are, takes
 * with its JSON: the best of so many passes. */
enum { PROFILE_POSTS = 1000 };
double speed_of_profile_ms(const struct posts *posts, unsigned passes);

struct speed speed_measure(enum work work, const struct posts *posts, unsigned passes);
