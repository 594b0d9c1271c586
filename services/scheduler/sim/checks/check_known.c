/* Whom a leader must know to be waiting: jobs of which it was told the newest news, whose user
 * nothing is being served or granted of. Who is left out may wait all the same. */
#include "checks.h"
#include "sim/fleet/store_rows.h"

static void learn(const struct sim *sim, struct journal *journal, const struct job_facts *job)
{
    uint32_t number = sim_number_of(job->job_id);
    for (uint32_t k = 0; k < sim->store.job_count; k++)
        if (sim->store.numbers[k] == number)
            journal->knows[k] = job->event_number;
}

static void learn_all(const struct sim *sim, struct journal *journal, const struct job_facts *jobs,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        learn(sim, journal, &jobs[i]);
}

void check_known_hears(struct sim *sim, struct journal *journal, const struct event *event)
{
    bool is_rebuilt = journal->is_listening && journal->is_booked;
    if (event->kind == EVENT_JOB_EVENT && is_rebuilt)
        learn(sim, journal, event->job_event.job);
    if (!event->is_answered)
        return;
    if (event->kind == EVENT_SNAPSHOT && event->snapshot.epoch == journal->epoch)
        learn_all(sim, journal, event->snapshot.jobs, event->snapshot.job_count);
    else if (event->kind == EVENT_CHANGED && event->changed.epoch == journal->epoch)
        learn_all(sim, journal, event->changed.jobs, event->changed.job_count);
    if (event->kind != EVENT_BATCH || event->batch.epoch != journal->epoch ||
        event->batch.sequence != journal->batch_sequence)
        return;
    if (event->batch.status == BATCH_ANSWERED)
        journal->is_batch_awaited = false;
    for (struct grant *grant = sim->grants; grant; grant = grant->older)
        grant->is_told = grant->is_told || grant->epoch == journal->epoch;
}

/* Never tried and never refused: nothing but its turn is in its way. */
static bool is_fresh(const struct model_chunk *chunk)
{
    return chunk->facts.status == CHUNK_READY && chunk->facts.attempt == 0 &&
           chunk->facts.depth == 0 && !chunk->is_refused;
}

static bool has_fresh(const struct model_job *job)
{
    for (uint32_t i = 0; i < job->chunk_count; i++)
        if (is_fresh(&job->chunks[i]))
            return true;
    return false;
}

/* Interactive work is somebody else's. */
static uint32_t bit_of(const struct model_job *job)
{
    return 1U << (2 * job->user + (job->lane == 1));
}

/* Is anything of a user in service, or being granted, or may the leader think so? */
static uint32_t who_may_be_served(struct sim *sim, const struct journal *journal,
                                  const struct action *batch)
{
    uint32_t served = 0;
    for (uint32_t user = 0; user < USERS; user++)
        for (uint32_t lane = 0; lane < LANES; lane++)
            if (sim->store.in_flight[user][lane].job)
                served |= 1U << (2 * user + (lane == 1));
    for (uint32_t k = 0; k < sim->store.job_count; k++)
        if (journal->knows[k] != sim->store.jobs[k]->event_number)
            served |= bit_of(sim->store.jobs[k]);
    for (size_t i = 0; i < batch->batch.count; i++)
        if (batch->batch.items[i].operation != BATCH_GRANT)
            served |= bit_of(rows_find(sim, batch->batch.items[i].id.job_id));
    return served;
}

void check_known_waiting(struct sim *sim, const struct journal *journal, const struct action *batch,
                         bool waits[MOST_JOBS_EVER])
{
    uint32_t served = who_may_be_served(sim, journal, batch);
    for (uint32_t k = 0; k < sim->store.job_count; k++) {
        const struct model_job *job = sim->store.jobs[k];
        waits[k] = !rows_has_ended(job) && !job->heals && !(served & bit_of(job)) &&
                   has_fresh(job) && !check_is_told_held(journal, job);
    }
}

void check_known_granted(const struct sim *sim, const struct model_job *job,
                         bool waits[MOST_JOBS_EVER])
{
    for (uint32_t k = 0; k < sim->store.job_count; k++)
        if (bit_of(sim->store.jobs[k]) == bit_of(job))
            waits[k] = false;
}
