/* The rows of the database, and what they are told as. */
#include "store_rows.h"

#include <string.h>

#include "base/check.h"
#include "happenings.h"
#include "names.h"
#include "news.h"
#include "store.h"

bool rows_has_ended(const struct model_job *job)
{
    return job->status >= JOB_COMPLETED;
}

struct model_job *rows_find(struct sim *sim, const char *job_id)
{
    uint32_t number = sim_number_of(job_id);
    for (uint32_t i = 0; i < sim->store.job_count; i++)
        if (sim->store.numbers[i] == number)
            return sim->store.jobs[i];
    CHECK_UNREACHABLE();
}

void rows_add_job(struct sim *sim, struct model_job *job)
{
    CHECK(sim->store.job_count < MOST_JOBS_EVER);
    sim->store.numbers[sim->store.job_count] = job->number;
    sim->store.jobs[sim->store.job_count++] = job;
    store_note_unfinished(sim, job, 1);
}

/* What the database's wall clock says. */
int64_t rows_clock(const struct sim *sim)
{
    return sim->now + sim->store.clock_error;
}

uint32_t rows_left_ms(const struct sim *sim, int64_t until)
{
    int64_t left = until - rows_clock(sim);
    return left > 0 ? (uint32_t)(left / MS + 1) : 0;
}

struct chunk_facts rows_chunk_facts(const struct sim *sim, const struct model_chunk *chunk)
{
    struct chunk_facts facts = chunk->facts;
    facts.retry_in_ms = facts.status == CHUNK_READY ? rows_left_ms(sim, chunk->not_before) : 0;
    facts.lease_left_ms =
        facts.status == CHUNK_IN_FLIGHT ? rows_left_ms(sim, chunk->lease_until) : 0;
    if (sim->mutant == MUTANT_FORGET_TRIES)
        facts.tries = 0;
    if (sim->mutant == MUTANT_NO_BACKOFF) {
        facts.last_class = OUTCOME_NONE;
        facts.retry_in_ms = 0;
    }
    return facts;
}

struct job_facts rows_job_facts(struct sim *sim, const struct model_job *job)
{
    struct chunk_facts *chunks = arena_array(sim->arena, struct chunk_facts, job->chunk_count);
    for (uint32_t i = 0; i < job->chunk_count; i++)
        chunks[i] = rows_chunk_facts(sim, &job->chunks[i]);
    return (struct job_facts){
        .job_id = job->id,
        .tenant_id = tenant_name(job->user % TENANTS),
        .user_id = user_name(job->user),
        .service_class = job->service_class,
        .status = job->status,
        .event_number = job->event_number,
        .deadline_left_ms = job->deadline == FOREVER ? 0 : rows_left_ms(sim, job->deadline) + 1,
        .is_healing = job->heals != NULL,
        .chunks = chunks,
        .chunk_count = job->chunk_count,
    };
}

/* The row has changed; the stamp is that of the transaction's start. */
void rows_touch(struct sim *sim, struct model_job *job)
{
    job->touched_at = sim->now;
    job->changed_at =
        rows_clock(sim) - sim_usual(sim, USUAL_STORE + job->number, 0, LONGEST_TRANSACTION);
}

/* A numbered event: a wake-up that may get lost. */
void rows_tell(struct sim *sim, struct model_job *job)
{
    job->event_number++;
    rows_touch(sim, job);
    if (sim->now < sim->events_lost_until ||
        sim_fault(sim, FAULT_LOST, MANY_LINKS + job->number, job->event_number, 50)) {
        sim_tell(sim, STORE, "event %u of job %u is lost", job->event_number, job->number);
        return;
    }
    struct job_facts facts = rows_job_facts(sim, job);
    struct event event = {
        .kind = EVENT_JOB_EVENT,
        .job_event = {.job = sim_keep(sim, &facts, sizeof(facts)), .number = job->event_number}};
    news_tell(sim, STORE, 50, &event);
}

void rows_set_status(struct sim *sim, struct model_job *job, enum job_status status)
{
    if (rows_has_ended(job))
        sim_violation(sim, "states", "job %s goes from %d to %d", job->id, job->status, status);
    bool had_ended = rows_has_ended(job);
    job->status = status;
    if (rows_has_ended(job) && !had_ended)
        store_note_unfinished(sim, job, -1);
    if (rows_has_ended(job))
        job->ended_at = sim->now;
}

uint32_t rows_add_chunk(struct model_job *job, const uint32_t *posts, uint32_t count,
                        uint32_t depth)
{
    CHECK(job->chunk_count < CHUNKS_PER_JOB);
    struct model_chunk *chunk = &job->chunks[job->chunk_count];
    chunk->facts = (struct chunk_facts){.number = job->chunk_count,
                                        .version = 1,
                                        .depth = depth,
                                        .open_posts = count,
                                        .text_bytes = count * 100};
    chunk->root = job->chunk_count;
    memcpy(chunk->posts, posts, count * sizeof(uint32_t));
    return job->chunk_count++;
}

void rows_cut(struct model_job *job)
{
    for (uint32_t first = 0; first < job->post_count; first += POSTS_PER_CHUNK) {
        uint32_t posts[POSTS_PER_CHUNK], count = 0;
        while (count < POSTS_PER_CHUNK && first + count < job->post_count) {
            posts[count] = first + count;
            count++;
        }
        rows_add_chunk(job, posts, count, 0);
    }
}

void rows_free_place(struct sim *sim, struct model_job *job, uint32_t chunk)
{
    struct in_flight *place = &sim->store.in_flight[job->user][job->chunks[chunk].facts.lane];
    if (place->job != job || place->chunk != chunk)
        return;
    *place = (struct in_flight){0};
    job->freed_at = sim->now;
}

bool rows_tries_are_used(const struct model_chunk *chunk)
{
    return chunk->facts.tries >= (chunk->facts.depth == 0 ? 3 : 1);
}

struct event *rows_new_event(struct sim *sim, enum event_kind kind)
{
    struct event *event = arena_new(sim->arena, sizeof(*event));
    event->kind = kind;
    event->is_answered = true;
    return event;
}

void rows_note_patience(struct model_job *job, const struct model_chunk *chunk)
{
    if (!job->heals || chunk->facts.open_posts != 1 || !rows_tries_are_used(chunk))
        return;
    struct model_post *post = &job->posts[chunk->posts[0]];
    post->is_given_up = true;
    job->heals->posts[post->original].is_given_up = true;
}
