/* A random life of the core, recorded: jobs, failures, losses, takeovers, retries. What the store
 * answers is made up and need not fit: the core must stand it, and the replay repeat it. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "tape_for_test.h"

enum { LIFE_JOBS = 40, LIFE_CHUNKS = 4 };

struct life {
    struct scheduler *core;
    struct recorder *recorder;
    struct tape tape;
    struct scheduler_config config;
    struct instant now;
    uint64_t random, epoch;
    struct batch_item items[BATCH_LIMIT];
    size_t item_count;
    uint64_t sequence;
    struct attempt_id dispatched[64];
    size_t dispatched_count;
    bool wants_lease, wants_snapshot, wants_changed;
    struct instant asked;
    uint32_t versions, event_numbers[LIFE_JOBS];
    unsigned steps;
};

static inline uint32_t life_below(struct life *life, uint32_t limit)
{
    life->random = life->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(life->random >> 33) % limit;
}

static inline void life_note(struct life *life, const struct action *action)
{
    switch (action->kind) {
    case ACTION_ASK_LEASE:
        life->wants_lease = true;
        life->asked = action->asked;
        return;
    case ACTION_ASK_SNAPSHOT:
        life->wants_snapshot = true;
        return;
    case ACTION_ASK_CHANGED:
        life->wants_changed = true;
        return;
    case ACTION_ASK_BATCH:
        life->item_count = action->batch.count;
        life->sequence = action->batch.sequence;
        memcpy(life->items, action->batch.items, action->batch.count * sizeof life->items[0]);
        return;
    case ACTION_DISPATCH:
        life->dispatched[life->dispatched_count++ % 64] = action->dispatch.id;
        return;
    case ACTION_RESIGN:
    case ACTION_ASK_JOB:
    case ACTION_ASK_HEAL:
    case ACTION_FORGET:
    case ACTION_ANSWER:
    case ACTION_EXPLAIN:
    case ACTION_SERVED:
    case ACTION_LEAD:
    case ACTION_YIELD:
        return;
    }
}

static inline void life_step(struct life *life, const struct event *event)
{
    recorder_begin(life->recorder, life->core, event);
    const struct actions *actions = scheduler_step(life->core, event, life->now);
    recorder_end(life->recorder, life->core, event, life->now, actions);
    recorder_tend(life->recorder, life->now);
    for (size_t i = 0; i < actions->count; i++)
        life_note(life, &actions->list[i]);
    life->steps++;
}

static inline enum outcome_class life_failure(struct life *life)
{
    static const enum outcome_class FAILURES[] = {
        OUTCOME_NONE,      OUTCOME_NONE,         OUTCOME_PARTIAL,     OUTCOME_TIMEOUT,
        OUTCOME_TRUNCATED, OUTCOME_SERVER_ERROR, OUTCOME_RATE_LIMITED};
    return FAILURES[life_below(life, 7)];
}

static inline struct chunk_facts life_chunk(struct life *life, uint32_t number)
{
    return (struct chunk_facts){.number = number,
                                .lane = life_below(life, 3),
                                .version = ++life->versions,
                                .epoch = life->epoch,
                                .attempt = life->versions,
                                .tries = life_below(life, 3),
                                .open_posts = 1 + life_below(life, 20),
                                .text_bytes = 500 + life_below(life, 9000),
                                .last_class = life_failure(life),
                                .status = (enum chunk_status)life_below(life, 3),
                                .lease_left_ms = life_below(life, 40000)};
}

struct life_job {
    struct job_facts facts;
    struct chunk_facts chunks[LIFE_CHUNKS];
    char id[JOB_ID_SIZE], user[16];
};

static inline void life_make_job(struct life *life, uint32_t number, struct life_job *job)
{
    snprintf(job->id, sizeof job->id, "00000000-0000-7000-8000-%012u", number);
    snprintf(job->user, sizeof job->user, "user-%u", number % 7);
    for (uint32_t i = 0; i < LIFE_CHUNKS; i++)
        job->chunks[i] = life_chunk(life, i);
    job->facts = (struct job_facts){
        .job_id = job->id,
        .tenant_id = number % 2 ? "acme" : "umbrella",
        .user_id = job->user,
        .service_class = (enum service_class)(number % CLASSES),
        .status = life_below(life, 12) == 0 ? JOB_CANCELLED : JOB_PROCESSING,
        .event_number = life->event_numbers[number],
        .deadline_left_ms = life_below(life, 2) ? 60000 : 0,
        .chunks = job->chunks,
        .chunk_count = LIFE_CHUNKS,
    };
}

static inline void life_tell_job(struct life *life)
{
    struct life_job job;
    uint32_t number = life_below(life, LIFE_JOBS);
    life_make_job(life, number, &job);
    life->event_numbers[number] += life_below(life, 9) == 0 ? 2 : 1;
    struct event event = {.kind = EVENT_JOB_EVENT,
                          .job_event = {.job = &job.facts, .number = life->event_numbers[number]}};
    life_step(life, &event);
}

static inline void life_answer_batch(struct life *life)
{
    struct batch_answer answers[BATCH_LIMIT];
    if (life->item_count == 0)
        return;
    for (size_t i = 0; i < life->item_count; i++) {
        const struct batch_item *item = &life->items[i];
        bool is_grant = item->operation == BATCH_GRANT && life_below(life, 5) > 0;
        answers[i] = (struct batch_answer){.result = is_grant ? RESULT_GRANTED : RESULT_BUSY,
                                           .job_status = JOB_PROCESSING};
        if (item->operation == BATCH_REAP)
            answers[i].result = RESULT_REAPED;
        answers[i].chunk = life_chunk(life, item->id.chunk_number);
        answers[i].chunk.status = is_grant ? CHUNK_IN_FLIGHT : CHUNK_READY;
        answers[i].chunk.mode = item->mode;
    }
    struct event event = {.kind = EVENT_BATCH,
                          .is_answered = life_below(life, 10) > 0,
                          .batch = {.epoch = life->epoch,
                                    .sequence = life->sequence,
                                    .answers = answers,
                                    .answer_count = life->item_count}};
    if (event.is_answered)
        life->item_count = 0;
    life_step(life, &event);
}

static inline void life_heal(struct life *life)
{
    life_step(life, &(struct event){.kind = EVENT_HEALING,
                                    .is_answered = true,
                                    .healing = {.epoch = life->epoch,
                                                .posts = life_below(life, 40),
                                                .has_more = life_below(life, 2)}});
}

static inline void life_control(struct life *life)
{
    struct control_facts control = {.scope = (enum control_scope)life_below(life, 4),
                                    .tenant_id = "acme",
                                    .name = life_below(life, 2) ? "user-1" : "main",
                                    .state = (enum control_state)life_below(life, 3),
                                    .message = "moving house",
                                    .weight = life_below(life, 4) * 0.5,
                                    .version = ++life->versions};
    life_step(life, &(struct event){.kind = EVENT_CONTROL, .control = &control});
}

static inline void life_answer_store(struct life *life)
{
    struct life_job job;
    life_make_job(life, life_below(life, LIFE_JOBS), &job);
    struct call_facts call = {.tenant_id = "acme",
                              .user_id = "user-1",
                              .endpoint = "main",
                              .epoch = life->epoch - 1,
                              .granted_in_ms = -5000,
                              .lease_in_ms = 9000,
                              .tokens = 900,
                              .micros = 77};
    struct ended_call ended = {.endpoint = "main",
                               .granted_in_ms = -9000,
                               .settled_in_ms = -8000,
                               .outcome_class = (enum outcome_class)life_below(life, 14),
                               .was_called = true,
                               .is_probe = life_below(life, 4) == 0,
                               .tokens = 800,
                               .retry_after_ms = life_below(life, 20) * 1000,
                               .server_limits = {-1, 0, 5000, -1, -1, -1}};
    struct spend_facts spend = {.tenant_id = "acme",
                                .user_id = "user-1",
                                .endpoint = "",
                                .ended_ago_ms = 3600000,
                                .micros = 12345};
    if (life->wants_lease) {
        life->wants_lease = false;
        uint32_t chance = life_below(life, 100);
        life->epoch += chance < 4;
        life_step(life, &(struct event){.kind = EVENT_LEASE,
                                        .is_answered = chance > 1,
                                        .lease = {.is_held = chance < 97,
                                                  .epoch = life->epoch,
                                                  .left_ms = life_below(life, 900),
                                                  .asked = life->asked}});
    }
    if (life->wants_snapshot) {
        life->wants_snapshot = false;
        life_step(life,
                  &(struct event){.kind = EVENT_SNAPSHOT,
                                  .is_answered = life_below(life, 4) > 0,
                                  .snapshot = {.epoch = life->epoch,
                                               .now_us = life->now.ns / 1000,
                                               .jobs = &job.facts,
                                               .job_count = 1,
                                               .calls = &call,
                                               .call_count = 1,
                                               .spends = &spend,
                                               .spend_count = 1,
                                               .ended = &ended,
                                               .ended_count = 1,
                                               .next_cursor = life_below(life, 2) ? "more" : ""}});
    }
    if (life->wants_changed) {
        life->wants_changed = false;
        life_step(life, &(struct event){.kind = EVENT_CHANGED,
                                        .is_answered = true,
                                        .changed = {.epoch = life->epoch,
                                                    .now_us = life->now.ns / 1000,
                                                    .jobs = &job.facts,
                                                    .job_count = 1,
                                                    .next_job_id = ""}});
    }
}

static inline void life_analyse(struct life *life)
{
    if (life->dispatched_count == 0)
        return;
    size_t most = life->dispatched_count < 64 ? life->dispatched_count : 64;
    struct attempt_id id = life->dispatched[life_below(life, (uint32_t)most)];
    struct event ask = {.kind = EVENT_PERMIT_ASK,
                        .ask = {.id = id, .ask_number = 1, .is_free = life_below(life, 9) == 0}};
    snprintf(ask.ask.instance_id, sizeof ask.ask.instance_id, "hands-%u", life_below(life, 2));
    snprintf(ask.ask.reply, sizeof ask.ask.reply, "_INBOX.%u", life->steps);
    life_step(life, &ask);
    if (life_below(life, 2))
        life_step(life, &(struct event){.kind = EVENT_OUTCOME,
                                        .outcome = {.id = id,
                                                    .outcome_class = life_failure(life),
                                                    .retry_after_ms = life_below(life, 900),
                                                    .was_called = true,
                                                    .is_usage_known = true,
                                                    .prompt_tokens = 700,
                                                    .completion_tokens = 90,
                                                    .server_limits = {-1, -1, -1, -1, -1, -1}}});
}

static inline void life_beat(struct life *life)
{
    struct event event = {.kind = EVENT_HEARTBEAT, .heartbeat.slots = life_below(life, 6)};
    snprintf(event.heartbeat.instance_id, sizeof event.heartbeat.instance_id, "hands-%u",
             life_below(life, 3));
    life_step(life, &event);
}

static inline void life_open(struct life *life, uint64_t seed)
{
    *life = (struct life){
        .config = SCHEDULER_DEFAULTS, .now = {INT64_C(5000000000)}, .random = seed, .epoch = 1};
    life->config.seed = seed;
    life->config.fairness = (enum fairness)(seed % 3);
    life->config.max_active_users = 4;
    life->config.user_burst = 1 + seed % 2;
    life->config.breaker_calls = 6;
    life->config.breaker_open_ms = 700;
    life->config.heal_ms = 900;
    life->config.tenant_limits.tokens_per_minute = seed % 3 ? 90000 : 0;
    life->config.endpoint_count = 2;
    life->config.endpoints[0] = (struct endpoint_config){
        .name = "main",
        .limits = {.requests_per_minute = 60, .calls_in_flight = 3, .micros_per_day = 900000},
        .prompt_nanos = 150,
        .completion_nanos = 600};
    life->config.endpoints[1] =
        (struct endpoint_config){.name = "spare", .limits.tokens_per_minute = 200000};
    life->core = scheduler_new(&life->config, life->now);
    life->recorder = recorder_new(&(struct recorder_options){.instance_id = "brain",
                                                             .config = &life->config,
                                                             .take = tape_take,
                                                             .context = &life->tape,
                                                             .wall_ms = tape_wall_ms});
}

static inline void life_live(struct life *life, unsigned steps)
{
    while (life->steps < steps) {
        life->now = (struct instant){life->now.ns + life_below(life, 60) * CLOCK_MS / 2};
        if (life_below(life, 60) == 0)
            life_control(life);
        if (life_below(life, 60) == 0)
            life_heal(life);
        switch (life_below(life, 6)) {
        case 0:
            life_tell_job(life);
            break;
        case 1:
            life_answer_batch(life);
            break;
        case 2:
            life_answer_store(life);
            break;
        case 3:
            life_analyse(life);
            break;
        case 4:
            life_beat(life);
            break;
        default:
            life_step(life, &(struct event){.kind = EVENT_TIME});
            break;
        }
    }
}

/* The tape stays, until life_close(). */
static inline void life_end(struct life *life)
{
    recorder_free(&life->recorder);
}

static inline void life_close(struct life *life)
{
    recorder_free(&life->recorder);
    scheduler_free(&life->core);
    text_free(&life->tape.file);
}
