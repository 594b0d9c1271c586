#include "errands.h"

#include <string.h>

#include "base/check.h"
#include "happenings.h"
#include "network.h"
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
    sim->processes[delivery->scheduler].role->hear(sim, delivery->scheduler, event);
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
    delivery.committed.at = sim->now;
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

void errands_ask(struct sim *sim, uint32_t number, const struct action *action)
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
