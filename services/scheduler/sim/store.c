/* The database: each function is one transaction, and they come one after another. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "sim.h"

enum { CHANGED_PAGE = 7, SNAPSHOT_PAGE = 6 };

static bool has_ended(const struct model_job *job)
{
    return job->status >= JOB_COMPLETED;
}

const struct model_job *store_find(const struct sim *sim, const char *job_id)
{
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        if (strcmp(sim->store.jobs[i]->id, job_id) == 0)
            return sim->store.jobs[i];
    return NULL;
}

static struct model_job *find(struct sim *sim, const char *job_id)
{
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        if (strcmp(sim->store.jobs[i]->id, job_id) == 0)
            return sim->store.jobs[i];
    CHECK_UNREACHABLE();
}

/* What the database's wall clock says. */
static int64_t store_clock(const struct sim *sim)
{
    return sim->now + sim->store.clock_error;
}

static uint32_t left_ms(const struct sim *sim, int64_t until)
{
    int64_t left = until - store_clock(sim);
    return left > 0 ? (uint32_t)(left / MS + 1) : 0;
}

static struct chunk_facts chunk_facts(const struct sim *sim, const struct model_chunk *chunk)
{
    struct chunk_facts facts = chunk->facts;
    facts.retry_in_ms = facts.status == CHUNK_READY ? left_ms(sim, chunk->not_before) : 0;
    facts.lease_left_ms = facts.status == CHUNK_IN_FLIGHT ? left_ms(sim, chunk->lease_until) : 0;
    if (sim->mutant == MUTANT_FORGET_TRIES)
        facts.tries = 0;
    if (sim->mutant == MUTANT_NO_BACKOFF) {
        facts.last_class = OUTCOME_NONE;
        facts.retry_in_ms = 0;
    }
    return facts;
}

static struct job_facts job_facts(struct sim *sim, const struct model_job *job)
{
    struct chunk_facts *chunks = arena_array(sim->arena, struct chunk_facts, job->chunk_count);
    for (uint32_t i = 0; i < job->chunk_count; i++)
        chunks[i] = chunk_facts(sim, &job->chunks[i]);
    return (struct job_facts){
        .job_id = job->id,
        .tenant_id = job->user % 2 ? "odd" : "even",
        .user_id = arena_format(sim->arena, "user-%u", job->user),
        .service_class = job->service_class,
        .status = job->status,
        .event_number = job->event_number,
        .deadline_left_ms = job->deadline == FOREVER ? 0 : left_ms(sim, job->deadline) + 1,
        .chunks = chunks,
        .chunk_count = job->chunk_count,
    };
}

/* The row has changed; the stamp is that of the transaction's start. */
static void touch(struct sim *sim, struct model_job *job)
{
    job->changed_at =
        store_clock(sim) - sim_usual(sim, USUAL_STORE + job->number, 0, LONGEST_TRANSACTION);
}

/* A numbered event: a wake-up that may get lost. */
static void tell(struct sim *sim, struct model_job *job)
{
    job->event_number++;
    touch(sim, job);
    if (sim->now < sim->events_lost_until ||
        sim_fault(sim, FAULT_LOST, MANY_LINKS + job->number, job->event_number, 50)) {
        sim_tell(sim, STORE, "event %u of job %u is lost", job->event_number, job->number);
        return;
    }
    struct job_facts facts = job_facts(sim, job);
    struct event event = {
        .kind = EVENT_JOB_EVENT,
        .job_event = {.job = sim_keep(sim, &facts, sizeof(facts)), .number = job->event_number}};
    schedulers_hear(sim, STORE, 50, &event);
}

static void set_status(struct sim *sim, struct model_job *job, enum job_status status)
{
    if (has_ended(job))
        sim_violation(sim, "states", "job %s goes from %d to %d", job->id, job->status, status);
    job->status = status;
    if (has_ended(job))
        job->ended_at = sim->now;
}

static uint32_t add_chunk(struct model_job *job, const uint32_t *posts, uint32_t count,
                          uint32_t depth)
{
    CHECK(job->chunk_count < CHUNKS_PER_JOB);
    struct model_chunk *chunk = &job->chunks[job->chunk_count];
    chunk->facts = (struct chunk_facts){.number = job->chunk_count,
                                        .version = 1,
                                        .depth = depth,
                                        .open_posts = count,
                                        .text_bytes = count * 100};
    memcpy(chunk->posts, posts, count * sizeof(uint32_t));
    return job->chunk_count++;
}

/* ---- clients ---- */
static void end_by(struct sim *sim, struct model_job *job, enum job_status status)
{
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        struct model_chunk *chunk = &job->chunks[i];
        for (uint32_t k = 0; k < chunk->facts.open_posts; k++)
            job->posts[chunk->posts[k]].reasons++;
        bool is_freed = sim->mutant == MUTANT_CANCEL_FREES && chunk->facts.status != CHUNK_DONE;
        if (is_freed && chunk->facts.status == CHUNK_IN_FLIGHT)
            sim->store.in_flight[job->user][job->lane] = (struct in_flight){0};
        if (chunk->facts.status == CHUNK_READY || is_freed)
            chunk->facts.status = CHUNK_DONE;
        chunk->facts.version++;
    }
    set_status(sim, job, status);
    tell(sim, job);
}

static void cancel(struct sim *sim, void *what)
{
    struct model_job *job = what;
    if (has_ended(job))
        return;
    sim->counts[COUNT_CANCELLED]++;
    sim_tell(sim, STORE, "job %u is cancelled", job->number);
    end_by(sim, job, JOB_CANCELLED);
    analyzers_hear_cancel(sim, job);
}

static void submit(struct sim *sim, void *what)
{
    struct model_job *job = what;
    sim->store.jobs[sim->store.job_count++] = job;
    job->deadline = job->lasts == FOREVER ? FOREVER : store_clock(sim) + job->lasts;
    sim_tell(sim, STORE, "job %u of user %u is submitted: %u posts%s%s", job->number, job->user,
             job->post_count, job->lane ? ", interactive" : "",
             job->lasts == FOREVER ? "" : ", with a deadline");
    for (uint32_t first = 0; first < job->post_count; first += POSTS_PER_CHUNK) {
        uint32_t posts[POSTS_PER_CHUNK], count = 0;
        while (count < POSTS_PER_CHUNK && first + count < job->post_count) {
            posts[count] = first + count;
            count++;
        }
        add_chunk(job, posts, count, 0);
    }
    tell(sim, job);
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
    for (uint32_t user = 0; user < USERS; user++) {
        uint32_t count = (uint32_t)sim_trait(sim, WORK_DEADLINE, user, 2, JOBS_PER_USER);
        for (uint32_t i = 0; i < count; i++)
            plan_job(sim, user, user * JOBS_PER_USER + i + 1);
    }
}

bool store_all_ended(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        if (!has_ended(sim->store.jobs[i]))
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
        if (has_ended(job) || job->deadline > store_clock(sim))
            continue;
        sim->counts[COUNT_EXPIRED]++;
        sim_tell(sim, STORE, "job %u expires", job->number);
        end_by(sim, job, JOB_EXPIRED);
    }
}

/* ---- the leader's questions ---- */
static struct event *new_event(struct sim *sim, enum event_kind kind)
{
    struct event *event = arena_new(sim->arena, sizeof(*event));
    event->kind = kind;
    event->is_answered = true;
    return event;
}

struct event *store_lease(struct sim *sim, const char *holder, bool is_resigning,
                          struct instant asked)
{
    struct store *store = &sim->store;
    bool is_ours = strcmp(store->holder, holder) == 0,
         is_over = store->lease_until <= store_clock(sim);
    struct event *event = new_event(sim, EVENT_LEASE);
    event->lease.asked = asked;
    if (is_resigning) {
        if (is_ours)
            store->lease_until = store_clock(sim);
        return event;
    }
    if (!is_ours && !is_over) {
        event->lease.left_ms = left_ms(sim, store->lease_until);
        return event;
    }
    if (!is_ours || is_over) { /* a lapsed lease of one's own is a new epoch too */
        snprintf(store->holder, sizeof(store->holder), "%s", holder);
        store->epoch++;
        store->sequence = 0;
        sim->counts[COUNT_TAKEOVERS]++;
        sim_tell(sim, STORE, "epoch %lu is scheduler %s's", store->epoch, holder);
    }
    store->lease_until = store_clock(sim) + LEAD_LEASE;
    event->lease.is_held = true;
    event->lease.epoch = store->epoch;
    return event;
}

static void free_place(struct sim *sim, const struct model_job *job, uint32_t chunk)
{
    struct in_flight *place = &sim->store.in_flight[job->user][job->lane];
    if (place->job == job && place->chunk == chunk)
        *place = (struct in_flight){0};
}

static bool tries_are_used(const struct model_chunk *chunk)
{
    return chunk->facts.tries >= (chunk->facts.depth == 0 ? 3 : 1);
}

/* Rule 6, as seen from the rows: is the grant of this chunk, in this mode, at this time, right? */
static void check_grant(struct sim *sim, const struct model_job *job,
                        const struct model_chunk *chunk, enum analysis_mode mode)
{
    bool has_deadline = job->deadline != FOREVER; /* then earlier than the wait is right too */
    if (mode == MODE_LLM && tries_are_used(chunk))
        sim_violation(sim, "rule 6", "job %u chunk %u: a call after %u tries", job->number,
                      chunk->facts.number, chunk->facts.tries);
    bool is_last_resort = tries_are_used(chunk) && chunk->facts.open_posts == 1;
    if (mode == MODE_EMBEDDED && !is_last_resort && !has_deadline)
        sim_violation(sim, "rule 6", "job %u chunk %u: embedded without need", job->number,
                      chunk->facts.number);
    int64_t least = 2 * SECOND * chunk->facts.tries - 100 * MS;
    if (mode == MODE_LLM && chunk->failed_at && sim->now - chunk->failed_at < least &&
        !has_deadline)
        sim_violation(sim, "rule 6", "job %u chunk %u: try %u after %ld us", job->number,
                      chunk->facts.number, chunk->facts.tries, sim->now - chunk->failed_at);
}

static enum batch_result grant(struct sim *sim, uint64_t epoch, const struct batch_item *item,
                               struct model_job *job, struct model_chunk *chunk)
{
    struct in_flight *place = &sim->store.in_flight[job->user][job->lane];
    if (has_ended(job) || chunk->facts.status != CHUNK_READY)
        return RESULT_GONE;
    if (chunk->not_before > store_clock(sim))
        return RESULT_BUSY;
    if (place->job)
        return RESULT_BUSY;
    check_grant(sim, job, chunk, item->mode);
    if (item->lane != job->lane)
        sim_violation(sim, "rule 1", "job %u is granted in lane %u", job->number, item->lane);
    *place = (struct in_flight){job, chunk->facts.number};
    chunk->facts.status = CHUNK_IN_FLIGHT;
    chunk->facts.attempt++;
    chunk->facts.epoch = epoch;
    chunk->facts.mode = item->mode;
    chunk->lease_until = store_clock(sim) + item->lease_ms * MS;
    if (job->status == JOB_QUEUED)
        set_status(sim, job, JOB_PROCESSING);
    struct grant *granted = arena_new(sim->arena, sizeof(*granted));
    granted->id = item->id;
    granted->id.attempt = chunk->facts.attempt;
    granted->job = job;
    granted->mode = item->mode;
    granted->lease = item->lease_ms * MS;
    granted->post_count = chunk->facts.open_posts;
    memcpy(granted->posts, chunk->posts, sizeof(granted->posts));
    granted->older = sim->grants;
    sim->grants = granted;
    sim_tell(sim, STORE, "grants job %u chunk %u, attempt %u%s, by epoch %lu", job->number,
             chunk->facts.number, chunk->facts.attempt, item->mode == MODE_LLM ? "" : " (embedded)",
             epoch);
    sim->counts[COUNT_GRANTS]++;
    for (uint32_t i = 0; i < job->chunk_count; i++)
        sim->counts[COUNT_RULE_1] += job->chunks[i].facts.status == CHUNK_READY;
    sim->counts[COUNT_EMBEDDED] += item->mode == MODE_EMBEDDED;
    return RESULT_GRANTED;
}

static enum batch_result land(struct sim *sim, uint64_t epoch, const struct batch_item *item,
                              struct model_job *job, struct model_chunk *chunk)
{
    bool is_reap = item->operation == BATCH_REAP;
    if (chunk->facts.status != CHUNK_IN_FLIGHT || chunk->facts.attempt != item->id.attempt)
        return RESULT_GONE;
    if (is_reap && (chunk->lease_until > store_clock(sim) || sim->mutant == MUTANT_NEVER_REAP))
        return RESULT_EARLY;
    if (!is_reap && chunk->facts.epoch != epoch)
        return RESULT_GONE;
    free_place(sim, job, chunk->facts.number);
    chunk->facts.status = has_ended(job) ? CHUNK_DONE : CHUNK_READY;
    if (is_reap && item->is_charged) {
        chunk->facts.tries++;
        chunk->failed_at = 0; /* a loss has waited for its lease already */
    }
    sim->counts[is_reap ? COUNT_REAPED : COUNT_RELEASED]++;
    sim_tell(sim, STORE, "%s job %u chunk %u%s", is_reap ? "reaps" : "takes back", job->number,
             chunk->facts.number, item->is_charged ? ", charged" : "");
    return is_reap ? RESULT_REAPED : RESULT_RELEASED;
}

static enum batch_result split(struct sim *sim, struct model_job *job, struct model_chunk *chunk,
                               struct batch_answer *answer)
{
    uint32_t open = chunk->facts.open_posts;
    if (has_ended(job) || chunk->facts.status != CHUNK_READY || open < 2)
        return RESULT_GONE;
    if (!tries_are_used(chunk) && sim->mutant != MUTANT_FORGET_TRIES)
        sim_violation(sim, "rule 6", "job %u chunk %u: split after %u tries", job->number,
                      chunk->facts.number, chunk->facts.tries);
    uint32_t half = open / 2, depth = chunk->facts.depth + 1;
    uint32_t parts[] = {add_chunk(job, chunk->posts, half, depth),
                        add_chunk(job, chunk->posts + half, open - half, depth)};
    chunk->facts.status = CHUNK_DONE;
    chunk->facts.open_posts = 0;
    sim->counts[COUNT_SPLITS]++;
    sim_tell(sim, STORE, "splits job %u chunk %u into %u and %u", job->number, chunk->facts.number,
             parts[0], parts[1]);
    answer->part_count = 2;
    for (int i = 0; i < 2; i++)
        answer->parts[i] = chunk_facts(sim, &job->chunks[parts[i]]);
    return RESULT_SPLIT;
}

static void carry_out(struct sim *sim, uint64_t epoch, const struct batch_item *item,
                      struct batch_answer *answer)
{
    struct model_job *job = find(sim, item->id.job_id);
    struct model_chunk *chunk = &job->chunks[item->id.chunk_number];
    switch (item->operation) {
    case BATCH_GRANT:
        answer->result = grant(sim, epoch, item, job, chunk);
        break;
    case BATCH_REAP:
    case BATCH_RELEASE:
        answer->result = land(sim, epoch, item, job, chunk);
        break;
    case BATCH_SPLIT:
        answer->result = split(sim, job, chunk, answer);
        break;
    }
    bool has_changed = answer->result != RESULT_BUSY && answer->result != RESULT_GONE &&
                       answer->result != RESULT_EARLY;
    if (has_changed) {
        chunk->facts.version++;
        touch(sim, job);
    }
    if (answer->result == RESULT_SPLIT)
        tell(sim, job);
    answer->chunk = chunk_facts(sim, chunk);
    answer->job_status = job->status;
}

struct event *store_batch(struct sim *sim, const char *holder, uint64_t epoch, uint64_t sequence,
                          const struct batch_item *items, size_t count)
{
    struct store *store = &sim->store;
    struct event *event = new_event(sim, EVENT_BATCH);
    event->batch.epoch = epoch;
    event->batch.sequence = sequence;
    event->batch.status = BATCH_ANSWERED;
    if (strcmp(store->holder, holder) != 0 || store->epoch != epoch ||
        store->lease_until <= store_clock(sim)) {
        event->batch.status = BATCH_FENCED;
        return event;
    }
    if (sequence < store->sequence) {
        event->batch.status = BATCH_OLD;
        return event;
    }
    if (sequence > store->sequence) {
        store->sequence = sequence;
        store->last_count = count;
        store->last_answers = arena_array(sim->arena, struct batch_answer, count);
        for (size_t i = 0; i < count; i++)
            carry_out(sim, epoch, &items[i], &store->last_answers[i]);
    }
    event->batch.answers = store->last_answers;
    event->batch.answer_count = store->last_count;
    return event;
}

static bool is_unfinished(const struct model_job *job)
{
    if (!has_ended(job))
        return true;
    for (uint32_t i = 0; i < job->chunk_count; i++)
        if (job->chunks[i].facts.status == CHUNK_IN_FLIGHT)
            return true;
    return false;
}

struct event *store_snapshot(struct sim *sim, uint64_t epoch, const char *cursor)
{
    struct event *event = new_event(sim, EVENT_SNAPSHOT);
    event->snapshot.epoch = epoch;
    event->snapshot.now_us = store_clock(sim);
    event->snapshot.next_cursor = "";
    event->snapshot.is_fenced = sim->store.epoch != epoch;
    if (event->snapshot.is_fenced || sim->mutant == MUTANT_GRANT_UNREBUILT)
        return event;
    struct job_facts *jobs = arena_array(sim->arena, struct job_facts, SNAPSHOT_PAGE);
    for (uint32_t i = 0; i < sim->store.job_count; i++) {
        const struct model_job *job = sim->store.jobs[i];
        if (!is_unfinished(job) || strcmp(job->id, cursor) <= 0)
            continue;
        /* The page is in order of ids. */
        size_t place = event->snapshot.job_count;
        while (place > 0 && strcmp(jobs[place - 1].job_id, job->id) > 0)
            place--;
        if (place == SNAPSHOT_PAGE)
            continue;
        size_t kept = event->snapshot.job_count - (event->snapshot.job_count == SNAPSHOT_PAGE);
        memmove(&jobs[place + 1], &jobs[place], (kept - place) * sizeof(jobs[0]));
        jobs[place] = job_facts(sim, job);
        event->snapshot.job_count = kept + 1;
    }
    if (sim->mutant == MUTANT_CAPS_FORGET)
        for (size_t i = 0; i < event->snapshot.job_count; i++)
            for (size_t k = 0; k < jobs[i].chunk_count; k++)
                ((struct chunk_facts *)(uintptr_t)jobs[i].chunks)[k].mode = MODE_EMBEDDED;
    event->snapshot.jobs = jobs;
    if (event->snapshot.job_count == SNAPSHOT_PAGE)
        event->snapshot.next_cursor = jobs[SNAPSHOT_PAGE - 1].job_id;
    return event;
}

struct event *store_changed(struct sim *sim, uint64_t epoch, int64_t since_us)
{
    struct event *event = new_event(sim, EVENT_CHANGED);
    event->changed.epoch = epoch;
    event->changed.now_us = store_clock(sim);
    event->changed.next_job_id = "";
    if (sim->mutant == MUTANT_NO_REREAD)
        return event;
    struct job_facts *jobs = arena_array(sim->arena, struct job_facts, sim->store.job_count);
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        if (sim->store.jobs[i]->changed_at > since_us)
            jobs[event->changed.job_count++] = job_facts(sim, sim->store.jobs[i]);
    event->changed.jobs = jobs;
    return event;
}

struct event *store_job(struct sim *sim, uint64_t epoch, const char *job_id)
{
    struct event *event = new_event(sim, EVENT_JOB);
    event->job.epoch = epoch;
    snprintf(event->job.job_id, sizeof(event->job.job_id), "%s", job_id);
    struct job_facts facts = job_facts(sim, find(sim, job_id));
    event->job.job = sim_keep(sim, &facts, sizeof(facts));
    return event;
}

/* ---- outcomes ---- */
static bool is_try(enum outcome_class outcome_class)
{
    return outcome_class != OUTCOME_NONE && outcome_class != OUTCOME_RATE_LIMITED;
}

/* Writes what the outcome brings and keeps what is still open. */
static void write_posts(struct model_job *job, struct model_chunk *chunk, const struct grant *grant,
                        const struct outcome *outcome)
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
        memmove(&open[place], &open[place + 1], (count - place - 1) * sizeof(uint32_t));
        chunk->facts.open_posts--;
    }
}

void store_commit(struct sim *sim, const struct grant *grant, const struct outcome *outcome)
{
    struct model_job *job = grant->job;
    struct model_chunk *chunk = &job->chunks[grant->id.chunk_number];
    bool is_current =
        chunk->facts.status == CHUNK_IN_FLIGHT && chunk->facts.attempt == grant->id.attempt;
    if (sim->mutant == MUTANT_NO_ATTEMPT_CHECK && chunk->facts.status != CHUNK_DONE)
        is_current = true;
    sim_tell(sim, STORE, "%s the outcome of job %u chunk %u attempt %u",
             is_current ? "commits" : "passes over", job->number, chunk->facts.number,
             grant->id.attempt);
    if (!is_current)
        return;
    free_place(sim, job, chunk->facts.number);
    chunk->facts.version++;
    if (has_ended(job) && sim->mutant != MUTANT_NO_TERMINAL_CHECK) {
        chunk->facts.status = CHUNK_DONE;
        tell(sim, job);
        return;
    }
    write_posts(job, chunk, grant, outcome);
    chunk->facts.last_class = outcome->outcome_class;
    chunk->facts.tries += is_try(outcome->outcome_class);
    chunk->failed_at = is_try(outcome->outcome_class) ? sim->now : 0;
    chunk->not_before = store_clock(sim) + outcome->retry_after_ms * MS;
    chunk->facts.status = chunk->facts.open_posts ? CHUNK_READY : CHUNK_DONE;
    sim->counts[COUNT_RETRIES] += chunk->facts.open_posts > 0;
    bool is_complete = true;
    for (uint32_t i = 0; i < job->chunk_count; i++)
        is_complete = is_complete && job->chunks[i].facts.status == CHUNK_DONE;
    if (is_complete)
        set_status(sim, job, JOB_COMPLETED);
    tell(sim, job);
}
