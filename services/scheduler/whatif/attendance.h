/* How many analyzers were there, by their heartbeats.
 *
 *   attendance_pass(a, now, silent) with each record, attendance_hear(a, id, slots) with each beat
 *   attendance_figures(a, from, until);  attendance_free(a)
 *
 * An analyzer is there from its first heartbeat to its last, and until the end if it was not silent
 * then; who was silent for longer than an analyzer may be was away in between. So what took the
 * place of another after a restart is not counted beside it, though its id is new. Times in us;
 * when nothing at all was recorded, nobody was silent. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct seen_analyzer;
struct stay;

struct attendance {
    struct seen_analyzer *analyzers;
    struct stay *stays;
    size_t count, capacity;
    int64_t now_us, silent_us; /* of the last record */
    int64_t holes_us;          /* in which nothing was recorded */
};

void attendance_pass(struct attendance *attendance, int64_t now_us, int64_t silent_us);
void attendance_hear(struct attendance *attendance, const char *id, uint32_t slots);
void attendance_free(struct attendance *attendance);

/* Of the time at which anybody was there. */
struct attendance_figures {
    double analyzers, slots; /* means; slots of all together */
    uint32_t least, most;    /* analyzers at once */
    int64_t slots_us;        /* what the slots sum up to */
};
struct attendance_figures attendance_figures(const struct attendance *attendance, int64_t from_us,
                                             int64_t until_us);
