/* How fast a user is served (rule 3). It has one chunk in flight, and its next call begins only
 * after the commit of the last one, a grant and a permit, while its slot serves others. So a chunk
 * takes a user longer than its call, and more users are in service at once than there are slots:
 * equal sharing and laxity count with these, or who is last would begin too late. A change costs
 * O(n), and so waits until there were as many permits: O(1) for each. */
#include "state.h"

enum {
    AVERAGE_OVER = 8,
    STEPS = 8,              /* users per slot are used in eighths */
    FINE = 8,               /* and measured in eighths of these */
    LEAST_CHANGE = 6,       /* of these: not to and fro */
    MOST_STEPS = 2 * STEPS, /* beyond that the store is behind, or a limit holds up the permits */
};

static void average(int64_t *mean_us, struct instant from, struct instant until)
{
    *mean_us += ((until.ns - from.ns) / 1000 - *mean_us) / AVERAGE_OVER;
}

void pace_note_permit(struct scheduler *s, const struct attempt *attempt)
{
    average(&s->pace.granting_us, attempt->granted, s->now);
    s->pace.permits++;
}

void pace_note_commit(struct scheduler *s, const struct attempt *attempt)
{
    if (attempt->phase == ATTEMPT_ENDED)
        average(&s->pace.committing_us, attempt->ended, s->now);
}

void pace_forget(struct scheduler *s)
{
    s->pace = (struct pace){.users_per_slot = STEPS};
}

static void learn(struct pace *pace, int64_t call_us, size_t users)
{
    if (pace->permits <= users)
        return;
    int64_t between_us = pace->committing_us + pace->granting_us;
    int64_t measured = STEPS * FINE * (call_us + between_us) / call_us;
    if (measured > MOST_STEPS * FINE)
        measured = MOST_STEPS * FINE;
    int64_t off = measured - (int64_t)pace->users_per_slot * FINE;
    if (off < LEAST_CHANGE && off > -LEAST_CHANGE)
        return;
    pace->users_per_slot = (uint32_t)((measured + FINE / 2) / FINE);
    pace->permits = 0;
}

void pace_tell(struct scheduler *s)
{
    int64_t call_us = s->attempts.mean_call_us > 0 ? s->attempts.mean_call_us : 1;
    learn(&s->pace, call_us, s->book.user_count);
    uint32_t slots = (uint32_t)attempts_slots(s);
    uint32_t users = slots * s->pace.users_per_slot / STEPS;
    queue_set_pace(&s->queue, users, slots > 0 ? call_us * users / slots : call_us);
}
