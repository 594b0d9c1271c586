#include "sojourn.h"

#include "base/check.h"

/* Who is later than that, was not served too late: the estimate of a call was wrong. */
#define MOST_LATE_CHUNKS 2.0

#define HAS_BEGUN (UINT64_C(1) << 63)
#define PARTS_PER_CHUNK 1048576.0
#define MOST_CHUNKS 68719476736.0 /* 2^36: keeps keys of what is overdue above 0 */

static uint64_t to_key(double chunks)
{
    return chunks > 0 ? (uint64_t)(chunks * PARTS_PER_CHUNK) : 0;
}

void sojourn_open(struct sojourn *sojourn, struct pool *stakes, bool has_first_chunks_first,
                  double urgent_below)
{
    *sojourn = (struct sojourn){.fluid = {.stakes = stakes, .slots = 1},
                                .urgent_below = urgent_below,
                                .has_first_chunks_first = has_first_chunks_first};
}

void sojourn_close(struct sojourn *sojourn)
{
    heap_free(&sojourn->latest);
}

static struct stake *stake_of(const struct sojourn *sojourn, const struct turn *turn)
{
    return pool_at(sojourn->fluid.stakes, turn->stake);
}

/* When it must start at the latest, to be done by its virtual finish without a pause. */
static double latest_start(const struct sojourn *sojourn, const struct turn *turn)
{
    const struct stake *stake = stake_of(sojourn, turn);
    double end = fluid_has(stake) ? fluid_end_of(&sojourn->fluid, stake) : stake->end;
    return end - turn->due_count;
}

static uint64_t latest_key(const struct sojourn *sojourn, double start)
{
    return to_key(start + sojourn->pulled + MOST_CHUNKS);
}

static uint64_t latest_key_of(void *sojourn, struct heap_node *node)
{
    return latest_key(sojourn, latest_start(sojourn, HEAP_OWNER(node, struct turn, latest)));
}

void sojourn_set_slots(struct sojourn *sojourn, uint32_t slots)
{
    if (slots == sojourn->fluid.slots)
        return;
    sojourn->fluid.slots = slots;
    /* More slots move everybody's finish to earlier: all are worked out again. */
    heap_set_all(&sojourn->latest, latest_key_of, sojourn);
}

void sojourn_pass(struct sojourn *sojourn, double chunks)
{
    struct pool *stakes = sojourn->fluid.stakes;
    uint32_t left;
    while ((left = fluid_pass(&sojourn->fluid, &chunks))) {
        const struct stake *stake = pool_at(stakes, left);
        if (stake->is_abandoned)
            pool_give(stakes, left);
    }
}

/* It has none until something of it is shared. */
static struct stake *stake_for(struct sojourn *sojourn, struct turn *turn)
{
    if (!turn->stake)
        turn->stake = pool_take(sojourn->fluid.stakes);
    return stake_of(sojourn, turn);
}

void sojourn_add(struct sojourn *sojourn, struct turn *turn)
{
    struct fluid *fluid = &sojourn->fluid;
    struct stake *stake = stake_for(sojourn, turn);
    if (fluid_has(stake)) {
        fluid_leave(fluid, turn->stake);
        stake->mark++;
    } else {
        stake->mark = fluid->virtual + 1;
        stake->age = ++sojourn->last_age;
    }
    fluid_enter(fluid, turn->stake);
}

void sojourn_withdraw(struct sojourn *sojourn, struct turn *turn)
{
    struct fluid *fluid = &sojourn->fluid;
    if (!turn->stake || !fluid_has(stake_of(sojourn, turn)))
        return;
    struct stake *stake = stake_of(sojourn, turn);
    fluid_leave(fluid, turn->stake);
    stake->mark--;
    sojourn->pulled++;
    if (stake->mark > fluid->virtual)
        fluid_enter(fluid, turn->stake);
}

uint64_t sojourn_rank_begun(uint64_t rank)
{
    return rank | HAS_BEGUN;
}

static bool is_first_chunk_due(const struct sojourn *sojourn, const struct turn *turn)
{
    return sojourn->has_first_chunks_first && !(turn->rank & HAS_BEGUN);
}

static uint64_t finish_key(const struct sojourn *sojourn, const struct turn *turn)
{
    return to_key(stake_of(sojourn, turn)->mark) | HAS_BEGUN;
}

uint64_t sojourn_key(const struct sojourn *sojourn, const struct turn *turn)
{
    return is_first_chunk_due(sojourn, turn) ? turn->rank : finish_key(sojourn, turn);
}

/* Ties by age: who came at once, after a takeover all, often has the same finish. */
static bool is_served_before(const struct sojourn *sojourn, const struct turn *a,
                             const struct turn *b)
{
    uint64_t one = finish_key(sojourn, a), other = finish_key(sojourn, b);
    if (one != other)
        return one < other;
    return fluid_is_older(stake_of(sojourn, a), stake_of(sojourn, b));
}

size_t sojourn_ahead(const struct sojourn *sojourn, const struct turn *mine,
                     const struct turn *other, bool is_before_first)
{
    bool gives_first = is_first_chunk_due(sojourn, other);
    if (!mine->stake) /* it is held, and joins when it is open again: behind whoever is there */
        return other->due_count;
    if (is_before_first && is_first_chunk_due(sojourn, mine))
        return gives_first && other->rank < mine->rank;
    return is_served_before(sojourn, other, mine) ? other->due_count : gives_first;
}

void sojourn_set_runnable(struct sojourn *sojourn, struct turn *turn)
{
    if (heap_has(&turn->latest))
        return; /* with less to do it may start later: the bound still holds */
    turn->latest.tie = turn->node.tie = stake_of(sojourn, turn)->age;
    heap_add(&sojourn->latest, &turn->latest, latest_key(sojourn, latest_start(sojourn, turn)));
}

void sojourn_set_idle(struct sojourn *sojourn, struct turn *turn)
{
    if (heap_has(&turn->latest))
        heap_remove(&sojourn->latest, &turn->latest);
}

void sojourn_forget(struct sojourn *sojourn, struct turn *turn)
{
    if (turn->stake && fluid_has(stake_of(sojourn, turn)))
        stake_of(sojourn, turn)->is_abandoned = true;
    else if (turn->stake)
        pool_give(sojourn->fluid.stakes, turn->stake);
}

void sojourn_hold(struct sojourn *sojourn, struct turn *turn)
{
    if (!turn->stake || !fluid_has(stake_of(sojourn, turn)))
        return;
    sojourn->pulled += stake_of(sojourn, turn)->mark - sojourn->fluid.virtual;
    fluid_leave(&sojourn->fluid, turn->stake);
}

/* Equal sharing goes on with what it has left, as if it had just come. */
void sojourn_join_anew(struct sojourn *sojourn, struct turn *turn)
{
    struct stake *stake = stake_for(sojourn, turn);
    if (fluid_has(stake))
        fluid_leave(&sojourn->fluid, turn->stake);
    if (stake->age == 0)
        stake->age = ++sojourn->last_age;
    stake->mark = sojourn->fluid.virtual + turn->due_count;
    fluid_enter(&sojourn->fluid, turn->stake);
}

struct turn *sojourn_urgent(struct sojourn *sojourn, struct heap *runnable)
{
    double now = sojourn->fluid.time;
    uint64_t limit = latest_key(sojourn, now + sojourn->urgent_below);
    struct heap_node *first;
    while ((first = heap_first(&sojourn->latest)) && heap_first_key(&sojourn->latest) < limit) {
        struct turn *turn = HEAP_OWNER(first, struct turn, latest);
        double start = latest_start(sojourn, turn);
        if (start < now - MOST_LATE_CHUNKS) {
            sojourn_join_anew(sojourn, turn);
            heap_set(runnable, &turn->node, sojourn_key(sojourn, turn));
            start = latest_start(sojourn, turn);
        }
        uint64_t key = latest_key(sojourn, start);
        if (key <= heap_first_key(&sojourn->latest))
            return turn;
        heap_set(&sojourn->latest, first, key);
    }
    return NULL;
}
