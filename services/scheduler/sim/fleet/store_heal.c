/* Healing (rule 7): background jobs of what the embedded analysis did for want of an endpoint. */
#include "sim.h"
#include "store.h"
#include "store_rows.h"
#include <stdio.h>
#include <string.h>

/* The posts of the job that wait to be healed and are not being; or, when the store has been given
 * an older backup, all that wait. */
static uint32_t collect(struct sim *sim, const struct model_job *job, uint32_t posts[POSTS_PER_JOB])
{
    uint32_t count = 0, waiting = 0;
    for (uint32_t i = 0; i < job->post_count; i++) {
        waiting += job->posts[i].is_degraded;
        if (job->posts[i].is_degraded && !job->posts[i].is_healing)
            posts[count++] = i;
    }
    if (job->heals || count == waiting ||
        !sim_fault(sim, FAULT_HEALED_TWICE, STORE, job->number, 100))
        return count;
    count = 0;
    for (uint32_t i = 0; i < job->post_count; i++)
        if (job->posts[i].is_degraded)
            posts[count++] = i;
    return count;
}

static uint32_t heal(struct sim *sim, struct model_job *job)
{
    uint32_t posts[POSTS_PER_JOB], count = collect(sim, job, posts);
    bool is_full = sim->store.planned >= MOST_JOBS_EVER;
    if (count == 0 || job->heals || is_full)
        return 0;
    struct model_job *healing = arena_new(sim->arena, sizeof(*healing));
    healing->number = job->number + HEALING_FROM * ++job->healings;
    snprintf(healing->id, sizeof(healing->id), "00000000-0000-7000-8000-%012u", healing->number);
    healing->user = job->user;
    healing->service_class = CLASS_BACKGROUND;
    healing->heals = job;
    healing->lasts = healing->deadline = healing->cancelled_after = FOREVER;
    healing->post_count = count;
    for (uint32_t i = 0; i < count; i++) {
        job->posts[posts[i]].is_healing = true;
        healing->posts[i] = (struct model_post){.is_poison = job->posts[posts[i]].is_poison,
                                                .is_hopeless = job->posts[posts[i]].is_hopeless,
                                                .original = posts[i]};
    }
    sim->store.planned++;
    rows_add_job(sim, healing);
    sim_tell(sim, STORE, "job %u heals %u posts of job %u", healing->number, count, job->number);
    rows_cut(healing);
    rows_tell(sim, healing);
    sim->counts[COUNT_HEALINGS]++;
    return count;
}

struct event *store_heal(struct sim *sim, uint64_t epoch)
{
    struct event *event = rows_new_event(sim, EVENT_HEALING);
    event->healing.epoch = epoch;
    uint32_t count = sim->mutant == MUTANT_HEALS_NOTHING ? 0 : sim->store.job_count;
    for (uint32_t i = 0; i < count; i++)
        event->healing.posts += heal(sim, sim->store.jobs[i]);
    return event;
}

/* Strictly higher provenance wins. */
void store_revise(struct sim *sim, struct model_job *job, uint32_t post, enum analysis_mode mode)
{
    struct model_post *original = &job->heals->posts[job->posts[post].original];
    bool is_better = original->is_degraded; /* what stands in, and not another by the LLM */
    if (mode != MODE_LLM)
        sim_violation(sim, "rule 7", "job %u heals by the embedded analysis", job->number);
    if (!is_better && sim->mutant != MUTANT_HEALS_REPLACE_EQUAL) {
        sim->counts[COUNT_NO_BETTER]++;
        return;
    }
    original->is_degraded = false;
    original->revised++;
    sim->counts[COUNT_HEALED]++;
}
