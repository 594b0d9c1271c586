/* When a post was written, as far as a rhythm needs it. Pure; any thread. */
#pragma once

#include <stdbool.h>

#include "analysis/analysis.h"

enum { STAMP_NO_HOUR = -1 };

/* In UTC. */
struct stamp {
    int hour;    /* 0..23, or STAMP_NO_HOUR if a day alone is told */
    int weekday; /* 0 = Monday */
};

/* "2024-05-01T10:00:00+02:00" and what else ISO 8601 allows behind the day (without an offset it is
 * UTC), "Wed May 01 10:00:00 +0000 2024", or seconds or milliseconds since 1970. */
bool stamp_read(struct piece written, struct stamp *stamp);
