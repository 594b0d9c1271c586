/* Rule 10: a client's job is taken only while there is room in the queue, of its user, of its
 * tenant and in all. The store counts; what is in all is counted again each second only, and until
 * then whoever ends is still counted (services/store: check_queue_room, queue_limits). */
#include "sim.h"
#include "store.h"

void store_plan_room(struct sim *sim)
{
    if (!sim_decide(sim, WORK_CAPS, 0, 0, 300))
        return;
    sim->store.caps = (struct caps){.of_user = (uint32_t)sim_trait(sim, WORK_CAPS, 0, 1, 3),
                                    .of_tenant = (uint32_t)sim_trait(sim, WORK_CAPS, 1, 3, 8),
                                    .in_all = (uint32_t)sim_trait(sim, WORK_CAPS, 2, 4, 12)};
}

void store_note_unfinished(struct sim *sim, const struct model_job *job, int change)
{
    if (job->heals || (change < 0 && sim->mutant == MUTANT_CAPS_NEVER_FREED))
        return; /* nobody sees those that heal */
    sim->store.unfinished_of[job->user] += (uint32_t)change;
    sim->store.counted_in_all += change > 0;
}

void store_count_work(struct sim *sim)
{
    uint32_t unfinished = 0;
    for (uint32_t user = 0; user < USERS; user++)
        unfinished += sim->store.unfinished_of[user];
    sim->store.counted_in_all = unfinished;
    sim->store.counted_at = sim->now;
}

enum room store_room_for(const struct sim *sim, const struct model_job *job)
{
    const struct store *store = &sim->store;
    uint32_t of_tenant = 0;
    if (!store->caps.in_all || sim->mutant == MUTANT_CAPS_IGNORED)
        return ROOM;
    for (uint32_t user = job->user % TENANTS; user < USERS; user += TENANTS)
        of_tenant += store->unfinished_of[user];
    if (store->counted_in_all >= store->caps.in_all)
        return ROOM_NONE_IN_ALL;
    if (store->unfinished_of[job->user] >= store->caps.of_user)
        return ROOM_NONE_OF_USER;
    return of_tenant >= store->caps.of_tenant ? ROOM_NONE_OF_TENANT : ROOM;
}
