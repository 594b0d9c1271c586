/* The core on a bench: what it says is kept, what it asks of the store is answered by hand. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "core.h"

enum { MOST_ITEMS = BATCH_LIMIT, MOST_SAID = 1024 };

/* The core and what it has said lately. */
struct bench {
    struct scheduler *core;
    struct scheduler_config config;
    struct instant now;
    struct action said[MOST_SAID];
    size_t said_count;
    struct batch_item items[MOST_ITEMS]; /* of the batch that waits for its answer */
    size_t item_count;
    uint64_t sequence;
};

static inline void note(struct bench *b, const struct action *action)
{
    if (action->kind == ACTION_ASK_BATCH) {
        assert_true(action->batch.count <= MOST_ITEMS);
        memcpy(b->items, action->batch.items, action->batch.count * sizeof(b->items[0]));
        b->item_count = action->batch.count;
        b->sequence = action->batch.sequence;
    }
    assert_true(b->said_count < MOST_SAID);
    b->said[b->said_count++] = *action;
}

static inline void tell(struct bench *b, struct event event)
{
    const struct actions *actions = scheduler_step(b->core, &event, b->now);
    for (size_t i = 0; i < actions->count; i++)
        note(b, &actions->list[i]);
}

static inline size_t said(const struct bench *b, enum action_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < b->said_count; i++)
        count += b->said[i].kind == kind;
    return count;
}

static inline const struct action *last(const struct bench *b, enum action_kind kind)
{
    for (size_t i = b->said_count; i > 0; i--)
        if (b->said[i - 1].kind == kind)
            return &b->said[i - 1];
    return NULL;
}

static inline void hush(struct bench *b)
{
    b->said_count = 0;
}

static inline void renew(struct bench *b, uint64_t epoch)
{
    tell(b, (struct event){.kind = EVENT_LEASE,
                           .is_answered = true,
                           .lease = {.is_held = true, .epoch = epoch, .asked = b->now}});
}

static inline void beat(struct bench *b, uint32_t slots)
{
    struct event event = {.kind = EVENT_HEARTBEAT, .heartbeat.slots = slots};
    strcpy(event.heartbeat.instance_id, "hands");
    tell(b, event);
}

/* Time goes on as in life: the lease is renewed and the analyzers beat. */
static inline void pass(struct bench *b, int64_t ms)
{
    struct instant until = instant_plus_ms(b->now, ms);
    while (instant_is_before(b->now, until)) {
        int64_t left_ms = instant_ms_between(b->now, until);
        b->now = instant_plus_ms(b->now, left_ms < 250 ? left_ms : 250);
        renew(b, 1);
        beat(b, 100);
    }
}

static inline void answer_snapshot(struct bench *b, uint64_t epoch, const struct job_facts *jobs,
                                   size_t count)
{
    tell(b, (struct event){.kind = EVENT_SNAPSHOT,
                           .is_answered = true,
                           .snapshot = {.epoch = epoch,
                                        .now_us = 1000000,
                                        .jobs = jobs,
                                        .job_count = count,
                                        .next_cursor = ""}});
}

static inline void open_bench(struct bench *b, struct scheduler_config config)
{
    *b = (struct bench){.config = config, .now = {INT64_C(1000000000)}};
    b->core = scheduler_new(&config, b->now);
}

static inline void lead(struct bench *b)
{
    tell(b, (struct event){.kind = EVENT_TIME});
    renew(b, 1);
    beat(b, 100);
    answer_snapshot(b, 1, NULL, 0);
    hush(b);
}

static inline struct scheduler_config config_with(uint32_t cap)
{
    struct scheduler_config config = SCHEDULER_DEFAULTS;
    config.max_active_users = cap;
    return config;
}

static inline void close_bench(struct bench *b)
{
    scheduler_free(&b->core);
}

/* ---- jobs ---- */
static inline const char *job_id(int number)
{
    static char ids[4][JOB_ID_SIZE];
    static int next;
    char *id = ids[next++ % 4];
    snprintf(id, JOB_ID_SIZE, "00000000-0000-7000-8000-%012d", number);
    return id;
}

static inline struct chunk_facts ready(uint32_t number)
{
    return (struct chunk_facts){
        .number = number, .version = 1, .open_posts = 10, .text_bytes = 1000};
}

static inline void submit_as(struct bench *b, int number, const char *user,
                             enum service_class class, uint32_t chunks)
{
    struct chunk_facts facts[MOST_ITEMS];
    for (uint32_t i = 0; i < chunks; i++)
        facts[i] = ready(i);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = user,
                            .service_class = class,
                            .chunks = facts,
                            .chunk_count = chunks};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static inline void submit(struct bench *b, int number, const char *user, uint32_t chunks)
{
    submit_as(b, number, user, CLASS_STANDARD, chunks);
}

static inline void happen(struct bench *b, int number, const char *user, uint32_t event_number,
                          enum job_status status, const struct chunk_facts *chunk)
{
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = user,
                            .service_class = CLASS_STANDARD,
                            .status = status,
                            .chunks = chunk,
                            .chunk_count = chunk ? 1 : 0};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT,
                           .job_event = {.job = &job, .number = event_number}});
}

static inline struct batch_answer granted(const struct batch_item *item, uint32_t attempt)
{
    struct batch_answer answer = {.result = RESULT_GRANTED, .job_status = JOB_PROCESSING};
    answer.chunk = ready(item->id.chunk_number);
    answer.chunk.status = CHUNK_IN_FLIGHT;
    answer.chunk.version = attempt * 2;
    answer.chunk.attempt = attempt;
    answer.chunk.lane = item->lane;
    answer.chunk.epoch = 1;
    answer.chunk.mode = item->mode;
    return answer;
}

static inline void answer_batch(struct bench *b, const struct batch_answer *answers)
{
    size_t count = b->item_count;
    b->item_count = 0;
    tell(b, (struct event){.kind = EVENT_BATCH,
                           .is_answered = true,
                           .batch = {.epoch = 1,
                                     .sequence = b->sequence,
                                     .answers = answers,
                                     .answer_count = count}});
}

/* All that was asked for is granted, as first attempts; answers how many. */
static inline size_t grant_all(struct bench *b)
{
    struct batch_answer answers[MOST_ITEMS];
    size_t count = b->item_count;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(b->items[i].operation, BATCH_GRANT);
        answers[i] = granted(&b->items[i], 1);
    }
    if (count > 0)
        answer_batch(b, answers);
    return count;
}

static inline struct attempt_id attempt_of(int job, uint32_t chunk, uint32_t attempt)
{
    struct attempt_id id = {.chunk_number = chunk, .attempt = attempt};
    strcpy(id.job_id, job_id(job));
    return id;
}

static inline void ask(struct bench *b, struct attempt_id id, const char *instance)
{
    struct event event = {.kind = EVENT_PERMIT_ASK, .ask = {.id = id, .ask_number = 1}};
    strcpy(event.ask.instance_id, instance);
    strcpy(event.ask.reply, "_INBOX.x");
    tell(b, event);
}

/* What the ask was answered with just now: 1 a permit, -1 none ever, 0 nothing. */
static inline int ask_now(struct bench *b, struct attempt_id id, const char *instance)
{
    hush(b);
    ask(b, id, instance);
    const struct action *answer = last(b, ACTION_ANSWER);
    return !answer ? 0 : answer->answer.is_permitted ? 1 : -1;
}

static inline void outcome(struct bench *b, struct attempt_id id)
{
    tell(b, (struct event){.kind = EVENT_OUTCOME, .outcome.id = id});
}

static inline struct chunk_facts failed(uint32_t attempt, uint32_t tries)
{
    struct chunk_facts chunk = ready(0);
    chunk.version = attempt * 2 + 1;
    chunk.attempt = attempt;
    chunk.tries = tries;
    chunk.last_class = OUTCOME_INVALID_ANSWER;
    return chunk;
}

static inline struct chunk_facts done(uint32_t number)
{
    struct chunk_facts chunk = ready(number);
    chunk.status = CHUNK_DONE;
    chunk.version = 9;
    return chunk;
}
