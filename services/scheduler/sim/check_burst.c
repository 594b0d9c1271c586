/* Rule 1, of users with more than one chunk in flight: such a chunk is granted only while nobody
 * else waits, as far as the leader was told, and called only if no slot is missing for what others
 * were granted. So a burst gives way within a chunk. */
#include "checks.h"
#include "store_rows.h"

static void learn(struct sim *sim, struct journal *journal, const struct job_facts *jobs,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t number = sim_number_of(jobs[i].job_id);
        for (uint32_t k = 0; k < sim->store.job_count; k++)
            if (sim->store.numbers[k] == number)
                journal->knows[k] = jobs[i].event_number;
    }
}

void check_burst_hears(struct sim *sim, struct journal *journal, const struct event *event)
{
    if (!sim->has_bursts || !event->is_answered)
        return;
    if (event->kind == EVENT_SNAPSHOT && event->snapshot.epoch == journal->epoch)
        learn(sim, journal, event->snapshot.jobs, event->snapshot.job_count);
    else if (event->kind == EVENT_CHANGED && event->changed.epoch == journal->epoch)
        learn(sim, journal, event->changed.jobs, event->changed.job_count);
    if (event->kind != EVENT_BATCH || event->batch.epoch != journal->epoch ||
        event->batch.sequence != journal->batch_sequence)
        return;
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

static bool is_in_batch(const struct action *action, const struct model_job *job)
{
    for (size_t i = 0; i < action->batch.count; i++)
        if (sim_number_of(action->batch.items[i].id.job_id) == job->number)
            return true;
    return false;
}

/* Is anything of its user in service, or being granted, or may the leader think so? Interactive
 * work is somebody else's. */
static bool may_be_served(const struct sim *sim, const struct journal *journal,
                          const struct model_job *job, const struct action *action)
{
    for (uint32_t lane = 0; lane < LANES; lane++)
        if (sim->store.in_flight[job->user][lane].job && (lane == 1) == (job->lane == 1))
            return true;
    for (uint32_t k = 0; k < sim->store.job_count; k++) {
        const struct model_job *other = sim->store.jobs[k];
        bool is_same_user = other->user == job->user && other->lane == job->lane;
        if (is_same_user &&
            (journal->knows[k] != other->event_number || is_in_batch(action, other)))
            return true;
    }
    return false;
}

void check_burst_batch(struct sim *sim, const struct journal *journal, const struct action *action)
{
    const struct batch_item *burst = NULL;
    for (size_t i = 0; i < action->batch.count; i++)
        if (action->batch.items[i].operation == BATCH_GRANT &&
            action->batch.items[i].lane >= BURST_LANE)
            burst = &action->batch.items[i];
    bool is_limited = sim->counts[WORK_LIMITS] > 0; /* then some wait for their tenant's limit */
    for (uint32_t i = 0; burst && !is_limited && i < sim->store.job_count; i++) {
        const struct model_job *job = sim->store.jobs[i];
        if (!job->heals && !rows_has_ended(job) && has_fresh(job) &&
            !check_is_told_held(journal, job) && !may_be_served(sim, journal, job, action))
            sim_violation(sim, "rule 1", "a burst of job %s is granted while job %u waits",
                          burst->id.job_id, job->number);
    }
}

/* Does its leader count it among the calls, for certain? */
static bool is_called(const struct sim *sim, const struct journal *journal,
                      const struct grant *grant)
{
    const struct chunk_facts *row = &grant->job->chunks[grant->id.chunk_number].facts;
    return grant->is_permitted && !grant->is_cached && grant->heard_by != journal->epoch &&
           row->status == CHUNK_IN_FLIGHT && row->attempt == grant->id.attempt &&
           sim->now < grant->permitted_at + CALL_LIMIT;
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
        calls += is_ours && is_called(sim, journal, other);
        others += is_ours && is_waiting(other);
    }
    if (calls + others >= slots)
        sim_violation(sim, "rule 1", "job %u bursts beside %u calls and %u who wait, %u slots",
                      grant->job->number, calls, others, slots);
}
