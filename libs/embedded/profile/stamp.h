/* When a post was written, as far as a rhythm needs it. Pure; any thread. */
#pragma once

#include <stdbool.h>

#include "analysis/analysis.h"

struct stamp {
    int hour;    /* 0..23, by the clock that the stamp tells: X's is UTC */
    int weekday; /* 0 = Monday */
};

/* "2024-05-01T10:00:00Z" and what ISO 8601 allows behind the hour, or "Wed May 01 10:00:00 +0000
 * 2024". */
bool stamp_read(struct piece written, struct stamp *stamp);
