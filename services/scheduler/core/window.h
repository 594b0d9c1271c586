/* How much was taken lately: a sum over a window of time that slides (rule 5).
 *
 *   struct window window; window_open(&window, 61200, 256);
 *   if (window_sum(&window, now) + amount <= limit)
 *       window_add(&window, now, amount);
 *   window_settle(&window, then, amount, used);   what was taken then turned out to be less, or
 * more window_close(&window);
 *
 * Time is cut into buckets; an amount is counted until its whole bucket is out of the window, so it
 * is counted for the length of the window at least, and for one bucket more at most. Only buckets
 * with something in them take memory. Adding at the end and summing are O(1), amortised; all else
 * is O(log n) in buckets, adding in between O(n). Owns its array. One thread.
 */
#pragma once

#include <stdint.h>

#include "base/clock.h"

struct window_bucket {
    int64_t number; /* of all buckets since the clock's zero */
    uint64_t amount;
};

struct window {
    int64_t length_ns, bucket_ns;
    struct window_bucket *buckets; /* those from `first` on count, oldest first */
    uint32_t first, end, capacity;
    uint64_t sum;
};

void window_open(struct window *window, int64_t length_ms, int64_t bucket_ms);
void window_close(struct window *window); /* empties it and drops its array */

/* `when` may lie in the past. */
void window_add(struct window *window, struct instant when, uint64_t amount);

/* Of what was added at `when`, `taken` was `used` in truth. What has left the window is let be. */
void window_settle(struct window *window, struct instant when, uint64_t taken, uint64_t used);

/* Also forgets what is out of the window. */
uint64_t window_sum(struct window *window, struct instant now);
uint64_t window_peek(const struct window *window, struct instant now); /* the same, but for that */

/* What was added in the bucket of `when`. */
uint64_t window_at(const struct window *window, struct instant when);

/* When at least so much of what is in it will have left; INT64_MAX = there is not so much. */
struct instant window_frees(const struct window *window, uint64_t amount);
