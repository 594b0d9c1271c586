#include "network.h"

#include "happenings.h"

/* A number for the link, so that what one does leaves the faults of the others as they are. */
static uint32_t link_of(const struct letter *letter)
{
    return letter->from * NODES + letter->to;
}

static int64_t network_delay(struct sim *sim, const struct letter *letter)
{
    if (sim_fault(sim, FAULT_LATE, link_of(letter), letter->about,
                  sim->now < sim->slow_until ? 600 : 30)) {
        int64_t delay = sim_severity(sim, 100 * MS, 9 * SECOND);
        sim_tell(sim, letter->from, "%s to %s is %ld ms late", letter->name,
                 sim_node_name(letter->to), delay / MS);
        return delay;
    }
    if (sim_fault(sim, FAULT_REORDERED, link_of(letter), letter->about,
                  20)) /* what is sent next overtakes it */
        return sim_severity(sim, 10 * MS, 60 * MS);
    return sim_usual(sim, link_of(letter), 100, 8 * MS);
}

bool sim_is_cut(const struct sim *sim, uint32_t from, uint32_t to)
{
    return sim->now < sim->cut_until[from][to];
}

void sim_send(struct sim *sim, const struct letter *letter)
{
    struct process *to = letter->to < PROCESSES ? &sim->processes[letter->to] : NULL;
    if (sim_is_cut(sim, letter->from, letter->to)) {
        sim->counts[COUNT_CUT_OFF]++;
        sim_tell(sim, letter->from, "%s does not reach %s", letter->name,
                 sim_node_name(letter->to));
        return;
    }
    if (sim_fault(sim, FAULT_LOST, link_of(letter), letter->about, letter->loss_permille)) {
        sim_tell(sim, letter->from, "%s to %s is lost", letter->name, sim_node_name(letter->to));
        return;
    }
    int64_t delay = network_delay(sim, letter);
    sim_after(sim, delay, to, letter->deed, letter->what);
    if (!sim_fault(sim, FAULT_TWICE, link_of(letter), letter->about, 10))
        return;
    delay += sim_severity(sim, 0, 4 * SECOND);
    sim_tell(sim, letter->from, "%s to %s comes again after %ld ms", letter->name,
             sim_node_name(letter->to), delay / MS);
    sim_after(sim, delay, to, letter->deed, letter->what);
}
