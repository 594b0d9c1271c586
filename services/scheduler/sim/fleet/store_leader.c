/* What the leader asks the database: its lease, the snapshot, what changed. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "controls.h"
#include "happenings.h"
#include "llm.h"
#include "store.h"
#include "store_rows.h"

enum { SNAPSHOT_PAGE = 6, CHANGED_PAGE = 4 };

struct event *store_lease(struct sim *sim, const char *holder, bool is_resigning,
                          struct instant asked)
{
    struct store *store = &sim->store;
    bool is_ours = strcmp(store->holder, holder) == 0,
         is_over = store->lease_until <= rows_clock(sim);
    struct event *event = rows_new_event(sim, EVENT_LEASE);
    event->lease.asked = asked;
    if (is_resigning) {
        if (is_ours)
            store->lease_until = rows_clock(sim);
        return event;
    }
    if (!is_ours && !is_over) {
        event->lease.left_ms = rows_left_ms(sim, store->lease_until);
        return event;
    }
    if (!is_ours || is_over) { /* a lapsed lease of one's own is a new epoch too */
        snprintf(store->holder, sizeof(store->holder), "%s", holder);
        store->epoch++;
        store->sequence = 0;
        sim->counts[COUNT_TAKEOVERS]++;
        sim_tell(sim, STORE, "epoch %lu is scheduler %s's", store->epoch, holder);
    }
    store->lease_until = rows_clock(sim) + LEAD_LEASE;
    event->lease.is_held = true;
    event->lease.epoch = store->epoch;
    return event;
}

static bool is_unfinished(const struct model_job *job)
{
    if (!rows_has_ended(job))
        return true;
    for (uint32_t i = 0; i < job->chunk_count; i++)
        if (job->chunks[i].facts.status == CHUNK_IN_FLIGHT)
            return true;
    return false;
}

struct event *store_snapshot(struct sim *sim, uint64_t epoch, const char *cursor)
{
    struct event *event = rows_new_event(sim, EVENT_SNAPSHOT);
    event->snapshot.epoch = epoch;
    event->snapshot.now_us = rows_clock(sim);
    event->snapshot.next_cursor = "";
    event->snapshot.is_fenced = sim->store.epoch != epoch;
    if (event->snapshot.is_fenced || sim->mutant == MUTANT_GRANT_UNREBUILT)
        return event;
    if (cursor[0] == '\0') {
        event->snapshot.calls = llm_told(sim, &event->snapshot.call_count);
        event->snapshot.spends = llm_spends(sim, &event->snapshot.spend_count);
    }
    event->snapshot.controls = controls_told(sim, INT64_MIN, &event->snapshot.control_count);
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
        jobs[place] = rows_job_facts(sim, job);
        event->snapshot.job_count = kept + 1;
    }
    if (sim->mutant == MUTANT_CAPS_FORGET)
        for (size_t i = 0; i < event->snapshot.job_count; i++)
            for (size_t k = 0; k < jobs[i].chunk_count; k++)
                ((struct chunk_facts *)(uintptr_t)jobs[i].chunks)[k].mode = MODE_EMBEDDED;
    event->snapshot.jobs = jobs;
    if (event->snapshot.job_count == SNAPSHOT_PAGE)
        event->snapshot.next_cursor = jobs[SNAPSHOT_PAGE - 1].job_id;
    else
        event->snapshot.ended = llm_ended(sim, &event->snapshot.ended_count);
    return event;
}

/* The first behind that id, in the order of ids. */
static const struct model_job *next_changed(const struct sim *sim, int64_t since_us,
                                            const char *after)
{
    const struct model_job *next = NULL;
    for (uint32_t i = 0; i < sim->store.job_count; i++) {
        const struct model_job *job = sim->store.jobs[i];
        bool is_behind = job->changed_at > since_us && strcmp(job->id, after) > 0;
        if (is_behind && (!next || strcmp(job->id, next->id) < 0))
            next = job;
    }
    return next;
}

struct event *store_changed(struct sim *sim, uint64_t epoch, int64_t since_us, const char *after)
{
    struct event *event = rows_new_event(sim, EVENT_CHANGED);
    event->changed.epoch = epoch;
    event->changed.now_us = rows_clock(sim);
    event->changed.next_job_id = "";
    if (sim->mutant == MUTANT_NO_REREAD)
        return event;
    event->changed.controls = controls_told(sim, since_us, &event->changed.control_count);
    struct job_facts *jobs = arena_array(sim->arena, struct job_facts, CHANGED_PAGE);
    for (const struct model_job *job; (job = next_changed(sim, since_us, after));) {
        if (event->changed.job_count == CHANGED_PAGE) {
            event->changed.next_job_id = after;
            break;
        }
        jobs[event->changed.job_count++] = rows_job_facts(sim, job);
        after = job->id;
    }
    event->changed.jobs = jobs;
    return event;
}

struct event *store_job(struct sim *sim, uint64_t epoch, const char *job_id)
{
    struct event *event = rows_new_event(sim, EVENT_JOB);
    event->job.epoch = epoch;
    snprintf(event->job.job_id, sizeof(event->job.job_id), "%s", job_id);
    struct job_facts facts = rows_job_facts(sim, rows_find(sim, job_id));
    event->job.job = sim_keep(sim, &facts, sizeof(facts));
    return event;
}
