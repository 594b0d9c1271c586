#include "schedulers.h"

#include <stdio.h>
#include <string.h>

#include "analyzers.h"
#include "broker.h"
#include "errands.h"
#include "happenings.h"
#include "llm.h"
#include "mutants.h"
#include "network.h"

static void perform(struct sim *sim, uint32_t number, const struct action *action);
static void wake(struct sim *sim, void *what);

static struct instant clock_of(const struct sim *sim, uint32_t number)
{
    int64_t clock = sim->now + sim->processes[number].clock_offset;
    if (sim->mutant == MUTANT_WINDOW_TOO_SHORT)
        clock += clock / 11;
    return (struct instant){clock * (CLOCK_MS / MS)};
}

struct alarm {
    uint32_t scheduler;
    struct instant at;
};

static void plan_wake(struct sim *sim, uint32_t number)
{
    struct model_scheduler *scheduler = &sim->schedulers[number];
    struct instant at = scheduler_next_wake(scheduler->core);
    if (at.ns == scheduler->wake.ns || at.ns == INT64_MAX)
        return;
    scheduler->wake = at;
    int64_t delay = (at.ns - clock_of(sim, number).ns) / (CLOCK_MS / MS) + 1;
    struct alarm alarm = {.scheduler = number, .at = at};
    sim_after(sim, delay, &sim->processes[number], wake, sim_keep(sim, &alarm, sizeof(alarm)));
}

/* Rule 12: the leader tells, and asking decides nothing. After every step, so that all states are
 * asked about; without chance, so that a history is the same as if nobody had asked. */
static void ask_why(struct sim *sim, uint32_t number)
{
    if (sim->store.job_count == 0 || sim->now / MS % 2 == 0) /* every other time: it costs */
        return;
    if (scheduler_next_wake(sim->schedulers[number].core).ns <= clock_of(sim, number).ns)
        return; /* it has something else to do at once */
    const struct model_job *job = sim->store.jobs[(uint64_t)sim->now % sim->store.job_count];
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job->id);
    const struct actions *actions =
        scheduler_step(sim->schedulers[number].core, &event, clock_of(sim, number));
    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->list[i];
        struct explanation told = mutant_tells(sim, number, action);
        if (action->kind != ACTION_EXPLAIN)
            sim_violation(sim, "rule 12", "asking why a job waits led to action %d", action->kind);
        else
            sim->witness->explains(sim, number, job, &told);
    }
}

/* Of an endpoint whose breaker is half open. */
static bool is_probe(const struct sim *sim, uint32_t number, const struct action *action)
{
    struct scheduler_figures figures;
    if (action->kind != ACTION_ANSWER || !action->answer.is_permitted)
        return false;
    scheduler_figures(sim->schedulers[number].core, &figures);
    const struct grant *grant = analyzers_grant(sim, &action->answer.id);
    return grant->mode == MODE_LLM &&
           figures.endpoints[grant->endpoint].breaker == BREAKER_HALF_OPEN;
}

static void take_step(struct sim *sim, uint32_t number, const struct event *event)
{
    const struct attempt_id *probe = NULL;
    const struct actions *actions =
        scheduler_step(sim->schedulers[number].core, event, clock_of(sim, number));
    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->list[i];
        sim->witness->acts(sim, number, action);
        perform(sim, number, action);
        if (sim->mutant == MUTANT_TWO_PROBES && is_probe(sim, number, action))
            probe = &action->answer.id;
    }
    if (!probe)
        return;
    struct event aborted = {.kind = EVENT_OUTCOME, .outcome.outcome_class = OUTCOME_ABORTED};
    aborted.outcome.id = *probe;
    take_step(sim, number, &aborted);
}

static void step(struct sim *sim, uint32_t number, const struct event *event)
{
    sim->witness->hears(sim, number, event);
    struct event heard = mutant_hears(sim, event);
    take_step(sim, number, &heard);
    sim->witness->has_heard(sim, number, event);
    ask_why(sim, number);
    plan_wake(sim, number);
}

static void wake(struct sim *sim, void *what)
{
    const struct alarm *alarm = what;
    if (sim->schedulers[alarm->scheduler].wake.ns != alarm->at.ns)
        return; /* another one was planned since */
    sim->schedulers[alarm->scheduler].wake = (struct instant){0};
    step(sim, alarm->scheduler, &(struct event){.kind = EVENT_TIME});
    if (sim->schedulers[alarm->scheduler].wake.ns <= clock_of(sim, alarm->scheduler).ns)
        sim_violation(sim, "wake", "the core wants to be woken at once, again and again");
}

/* Of a dispatch that may not have reached the broker. */
struct failure {
    uint32_t scheduler;
    struct attempt_id id;
};

static void hear_failure(struct sim *sim, void *what)
{
    const struct failure *failure = what;
    step(sim, failure->scheduler,
         &(struct event){.kind = EVENT_DISPATCH_FAILED, .attempt = failure->id});
}

static void dispatch(struct sim *sim, uint32_t number, const struct attempt_id *id)
{
    bool is_cut = sim_is_cut(sim, number, BROKER);
    uint32_t about = sim_about(id, sim_about_now(sim) / 10);
    if (is_cut)
        sim_tell(sim, number, "does not reach the broker with a dispatch");
    else if (sim_fault(sim, FAULT_FORGOTTEN, number, about, 30))
        sim_tell(sim, BROKER, "forgets a dispatch");
    else
        broker_take_dispatch(sim, analyzers_grant(sim, id));
    if (!is_cut && !sim_fault(sim, FAULT_DISPATCH_UNKNOWN, number, about, 30))
        return;
    struct failure failure = {.scheduler = number, .id = *id};
    sim_after(sim, SECOND, &sim->processes[number], hear_failure,
              sim_keep(sim, &failure, sizeof(failure)));
}

static void perform(struct sim *sim, uint32_t number, const struct action *action)
{
    switch (action->kind) {
    case ACTION_ASK_BATCH:
        if (sim->schedulers[number].rebuilt_epoch != action->epoch)
            sim_violation(sim, "rule 11", "epoch %lu asks for grants before it is rebuilt",
                          action->epoch);
        errands_ask(sim, number, action);
        return;
    case ACTION_ASK_LEASE:
    case ACTION_RESIGN:
    case ACTION_ASK_SNAPSHOT:
    case ACTION_ASK_CHANGED:
    case ACTION_ASK_JOB:
    case ACTION_ASK_HEAL:
        errands_ask(sim, number, action);
        return;
    case ACTION_DISPATCH:
        dispatch(sim, number, &action->dispatch.id);
        return;
    case ACTION_ANSWER:
        analyzers_answer(sim, number, action);
        return;
    case ACTION_FORGET:
    case ACTION_EXPLAIN:
    case ACTION_SERVED:
    case ACTION_LEAD:
    case ACTION_YIELD:
        return;
    }
}

uint32_t schedulers_weight(const struct sim *sim, int service_class)
{
    enum { FROM = 1000 }; /* no number of a job */
    return (uint32_t)sim_trait(sim, WORK_JOB, FROM + (uint32_t)service_class, 1, 8);
}

static void weigh_classes(const struct sim *sim, uint32_t weights[CLASSES])
{
    static const uint32_t STRICT[CLASSES] = {1000000, 10000, 100, 1};
    for (int i = 0; i < CLASSES; i++)
        weights[i] = sim->mutant == MUTANT_CLASSES_ALIKE    ? 1
                     : sim->mutant == MUTANT_CLASSES_STRICT ? STRICT[i]
                                                            : schedulers_weight(sim, i);
}

static void boot(struct sim *sim, uint32_t number)
{
    struct scheduler_config config = SCHEDULER_DEFAULTS;
    uint32_t life = PROCESSES + sim->processes[number].incarnation * SCHEDULERS + number;
    config.max_active_users = CALL_CAP;
    config.fairness =
        (enum fairness)sim_trait(sim, WORK_CHANCE, life, FAIRNESS_SOJOURN, FAIRNESS_FIFO);
    config.lead_lease_ms = LEAD_LEASE / MS;
    config.permit_life_ms = PERMIT_LIFE / MS;
    config.call_limit_ms = CALL_LIMIT / MS;
    config.grant_wait_ms = 8000;
    config.silent_ms = sim->mutant == MUTANT_BELIEVES_SILENT ? 3600000 : SILENT_AFTER / MS;
    config.reread_overlap_ms = sim->mutant == MUTANT_NO_OVERLAP ? 0 : 1500;
    config.seed = life;
    config.user_burst = sim->has_bursts ? MOST_AT_ONCE : 1;
    weigh_classes(sim, config.weights);
    llm_configure(sim, &config);
    sim->schedulers[number] = (struct model_scheduler){
        .core = scheduler_new(&config, clock_of(sim, number)),
    };
    snprintf(sim->schedulers[number].holder, sizeof(sim->schedulers[number].holder), "%u.%u",
             number, sim->processes[number].incarnation);
    step(sim, number, &(struct event){.kind = EVENT_TIME});
}

static void die(struct sim *sim, uint32_t number)
{
    scheduler_free(&sim->schedulers[number].core);
}

const struct role SCHEDULER = {.boot = boot, .die = die, .hear = step};
