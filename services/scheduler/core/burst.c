/* More than one chunk of a user at once, while nobody else waits (rule 1). */
#include "state.h"

/* That of the chunk, as a bit, if it is the user's and in flight, or asked to be. */
static uint64_t lane_taken(const struct chunk *chunk, const struct user *user)
{
    bool is_taken = chunk->is_occupying && book_user_of(book_turn_of(chunk)) == user;
    return is_taken ? UINT64_C(1) << chunk->lane : 0;
}

static uint64_t lanes_taken_among(const struct heap *attempts, const struct user *user)
{
    uint64_t lanes = 0;
    for (uint32_t i = 0; i < attempts->count; i++)
        lanes |=
            lane_taken(HEAP_OWNER(heap_at(attempts, i)->node, struct attempt, alarm)->chunk, user);
    return lanes;
}

/* Looked up, since hardly anybody has more than one: what is in flight has an attempt, and what was
 * asked for stands in the batch. */
static uint64_t lanes_taken(const struct scheduler *s, const struct user *user)
{
    uint64_t lanes = lanes_taken_among(&s->attempts.alarms, user) |
                     lanes_taken_among(&s->attempts.errands, user);
    for (size_t i = 0; i < s->batch.count; i++)
        lanes |= lane_taken(s->batch.chunks[i], user);
    return lanes;
}

/* The lowest that is free; its own lane for a user with nothing in flight. */
uint32_t burst_lane_for(const struct scheduler *s, const struct chunk *chunk)
{
    const struct user *user = book_user_of(book_turn_of(chunk));
    if (user->occupied == 0)
        return book_lane_of(book_job_of(chunk)->service_class);
    uint64_t taken = lanes_taken(s, user);
    uint32_t lane = FIRST_BURST_LANE;
    while (lane < MOST_LANES - 1 && taken >> lane & 1)
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
