/* The share of bad ones among all, over the last window of time. A pure core.
 *
 * Counts are kept in twelve slots of the window, so what is older than the window is forgotten in
 * twelfths of it. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/scoped.h"

enum { SHARE_SLOTS = 12 };

struct share {
    int64_t slot_ms;
    int64_t newest; /* number of the newest slot, counted from the clock's zero */
    double bad[SHARE_SLOTS], all[SHARE_SLOTS];
};

void share_init(struct share *share, int64_t window_ms);
void share_add(struct share *share, double bad, double all, struct instant now);

/* False if fewer than `least` were counted in the window. */
MUST_USE bool share_read(struct share *share, double least, struct instant now, double *ratio);
