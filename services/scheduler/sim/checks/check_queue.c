/* Rule 10: no queue is ever longer than its cap, nobody is refused where there is room, and what a
 * leader says that waits is what waits. Counted from the rows, each time. */
#include "checks.h"
#include "sim/fleet/store_rows.h"

struct unfinished {
    uint32_t of_user, of_tenant, in_all;
    uint32_t ended_lately; /* and may still be in the count of all */
};

static struct unfinished count(const struct sim *sim, const struct model_job *mine)
{
    struct unfinished found = {0};
    for (uint32_t i = 0; i < sim->store.job_count; i++) {
        const struct model_job *job = sim->store.jobs[i];
        if (job->heals)
            continue;
        found.ended_lately += rows_has_ended(job) && job->ended_at >= sim->store.counted_at;
        if (rows_has_ended(job))
            continue;
        found.in_all++;
        found.of_user += job->user == mine->user;
        found.of_tenant += job->user % TENANTS == mine->user % TENANTS;
    }
    return found;
}

void check_queue_takes(struct sim *sim, const struct model_job *job)
{
    const struct caps *caps = &sim->store.caps;
    struct unfinished found = count(sim, job);
    if (!caps->in_all)
        return;
    if (found.of_user > caps->of_user || found.of_tenant > caps->of_tenant ||
        found.in_all > caps->in_all)
        sim_violation(sim, "rule 10",
                      "job %u is taken: %u of its user, %u of its tenant, %u in all", job->number,
                      found.of_user, found.of_tenant, found.in_all);
}

void check_queue_refuses(struct sim *sim, const struct model_job *job, enum room room)
{
    const struct caps *caps = &sim->store.caps;
    struct unfinished found = count(sim, job);
    bool is_full = false;
    switch (room) {
    case ROOM:
        break;
    case ROOM_NONE_OF_USER:
        is_full = found.of_user >= caps->of_user;
        sim->counts[COUNT_QUEUE_OF_USER]++;
        break;
    case ROOM_NONE_OF_TENANT:
        is_full = found.of_tenant >= caps->of_tenant;
        sim->counts[COUNT_QUEUE_OF_TENANT]++;
        break;
    case ROOM_NONE_IN_ALL:
        is_full = found.in_all + found.ended_lately >= caps->in_all;
        sim->counts[COUNT_QUEUE_IN_ALL]++;
        break;
    }
    if (!is_full)
        sim_violation(sim, "rule 10",
                      "job %u is refused (%d): %u of its user, %u of its tenant, %u "
                      "in all",
                      job->number, room, found.of_user, found.of_tenant, found.in_all);
}

/* Is there news of no job that it has not heard? What ended before it led it never hears of. */
static bool knows_all(const struct sim *sim, const struct journal *journal)
{
    for (uint32_t k = 0; k < sim->store.job_count; k++) {
        const struct model_job *job = sim->store.jobs[k];
        bool is_unheard = rows_has_ended(job) && journal->knows[k] == 0;
        if (!is_unheard && journal->knows[k] != job->event_number)
            return false;
    }
    return true;
}

static void check_waiting(struct sim *sim, uint32_t number)
{
    const struct journal *journal = &sim->schedulers[number].journal;
    struct scheduler_figures told;
    size_t waiting[CLASSES] = {0};
    if (journal->epoch != sim->store.epoch || !journal->is_listening || !journal->is_booked ||
        journal->is_batch_awaited || !knows_all(sim, journal))
        return;
    scheduler_figures(sim->schedulers[number].core, &told);
    if (!told.is_leader || told.epoch != journal->epoch)
        return;
    for (uint32_t i = 0; i < sim->store.job_count; i++) {
        const struct model_job *job = sim->store.jobs[i];
        for (uint32_t k = 0; k < job->chunk_count && !rows_has_ended(job); k++)
            waiting[job->service_class] += job->chunks[k].facts.status == CHUNK_READY;
    }
    for (int i = 0; i < CLASSES; i++)
        if (told.queued[i] != waiting[i])
            sim_violation(sim, "rule 10",
                          "the leader says that %zu chunks of class %d wait, not %zu",
                          told.queued[i], i, waiting[i]);
    sim->counts[COUNT_WAITING]++;
}

void check_queues(struct sim *sim)
{
    for (uint32_t i = 0; i < SCHEDULERS && sim->mutant == MUTANT_NONE; i++)
        if (sim->processes[i].is_alive)
            check_waiting(sim, i);
}
