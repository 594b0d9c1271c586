/* Time, typed.
 *
 * An instant is a point on this machine's monotonic clock: for deadlines and durations, never
 * compared with another machine's. Wall time is for people and for records only. Only shells read
 * clocks; cores are told the time. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct instant {
    int64_t ns;
};

#define CLOCK_MS INT64_C(1000000)

struct instant clock_now(void);

/* Milliseconds since 1970, by the wall clock. */
int64_t clock_wall_ms(void);

static inline struct instant instant_plus_ms(struct instant at, int64_t ms)
{
    return (struct instant){at.ns + ms * CLOCK_MS};
}

/* Whole milliseconds from `from` to `to`, rounded up; negative if `to` is earlier. */
static inline int64_t instant_ms_between(struct instant from, struct instant to)
{
    int64_t ns = to.ns - from.ns;
    return ns > 0 ? (ns + CLOCK_MS - 1) / CLOCK_MS : ns / CLOCK_MS;
}

static inline bool instant_is_before(struct instant a, struct instant b)
{
    return a.ns < b.ns;
}

#define CLOCK_TEXT_SIZE 25

/* "2026-11-22T03:44:05.123Z" of milliseconds since 1970. */
void clock_format_wall(int64_t wall_ms, char text[CLOCK_TEXT_SIZE]);
