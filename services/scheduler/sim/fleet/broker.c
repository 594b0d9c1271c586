#include "broker.h"

#include "happenings.h"
#include "network.h"
#include "store.h"

/* Work on its way to an analyzer. */
struct handover {
    uint32_t node;
    struct parcel *parcel;
};

static uint32_t about_parcel(const struct sim *sim, const struct grant *grant)
{
    return sim_about(&grant->id, sim_about_now(sim));
}

/* ---- work ---- */
static void hand_over(struct sim *sim, void *what)
{
    const struct handover *handover = what;
    sim->processes[handover->node].role->take(sim, handover->node, handover->parcel);
}

void broker_hand_to(struct sim *sim, uint32_t analyzer)
{
    uint32_t node = SCHEDULERS + analyzer;
    const struct process *process = &sim->processes[node];
    if (!process->is_alive || process->is_paused || sim_is_cut(sim, node, BROKER))
        return;
    uint32_t room = SLOTS - sim->analyzers[analyzer].held_count;
    for (struct parcel **place = &sim->work; *place && room > 0;) {
        struct parcel *parcel = *place;
        if (parcel->is_acked && sim->now > parcel->next_at + 20 * SECOND) {
            *place = parcel->older; /* long done */
            continue;
        }
        place = &parcel->older;
        if (parcel->is_acked || parcel->next_at > sim->now)
            continue;
        parcel->next_at = sim->now + ACK_WAIT;
        struct handover handover = {.node = node, .parcel = parcel};
        sim_send(sim, &(struct letter){.name = "work",
                                       .from = BROKER,
                                       .to = node,
                                       .loss_permille = 10,
                                       .about = about_parcel(sim, parcel->body),
                                       .deed = hand_over,
                                       .what = sim_keep(sim, &handover, sizeof(handover))});
        room--;
    }
}

void broker_hand_out(struct sim *sim)
{
    uint32_t first = (uint32_t)sim_usual(sim, USUAL_BROKER, 0, ANALYZERS - 1);
    for (uint32_t i = 0; i < ANALYZERS; i++)
        broker_hand_to(sim, (first + i) % ANALYZERS);
}

static void arrive(struct sim *sim, void *what)
{
    struct parcel *parcel = what;
    parcel->older = sim->work;
    sim->work = parcel;
    broker_hand_out(sim);
}

void broker_take_dispatch(struct sim *sim, const struct grant *grant)
{
    for (int copies = sim_fault(sim, FAULT_REPEATED, BROKER, sim_about(&grant->id, 1), 20) ? 2 : 1;
         copies > 0; copies--) {
        struct parcel *parcel = arena_new(sim->arena, sizeof(*parcel));
        parcel->body = grant;
        sim_after(sim, sim_usual(sim, USUAL_BROKER, 100, 5 * MS), NULL, arrive, parcel);
    }
}

/* ---- outcomes: stored first, then acked ---- */
static void commit(struct sim *sim, void *what)
{
    const struct result *result = what;
    if (sim->now < sim->store.away_until || sim_is_cut(sim, BROKER, STORE)) {
        sim_after(sim, 500 * MS, NULL, commit, what);
        return;
    }
    store_commit(sim, result->grant, &result->outcome);
    if (sim_is_cut(sim, STORE, BROKER) ||
        sim_fault(sim, FAULT_ACK_LOST, STORE, sim_about(&result->grant->id, 0), 10))
        sim_after(sim, ACK_WAIT, NULL, commit, what);
}

void broker_take_outcome(struct sim *sim, const struct result *result)
{
    uint32_t about = sim_about(&result->grant->id, 0);
    struct result *kept = sim_keep(sim, result, sizeof(*result));
    struct parcel *parcel = arena_new(sim->arena, sizeof(*parcel));
    *parcel = (struct parcel){.body = kept, .older = sim->results};
    sim->results = parcel;
    if (sim_fault(sim, FAULT_FORGOTTEN, BROKER, about, 30))
        sim_tell(sim, BROKER, "forgets the outcome of job %u chunk %u", result->grant->job->number,
                 result->grant->id.chunk_number);
    else
        sim_after(sim, sim_usual(sim, USUAL_BROKER, MS, 20 * MS), NULL, commit, kept);
    if (sim_fault(sim, FAULT_REPEATED, BROKER, about, 30))
        sim_after(sim, sim_severity(sim, MS, 20 * SECOND), NULL, commit, kept);
}

void broker_upset(struct sim *sim, int64_t way)
{
    sim_tell(sim, BROKER, "is upset");
    for (struct parcel *parcel = sim->work; parcel; parcel = parcel->older) {
        if (way == 0 && !parcel->is_acked &&
            sim_fault(sim, FAULT_FORGOTTEN, BROKER, about_parcel(sim, parcel->body), 400))
            parcel->is_acked = true;
        if (way == 1 && parcel->is_acked &&
            sim_fault(sim, FAULT_REPEATED, BROKER, about_parcel(sim, parcel->body), 300))
            parcel->is_acked = false;
        if (way == 2)
            parcel->next_at = 0;
    }
    uint32_t left = 6;
    for (struct parcel *parcel = sim->results; parcel && left > 0; parcel = parcel->older, left--) {
        const struct result *result = parcel->body;
        if (sim_fault(sim, FAULT_REPEATED, STORE, about_parcel(sim, result->grant), 500))
            sim_after(sim, sim_severity(sim, 0, SECOND), NULL, commit,
                      sim_keep(sim, result, sizeof(*result)));
    }
}
