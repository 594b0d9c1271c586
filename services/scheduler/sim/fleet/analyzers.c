#include "analyzers.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "broker.h"
#include "happenings.h"
#include "llm.h"
#include "network.h"
#include "news.h"

enum { MOST_ASKS = 64 };
#define ASK_EVERY (800 * MS)
#define GIVE_UP_AFTER (25 * SECOND)

enum held_state { HELD_ASKING, HELD_PERMITTED, HELD_CALLING, HELD_DONE };

struct held {
    struct grant *grant;
    struct parcel *parcel;
    struct call *call;
    enum held_state state;
    bool is_cached;
    uint32_t analyzer, ask_count;
    int64_t since, asks[MOST_ASKS];
    struct held *next, *known;
};

/* An outcome, until it is published. */
struct publication {
    uint32_t analyzer;
    struct result result;
};

/* An answer on its way. */
struct passage {
    uint32_t analyzer;
    struct held *held;
    uint32_t ask_number, lease_left_ms;
    bool is_permitted;
};

static uint32_t node_of(uint32_t analyzer)
{
    return SCHEDULERS + analyzer;
}

static struct process *process_of(struct sim *sim, uint32_t analyzer)
{
    return &sim->processes[node_of(analyzer)];
}

static struct held **place_of(struct sim *sim, const struct held *held)
{
    struct held **place = &sim->analyzers[held->analyzer].held;
    while (*place && *place != held)
        place = &(*place)->next;
    return place;
}

/* Out of hand: the work is acked. */
static void drop(struct sim *sim, struct held *held)
{
    struct held **place = place_of(sim, held);
    if (!*place)
        return;
    *place = held->next;
    held->state = HELD_DONE;
    if (!sim_is_cut(sim, node_of(held->analyzer), BROKER) &&
        !sim_fault(sim, FAULT_ACK_LOST, node_of(held->analyzer), sim_about(&held->grant->id, 0),
                   20))
        held->parcel->is_acked = true;
    sim->analyzers[held->analyzer].held_count--;
    broker_hand_out(sim);
}

/* ---- outcomes: published first, then the work is acked ---- */
static struct outcome_facts facts_of(const struct result *result)
{
    const struct outcome *outcome = &result->outcome;
    return (struct outcome_facts){.id = result->grant->id,
                                  .outcome_class = outcome->outcome_class,
                                  .was_called = outcome->was_called,
                                  .is_usage_known = outcome->is_usage_known,
                                  .prompt_tokens = outcome->usage.prompt,
                                  .completion_tokens = outcome->usage.completion,
                                  .retry_after_ms = outcome->retry_after_ms,
                                  .server_limits = outcome->said};
}

/* What is paid for is published until the stream has it. */
static void publish(struct sim *sim, void *what)
{
    const struct publication *publication = what;
    uint32_t node = node_of(publication->analyzer);
    if (sim_is_cut(sim, node, BROKER)) {
        sim_after(sim, 500 * MS, process_of(sim, publication->analyzer), publish, what);
        return;
    }
    broker_take_outcome(sim, &publication->result);
    struct event event = {.kind = EVENT_OUTCOME, .outcome = facts_of(&publication->result)};
    news_tell(sim, node, 100, &event);
}

static void finish(struct sim *sim, struct held *held, struct outcome outcome)
{
    if (held->state == HELD_DONE)
        return;
    outcome.id = held->grant->id;
    outcome.was_called = held->call != NULL;
    outcome.is_usage_known =
        held->call && outcome.outcome_class != OUTCOME_ABORTED &&
        !sim_fault(sim, FAULT_USAGE_UNKNOWN, 0, sim_about(&held->grant->id, 0), 30);
    if (held->call)
        outcome.usage = held->call->usage;
    server_says(sim, held->call, &outcome);
    struct publication publication = {held->analyzer, {held->grant, outcome}};
    publish(sim, sim_keep(sim, &publication, sizeof(publication)));
    drop(sim, held);
}

/* ---- the call ---- */
static void end_call(struct sim *sim, struct call *call)
{
    if (call->ended == FOREVER)
        call->ended = sim->now;
}

static void be_answered(struct sim *sim, void *what)
{
    struct held *held = what;
    if (held->state == HELD_CALLING)
        finish(sim, held, server_answers(sim, held->call));
}

static void llm_answers(struct sim *sim, void *what)
{
    struct held *held = what;
    if (held->call->ended != FOREVER)
        return;
    end_call(sim, held->call);
    sim_after(sim, MS, process_of(sim, held->analyzer), be_answered, held);
}

static void abort_call(struct sim *sim, void *what)
{
    struct held *held = what;
    if (held->state != HELD_CALLING || held->call->ended != FOREVER)
        return;
    end_call(sim, held->call);
    finish(sim, held, (struct outcome){.outcome_class = OUTCOME_ABORTED});
}

static void begin_call(struct sim *sim, struct held *held, int64_t asked, int64_t left)
{
    struct process *process = process_of(sim, held->analyzer);
    const struct grant *grant = held->grant;
    struct call *call = arena_new(sim->arena, sizeof(*call));
    *call = (struct call){.grant = grant,
                          .analyzer = held->analyzer,
                          .incarnation = process->incarnation,
                          .usage = llm_usage(sim, grant),
                          .asked = asked,
                          .started = sim->now,
                          .ended = FOREVER,
                          .lease_until = asked + left,
                          .older = sim->calls};
    server_takes(sim, call);
    sim->calls = call;
    sim->call_count++;
    sim->counts[COUNT_CALLS]++;
    held->call = call;
    held->state = HELD_CALLING;
    int64_t lasts = server_lasts(sim, call);
    sim_tell(sim, node_of(held->analyzer), "calls for job %u chunk %u attempt %u, %ld ms",
             grant->job->number, grant->id.chunk_number, grant->id.attempt, lasts / MS);
    sim_after(sim, lasts, NULL, llm_answers, held);
    for (uint32_t i = 0; i < grant->post_count; i++)
        if (grant->job->posts[grant->posts[i]].is_killer)
            sim_kill_soon(sim, process);
    int64_t limit = asked + left - sim->now;
    if (sim->mutant != MUTANT_NO_ABORT)
        sim_after(sim, limit < CALL_LIMIT ? limit : CALL_LIMIT, process, abort_call, held);
}

/* ---- permits ---- */
static void ask(struct sim *sim, void *what)
{
    struct held *held = what;
    if (held->state != HELD_ASKING)
        return;
    if (sim->now - held->since > GIVE_UP_AFTER || held->ask_count == MOST_ASKS) {
        drop(sim, held);
        return;
    }
    const char *instance = sim->analyzers[held->analyzer].instance;
    struct event event = {.kind = EVENT_PERMIT_ASK};
    event.ask.id = held->grant->id;
    event.ask.ask_number = held->ask_count;
    event.ask.is_free = held->is_cached;
    strcpy(event.ask.reply, instance);
    strcpy(event.ask.instance_id, sim->mutant == MUTANT_PERMIT_ANY_INSTANCE ? "any" : instance);
    held->asks[held->ask_count++] = sim->now;
    news_tell(sim, node_of(held->analyzer), 30, &event);
    sim_after(sim, ASK_EVERY, process_of(sim, held->analyzer), ask, held);
}

static void use_permit(struct sim *sim, void *what)
{
    const struct passage *passage = what;
    struct held *held = passage->held;
    if (held->state != HELD_PERMITTED)
        return;
    if (held->is_cached) {
        struct outcome outcome = {0};
        for (uint32_t i = 0; i < held->grant->post_count; i++)
            outcome.has_result[i] = true;
        finish(sim, held, outcome);
        return;
    }
    begin_call(sim, held, held->asks[passage->ask_number], passage->lease_left_ms * MS);
}

static void hear_answer(struct sim *sim, void *what)
{
    struct passage *passage = what;
    struct held *held = passage->held;
    if (held->state != HELD_ASKING)
        return;
    if (!passage->is_permitted) {
        drop(sim, held);
        return;
    }
    if (sim->now - held->asks[passage->ask_number] >= PERMIT_LIFE)
        return; /* void */
    held->state = HELD_PERMITTED;
    sim_after(sim, sim_usual(sim, USUAL_ANALYZER + passage->analyzer, 0, 2 * MS),
              process_of(sim, held->analyzer), use_permit, passage);
}

static bool is_same(const struct attempt_id *a, const struct attempt_id *b)
{
    return a->chunk_number == b->chunk_number && a->attempt == b->attempt &&
           strcmp(a->job_id, b->job_id) == 0;
}

void analyzers_answer(struct sim *sim, uint32_t number, const struct action *action)
{
    uint32_t analyzer = 0, incarnation = 0;
    CHECK(sscanf(action->answer.reply, "%u.%u", &analyzer, &incarnation) == 2);
    struct process *process = process_of(sim, analyzer);
    if (process->incarnation != incarnation)
        return;
    struct held *held = sim->analyzers[analyzer].held;
    while (held && !is_same(&held->grant->id, &action->answer.id))
        held = held->next;
    if (!held)
        return;
    struct passage passage = {.analyzer = analyzer,
                              .held = held,
                              .ask_number = action->answer.ask_number,
                              .lease_left_ms = action->answer.lease_left_ms,
                              .is_permitted = action->answer.is_permitted};
    sim_tell(sim, number, "%s analyzer %u job %u chunk %u attempt %u",
             passage.is_permitted ? "permits" : "refuses", analyzer, held->grant->job->number,
             held->grant->id.chunk_number, held->grant->id.attempt);
    sim_send(sim, &(struct letter){.name = "a permit",
                                   .from = number,
                                   .to = node_of(analyzer),
                                   .loss_permille = 30,
                                   .about = sim_about(&held->grant->id, passage.ask_number),
                                   .deed = hear_answer,
                                   .what = sim_keep(sim, &passage, sizeof(passage))});
}

/* ---- work ---- */
static void embed(struct sim *sim, void *what)
{
    struct held *held = what;
    struct outcome outcome = {0};
    for (uint32_t i = 0; i < held->grant->post_count; i++) {
        outcome.is_hopeless[i] = held->grant->job->posts[held->grant->posts[i]].is_hopeless;
        outcome.has_result[i] = !outcome.is_hopeless[i];
    }
    finish(sim, held, outcome);
}

static bool may_be_cached(struct sim *sim, const struct grant *grant)
{
    for (uint32_t i = 0; i < grant->post_count; i++)
        if (grant->job->posts[grant->posts[i]].is_poison)
            return false;
    return sim_decide(sim, WORK_CACHED, grant->job->number, grant->id.chunk_number, 100);
}

static void take(struct sim *sim, uint32_t number, struct parcel *parcel)
{
    struct model_analyzer *analyzer = &sim->analyzers[number];
    struct held *held = arena_new(sim->arena, sizeof(*held));
    *held = (struct held){.grant = analyzers_grant(sim, &((const struct grant *)parcel->body)->id),
                          .parcel = parcel,
                          .analyzer = number,
                          .since = sim->now,
                          .next = analyzer->held,
                          .known = analyzer->known};
    analyzer->held = analyzer->known = held;
    analyzer->held_count++;
    held->is_cached = held->grant->is_cached = may_be_cached(sim, held->grant);
    struct process *process = process_of(sim, number);
    if (held->grant->mode == MODE_EMBEDDED)
        sim_after(sim, 20 * MS, process, embed, held);
    else if (sim->mutant == MUTANT_NO_PERMIT)
        begin_call(sim, held, sim->now, held->grant->lease);
    else
        ask(sim, held);
}

/* Once per incarnation and attempt. */
static void receive(struct sim *sim, uint32_t node, struct parcel *parcel)
{
    struct model_analyzer *analyzer = &sim->analyzers[node - SCHEDULERS];
    const struct held *known = analyzer->known;
    while (known && known->grant != parcel->body)
        known = known->known;
    if (known && known->state == HELD_DONE && sim->mutant != MUTANT_ASKS_TWICE) {
        parcel->is_acked = true;
        return;
    }
    if ((!known || sim->mutant == MUTANT_ASKS_TWICE) && analyzer->held_count < SLOTS)
        take(sim, node - SCHEDULERS, parcel);
}

struct grant *analyzers_grant(const struct sim *sim, const struct attempt_id *id)
{
    struct grant *grant = sim->grants;
    while (grant && !is_same(&grant->id, id))
        grant = grant->older;
    CHECK(grant);
    return grant;
}

/* ---- life ---- */
static void beat(struct sim *sim, void *what)
{
    uint32_t number = (uint32_t)((struct model_analyzer *)what - sim->analyzers);
    struct process *process = process_of(sim, number);
    struct event event = {.kind = EVENT_HEARTBEAT};
    event.heartbeat.slots = SLOTS;
    strcpy(event.heartbeat.instance_id, sim->analyzers[number].instance);
    news_tell(sim, node_of(number), 30, &event);
    broker_hand_to(sim, number);
    sim_after(sim, SECOND, process, beat, what);
}

static void boot(struct sim *sim, uint32_t node)
{
    struct model_analyzer *analyzer = &sim->analyzers[node - SCHEDULERS];
    *analyzer = (struct model_analyzer){0};
    snprintf(analyzer->instance, sizeof(analyzer->instance), "%u.%u", node - SCHEDULERS,
             sim->processes[node].incarnation);
    beat(sim, analyzer);
}

static void die(struct sim *sim, uint32_t node)
{
    for (struct held *held = sim->analyzers[node - SCHEDULERS].held; held; held = held->next)
        if (held->call && held->call->ended == FOREVER &&
            !sim_fault(sim, FAULT_LLM_UNAWARE, 0, sim_about(&held->grant->id, 0), 500))
            end_call(sim, held->call);
}

static void cancel(struct sim *sim, uint32_t node, const struct model_job *job)
{
    struct held *next;
    for (struct held *held = sim->analyzers[node - SCHEDULERS].held; held; held = next) {
        next = held->next;
        if (held->grant->job == job && held->state == HELD_CALLING)
            abort_call(sim, held);
    }
}

const struct role ANALYZER = {.boot = boot, .die = die, .take = receive, .cancel = cancel};
