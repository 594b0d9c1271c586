/* What a leader says and asks for, held against what it was told and what the rows are. Only the
 * journals of both are used here, nothing of the core. */
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "sim/fleet/analyzers.h"
#include "sim/fleet/controls.h"
#include "sim/fleet/store_rows.h"

/* Refused for now, however long its row says: how long a wait may be told at most. */
#define LONGEST_WAIT (70 * SECOND)
/* After the faults: late messages have come, and everybody has read again. */
#define CALM_FROM (FAULTS_END + 15 * SECOND)
#define HEARD_WITHIN (4 * SECOND)

/* ---- what it was told ---- */
static void hear_heartbeat(struct sim *sim, struct journal *journal, const struct event *event)
{
    for (int i = 0; i < MOST_HEARD; i++) {
        struct heartbeat *heard = &journal->heard[i];
        bool is_it = strcmp(heard->instance_id, event->heartbeat.instance_id) == 0;
        if (!is_it && heard->at + SILENT_AFTER > sim->now && heard->instance_id[0])
            continue;
        snprintf(heard->instance_id, sizeof(heard->instance_id), "%s",
                 event->heartbeat.instance_id);
        heard->slots = event->heartbeat.slots;
        heard->at = sim->now;
        return;
    }
}

static void hear_controls(struct sim *sim, struct journal *journal,
                          const struct control_facts *controls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct told_control *told = &journal->told[control_place(&controls[i])];
        if (controls[i].version <= told->version)
            continue;
        told->version = controls[i].version;
        told->state = controls[i].is_removed ? CONTROL_OPEN : controls[i].state;
        told->has_limits = controls[i].has_limits && !controls[i].is_removed;
        told->limits = controls[i].limits;
        told->heard_at = sim->now;
        check_told_hears(sim, journal, control_place(&controls[i]));
    }
}

/* It is told by the database's clock, which may have been set meanwhile. Of a breaker only how long
 * it is open: whether it was closed since may be what only a lost outcome knew. */
static void hear_committed(struct sim *sim, struct journal *journal)
{
    const struct committed *told = journal->committed;
    for (uint32_t i = 0; i < ENDPOINTS; i++) {
        if (told->breakers[i].open_until - 2 * CLOCK_ERROR > sim->now)
            journal->breakers[i].open_until = told->breakers[i].open_until - 2 * CLOCK_ERROR;
        journal->servers[i].held_until = told->held_until[i] - 2 * CLOCK_ERROR;
        sim->counts[COUNT_PAUSES_TAKEN_OVER] += told->held_until[i] > sim->now;
        sim->counts[COUNT_OPEN_TAKEN_OVER] += told->breakers[i].open_until > sim->now;
    }
    check_room_is_told(sim, journal);
}

void check_leader_hears(struct sim *sim, uint32_t number, const struct event *event)
{
    struct journal *journal = &sim->schedulers[number].journal;
    journal->stepped_at = sim->now;
    check_book_hears(sim, journal, event);
    check_known_hears(sim, journal, event);
    if (event->kind == EVENT_OUTCOME) {
        check_server_hears(sim, number, &event->outcome);
        check_breaker_hears(sim, journal, &event->outcome);
        check_room_hears(sim, journal, &event->outcome);
    } else if (event->kind == EVENT_HEARTBEAT)
        hear_heartbeat(sim, journal, event);
    else if (event->kind == EVENT_CONTROL && journal->is_listening)
        hear_controls(sim, journal, event->control, 1);
    else if (event->kind == EVENT_CHANGED && event->is_answered &&
             event->changed.epoch == journal->epoch)
        hear_controls(sim, journal, event->changed.controls, event->changed.control_count);
    else if (event->kind == EVENT_SNAPSHOT && event->is_answered &&
             event->snapshot.epoch == journal->epoch) {
        hear_controls(sim, journal, event->snapshot.controls, event->snapshot.control_count);
        if (!event->snapshot.is_fenced && event->snapshot.next_cursor[0] == '\0')
            hear_committed(sim, journal);
    }
}

static uint32_t announced_slots(const struct sim *sim, uint32_t number)
{
    const struct journal *journal = &sim->schedulers[number].journal;
    uint32_t slots = 0;
    for (int i = 0; i < MOST_HEARD; i++)
        if (journal->heard[i].instance_id[0] && journal->heard[i].at + SILENT_AFTER > sim->now)
            slots += journal->heard[i].slots;
    return slots;
}

static uint32_t most_users(const struct sim *sim, uint32_t number)
{
    uint32_t slots = announced_slots(sim, number);
    return slots < CALL_CAP ? slots : CALL_CAP;
}

/* ---- what it asks for ---- */
static void check_batch(struct sim *sim, uint32_t number, const struct action *action)
{
    struct journal *journal = &sim->schedulers[number].journal;
    uint32_t most = most_users(sim, number), grants = 0;
    for (size_t i = 0; i < action->batch.count; i++) {
        const struct batch_item *item = &action->batch.items[i];
        if (item->operation != BATCH_GRANT)
            continue;
        grants++;
        const struct model_job *job = rows_find(sim, item->id.job_id);
        if (item->mode == MODE_LLM && journal->told[CONTROL_OF_SYSTEM].state == CONTROL_REDUCED)
            sim_violation(sim, "held", "job %u is granted by the LLM, though all is reduced",
                          job->number);
        if (check_is_told_held(journal, job))
            sim_violation(sim, "held", "job %u is granted, though scheduler %u knows it is held",
                          job->number, number);
    }
    /* Rule 2: for those who are there, and few ahead: as many as run, as may follow them, and two.
     */
    if (grants > 0 && most == 0)
        sim_violation(sim, "rule 2", "%u grants, and no analyzer was heard", grants);
    else if (grants > 2 * most + 2)
        sim_violation(sim, "rule 2", "%u grants at once for %u slots", grants, most);
    sim->counts[COUNT_BATCHES] += grants > 0;
    check_classes_batch(sim, journal, action);
    check_burst_batch(sim, journal, action);
}

static void check_permit(struct sim *sim, uint32_t number, const struct action *action)
{
    struct journal *journal = &sim->schedulers[number].journal;
    struct grant *grant = analyzers_grant(sim, &action->answer.id);
    if (action->answer.is_permitted && !grant->is_cached)
        check_told_permits(sim, journal, grant);
    if (action->answer.is_permitted && !grant->is_cached)
        check_book_permits(sim, journal, grant);
    if (!action->answer.is_permitted || grant->is_permitted)
        return;
    if (!grant->is_cached && grant->lane >= BURST_LANE)
        check_burst_permits(sim, journal, grant, most_users(sim, number));
    grant->is_permitted = true;
    grant->permitted_at = sim->now;
    if (!grant->is_cached)
        check_server_permits(sim, journal, grant);
    if (!grant->is_cached)
        check_breaker_permits(sim, journal, grant);
    if (check_is_told_held(journal, grant->job))
        sim_violation(sim, "held", "job %u gets a permit, though scheduler %u knows it is held",
                      grant->job->number, number);
}

void check_leader_acts(struct sim *sim, uint32_t number, const struct action *action)
{
    struct journal *journal = &sim->schedulers[number].journal;
    if (action->kind == ACTION_ASK_SNAPSHOT && action->cursor[0] == '\0') {
        journal->is_listening = true;
        journal->epoch = action->epoch;
        memset(journal->told, 0, sizeof(journal->told));
        memset(journal->knows, 0, sizeof(journal->knows));
        memset(journal->breakers, 0, sizeof(journal->breakers));
        memset(journal->servers, 0, sizeof(journal->servers));
        memset(journal->trouble, 0, sizeof(journal->trouble));
        memset(&journal->classes, 0, sizeof(journal->classes));
        journal->book = NULL;
        journal->is_booked = journal->is_batch_awaited = false;
    } else if (action->kind == ACTION_LEAD) {
        sim_tell(sim, number, "leads");
    } else if (action->kind == ACTION_YIELD) {
        journal->is_listening = false;
    } else if (action->kind == ACTION_ASK_BATCH &&
               (journal->batch_epoch != action->epoch ||
                journal->batch_sequence != action->batch.sequence)) {
        journal->batch_epoch = action->epoch;
        journal->batch_sequence = action->batch.sequence;
        journal->is_batch_awaited = true;
        check_batch(sim, number, action);
    } else if (action->kind == ACTION_FORGET) {
        analyzers_grant(sim, &action->dispatch.id)->is_forgotten = true;
    } else if (action->kind == ACTION_ANSWER) {
        check_permit(sim, number, action);
    }
}

/* ---- why a job waits (rule 12) ---- */
static bool has_chunk(const struct model_job *job, enum chunk_status status)
{
    for (uint32_t i = 0; i < job->chunk_count; i++)
        if (job->chunks[i].facts.status == status)
            return true;
    return false;
}

static bool has_attempts(const struct model_job *job)
{
    for (uint32_t i = 0; i < job->chunk_count; i++)
        if (job->chunks[i].facts.attempt > 0 || job->chunks[i].is_refused)
            return true;
    return false;
}

/* True whenever it is told, however little the leader has heard; NULL = it may be. */
static const char *what_is_wrong(struct sim *sim, uint32_t number, const struct model_job *job,
                                 const struct explanation *told)
{
    bool is_open = has_chunk(job, CHUNK_READY) || has_chunk(job, CHUNK_IN_FLIGHT);
    uint32_t most = most_users(sim, number);
    switch (told->reason) {
    case WAITING_NOTHING:
        return is_open && !rows_has_ended(job) ? "nothing is left, but some is" : NULL;
    case WAITING_RUNS:
        return has_attempts(job) ? NULL : "it runs, but was never granted";
    case WAITING_RETRY:
        if (told->retry_in_ms * MS > LONGEST_WAIT && !job->heals)
            return "it waits very long";
        return has_attempts(job) ? NULL : "it is tried again, but never was";
    case WAITING_GRANT:
        return told->position > 0 ? "its turn has come, but others come before" : NULL;
    case WAITING_OTHERS:
        return told->position == 0 ? "others come before, but none does" : NULL;
    case WAITING_SLOT:
        if (told->most_calls != most)
            return "a wrong number of calls is said to run at most";
        return told->calls < most ? "there is room" : NULL;
    case WAITING_ANALYZER:
        return most > 0 ? "an analyzer is there" : NULL;
    case WAITING_HELD:
        return check_is_told_held(&sim->schedulers[number].journal, job) ? NULL : "nobody holds it";
    case WAITING_OWN:
    case WAITING_LIMIT:
    case WAITING_ENDPOINT:
    case WAITING_PAUSE:
    case WAITING_REDUCED:
    case WAITING_ENDPOINT_HELD:
        return check_why(sim, number, job, told);
    }
    return "there is no such reason";
}

static bool has_other_in_flight(const struct sim *sim, const struct model_job *job)
{
    for (uint32_t i = 0; i < sim->store.job_count; i++) {
        const struct model_job *other = sim->store.jobs[i];
        if (other->user == job->user && other->lane == job->lane &&
            (has_chunk(other, CHUNK_IN_FLIGHT) || other->freed_at + HEARD_WITHIN > sim->now))
            return true;
    }
    return false;
}

/* True once everybody has heard of everything. */
static const char *what_is_out_of_date(const struct sim *sim, const struct model_job *job,
                                       const struct explanation *told)
{
    bool is_settled = job->touched_at + HEARD_WITHIN < sim->now;
    if (!told->is_known)
        return is_settled && !rows_has_ended(job) ? "the leader has never heard of it" : NULL;
    if (told->reason == WAITING_OWN && !has_other_in_flight(sim, job))
        return "nothing else of its user is served";
    if (told->reason == WAITING_RUNS && is_settled && !has_chunk(job, CHUNK_IN_FLIGHT))
        return "nothing of it runs";
    return NULL;
}

void check_leader_told(struct sim *sim, uint32_t number, const struct model_job *job,
                       const struct explanation *told)
{
    const char *wrong = told->is_known ? what_is_wrong(sim, number, job, told) : NULL;
    if (!wrong && sim->now > CALM_FROM)
        wrong = what_is_out_of_date(sim, job, told);
    if (wrong)
        sim_violation(sim, "rule 12", "job %u, reason %d, position %u: %s", job->number,
                      told->reason, told->position, wrong);
    sim->counts[COUNT_RULE_12] += told->is_known;
}
