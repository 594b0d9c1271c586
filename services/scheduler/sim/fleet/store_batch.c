/* The leader's numbered batch: grants, losses, splits (DESIGN.md, steps 3 and 8). */
#include <stdio.h>
#include <string.h>

#include "analyzers.h"
#include "base/check.h"
#include "llm.h"
#include "sim.h"
#include "store.h"
#include "store_rows.h"

/* Was there ever a time without an endpoint? */
static bool may_be_degraded(const struct sim *sim)
{
    return sim->counts[FAULT_ENDPOINT_DOWN] > 0 || sim->counts[COUNT_REDUCED] > 0 ||
           sim->counts[FAULT_LLM_REFUSES] > 0 || sim->counts[COUNT_SERVER_REFUSED] > 0 ||
           sim->counts[COUNT_HELD] > 0;
}

/* Rule 6, as seen from the rows: is the grant of this chunk, in this mode, at this time, right? */
static void check_grant(struct sim *sim, const struct model_job *job,
                        const struct model_chunk *chunk, enum analysis_mode mode)
{
    bool has_deadline = job->deadline != FOREVER; /* then earlier than the wait is right too */
    if (mode == MODE_LLM && rows_tries_are_used(chunk))
        sim_violation(sim, "rule 6", "job %u chunk %u: a call after %u tries", job->number,
                      chunk->facts.number, chunk->facts.tries);
    if (mode == MODE_EMBEDDED && job->heals)
        sim_violation(sim, "rule 7", "job %u heals by the embedded analysis", job->number);
    bool is_last_resort = rows_tries_are_used(chunk) && chunk->facts.open_posts == 1;
    if (mode == MODE_EMBEDDED && !is_last_resort && !has_deadline && !may_be_degraded(sim))
        sim_violation(sim, "rule 6", "job %u chunk %u: embedded without need", job->number,
                      chunk->facts.number);
    int64_t least = 2 * SECOND * chunk->facts.tries - 100 * MS;
    if (mode == MODE_LLM && chunk->failed_at && sim->now - chunk->failed_at < least &&
        !has_deadline)
        sim_violation(sim, "rule 6", "job %u chunk %u: try %u after %ld us", job->number,
                      chunk->facts.number, chunk->facts.tries, sim->now - chunk->failed_at);
}

/* Rule 6: not earlier than the LLM told. The leader knows what it told: the chunk is ready since.
 */
static void check_wait(struct sim *sim, const struct model_job *job,
                       const struct model_chunk *chunk, enum analysis_mode mode)
{
    if (mode == MODE_LLM && sim->now + 2 * CLOCK_ERROR < chunk->told_to_wait_until)
        sim_violation(sim, "rule 6", "job %u chunk %u: %ld us earlier than told", job->number,
                      chunk->facts.number, chunk->told_to_wait_until - sim->now);
}

/* Rule 1: the user's own lane, or one of the few of a burst. */
static void check_lane(struct sim *sim, const struct batch_item *item, const struct model_job *job)
{
    bool is_burst = sim->has_bursts && job->lane == 0 && item->lane >= BURST_LANE;
    if (item->lane != job->lane && (!is_burst || item->lane >= LANES))
        sim_violation(sim, "rule 1", "job %u is granted in lane %u", job->number, item->lane);
}

static enum batch_result grant(struct sim *sim, uint64_t epoch, const struct batch_item *item,
                               struct model_job *job, struct model_chunk *chunk)
{
    struct in_flight *place = &sim->store.in_flight[job->user][item->lane];
    if (rows_has_ended(job) || chunk->facts.status != CHUNK_READY)
        return RESULT_GONE;
    check_wait(sim, job, chunk, item->mode);
    if (chunk->not_before > rows_clock(sim) || place->job) {
        chunk->is_refused = true;
        return RESULT_BUSY;
    }
    check_grant(sim, job, chunk, item->mode);
    *place = (struct in_flight){job, chunk->facts.number};
    chunk->facts.lane = item->lane;
    chunk->facts.status = CHUNK_IN_FLIGHT;
    chunk->facts.attempt++;
    chunk->facts.epoch = epoch;
    chunk->facts.mode = item->mode;
    chunk->lease_until = rows_clock(sim) + item->lease_ms * MS;
    if (job->status == JOB_QUEUED)
        rows_set_status(sim, job, JOB_PROCESSING);
    struct grant *granted = arena_new(sim->arena, sizeof(*granted));
    granted->id = item->id;
    granted->id.attempt = chunk->facts.attempt;
    granted->job = job;
    granted->mode = item->mode;
    granted->lease = item->lease_ms * MS;
    granted->epoch = epoch;
    granted->lane = item->lane;
    granted->is_degraded = item->is_degraded;
    granted->is_probe = item->is_probe;
    granted->endpoint = endpoint_numbered(item->endpoint);
    granted->reserved_tokens = item->reserved_tokens;
    granted->reserved_micros = item->reserved_micros;
    granted->booked_tokens = item->reserved_tokens;
    granted->booked_micros = item->reserved_micros;
    granted->granted_at = rows_clock(sim);
    granted->lease_until = chunk->lease_until;
    CHECK(item->mode == MODE_EMBEDDED || granted->endpoint < ENDPOINTS);
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
    if (is_reap && (chunk->lease_until > rows_clock(sim) || sim->mutant == MUTANT_NEVER_REAP))
        return RESULT_EARLY;
    if (!is_reap && chunk->facts.epoch != epoch)
        return RESULT_GONE;
    if (!is_reap)
        llm_settle(sim, analyzers_grant(sim, &item->id), NULL);
    rows_free_place(sim, job, chunk->facts.number);
    chunk->facts.status = rows_has_ended(job) ? CHUNK_DONE : CHUNK_READY;
    if (is_reap && item->is_charged) {
        chunk->facts.tries++;
        rows_note_patience(job, chunk);
        job->chunks[chunk->root].is_disturbed = true;
        chunk->failed_at = 0; /* a loss has waited for its lease already */
    }
    sim->counts[is_reap ? COUNT_REAPED : COUNT_RELEASED]++;
    sim->counts[COUNT_BURSTS_TAKEN_BACK] += !is_reap && chunk->facts.lane >= BURST_LANE;
    sim_tell(sim, STORE, "%s job %u chunk %u%s", is_reap ? "reaps" : "takes back", job->number,
             chunk->facts.number, item->is_charged ? ", charged" : "");
    return is_reap ? RESULT_REAPED : RESULT_RELEASED;
}

static enum batch_result split(struct sim *sim, struct model_job *job, struct model_chunk *chunk,
                               struct batch_answer *answer)
{
    uint32_t open = chunk->facts.open_posts;
    if (rows_has_ended(job) || chunk->facts.status != CHUNK_READY || open < 2)
        return RESULT_GONE;
    if (!rows_tries_are_used(chunk) && sim->mutant != MUTANT_FORGET_TRIES)
        sim_violation(sim, "rule 6", "job %u chunk %u: split after %u tries", job->number,
                      chunk->facts.number, chunk->facts.tries);
    uint32_t half = open / 2, depth = chunk->facts.depth + 1;
    uint32_t parts[] = {rows_add_chunk(job, chunk->posts, half, depth),
                        rows_add_chunk(job, chunk->posts + half, open - half, depth)};
    for (int i = 0; i < 2; i++)
        job->chunks[parts[i]].root = chunk->root;
    chunk->facts.status = CHUNK_DONE;
    chunk->facts.open_posts = 0;
    sim->counts[COUNT_SPLITS]++;
    sim_tell(sim, STORE, "splits job %u chunk %u into %u and %u", job->number, chunk->facts.number,
             parts[0], parts[1]);
    answer->part_count = 2;
    for (int i = 0; i < 2; i++)
        answer->parts[i] = rows_chunk_facts(sim, &job->chunks[parts[i]]);
    return RESULT_SPLIT;
}

static void carry_out(struct sim *sim, uint64_t epoch, const struct batch_item *item,
                      struct batch_answer *answer)
{
    struct model_job *job = rows_find(sim, item->id.job_id);
    struct model_chunk *chunk = &job->chunks[item->id.chunk_number];
    if (item->operation == BATCH_GRANT)
        check_lane(sim, item, job);
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
        rows_touch(sim, job);
    }
    if (answer->result == RESULT_SPLIT)
        rows_tell(sim, job);
    answer->chunk = rows_chunk_facts(sim, chunk);
    answer->job_status = job->status;
}

struct event *store_batch(struct sim *sim, const char *holder, uint64_t epoch, uint64_t sequence,
                          const struct batch_item *items, size_t count)
{
    struct store *store = &sim->store;
    struct event *event = rows_new_event(sim, EVENT_BATCH);
    event->batch.epoch = epoch;
    event->batch.sequence = sequence;
    event->batch.status = BATCH_ANSWERED;
    if (strcmp(store->holder, holder) != 0 || store->epoch != epoch ||
        store->lease_until <= rows_clock(sim)) {
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
