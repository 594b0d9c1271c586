/* A history from its beginning to its end. */
#include <stdlib.h>

#include "analyzers.h"
#include "base/check.h"
#include "controls.h"
#include "happenings.h"
#include "llm.h"
#include "schedulers.h"
#include "sim.h"
#include "store.h"
#include "upset.h"

static void heal(struct sim *sim, void *what)
{
    (void)what;
    upset_heal(sim);
}

static void lift_limits(struct sim *sim, void *what)
{
    (void)what;
    controls_lift_limits(sim);
}

static void every_second(struct sim *sim, void *what)
{
    if (sim->now >= sim->store.away_until)
        store_expire(sim);
    if (sim->now >= sim->store.away_until)
        store_count_work(sim);
    sim->witness->looks(sim);
    bool is_quiet = sim->now > FAULTS_END && store_all_ended(sim);
    sim->quiet_seconds = is_quiet ? sim->quiet_seconds + 1 : 0;
    sim->is_over = sim->quiet_seconds > sim->seconds_of_quiet;
    sim_after(sim, SECOND, NULL, every_second, what);
}

/* Most histories fit into one block, which is then used again and again: fresh memory costs a
 * fifth of the time under the address sanitizer. */
static void clear_ground(struct arena *ground)
{
    const size_t usual = (size_t)4 << 20;
    bool has_block = arena_used(ground) > 0 && arena_used(ground) < usual / 4 * 3;
    arena_reset(ground);
    if (has_block)
        return;
    arena_new(ground, usual);
    arena_reset(ground);
}

struct sim *sim_new(const struct history *history, const struct witness *witness,
                    struct arena *ground)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    CHECK(sim);
    clear_ground(ground);
    sim->arena = ground;
    sim->history = *history;
    sim->witness = witness;
    sim->mutant = history->mutant;
    return sim;
}

void sim_free(struct sim **sim)
{
    if (!*sim)
        return;
    for (uint32_t i = 0; i < SCHEDULERS; i++)
        scheduler_free(&(*sim)->schedulers[i].core);
    heap_free(&(*sim)->happenings);
    free((*sim)->decided);
    free(*sim);
    *sim = NULL;
}

void sim_run(struct sim *sim)
{
    sim->is_without_chance = !sim_decide(sim, WORK_CHANCE, 0, 0, 1000);
    llm_plan(sim);
    servers_plan(sim);
    sim->has_bursts = sim_decide(sim, WORK_BURSTS, 0, 0, 500);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        sim->processes[i].clock_offset = sim_trait(sim, WORK_CHANCE, i, 0, 1000 * SECOND);
        sim->processes[i].role = i < SCHEDULERS ? &SCHEDULER : &ANALYZER;
        sim_boot(sim, &sim->processes[i]);
    }
    store_plan_jobs(sim);
    control_limits_plan(sim);
    controls_plan(sim);
    /* Some go on a little, until everybody has heard that all is over. */
    sim->seconds_of_quiet = sim_trait(sim, FAULT_PAUSED, 0, 0, 7) == 0 ? 14 : 0;
    upset_plan(sim);
    sim_after(sim, sim->limits_until, NULL, lift_limits, NULL);
    sim_after(sim, SECOND, NULL, every_second, NULL);
    sim_after(sim, FAULTS_END, NULL, heal, NULL);
    while (!sim->is_over && sim->now < HEALED_END && sim->violations == 0)
        sim_happen_next(sim);
    sim->witness->ends(sim);
}
