/* The database: jobs come and end, outcomes are committed. Each function is one transaction, and
 * they come one after another. */
#include <stdio.h>
#include <string.h>

#include "controls.h"
#include "happenings.h"
#include "llm.h"
#include "news.h"
#include "store.h"
#include "store_rows.h"

/* ---- clients ---- */
static void end_by(struct sim *sim, struct model_job *job, enum job_status status)
{
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        struct model_chunk *chunk = &job->chunks[i];
        for (uint32_t k = 0; k < chunk->facts.open_posts; k++)
            job->posts[chunk->posts[k]].reasons++;
        bool is_freed = sim->mutant == MUTANT_CANCEL_FREES && chunk->facts.status != CHUNK_DONE;
        if (is_freed && chunk->facts.status == CHUNK_IN_FLIGHT)
            sim->store.in_flight[job->user][chunk->facts.lane] = (struct in_flight){0};
        if (chunk->facts.status == CHUNK_READY || is_freed)
            chunk->facts.status = CHUNK_DONE;
        chunk->facts.version++;
    }
    rows_set_status(sim, job, status);
    rows_tell(sim, job);
}

static void cancel(struct sim *sim, void *what)
{
    struct model_job *job = what;
    if (rows_has_ended(job))
        return;
    sim->counts[COUNT_CANCELLED]++;
    sim_tell(sim, STORE, "job %u is cancelled", job->number);
    end_by(sim, job, JOB_CANCELLED);
    news_cancel(sim, job);
}

static void submit(struct sim *sim, void *what)
{
    struct model_job *job = what;
    if (controls_refuse_jobs(sim, job->user)) {
        sim_after(sim, SECOND, NULL, submit, what);
        return;
    }
    enum room room = store_room_for(sim, job);
    if (room != ROOM) {
        sim->witness->refuses(sim, job, room);
        sim_tell(sim, STORE, "job %u of user %u finds no room", job->number, job->user);
        sim_after(sim, sim_usual(sim, USUAL_STORE + job->number, SECOND, 3 * SECOND), NULL, submit,
                  what);
        return;
    }
    rows_add_job(sim, job);
    sim->witness->takes(sim, job);
    job->deadline = job->lasts == FOREVER ? FOREVER : rows_clock(sim) + job->lasts;
    sim_tell(sim, STORE, "job %u of user %u is submitted: %u posts%s%s", job->number, job->user,
             job->post_count, job->lane ? ", interactive" : "",
             job->lasts == FOREVER ? "" : ", with a deadline");
    rows_cut(job);
    rows_tell(sim, job);
    if (job->cancelled_after != FOREVER)
        sim_after(sim, job->cancelled_after, NULL, cancel, job);
}

static void plan_posts(struct sim *sim, struct model_job *job)
{
    uint32_t count = (uint32_t)sim_trait(sim, WORK_POST, job->number, 1, POSTS_PER_JOB);
    for (uint32_t i = 0; i < count; i++) {
        if (!sim_decide(sim, WORK_POST, job->number, i, 1000))
            continue;
        struct model_post *post = &job->posts[job->post_count++];
        post->is_poison = sim_decide(sim, FAULT_POISON, job->number, i, 25);
        post->is_hopeless = post->is_poison && sim_decide(sim, FAULT_HOPELESS, job->number, i, 400);
        post->is_killer = !post->is_poison && sim_decide(sim, FAULT_KILLER, job->number, i, 3);
    }
}

static void plan_job(struct sim *sim, uint32_t user, uint32_t number)
{
    if (!sim_decide(sim, WORK_JOB, user, number, 1000))
        return;
    struct model_job *job = arena_new(sim->arena, sizeof(*job));
    job->number = number;
    snprintf(job->id, sizeof(job->id), "00000000-0000-7000-8000-%012u", job->number);
    job->user = user;
    enum service_class service_class =
        (enum service_class)sim_trait(sim, WORK_JOB, number, CLASS_PREMIUM, CLASS_BACKGROUND);
    job->lane = sim_trait(sim, WORK_CACHED, number, 0, 3) == 0;
    job->service_class = job->lane ? CLASS_INTERACTIVE : service_class;
    plan_posts(sim, job);
    job->lasts = sim_decide(sim, WORK_DEADLINE, number, 0, 250) ? 15 * SECOND : FOREVER;
    job->cancelled_after =
        sim_decide(sim, WORK_CANCEL, number, 0, 200) ? sim_severity(sim, 0, 8 * SECOND) : FOREVER;
    if (job->post_count == 0)
        return;
    sim->store.planned++;
    sim_after(sim, sim_trait(sim, WORK_CANCEL, number, 0, FAULTS_END * 8 / 10), NULL, submit, job);
}

void store_plan_jobs(struct sim *sim)
{
    store_plan_room(sim);
    for (uint32_t user = 0; user < USERS; user++) {
        uint32_t count = (uint32_t)sim_trait(sim, WORK_DEADLINE, user, 2, JOBS_PER_USER);
        for (uint32_t i = 0; i < count; i++)
            plan_job(sim, user, user * JOBS_PER_USER + i + 1);
    }
}

/* A job that heals is tried as long as it takes, and a poison post takes for ever; what it could
 * heal must be healed. */
static bool is_done(const struct model_job *job)
{
    bool has_ended = rows_has_ended(job) || job->heals;
    for (uint32_t i = 0; i < job->post_count; i++) {
        const struct model_post *post = &job->posts[i];
        bool is_lacking = job->heals ? post->results == 0 : post->is_degraded;
        has_ended = has_ended && (!is_lacking || post->is_poison || post->is_given_up);
    }
    return has_ended;
}

bool store_all_ended(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        if (!is_done(sim->store.jobs[i]))
            return false;
    for (uint32_t user = 0; user < USERS; user++)
        for (uint32_t lane = 0; lane < LANES; lane++)
            if (sim->store.in_flight[user][lane].job)
                return false;
    return sim->store.job_count == sim->store.planned;
}

void store_expire(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->store.job_count; i++) {
        struct model_job *job = sim->store.jobs[i];
        if (rows_has_ended(job) || job->deadline > rows_clock(sim))
            continue;
        sim->counts[COUNT_EXPIRED]++;
        sim_tell(sim, STORE, "job %u expires", job->number);
        end_by(sim, job, JOB_EXPIRED);
    }
}

/* ---- outcomes ---- */
static bool is_try(enum outcome_class outcome_class)
{
    return outcome_class != OUTCOME_NONE && outcome_class != OUTCOME_RATE_LIMITED &&
           outcome_class != OUTCOME_SERVER_ERROR;
}

/* Rule 6: a quarter of the open posts. */
static bool is_progress(enum outcome_class outcome_class, uint32_t open_before, uint32_t open_after)
{
    return outcome_class == OUTCOME_PARTIAL && 4 * (open_before - open_after) >= open_before;
}

/* Writes what the outcome brings and keeps what is still open. */
static void write_posts(struct sim *sim, struct model_job *job, struct model_chunk *chunk,
                        const struct grant *grant, const struct outcome *outcome)
{
    for (uint32_t i = 0; i < grant->post_count; i++) {
        uint32_t *open = chunk->posts, post = grant->posts[i], count = chunk->facts.open_posts;
        uint32_t place = 0;
        while (place < count && open[place] != post)
            place++;
        if (place == count || (!outcome->has_result[i] && !outcome->is_hopeless[i]))
            continue;
        job->posts[post].results += outcome->has_result[i];
        job->posts[post].reasons += !outcome->has_result[i];
        job->posts[post].is_degraded = grant->is_degraded;
        sim->counts[COUNT_DEGRADED] += grant->is_degraded;
        if (job->heals && outcome->has_result[i])
            store_revise(sim, job, post, grant->mode);
        memmove(&open[place], &open[place + 1], (count - place - 1) * sizeof(uint32_t));
        chunk->facts.open_posts--;
    }
}

/* What it took to find the poison post (rule 6). */
static void note_for_root(struct model_job *job, const struct model_chunk *chunk,
                          const struct grant *grant, const struct outcome *outcome)
{
    struct model_chunk *root = &job->chunks[chunk->root];
    if (grant->mode == MODE_EMBEDDED)
        return;
    root->poisoned += outcome->outcome_class == OUTCOME_INVALID_ANSWER;
    root->good += outcome->outcome_class == OUTCOME_NONE;
    root->is_disturbed = root->is_disturbed || (outcome->outcome_class != OUTCOME_NONE &&
                                                outcome->outcome_class != OUTCOME_INVALID_ANSWER);
}

void store_commit(struct sim *sim, struct grant *grant, const struct outcome *outcome)
{
    struct model_job *job = grant->job;
    struct model_chunk *chunk = &job->chunks[grant->id.chunk_number];
    llm_settle(sim, grant, outcome);
    bool is_current =
        chunk->facts.status == CHUNK_IN_FLIGHT && chunk->facts.attempt == grant->id.attempt;
    if (sim->mutant == MUTANT_NO_ATTEMPT_CHECK && chunk->facts.status != CHUNK_DONE)
        is_current = true;
    sim_tell(sim, STORE, "%s the outcome of job %u chunk %u attempt %u",
             is_current ? "commits" : "passes over", job->number, chunk->facts.number,
             grant->id.attempt);
    if (!is_current)
        return;
    rows_free_place(sim, job, chunk->facts.number);
    chunk->facts.version++;
    if (rows_has_ended(job) && sim->mutant != MUTANT_NO_TERMINAL_CHECK) {
        chunk->facts.status = CHUNK_DONE;
        rows_tell(sim, job);
        return;
    }
    uint32_t open_before = chunk->facts.open_posts;
    write_posts(sim, job, chunk, grant, outcome);
    bool has_progressed = is_progress(outcome->outcome_class, open_before, chunk->facts.open_posts);
    bool is_charged = is_try(outcome->outcome_class) && !has_progressed;
    chunk->facts.last_class = has_progressed ? OUTCOME_NONE : outcome->outcome_class;
    chunk->facts.tries += is_charged;
    chunk->failed_at = is_charged ? sim->now : 0;
    rows_note_patience(job, chunk);
    chunk->told_to_wait_until = sim->now + outcome->retry_after_ms * MS;
    note_for_root(job, chunk, grant, outcome);
    /* Without a wait there is none, however the clock is set: the backoff is the leader's. */
    chunk->not_before =
        outcome->retry_after_ms > 0 ? rows_clock(sim) + outcome->retry_after_ms * MS : 0;
    chunk->facts.status = chunk->facts.open_posts ? CHUNK_READY : CHUNK_DONE;
    sim->counts[COUNT_RETRIES] += chunk->facts.open_posts > 0;
    bool is_complete = true;
    for (uint32_t i = 0; i < job->chunk_count; i++)
        is_complete = is_complete && job->chunks[i].facts.status == CHUNK_DONE;
    if (is_complete)
        rows_set_status(sim, job, JOB_COMPLETED);
    rows_tell(sim, job);
}
