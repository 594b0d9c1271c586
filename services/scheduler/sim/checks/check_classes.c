/* Rule 4, of what a leader asks for: classes share the grants by weight, and none starves. While a
 * class always has somebody who waits and could be granted, no other class is ahead of it, in
 * grants by weight, by more than the grant that each may have begun: 1 / weight + 1 / weight of the
 * other. A class waits as long as one and the same job of it does; when that cannot be told for
 * certain, the counting begins anew. */
#include <string.h>

#include "checks.h"
#include "sim/fleet/schedulers.h"
#include "sim/fleet/store_rows.h"

#define ROUNDED 1e-3 /* prices are whole numbers */

static void count_anew(struct told_classes *told, int service_class)
{
    memset(told->ahead[service_class], 0, sizeof(told->ahead[service_class]));
}

/* Which classes have a job that has waited since the batch before? */
static void keep_waiting(struct sim *sim, struct told_classes *told, const bool now[MOST_JOBS_EVER])
{
    bool are_kept[CLASSES] = {false};
    for (uint32_t k = 0; k < sim->store.job_count; k++)
        if (now[k] && told->waits[k])
            are_kept[sim->store.jobs[k]->service_class] = true;
    for (int i = 0; i < CLASSES; i++)
        if (!are_kept[i])
            count_anew(told, i);
}

static uint32_t who_waits(const struct sim *sim, const struct told_classes *told)
{
    uint32_t waiting = 0;
    for (uint32_t k = 0; k < sim->store.job_count; k++)
        if (told->waits[k])
            waiting |= 1U << sim->store.jobs[k]->service_class;
    return waiting;
}

/* A grant of `mine` was next, and not one of `other`. */
static void pass_over(struct sim *sim, struct told_classes *told, int other, int mine)
{
    double others = 1.0 / schedulers_weight(sim, other), price = 1.0 / schedulers_weight(sim, mine);
    told->ahead[other][mine] += price;
    sim->counts[COUNT_RULE_4]++;
    if (told->ahead[other][mine] > others + price + ROUNDED)
        sim_violation(sim, "rule 4", "class %d is %.3f grants by weight ahead of class %d", mine,
                      told->ahead[other][mine], other);
}

/* By the embedded analysis, perhaps out of turn, because it could not wait: its class has paid for
 * it, and comes to its turn again when the others have paid as much. */
static void be_embedded(struct told_classes *told, int mine)
{
    told->has_paid_ahead[mine] = true;
    count_anew(told, mine);
}

static void be_called(struct sim *sim, struct told_classes *told, int mine)
{
    double price = 1.0 / schedulers_weight(sim, mine);
    uint32_t waiting = who_waits(sim, told);
    told->has_paid_ahead[mine] = false;
    for (int i = 0; i < CLASSES; i++) {
        told->ahead[mine][i] = told->ahead[mine][i] > price ? told->ahead[mine][i] - price : 0;
        if (i != mine && waiting & 1U << i && !told->has_paid_ahead[i])
            pass_over(sim, told, i, mine);
    }
}

static void be_granted(struct sim *sim, struct told_classes *told, const struct batch_item *item)
{
    const struct model_job *job = rows_find(sim, item->id.job_id);
    if (item->mode == MODE_EMBEDDED)
        be_embedded(told, job->service_class);
    else
        be_called(sim, told, job->service_class);
    check_known_granted(sim, job, told->waits);
    uint32_t waiting = who_waits(sim, told);
    for (int i = 0; i < CLASSES; i++)
        if (!(waiting & 1U << i))
            count_anew(told, i);
}

/* Whatever an operator set since may have stopped somebody for a while. */
static uint64_t orders_so_far(const struct journal *journal)
{
    uint64_t orders = 0;
    for (int i = 0; i < CONTROLS; i++)
        orders += journal->told[i].version;
    return orders;
}

void check_classes_batch(struct sim *sim, struct journal *journal, const struct action *action)
{
    struct told_classes *told = &journal->classes;
    bool waits[MOST_JOBS_EVER] = {false};
    if (sim->counts[WORK_LIMITS] > 0)
        return; /* some wait for their tenant's limit */
    check_known_waiting(sim, journal, action, waits);
    if (told->orders != orders_so_far(journal))
        memset(told->waits, 0, sizeof(told->waits));
    told->orders = orders_so_far(journal);
    keep_waiting(sim, told, waits);
    memcpy(told->waits, waits, sizeof(waits));
    for (size_t i = 0; i < action->batch.count; i++)
        if (action->batch.items[i].operation == BATCH_GRANT)
            be_granted(sim, told, &action->batch.items[i]);
}
