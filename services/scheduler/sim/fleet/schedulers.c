/* The real core, twice, between the models: performs its actions, tells it what happens. */
#include <stdio.h>
#include <string.h>

#include "analyzers.h"
#include "base/check.h"
#include "llm.h"
#include "schedulers.h"
#include "sim.h"
#include "store.h"

/* One question to the store. It is answered once, if only by "no answer". */
struct question {
    uint32_t scheduler, about;
    uint32_t incarnation; /* which asked; none after it hears the answer */
    char holder[16];
    struct action action;
    bool is_done;
};

struct delivery {
    struct question *question;
    uint32_t scheduler;
    const struct event *event;
    struct committed committed; /* when the store answered */
};

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

/* What is told otherwise by a mutant. */
static struct explanation told_by(const struct sim *sim, const struct action *action)
{
    static const enum waiting_reason INVENTED[] = {WAITING_OWN,     WAITING_LIMIT,
                                                   WAITING_PAUSE,   WAITING_ENDPOINT,
                                                   WAITING_REDUCED, WAITING_ENDPOINT_HELD};
    struct explanation told = action->explain.told;
    bool is_in_turn = told.reason == WAITING_SLOT || told.reason == WAITING_OTHERS;
    if (sim->mutant != MUTANT_INVENTS_REASONS || !is_in_turn)
        return told;
    told.reason = INVENTED[sim->history.seed % 6];
    told.scope = SCOPE_TENANT;
    told.limit = LIMIT_REQUESTS;
    strcpy(told.scope_name, endpoint_name(0));
    return told;
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
        struct explanation told = told_by(sim, action);
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

/* An outcome as a mutant hears it. */
static void take_outcome(struct sim *sim, uint32_t number, const struct event *event)
{
    struct event heard = *event;
    if (sim->mutant == MUTANT_NEVER_SETTLES)
        heard.outcome.is_usage_known = false;
    if (sim->mutant == MUTANT_DEAF_TO_SERVERS)
        heard.outcome.retry_after_ms = 0;
    take_step(sim, number, &heard);
}

/* Of tenants and endpoints; those of users are there from the start. */
static const struct control_facts *
without_limits(struct sim *sim, const struct control_facts *controls, size_t count)
{
    struct control_facts *heard = arena_array(sim->arena, struct control_facts, count + 1);
    for (size_t i = 0; i < count; i++) {
        heard[i] = controls[i];
        heard[i].has_limits = heard[i].has_limits && heard[i].scope == SCOPE_USER;
    }
    return heard;
}

/* What operators set as a mutant hears it. */
static void take_controls(struct sim *sim, uint32_t number, const struct event *event)
{
    struct event heard = *event;
    if (event->kind == EVENT_CONTROL)
        heard.control = without_limits(sim, event->control, 1);
    else if (event->kind == EVENT_CHANGED)
        heard.changed.controls =
            without_limits(sim, event->changed.controls, event->changed.control_count);
    else if (event->kind == EVENT_SNAPSHOT)
        heard.snapshot.controls =
            without_limits(sim, event->snapshot.controls, event->snapshot.control_count);
    take_step(sim, number, &heard);
}

static void step(struct sim *sim, uint32_t number, const struct event *event)
{
    sim->witness->hears(sim, number, event);
    if (event->kind == EVENT_OUTCOME)
        take_outcome(sim, number, event);
    else if (sim->mutant == MUTANT_DEAF_TO_LIMITS)
        take_controls(sim, number, event);
    else
        take_step(sim, number, event);
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

/* ---- the store's answers ---- */
static void note_rebuilt(struct model_scheduler *scheduler, uint64_t epoch)
{
    if (epoch > scheduler->rebuilt_epoch) /* a page of an older epoch may come late */
        scheduler->rebuilt_epoch = epoch;
}

static void deliver_answer(struct sim *sim, void *what)
{
    struct delivery *delivery = what;
    if (delivery->question->is_done)
        return;
    delivery->question->is_done = true;
    const struct event *event = delivery->event;
    if (event->kind == EVENT_SNAPSHOT && event->is_answered && !event->snapshot.is_fenced &&
        event->snapshot.next_cursor[0] == '\0' && sim->mutant != MUTANT_GRANT_UNREBUILT)
        note_rebuilt(&sim->schedulers[delivery->scheduler], event->snapshot.epoch);
    sim->schedulers[delivery->scheduler].journal.committed = &delivery->committed;
    step(sim, delivery->scheduler, event);
}

static struct event *carry_out(struct sim *sim, const struct question *question)
{
    const struct action *action = &question->action;
    switch (action->kind) {
    case ACTION_ASK_LEASE:
        return store_lease(sim, question->holder, false, action->asked);
    case ACTION_RESIGN:
        return store_lease(sim, question->holder, true, (struct instant){0});
    case ACTION_ASK_SNAPSHOT:
        return store_snapshot(sim, action->epoch, action->cursor);
    case ACTION_ASK_CHANGED:
        return store_changed(sim, action->epoch, action->changed.since_us,
                             action->changed.after_job_id);
    case ACTION_ASK_JOB:
        return store_job(sim, action->epoch, action->job_id);
    case ACTION_ASK_BATCH:
        return store_batch(sim, question->holder, action->epoch, action->batch.sequence,
                           action->batch.items, action->batch.count);
    case ACTION_ASK_HEAL:
        return store_heal(sim, action->epoch);
    case ACTION_DISPATCH:
    case ACTION_FORGET:
    case ACTION_ANSWER:
    case ACTION_EXPLAIN:
    case ACTION_SERVED:
    case ACTION_LEAD:
    case ACTION_YIELD:
        break;
    }
    CHECK_UNREACHABLE();
}

/* The statement is carried out, whoever still waits for the answer. */
static void at_store(struct sim *sim, void *what)
{
    struct question *question = what;
    if (sim->now < sim->store.away_until) {
        sim_tell(sim, STORE, "cannot answer scheduler %u", question->scheduler);
        return;
    }
    struct delivery delivery = {.question = question,
                                .scheduler = question->scheduler,
                                .event = carry_out(sim, question),
                                .committed = sim->committed};
    if (sim_fault(sim, FAULT_COMMIT_UNKNOWN, question->scheduler, question->about, 20)) {
        sim_tell(sim, STORE, "has done it, and scheduler %u never hears", question->scheduler);
        return;
    }
    if (sim->processes[question->scheduler].incarnation != question->incarnation)
        return;
    sim_send(sim, &(struct letter){.name = "an answer",
                                   .from = STORE,
                                   .to = question->scheduler,
                                   .loss_permille = 30,
                                   .about = question->about,
                                   .deed = deliver_answer,
                                   .what = sim_keep(sim, &delivery, sizeof(delivery))});
}

static void reach_store(struct sim *sim, void *what)
{
    const struct question *question = what;
    int64_t takes = sim_usual(sim, USUAL_STORE, MS, 10 * MS);
    if (sim_fault(sim, FAULT_LATE, MANY_LINKS, question->about, 20))
        takes += sim_severity(sim, 0, 3 * SECOND);
    sim_after(sim, takes, NULL, at_store, what);
}

static void give_up(struct sim *sim, void *what)
{
    struct question *question = what;
    const struct action *action = &question->action;
    struct event none = {0}, *event = &none;
    if (question->is_done)
        return;
    switch (action->kind) {
    case ACTION_ASK_SNAPSHOT:
        event->kind = EVENT_SNAPSHOT;
        event->snapshot.epoch = action->epoch;
        break;
    case ACTION_ASK_CHANGED:
        event->kind = EVENT_CHANGED;
        event->changed.epoch = action->epoch;
        break;
    case ACTION_ASK_JOB:
        event->kind = EVENT_JOB;
        event->job.epoch = action->epoch;
        memcpy(event->job.job_id, action->job_id, JOB_ID_SIZE);
        break;
    case ACTION_ASK_BATCH:
        event->kind = EVENT_BATCH;
        event->batch.epoch = action->epoch;
        event->batch.sequence = action->batch.sequence;
        break;
    case ACTION_ASK_HEAL:
        event->kind = EVENT_HEALING;
        event->healing.epoch = action->epoch;
        break;
    case ACTION_ASK_LEASE:
    case ACTION_RESIGN:
    case ACTION_DISPATCH:
    case ACTION_FORGET:
    case ACTION_ANSWER:
    case ACTION_EXPLAIN:
    case ACTION_SERVED:
    case ACTION_LEAD:
    case ACTION_YIELD:
        event->kind = EVENT_LEASE;
        break;
    }
    deliver_answer(
        sim,
        &(struct delivery){.question = question, .scheduler = question->scheduler, .event = event});
}

/* What it asks for and whom or what about; the question is asked again some time later. */
static uint32_t about_question(const struct sim *sim, const struct action *action)
{
    uint32_t about = sim_about_now(sim) * 16 + action->kind;
    if (action->kind != ACTION_ASK_BATCH)
        return about;
    struct attempt_id first = action->batch.items[0].id;
    first.attempt = 0;
    return sim_about(&first, sim_about_now(sim) / 10);
}

static void ask_store(struct sim *sim, uint32_t number, const struct action *action)
{
    struct question *question = arena_new(sim->arena, sizeof(*question));
    *question = (struct question){.scheduler = number, .action = *action};
    question->about = about_question(sim, action);
    question->incarnation = sim->processes[number].incarnation;
    memcpy(question->holder, sim->schedulers[number].holder, sizeof(question->holder));
    if (action->kind == ACTION_ASK_SNAPSHOT)
        question->action.cursor = arena_string(sim->arena, action->cursor);
    if (action->kind == ACTION_ASK_CHANGED)
        question->action.changed.after_job_id =
            arena_string(sim->arena, action->changed.after_job_id);
    if (action->kind == ACTION_ASK_BATCH)
        question->action.batch.items =
            sim_keep(sim, action->batch.items, action->batch.count * sizeof(struct batch_item));
    sim_after(sim, 2 * SECOND, &sim->processes[number], give_up, question);
    sim_send(sim, &(struct letter){.name = "a question",
                                   .from = number,
                                   .to = STORE,
                                   .loss_permille = 30,
                                   .about = question->about,
                                   .deed = reach_store,
                                   .what = question});
}

/* ---- actions ---- */
static void deliver_event(struct sim *sim, void *what)
{
    const struct delivery *delivery = what;
    step(sim, delivery->scheduler, delivery->event);
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
        analyzers_work_arrived(sim, id);
    if (!is_cut && !sim_fault(sim, FAULT_DISPATCH_UNKNOWN, number, about, 30))
        return;
    struct event event = {.kind = EVENT_DISPATCH_FAILED, .attempt = *id};
    struct delivery failed = {.scheduler = number, .event = sim_keep(sim, &event, sizeof(event))};
    sim_after(sim, SECOND, &sim->processes[number], deliver_event,
              sim_keep(sim, &failed, sizeof(failed)));
}

static void perform(struct sim *sim, uint32_t number, const struct action *action)
{
    switch (action->kind) {
    case ACTION_ASK_BATCH:
        if (sim->schedulers[number].rebuilt_epoch != action->epoch)
            sim_violation(sim, "rule 11", "epoch %lu asks for grants before it is rebuilt",
                          action->epoch);
        ask_store(sim, number, action);
        return;
    case ACTION_ASK_LEASE:
    case ACTION_RESIGN:
    case ACTION_ASK_SNAPSHOT:
    case ACTION_ASK_CHANGED:
    case ACTION_ASK_JOB:
    case ACTION_ASK_HEAL:
        ask_store(sim, number, action);
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

static const char *name_of(enum event_kind kind)
{
    if (kind == EVENT_JOB_EVENT)
        return "an event";
    if (kind == EVENT_OUTCOME)
        return "an outcome";
    if (kind == EVENT_CONTROL)
        return "a control";
    return kind == EVENT_PERMIT_ASK ? "an ask" : "a heartbeat";
}

static uint32_t about_event(const struct sim *sim, const struct event *event)
{
    if (event->kind == EVENT_PERMIT_ASK)
        return sim_about(&event->ask.id, event->ask.ask_number);
    if (event->kind == EVENT_OUTCOME)
        return sim_about(&event->outcome.id, 63);
    if (event->kind != EVENT_JOB_EVENT)
        return sim_about_now(sim);
    struct attempt_id id = {0};
    strcpy(id.job_id, event->job_event.job->job_id);
    return sim_about(&id, event->job_event.number);
}

void schedulers_hear(struct sim *sim, uint32_t from, uint32_t loss_permille,
                     const struct event *event)
{
    const struct event *heard = sim_keep(sim, event, sizeof(*event));
    for (uint32_t i = 0; i < SCHEDULERS; i++) {
        struct delivery delivery = {.scheduler = i, .event = heard};
        sim_send(sim, &(struct letter){.name = name_of(event->kind),
                                       .from = from,
                                       .to = i,
                                       .loss_permille = loss_permille,
                                       .about = about_event(sim, event),
                                       .deed = deliver_event,
                                       .what = sim_keep(sim, &delivery, sizeof(delivery))});
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

void schedulers_boot(struct sim *sim, uint32_t number)
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

void schedulers_died(struct sim *sim, uint32_t number)
{
    scheduler_free(&sim->schedulers[number].core);
}
