/* The hands: three analyzers of five slots, the two work queues around them, and the LLM. */
#include <stdio.h>
#include <string.h>

#include "analyzers.h"
#include "base/check.h"
#include "llm.h"
#include "schedulers.h"
#include "sim.h"
#include "store.h"

enum { MOST_ASKS = 64 };
#define ACK_WAIT (10 * SECOND)
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

struct result {
    uint32_t analyzer;
    struct grant *grant;
    struct outcome outcome;
};

struct passage { /* a parcel on its way, or an answer */
    uint32_t analyzer;
    struct parcel *parcel;
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

static void pull_all(struct sim *sim);

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
    pull_all(sim);
}

/* ---- outcomes: stored first, then the work is acked ---- */
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
    const struct result *result = what;
    uint32_t node = node_of(result->analyzer), about = sim_about(&result->grant->id, 0);
    if (sim_is_cut(sim, node, BROKER)) {
        sim_after(sim, 500 * MS, process_of(sim, result->analyzer), publish, what);
        return;
    }
    struct parcel *parcel = arena_new(sim->arena, sizeof(*parcel));
    *parcel = (struct parcel){.body = result, .older = sim->results};
    sim->results = parcel;
    if (sim_fault(sim, FAULT_FORGOTTEN, BROKER, about, 30))
        sim_tell(sim, BROKER, "forgets the outcome of job %u chunk %u", result->grant->job->number,
                 result->grant->id.chunk_number);
    else
        sim_after(sim, sim_usual(sim, USUAL_BROKER, MS, 20 * MS), NULL, commit, what);
    if (sim_fault(sim, FAULT_REPEATED, BROKER, about, 30))
        sim_after(sim, sim_severity(sim, MS, 20 * SECOND), NULL, commit, what);
    struct event event = {.kind = EVENT_OUTCOME, .outcome = facts_of(result)};
    schedulers_hear(sim, node, 100, &event);
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
    struct result result = {held->analyzer, held->grant, outcome};
    publish(sim, sim_keep(sim, &result, sizeof(result)));
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
    if (held->state != HELD_CALLING)
        return;
    struct outcome outcome = {0};
    const struct grant *grant = held->grant;
    bool is_poisoned = false;
    int64_t left_out = 0; /* one bit for each post */
    for (uint32_t i = 0; i < grant->post_count; i++)
        is_poisoned = is_poisoned || grant->job->posts[grant->posts[i]].is_poison;
    if (sim->now < sim->down_until[grant->endpoint])
        outcome.outcome_class = OUTCOME_SERVER_ERROR;
    else if (held->call->is_refused)
        outcome.outcome_class = OUTCOME_RATE_LIMITED;
    else if (is_poisoned)
        outcome.outcome_class = OUTCOME_INVALID_ANSWER;
    else if (sim_fault(sim, FAULT_LLM_REFUSES, 0, sim_about(&grant->id, 0), 50)) {
        outcome.outcome_class = OUTCOME_RATE_LIMITED;
        outcome.retry_after_ms = (uint32_t)sim_severity(sim, 500, 4000);
    } else {
        if (sim_fault(sim, FAULT_LLM_LEAVES_OUT, 0, sim_about(&grant->id, 0), 100))
            left_out = sim_severity(sim, 1, (1 << POSTS_PER_CHUNK) - 1);
        for (uint32_t i = 0; i < grant->post_count; i++) {
            outcome.has_result[i] = (left_out >> i & 1) == 0;
            if (!outcome.has_result[i])
                outcome.outcome_class = OUTCOME_PARTIAL;
        }
    }
    finish(sim, held, outcome);
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
    int64_t lasts = sim_trait(sim, FAULT_LLM_HANGS, sim_about(&grant->id, 0), 100 * MS, 900 * MS);
    if (sim_fault(sim, FAULT_LLM_HANGS, 0, sim_about(&grant->id, 0), 60))
        lasts = sim_severity(sim, 3 * SECOND, 30 * SECOND);
    if (sim->now < sim->down_until[grant->endpoint] || call->is_refused)
        lasts = 100 * MS;
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
    schedulers_hear(sim, node_of(held->analyzer), 30, &event);
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

static void receive(struct sim *sim, void *what)
{
    const struct passage *passage = what;
    struct model_analyzer *analyzer = &sim->analyzers[passage->analyzer];
    struct parcel *parcel = passage->parcel;
    const struct held *known = analyzer->known;
    while (known && known->grant != parcel->body)
        known = known->known;
    if (known && known->state == HELD_DONE && sim->mutant != MUTANT_ASKS_TWICE) {
        parcel->is_acked = true; /* once per incarnation and attempt */
        return;
    }
    if ((!known || sim->mutant == MUTANT_ASKS_TWICE) && analyzer->held_count < SLOTS)
        take(sim, passage->analyzer, parcel);
}

static uint32_t about_parcel(const struct sim *sim, const struct grant *grant)
{
    return sim_about(&grant->id, sim_about_now(sim));
}

static void pull(struct sim *sim, uint32_t number)
{
    struct process *process = process_of(sim, number);
    if (!process->is_alive || process->is_paused || sim_is_cut(sim, node_of(number), BROKER))
        return;
    uint32_t room = SLOTS - sim->analyzers[number].held_count;
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
        struct passage passage = {.analyzer = number, .parcel = parcel};
        sim_send(sim, &(struct letter){.name = "work",
                                       .from = BROKER,
                                       .to = node_of(number),
                                       .loss_permille = 10,
                                       .about = about_parcel(sim, parcel->body),
                                       .deed = receive,
                                       .what = sim_keep(sim, &passage, sizeof(passage))});
        room--;
    }
}

static void pull_all(struct sim *sim)
{
    uint32_t first = (uint32_t)sim_usual(sim, USUAL_BROKER, 0, ANALYZERS - 1);
    for (uint32_t i = 0; i < ANALYZERS; i++)
        pull(sim, (first + i) % ANALYZERS);
}

static void arrive(struct sim *sim, void *what)
{
    struct parcel *parcel = what;
    parcel->older = sim->work;
    sim->work = parcel;
    pull_all(sim);
}

struct grant *analyzers_grant(const struct sim *sim, const struct attempt_id *id)
{
    struct grant *grant = sim->grants;
    while (grant && !is_same(&grant->id, id))
        grant = grant->older;
    CHECK(grant);
    return grant;
}

void analyzers_work_arrived(struct sim *sim, const struct attempt_id *id)
{
    const struct grant *grant = analyzers_grant(sim, id);
    for (int copies = sim_fault(sim, FAULT_REPEATED, BROKER, sim_about(id, 1), 20) ? 2 : 1;
         copies > 0; copies--) {
        struct parcel *parcel = arena_new(sim->arena, sizeof(*parcel));
        parcel->body = grant;
        sim_after(sim, sim_usual(sim, USUAL_BROKER, 100, 5 * MS), NULL, arrive, parcel);
    }
}

/* The broker after a crash: it has forgotten, or gives again what was acked, or gives all again. */
void analyzers_upset_streams(struct sim *sim, int64_t way)
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

/* ---- life ---- */
static void beat(struct sim *sim, void *what)
{
    uint32_t number = (uint32_t)((struct model_analyzer *)what - sim->analyzers);
    struct process *process = process_of(sim, number);
    struct event event = {.kind = EVENT_HEARTBEAT};
    event.heartbeat.slots = SLOTS;
    strcpy(event.heartbeat.instance_id, sim->analyzers[number].instance);
    schedulers_hear(sim, node_of(number), 30, &event);
    pull(sim, number);
    sim_after(sim, SECOND, process, beat, what);
}

void analyzers_boot(struct sim *sim, uint32_t number)
{
    struct model_analyzer *analyzer = &sim->analyzers[number];
    *analyzer = (struct model_analyzer){0};
    snprintf(analyzer->instance, sizeof(analyzer->instance), "%u.%u", number,
             process_of(sim, number)->incarnation);
    beat(sim, analyzer);
}

void analyzers_died(struct sim *sim, uint32_t number)
{
    for (struct held *held = sim->analyzers[number].held; held; held = held->next)
        if (held->call && held->call->ended == FOREVER &&
            !sim_fault(sim, FAULT_LLM_UNAWARE, 0, sim_about(&held->grant->id, 0), 500))
            end_call(sim, held->call);
}

struct stop {
    uint32_t analyzer;
    const struct model_job *job;
};

static void hear_cancel(struct sim *sim, void *what)
{
    const struct stop *stop = what;
    struct held *next;
    for (struct held *held = sim->analyzers[stop->analyzer].held; held; held = next) {
        next = held->next;
        if (held->grant->job == stop->job && held->state == HELD_CALLING)
            abort_call(sim, held);
    }
}

void analyzers_hear_cancel(struct sim *sim, const struct model_job *job)
{
    for (uint32_t i = 0; i < ANALYZERS; i++) {
        struct stop stop = {.analyzer = i, .job = job};
        sim_send(sim, &(struct letter){.name = "a cancellation",
                                       .from = STORE,
                                       .to = node_of(i),
                                       .loss_permille = 200,
                                       .about = job->number,
                                       .deed = hear_cancel,
                                       .what = sim_keep(sim, &stop, sizeof(stop))});
    }
}
