/* Rule 1, of users with more than one chunk in flight: such a chunk is granted only while nobody
 * else waits, as far as the leader was told, and called only if no slot is missing for what others
 * were granted. So a burst gives way within a chunk. */
#include "checks.h"
#include "sim/fleet/store_rows.h"

void check_burst_batch(struct sim *sim, const struct journal *journal, const struct action *action)
{
    const struct batch_item *burst = NULL;
    bool waits[MOST_JOBS_EVER] = {false};
    for (size_t i = 0; i < action->batch.count; i++)
        if (action->batch.items[i].operation == BATCH_GRANT &&
            action->batch.items[i].lane >= BURST_LANE)
            burst = &action->batch.items[i];
    /* With limits some wait for their tenant's. */
    if (!burst || sim->counts[WORK_LIMITS] > 0)
        return;
    check_known_waiting(sim, journal, action, waits);
    for (size_t i = 0; i < action->batch.count; i++)
        check_known_granted(sim, rows_find(sim, action->batch.items[i].id.job_id), waits);
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        if (waits[i])
            sim_violation(sim, "rule 1", "a burst of job %s is granted while job %u waits",
                          burst->id.job_id, sim->store.jobs[i]->number);
}

static bool is_waiting(const struct grant *grant)
{
    const struct chunk_facts *row = &grant->job->chunks[grant->id.chunk_number].facts;
    return grant->is_told && !grant->is_forgotten && !grant->is_permitted &&
           grant->lane < BURST_LANE && row->status == CHUNK_IN_FLIGHT &&
           row->attempt == grant->id.attempt;
}

void check_burst_permits(struct sim *sim, const struct journal *journal, const struct grant *grant,
                         uint32_t slots)
{
    uint32_t calls = 0, others = 0;
    for (const struct grant *other = sim->grants; other; other = other->older) {
        bool is_ours = other->mode == MODE_LLM && other->epoch == journal->epoch;
        calls += is_ours && check_is_called(sim, journal, other);
        others += is_ours && is_waiting(other);
    }
    if (calls + others >= slots)
        sim_violation(sim, "rule 1", "job %u bursts beside %u calls and %u who wait, %u slots",
                      grant->job->number, calls, others, slots);
}
