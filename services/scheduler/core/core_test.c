/* Each rule of core.h has its test here, by its number. A small store stands behind the core:
 * what it is asked is looked at, and answered by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core.h"

enum { MOST_ITEMS = 64, MOST_SAID = 256 };

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

static void note(struct bench *b, const struct action *action)
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

static void tell(struct bench *b, struct event event)
{
    const struct actions *actions = scheduler_step(b->core, &event, b->now);
    for (size_t i = 0; i < actions->count; i++)
        note(b, &actions->list[i]);
}

static size_t said(const struct bench *b, enum action_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < b->said_count; i++)
        count += b->said[i].kind == kind;
    return count;
}

static const struct action *last(const struct bench *b, enum action_kind kind)
{
    for (size_t i = b->said_count; i > 0; i--)
        if (b->said[i - 1].kind == kind)
            return &b->said[i - 1];
    return NULL;
}

static void hush(struct bench *b)
{
    b->said_count = 0;
}

static void renew(struct bench *b, uint64_t epoch)
{
    tell(b, (struct event){.kind = EVENT_LEASE,
                           .is_answered = true,
                           .lease = {.is_held = true, .epoch = epoch, .asked = b->now}});
}

static void beat(struct bench *b, uint32_t slots)
{
    struct event event = {.kind = EVENT_HEARTBEAT, .heartbeat.slots = slots};
    strcpy(event.heartbeat.instance_id, "hands");
    tell(b, event);
}

/* Time goes on as in life: the lease is renewed and the analyzers beat. */
static void pass(struct bench *b, int64_t ms)
{
    struct instant until = instant_plus_ms(b->now, ms);
    while (instant_is_before(b->now, until)) {
        int64_t left_ms = instant_ms_between(b->now, until);
        b->now = instant_plus_ms(b->now, left_ms < 250 ? left_ms : 250);
        renew(b, 1);
        beat(b, 100);
    }
}

static void answer_snapshot(struct bench *b, uint64_t epoch, const struct job_facts *jobs,
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

static void open_bench(struct bench *b, struct scheduler_config config)
{
    *b = (struct bench){.config = config, .now = {INT64_C(1000000000)}};
    b->core = scheduler_new(&config, b->now);
}

static void lead(struct bench *b)
{
    tell(b, (struct event){.kind = EVENT_TIME});
    renew(b, 1);
    beat(b, 100);
    answer_snapshot(b, 1, NULL, 0);
    hush(b);
}

static struct scheduler_config config_with(uint32_t cap)
{
    struct scheduler_config config = SCHEDULER_DEFAULTS;
    config.max_active_users = cap;
    return config;
}

static void close_bench(struct bench *b)
{
    scheduler_free(&b->core);
}

/* ---- jobs ---- */
static const char *job_id(int number)
{
    static char ids[4][JOB_ID_SIZE];
    static int next;
    char *id = ids[next++ % 4];
    snprintf(id, JOB_ID_SIZE, "00000000-0000-7000-8000-%012d", number);
    return id;
}

static struct chunk_facts ready(uint32_t number)
{
    return (struct chunk_facts){
        .number = number, .version = 1, .open_posts = 10, .text_bytes = 1000};
}

static void submit_as(struct bench *b, int number, const char *user, enum service_class class,
                      uint32_t chunks)
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

static void submit(struct bench *b, int number, const char *user, uint32_t chunks)
{
    submit_as(b, number, user, CLASS_STANDARD, chunks);
}

static void happen(struct bench *b, int number, const char *user, uint32_t event_number,
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

static struct batch_answer granted(const struct batch_item *item, uint32_t attempt)
{
    struct batch_answer answer = {.result = RESULT_GRANTED, .job_status = JOB_PROCESSING};
    answer.chunk = ready(item->id.chunk_number);
    answer.chunk.status = CHUNK_IN_FLIGHT;
    answer.chunk.version = attempt * 2;
    answer.chunk.attempt = attempt;
    answer.chunk.epoch = 1;
    answer.chunk.mode = item->mode;
    return answer;
}

static void answer_batch(struct bench *b, const struct batch_answer *answers)
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
static size_t grant_all(struct bench *b)
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

static struct attempt_id attempt_of(int job, uint32_t chunk, uint32_t attempt)
{
    struct attempt_id id = {.chunk_number = chunk, .attempt = attempt};
    strcpy(id.job_id, job_id(job));
    return id;
}

static void ask(struct bench *b, struct attempt_id id, const char *instance)
{
    struct event event = {.kind = EVENT_PERMIT_ASK, .ask = {.id = id, .ask_number = 1}};
    strcpy(event.ask.instance_id, instance);
    strcpy(event.ask.reply, "_INBOX.x");
    tell(b, event);
}

/* What the ask was answered with just now: 1 a permit, -1 none ever, 0 nothing. */
static int ask_now(struct bench *b, struct attempt_id id, const char *instance)
{
    hush(b);
    ask(b, id, instance);
    const struct action *answer = last(b, ACTION_ANSWER);
    return !answer ? 0 : answer->answer.is_permitted ? 1 : -1;
}

static void outcome(struct bench *b, struct attempt_id id)
{
    tell(b, (struct event){.kind = EVENT_OUTCOME, .attempt = id});
}

static struct chunk_facts failed(uint32_t attempt, uint32_t tries)
{
    struct chunk_facts chunk = ready(0);
    chunk.version = attempt * 2 + 1;
    chunk.attempt = attempt;
    chunk.tries = tries;
    chunk.last_class = OUTCOME_INVALID_ANSWER;
    return chunk;
}

static struct chunk_facts done(uint32_t number)
{
    struct chunk_facts chunk = ready(number);
    chunk.status = CHUNK_DONE;
    chunk.version = 9;
    return chunk;
}

/* ---- rule 1 ---- */
static void rule_1_a_user_has_one_chunk_in_flight_until_its_commit(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 3);
    assert_int_equal(b.item_count, 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(b.item_count, 0); /* heard, but not committed */
    struct chunk_facts committed = done(0);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &committed);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].id.chunk_number, 1);
    close_bench(&b);
}

static void rule_1_holds_over_all_classes_of_a_user(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit_as(&b, 1, "ann", CLASS_PREMIUM, 1);
    grant_all(&b);
    submit_as(&b, 2, "ann", CLASS_STANDARD, 1);
    assert_int_equal(b.item_count, 0);
    close_bench(&b);
}

/* ---- rule 2 ---- */
static void rule_2_no_more_calls_than_users_may_be_active(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(2));
    lead(&b);
    const char *users[] = {"ann", "bob", "cem", "dan"};
    for (int i = 0; i < 4; i++)
        submit(&b, i + 1, users[i], 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(3, 0, 1), "hands"), 0); /* parked */
    hush(&b);
    outcome(&b, attempt_of(1, 0, 1)); /* hearing it is enough for another user */
    assert_int_equal(said(&b, ACTION_ANSWER), 1);
    assert_string_equal(last(&b, ACTION_ANSWER)->answer.id.job_id, job_id(3));
    close_bench(&b);
}

static void rule_2_grants_nothing_while_no_analyzer_announces_slots(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    answer_snapshot(&b, 1, NULL, 0);
    submit(&b, 1, "ann", 1);
    assert_int_equal(b.item_count, 0);
    beat(&b, 1);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

static void rule_2_grants_ahead_are_bounded(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(4));
    lead(&b);
    size_t granted_count = 0;
    for (int i = 0; i < 30; i++) {
        char user[16];
        snprintf(user, sizeof user, "user-%d", i);
        submit(&b, i + 1, user, 1);
        granted_count += grant_all(&b);
    }
    assert_in_range(granted_count, 4, 4 + 4 + 2);
    close_bench(&b);
}

/* ---- rule 3 ---- */
static void rule_3_round_robin_serves_users_in_turn(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(1));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    answer_snapshot(&b, 1, NULL, 0);
    submit(&b, 1, "flood", 20);
    submit(&b, 2, "ann", 1);
    submit(&b, 3, "bob", 1);
    beat(&b, 1);
    /* In one batch ahead of need: one chunk of each, the flood does not come twice. */
    assert_int_equal(b.item_count, 3);
    assert_string_equal(b.items[0].id.job_id, job_id(1));
    assert_string_equal(b.items[1].id.job_id, job_id(2));
    assert_string_equal(b.items[2].id.job_id, job_id(3));
    close_bench(&b);
}

static void rule_3_fifo_keeps_the_slot_for_the_whole_job(void **state)
{
    (void)state;
    struct bench b;
    struct scheduler_config config = config_with(1);
    config.fairness = FAIRNESS_FIFO;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 2);
    submit(&b, 2, "bob", 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(b.item_count, 0); /* bob is not granted ahead */
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(b.item_count, 0);
    struct chunk_facts committed = done(0);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &committed);
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(1));
    assert_int_equal(b.items[0].id.chunk_number, 1);
    close_bench(&b);
}

/* ---- rule 4 ---- */
static void rule_4_classes_share_by_weight_and_none_starves(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(60));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    answer_snapshot(&b, 1, NULL, 0);
    for (int i = 0; i < 50; i++) {
        char user[16];
        snprintf(user, sizeof user, "user-%d", i);
        submit_as(&b, i + 1, user, i % 2 ? CLASS_PREMIUM : CLASS_BACKGROUND, 1);
    }
    beat(&b, 20);
    size_t premium = 0;
    for (size_t i = 0; i < 20; i++)
        premium += atoi(b.items[i].id.job_id + 24) % 2 == 0;
    assert_in_range(premium, 15, 17); /* 4 of 5 */
    close_bench(&b);
}

/* ---- rule 6 ---- */
static void rule_6_a_failed_chunk_waits_two_seconds_for_each_try(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    struct chunk_facts chunk = failed(1, 2);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    pass(&b, 3900);
    assert_int_equal(b.item_count, 0);
    pass(&b, 1200);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_6_a_chunk_whose_tries_are_used_is_split(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    struct chunk_facts chunk = failed(1, 3);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].operation, BATCH_SPLIT);
    struct batch_answer split = {
        .result = RESULT_SPLIT, .job_status = JOB_PROCESSING, .chunk = done(0), .part_count = 2};
    for (uint32_t i = 0; i < 2; i++) {
        split.parts[i] = ready(i + 1);
        split.parts[i].depth = 1;
    }
    answer_batch(&b, &split);
    assert_int_equal(b.item_count, 1); /* one of the parts; the other waits for it (rule 1) */
    assert_int_equal(b.items[0].operation, BATCH_GRANT);
    close_bench(&b);
}

static void rule_6_a_part_has_one_try_and_a_single_post_goes_to_the_embedded_analysis(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    struct chunk_facts chunk = failed(1, 1);
    chunk.depth = 1;
    chunk.open_posts = 1;
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    assert_int_equal(b.item_count, 1); /* at once: nobody is asked again */
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    assert_int_equal(b.items[0].reserved_tokens, 0);
    close_bench(&b);
}

static void submit_failed(struct bench *b, int number, const char *user, uint32_t deadline_ms)
{
    struct chunk_facts chunk = failed(1, 2); /* waits for 4 to 5 s */
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = user,
                            .service_class = CLASS_STANDARD,
                            .deadline_left_ms = deadline_ms,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void rule_6_a_wait_beyond_the_deadline_goes_to_the_embedded_analysis(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit_failed(&b, 1, "ann", 60000);
    assert_int_equal(b.item_count, 0);
    submit_failed(&b, 2, "bob", 6000);
    assert_int_equal(b.item_count, 1); /* at once */
    assert_string_equal(b.items[0].id.job_id, job_id(2));
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    close_bench(&b);
}

static void rule_6_what_the_server_asks_for_is_kept(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    struct chunk_facts chunk = failed(1, 0);
    chunk.last_class = OUTCOME_RATE_LIMITED;
    chunk.retry_in_ms = 7000;
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    pass(&b, 6900);
    assert_int_equal(b.item_count, 0);
    pass(&b, 900);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

/* ---- rule 8 ---- */
static void rule_8_a_cancelled_job_frees_what_waits_at_once(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 2);
    grant_all(&b);
    hush(&b);
    happen(&b, 1, "ann", 2, JOB_CANCELLED, NULL);
    assert_int_equal(b.item_count, 1); /* nobody had its permit: taken back */
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), -1);
    struct scheduler_figures figures;
    scheduler_figures(b.core, &figures);
    assert_int_equal(figures.queued[CLASS_STANDARD], 0);
    close_bench(&b);
}

static void rule_8_a_cancelled_jobs_running_call_keeps_its_users_place(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    happen(&b, 1, "ann", 2, JOB_CANCELLED, NULL);
    submit(&b, 2, "ann", 1);
    assert_int_equal(b.item_count, 0);
    struct chunk_facts freed = done(0);
    happen(&b, 1, "ann", 3, JOB_CANCELLED, &freed);
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(2));
    close_bench(&b);
}

/* ---- rule 9 ---- */
static void rule_9_a_dispatch_nobody_asks_for_is_published_again(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(said(&b, ACTION_DISPATCH), 1);
    pass(&b, b.config.republish_ms + 300);
    assert_int_equal(said(&b, ACTION_DISPATCH), 2);
    close_bench(&b);
}

/* Until the core asks the store for something. */
static void pass_until_asked(struct bench *b)
{
    for (int i = 0; i < 60 && b->item_count == 0; i++) {
        pass(b, 1000);
        hush(b);
    }
    assert_int_equal(b->item_count, 1);
}

static void rule_9_a_call_that_fell_silent_is_lost_charged_and_granted_again(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    pass_until_asked(&b);
    assert_int_equal(b.items[0].operation, BATCH_REAP);
    assert_true(b.items[0].is_charged);
    struct batch_answer reaped = {.result = RESULT_REAPED, .job_status = JOB_PROCESSING};
    reaped.chunk = failed(1, 1);
    reaped.chunk.last_class = OUTCOME_NONE;
    answer_batch(&b, &reaped);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].operation, BATCH_GRANT);
    close_bench(&b);
}

static void rule_9_a_loss_is_not_charged_if_its_outcome_was_heard(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    outcome(&b, attempt_of(1, 0, 1));
    pass_until_asked(&b);
    assert_int_equal(b.items[0].operation, BATCH_REAP);
    assert_false(b.items[0].is_charged);
    close_bench(&b);
}

static void rule_9_a_grant_without_permit_is_taken_back_before_its_lease_ends(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    pass(&b, b.config.grant_wait_ms + 500);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    close_bench(&b);
}

/* ---- rule 10 ---- */
static void rule_10_what_waits_is_counted_by_class(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(1));
    lead(&b);
    submit_as(&b, 1, "ann", CLASS_PREMIUM, 5);
    submit_as(&b, 2, "bob", CLASS_BACKGROUND, 3);
    while (grant_all(&b) > 0)
        continue;
    struct scheduler_figures figures;
    scheduler_figures(b.core, &figures);
    assert_int_equal(figures.queued[CLASS_PREMIUM], 4);
    assert_int_equal(figures.queued[CLASS_BACKGROUND], 2);
    assert_int_equal(figures.in_flight, 2);
    assert_int_equal(figures.active_users, 2);
    close_bench(&b);
}

/* ---- rule 11 ---- */
static void rule_11_nothing_is_granted_before_the_state_is_rebuilt(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    beat(&b, 10);
    submit(&b, 1, "ann", 1);
    assert_int_equal(said(&b, ACTION_ASK_SNAPSHOT), 1);
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .event_number = 1,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(&b, (struct event){
                 .kind = EVENT_SNAPSHOT,
                 .is_answered = true,
                 .snapshot = {.epoch = 1, .jobs = &job, .job_count = 1, .next_cursor = "more"}});
    assert_int_equal(b.item_count, 0);
    assert_int_equal(said(&b, ACTION_ASK_SNAPSHOT), 2);
    answer_snapshot(&b, 1, NULL, 0);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(said(&b, ACTION_ASK_CHANGED), 1); /* what happened between the pages */
    close_bench(&b);
}

static void rule_11_an_older_epochs_attempt_counts_as_a_call_and_is_never_permitted(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(1));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    beat(&b, 10);
    struct chunk_facts chunk = ready(0);
    chunk.status = CHUNK_IN_FLIGHT;
    chunk.attempt = 4;
    chunk.lease_left_ms = 10000;
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .event_number = 1,
                            .chunks = &chunk,
                            .chunk_count = 1};
    answer_snapshot(&b, 1, &job, 1);
    submit(&b, 2, "bob", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 4), "hands"), -1);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    hush(&b);
    outcome(&b, attempt_of(1, 0, 4));
    assert_int_equal(said(&b, ACTION_ANSWER), 1);
    close_bench(&b);
}

/* ---- permits and the lead (DESIGN.md, steps 3 and 5) ---- */
static void a_permit_is_one_instances_and_is_given_to_it_again(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "one"), 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "other"), -1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "one"), 1);
    close_bench(&b);
}

static void a_parked_ask_is_void_after_the_permits_life(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(1));
    lead(&b);
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    pass(&b, b.config.permit_life_ms + 1);
    hush(&b);
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(said(&b, ACTION_ANSWER), 0);
    close_bench(&b);
}

static void who_does_not_lead_stays_silent(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 0);
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    b.now = instant_plus_ms(b.now, b.config.lead_lease_ms);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 0);
    close_bench(&b);
}

static void no_permit_outlasts_the_leaders_own_lease(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    b.now = instant_plus_ms(b.now, b.config.lead_lease_ms - b.config.permit_life_ms + 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 0);
    hush(&b);
    renew(&b, 1);
    assert_int_equal(said(&b, ACTION_ANSWER), 1);
    close_bench(&b);
}

static void a_batch_without_answer_is_repeated_word_for_word(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    uint64_t sequence = b.sequence;
    tell(&b, (struct event){.kind = EVENT_BATCH, .batch = {.epoch = 1, .sequence = sequence}});
    submit(&b, 2, "bob", 1); /* collected for the next one */
    hush(&b);
    pass(&b, 500);
    assert_int_equal(said(&b, ACTION_ASK_BATCH), 1);
    assert_int_equal(b.sequence, sequence);
    assert_int_equal(b.item_count, 1);
    grant_all(&b);
    assert_int_equal(b.sequence, sequence + 1);
    close_bench(&b);
}

static void a_missing_event_is_asked_of_the_store(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    happen(&b, 1, "ann", 3, JOB_PROCESSING, NULL);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 1);
    close_bench(&b);
}

static void a_leader_that_leaves_takes_back_its_grants_and_resigns(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    tell(&b, (struct event){.kind = EVENT_LEAVE});
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    assert_int_equal(said(&b, ACTION_RESIGN), 0);
    struct batch_answer released = {.result = RESULT_RELEASED, .chunk = ready(0)};
    released.chunk.version = 3;
    answer_batch(&b, &released);
    assert_int_equal(said(&b, ACTION_RESIGN), 1);
    assert_true(scheduler_has_left(b.core));
    close_bench(&b);
}

static void a_newer_epoch_forgets_everything(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 3);
    grant_all(&b);
    b.now = instant_plus_ms(b.now, 10000);
    renew(&b, 2);
    assert_int_equal(said(&b, ACTION_YIELD), 1);
    struct scheduler_figures figures;
    scheduler_figures(b.core, &figures);
    assert_int_equal(figures.in_flight, 0);
    assert_int_equal(figures.queued[CLASS_STANDARD], 0);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_1_a_user_has_one_chunk_in_flight_until_its_commit),
        cmocka_unit_test(rule_1_holds_over_all_classes_of_a_user),
        cmocka_unit_test(rule_2_no_more_calls_than_users_may_be_active),
        cmocka_unit_test(rule_2_grants_nothing_while_no_analyzer_announces_slots),
        cmocka_unit_test(rule_2_grants_ahead_are_bounded),
        cmocka_unit_test(rule_3_round_robin_serves_users_in_turn),
        cmocka_unit_test(rule_3_fifo_keeps_the_slot_for_the_whole_job),
        cmocka_unit_test(rule_4_classes_share_by_weight_and_none_starves),
        cmocka_unit_test(rule_6_a_failed_chunk_waits_two_seconds_for_each_try),
        cmocka_unit_test(rule_6_a_chunk_whose_tries_are_used_is_split),
        cmocka_unit_test(rule_6_a_part_has_one_try_and_a_single_post_goes_to_the_embedded_analysis),
        cmocka_unit_test(rule_6_a_wait_beyond_the_deadline_goes_to_the_embedded_analysis),
        cmocka_unit_test(rule_6_what_the_server_asks_for_is_kept),
        cmocka_unit_test(rule_8_a_cancelled_job_frees_what_waits_at_once),
        cmocka_unit_test(rule_8_a_cancelled_jobs_running_call_keeps_its_users_place),
        cmocka_unit_test(rule_9_a_dispatch_nobody_asks_for_is_published_again),
        cmocka_unit_test(rule_9_a_call_that_fell_silent_is_lost_charged_and_granted_again),
        cmocka_unit_test(rule_9_a_loss_is_not_charged_if_its_outcome_was_heard),
        cmocka_unit_test(rule_9_a_grant_without_permit_is_taken_back_before_its_lease_ends),
        cmocka_unit_test(rule_10_what_waits_is_counted_by_class),
        cmocka_unit_test(rule_11_nothing_is_granted_before_the_state_is_rebuilt),
        cmocka_unit_test(rule_11_an_older_epochs_attempt_counts_as_a_call_and_is_never_permitted),
        cmocka_unit_test(a_permit_is_one_instances_and_is_given_to_it_again),
        cmocka_unit_test(a_parked_ask_is_void_after_the_permits_life),
        cmocka_unit_test(who_does_not_lead_stays_silent),
        cmocka_unit_test(no_permit_outlasts_the_leaders_own_lease),
        cmocka_unit_test(a_batch_without_answer_is_repeated_word_for_word),
        cmocka_unit_test(a_missing_event_is_asked_of_the_store),
        cmocka_unit_test(a_leader_that_leaves_takes_back_its_grants_and_resigns),
        cmocka_unit_test(a_newer_epoch_forgets_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
