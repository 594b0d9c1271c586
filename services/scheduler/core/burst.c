/* More than one chunk of a user at once, while nobody else waits (rule 1). */
#include "state.h"

/* The lowest that is free; its own lane for a user with nothing in flight. */
uint32_t burst_lane_for(const struct chunk *chunk)
{
    const struct user *user = book_user_of(chunk->job->turn);
    if (user->occupied == 0)
        return book_lane_of(chunk->job->service_class);
    uint32_t lane = FIRST_BURST_LANE;
    while (lane < MOST_LANES - 1 && user->lanes >> lane & 1)
        lane++;
    return lane;
}

/* What was granted and is not committed has its slot: its user may be about to go on. */
size_t burst_room(const struct scheduler *s, size_t grants_in_batch)
{
    size_t taken = s->attempts.count + grants_in_batch, slots = attempts_slots(s);
    return slots > taken ? slots - taken : 0;
}

void burst_tend(struct scheduler *s)
{
    if (!lead_is_held(s))
        return;
    while (s->attempts.bursts.count > 0 &&
           s->attempts.calls + s->attempts.waiting > attempts_slots(s))
        attempts_swear_off(s, HEAP_OWNER(heap_first(&s->attempts.bursts), struct attempt, burst));
}
