/* What is done to the fleet as a whole: processes killed and paused, services cut off from each
 * other, the database away or its clock set wrong, the broker upset. Planned ahead from the seed,
 * so that it does not depend on what happens. */
#include "upset.h"

#include "broker.h"
#include "happenings.h"

struct upset {
    enum count kind;
    uint32_t number, site, other;
};

static const struct {
    enum count kind;
    int64_t percent;
} SHARES[] = {
    {FAULT_KILLED, 31},       {FAULT_ENDPOINT_DOWN, 5}, {FAULT_PAUSED, 29},
    {FAULT_EVENTS_LOST, 5},   {FAULT_SLOW, 5},          {FAULT_STORE_AWAY, 5},
    {FAULT_STREAMS_UPSET, 8}, {FAULT_PARTITIONED, 9},   {FAULT_CLOCK_STEP, 3},
};

static bool is_scheduler(uint32_t node)
{
    return node < SCHEDULERS;
}

static bool is_analyzer(uint32_t node)
{
    return node >= SCHEDULERS && node < PROCESSES;
}

/* Do they have anything to say to each other? */
static bool may_be_parted(uint32_t a, uint32_t b)
{
    bool is_same_kind =
        a == b || (is_scheduler(a) && is_scheduler(b)) || (is_analyzer(a) && is_analyzer(b));
    return !is_same_kind;
}

static void part(struct sim *sim, const struct upset *upset)
{
    int64_t until = sim->now + sim_severity(sim, SECOND / 2, 12 * SECOND);
    bool is_one_way = upset->number % 3 == 0;
    sim->cut_until[upset->site][upset->other] = until;
    if (!is_one_way)
        sim->cut_until[upset->other][upset->site] = until;
    sim_tell(sim, upset->site, "cannot %s %s for %ld ms", is_one_way ? "send to" : "talk with",
             sim_node_name(upset->other), (until - sim->now) / MS);
}

static void be_away(struct sim *sim)
{
    int64_t length = sim_severity(sim, SECOND, 6 * SECOND);
    sim->store.away_until = sim->now + length;
    sim_tell(sim, STORE, "is away for %ld ms", length / MS);
}

/* The one, or both. */
static void fail_endpoints(struct sim *sim, const struct upset *upset)
{
    int64_t until = sim->now + sim_severity(sim, 4 * SECOND, 25 * SECOND);
    for (uint32_t i = 0; i < ENDPOINTS; i++)
        if (upset->number % 3 != i)
            sim->down_until[i] = until;
    sim_tell(sim, NODES, "endpoints fail for %ld ms: %s", (until - sim->now) / MS,
             upset->number % 3 == 0   ? "the second"
             : upset->number % 3 == 1 ? "the first"
                                      : "both");
}

static void step_clock(struct sim *sim)
{
    sim->store.clock_error = sim_severity(sim, -CLOCK_ERROR, CLOCK_ERROR);
    sim_tell(sim, STORE, "has its clock set to %+ld ms", sim->store.clock_error / MS);
}

static void pause_for_a_while(struct sim *sim, uint32_t process)
{
    static const int64_t LENGTHS[] = {200 * MS, SECOND, 3 * SECOND, 8 * SECOND, 20 * SECOND};
    sim_pause(sim, &sim->processes[process], LENGTHS[sim_severity(sim, 0, 4)]);
}

static void happen(struct sim *sim, void *what)
{
    const struct upset *upset = what;
    if (!sim_decide(sim, upset->kind, upset->site, upset->number, 1000))
        return;
    if (upset->kind == FAULT_KILLED)
        sim_kill(sim, &sim->processes[upset->site], sim_severity(sim, 300 * MS, 6 * SECOND));
    else if (upset->kind == FAULT_PAUSED)
        pause_for_a_while(sim, upset->site);
    else if (upset->kind == FAULT_EVENTS_LOST)
        sim->events_lost_until = sim->now + sim_severity(sim, SECOND / 2, 4 * SECOND);
    else if (upset->kind == FAULT_SLOW)
        sim->slow_until = sim->now + sim_severity(sim, SECOND, 8 * SECOND);
    else if (upset->kind == FAULT_STORE_AWAY)
        be_away(sim);
    else if (upset->kind == FAULT_STREAMS_UPSET)
        broker_upset(sim, sim_severity(sim, 0, 2));
    else if (upset->kind == FAULT_PARTITIONED)
        part(sim, upset);
    else if (upset->kind == FAULT_ENDPOINT_DOWN)
        fail_endpoints(sim, upset);
    else
        step_clock(sim);
}

static uint32_t trait(const struct sim *sim, uint32_t number, uint32_t which, uint32_t most)
{
    return (uint32_t)sim_trait(sim, FAULT_KILLED, number * 8 + which, 0, most);
}

/* A process, schedulers more often; another node that it talks with. */
static void choose_site(const struct sim *sim, struct upset *upset)
{
    if (upset->kind == FAULT_KILLED || upset->kind == FAULT_PAUSED)
        upset->site = trait(sim, upset->number, 1, 4) == 0
                          ? trait(sim, upset->number, 2, SCHEDULERS - 1)
                          : trait(sim, upset->number, 2, PROCESSES - 1);
    if (upset->kind != FAULT_PARTITIONED)
        return;
    upset->site = trait(sim, upset->number, 1, PROCESSES);
    upset->other = trait(sim, upset->number, 2, NODES - 1);
    while (!may_be_parted(upset->site, upset->other))
        upset->other = (upset->other + 1) % NODES;
}

static enum count kind_of(int64_t dice)
{
    size_t i = 0;
    for (; dice >= SHARES[i].percent; i++)
        dice -= SHARES[i].percent;
    return SHARES[i].kind;
}

void upset_plan(struct sim *sim)
{
    int64_t at = SECOND;
    for (uint32_t number = 1; at < FAULTS_END; number++) {
        struct upset upset = {.number = number, .kind = kind_of(trait(sim, number, 0, 99))};
        choose_site(sim, &upset);
        sim_after(sim, at, NULL, happen, sim_keep(sim, &upset, sizeof(upset)));
        at += sim_trait(sim, FAULT_PAUSED, number, 200 * MS, 3 * SECOND);
    }
}

void upset_heal(struct sim *sim)
{
    for (uint32_t i = 0; i < PROCESSES; i++)
        sim_resume(sim, &sim->processes[i]);
    for (uint32_t from = 0; from < NODES; from++)
        for (uint32_t to = 0; to < NODES; to++)
            sim->cut_until[from][to] = 0;
    for (uint32_t i = 0; i < ENDPOINTS; i++)
        sim->down_until[i] = 0;
    sim_tell(sim, NODES, "from here on nothing goes wrong any more");
}
