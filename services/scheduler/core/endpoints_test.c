/* Rules 6, 7 and 12 through the whole core: which endpoint, what stands in for it, what is healed.
 */
#include "bench_for_test.h"

static struct scheduler_config chain_of(uint32_t endpoints)
{
    struct scheduler_config config = config_with(10);
    config.endpoint_count = endpoints;
    strcpy(config.endpoints[0].name, "main");
    strcpy(config.endpoints[1].name, "spare");
    config.endpoints[0].prompt_nanos = 1000;
    config.endpoints[0].completion_nanos = 2000;
    return config;
}

static void begin(struct bench *b, struct scheduler_config config)
{
    open_bench(b, config);
    lead(b);
}

static void hear(struct bench *b, struct attempt_id id, enum outcome_class class,
                 uint32_t retry_after_ms)
{
    struct event event = {.kind = EVENT_OUTCOME,
                          .outcome = {.id = id,
                                      .outcome_class = class,
                                      .was_called = true,
                                      .retry_after_ms = retry_after_ms,
                                      .server_limits = {-1, -1, -1, -1, -1, -1}}};
    tell(b, event);
}

/* A job of one chunk that is granted, called, and ends like that; it waits long for its retry. */
static void call_ending(struct bench *b, int number, enum outcome_class class)
{
    char user[16];
    snprintf(user, sizeof(user), "u%d", number);
    submit(b, number, user, 1);
    assert_int_equal(b->item_count, 1);
    assert_int_equal(b->items[0].mode, MODE_LLM);
    grant_all(b);
    assert_int_equal(ask_now(b, attempt_of(number, 0, 1), "hands"), 1);
    hear(b, attempt_of(number, 0, 1), class, 0);
    struct chunk_facts chunk = failed(1, 0);
    chunk.retry_in_ms = 3000000;
    chunk.last_class = class;
    happen(b, number, user, 2, JOB_PROCESSING, &chunk);
}

static void break_it(struct bench *b, int first_job)
{
    struct scheduler_figures figures;
    for (int i = 0; i < 5; i++)
        call_ending(b, first_job + i, OUTCOME_SERVER_ERROR);
    scheduler_figures(b->core, &figures);
    assert_int_equal(figures.endpoints[0].breaker, BREAKER_OPEN);
}

static void control(struct bench *b, enum control_scope scope, const char *name,
                    enum control_state state, uint64_t version)
{
    struct control_facts facts = {.scope = scope,
                                  .tenant_id = scope == SCOPE_TENANT ? name : "",
                                  .name = scope == SCOPE_TENANT ? "" : name,
                                  .state = state,
                                  .message = "maintenance",
                                  .version = version};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
}

static struct explanation told(struct bench *b, int job)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(job));
    strcpy(event.waiting.reply, "_INBOX.x");
    tell(b, event);
    return last(b, ACTION_EXPLAIN)->explain.told;
}

static void rule_7_a_grant_names_the_endpoint_its_price_and_what_it_may_cost(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    submit(&b, 1, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "main");
    assert_int_equal(b.items[0].prompt_nanos, 1000);
    assert_int_equal(b.items[0].completion_nanos, 2000);
    assert_int_equal(b.items[0].reserved_tokens, 1600 + 1200);
    assert_int_equal(b.items[0].reserved_micros, 1600 + 2400);
    close_bench(&b);
}

static void rule_7_the_next_endpoint_takes_over_when_one_fails(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    break_it(&b, 1);
    submit(&b, 10, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "spare");
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_7_without_an_endpoint_the_embedded_analysis_stands_in(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    submit(&b, 10, "ann", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    assert_true(b.items[0].is_degraded);
    assert_string_equal(b.items[0].endpoint, "");
    assert_int_equal(b.items[0].reserved_tokens, 0);
    close_bench(&b);
}

static void finish(struct bench *b, int number, const char *user)
{
    struct chunk_facts chunk = done(0);
    grant_all(b);
    happen(b, number, user, 2, JOB_COMPLETED, &chunk);
}

static void rule_7_exactly_one_probe_goes_out_and_decides(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 10, "ann", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM); /* the probe */
    grant_all(&b);
    submit(&b, 11, "bob", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    finish(&b, 11, "bob");
    assert_int_equal(ask_now(&b, attempt_of(10, 0, 1), "hands"), 1);
    hear(&b, attempt_of(10, 0, 1), OUTCOME_TIMEOUT, 0);
    finish(&b, 10, "ann");
    submit(&b, 12, "cat", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED); /* open again */
    finish(&b, 12, "cat");
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 13, "dan", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(13, 0, 1), "hands"), 1);
    hear(&b, attempt_of(13, 0, 1), OUTCOME_NONE, 0);
    submit(&b, 14, "eve", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM); /* closed */
    close_bench(&b);
}

static void rule_7_a_probe_that_is_never_called_is_followed_by_another(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 10, "ann", 1);
    grant_all(&b);
    happen(&b, 10, "ann", 2, JOB_CANCELLED, NULL); /* sworn off */
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    struct batch_answer answer = {.result = RESULT_RELEASED, .job_status = JOB_CANCELLED};
    answer.chunk = done(0);
    answer_batch(&b, &answer);
    submit(&b, 11, "bob", 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_7_what_waits_for_its_permit_is_taken_back_when_the_breaker_opens(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    for (int i = 0; i < 4; i++)
        call_ending(&b, 1 + i, OUTCOME_CONNECTION);
    submit(&b, 20, "zoe", 1);
    grant_all(&b);
    call_ending(&b, 5, OUTCOME_CONNECTION);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    assert_string_equal(b.items[0].id.job_id, job_id(20));
    struct batch_answer answer = {.result = RESULT_RELEASED, .job_status = JOB_PROCESSING};
    answer.chunk = ready(0);
    answer.chunk.version = 5;
    answer.chunk.attempt = 1;
    answer_batch(&b, &answer);
    assert_int_equal(b.items[0].operation, BATCH_GRANT);
    assert_string_equal(b.items[0].endpoint, "spare");
    close_bench(&b);
}

static void rule_7_an_exhausted_quota_opens_the_breaker_at_once(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    call_ending(&b, 1, OUTCOME_QUOTA_EXHAUSTED);
    submit(&b, 10, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "spare");
    close_bench(&b);
}

static void rule_7_a_new_leader_knows_which_breakers_are_open(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, chain_of(2));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    beat(&b, 100);
    struct call_facts calls[6];
    for (int i = 0; i < 6; i++) /* not in order */
        calls[i] = (struct call_facts){.id = attempt_of(100 + i, 0, 1),
                                       .tenant_id = "acme",
                                       .endpoint = "main",
                                       .granted_in_ms = -20000,
                                       .lease_in_ms = 10000,
                                       .settled_in_ms = -1000 * ((i * 5) % 6) - 100,
                                       .is_settled = true,
                                       .was_called = true,
                                       .outcome_class = OUTCOME_TIMEOUT};
    tell(&b, (struct event){.kind = EVENT_SNAPSHOT,
                            .is_answered = true,
                            .snapshot = {.epoch = 1,
                                         .now_us = 1000000,
                                         .calls = calls,
                                         .call_count = 6,
                                         .next_cursor = ""}});
    submit(&b, 1, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "spare");
    finish(&b, 1, "ann");
    pass(&b, b.config.breaker_open_ms);
    submit(&b, 2, "bob", 1);
    assert_string_equal(b.items[0].endpoint, "main"); /* the probe */
    close_bench(&b);
}

static void rule_7_an_endpoint_that_is_held_is_passed_over(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(2));
    control(&b, SCOPE_ENDPOINT, "main", CONTROL_HELD, 1);
    submit(&b, 1, "ann", 1);
    assert_string_equal(b.items[0].endpoint, "spare");
    grant_all(&b);
    control(&b, SCOPE_ENDPOINT, "main", CONTROL_OPEN, 2);
    submit(&b, 2, "bob", 1);
    assert_string_equal(b.items[0].endpoint, "main");
    close_bench(&b);
}

static void rule_7_while_reduced_all_is_done_by_the_embedded_analysis(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    control(&b, SCOPE_SYSTEM, "", CONTROL_REDUCED, 1);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    struct batch_answer answer = {.result = RESULT_RELEASED, .job_status = JOB_PROCESSING};
    answer.chunk = ready(0);
    answer.chunk.version = 5;
    answer.chunk.attempt = 1;
    answer_batch(&b, &answer);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    assert_true(b.items[0].is_degraded);
    close_bench(&b);
}

static void rule_6_a_wait_beyond_the_deadline_goes_to_the_fallback(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .deadline_left_ms = 60000,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    hear(&b, attempt_of(1, 0, 1), OUTCOME_RATE_LIMITED, 86400000);
    chunk = failed(1, 0);
    chunk.last_class = OUTCOME_RATE_LIMITED;
    chunk.retry_in_ms = 3600000;
    job.status = JOB_PROCESSING;
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 2}});
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    close_bench(&b);
}

/* ---- rule 6: the poison post ---- */
struct poison_part {
    uint32_t first, count;
};

struct poison {
    struct bench bench;
    struct poison_part parts[64];
    uint32_t part_count, bad_post, failing, good, embedded, events;
    bool is_done;
};

static bool has_poison(const struct poison *p, uint32_t chunk)
{
    const struct poison_part *part = &p->parts[chunk];
    return p->bad_post >= part->first && p->bad_post < part->first + part->count;
}

static struct chunk_facts part_facts(const struct poison *p, uint32_t chunk, uint32_t depth)
{
    struct chunk_facts facts = ready(chunk);
    facts.depth = depth;
    facts.open_posts = p->parts[chunk].count;
    facts.text_bytes = facts.open_posts * 100;
    facts.last_class = depth > 0 ? OUTCOME_BAD_REQUEST : OUTCOME_NONE;
    return facts;
}

static void split_in_store(struct poison *p, const struct batch_item *item,
                           struct batch_answer *answer, uint32_t depth)
{
    struct poison_part *whole = &p->parts[item->id.chunk_number];
    uint32_t half = whole->count / 2, part = p->part_count;
    p->parts[part] = (struct poison_part){whole->first, half};
    p->parts[part + 1] = (struct poison_part){whole->first + half, whole->count - half};
    p->part_count += 2;
    answer->result = RESULT_SPLIT;
    answer->chunk = done(item->id.chunk_number);
    answer->chunk.version = 100;
    answer->part_count = 2;
    answer->parts[0] = part_facts(p, part, depth + 1);
    answer->parts[1] = part_facts(p, part + 1, depth + 1);
}

/* The call as the LLM and the store see it: one poison post fails all that are with it. */
static struct chunk_facts call(struct poison *p, const struct batch_item *item,
                               struct chunk_facts chunk)
{
    uint32_t number = item->id.chunk_number;
    chunk.attempt++;
    chunk.version = chunk.attempt * 2 + 1;
    if (item->mode == MODE_EMBEDDED) {
        p->embedded++;
        p->is_done = true;
        chunk.status = CHUNK_DONE;
        return chunk;
    }
    assert_int_equal(ask_now(&p->bench, attempt_of(1, number, chunk.attempt), "hands"), 1);
    bool is_bad = has_poison(p, number);
    p->failing += is_bad;
    p->good += !is_bad;
    hear(&p->bench, attempt_of(1, number, chunk.attempt),
         is_bad ? OUTCOME_BAD_REQUEST : OUTCOME_NONE, 0);
    chunk.last_class = is_bad ? OUTCOME_BAD_REQUEST : OUTCOME_NONE;
    chunk.tries += is_bad;
    chunk.status = is_bad ? CHUNK_READY : CHUNK_DONE;
    chunk.open_posts = is_bad ? chunk.open_posts : 0;
    return chunk;
}

static void isolate(struct poison *p)
{
    struct bench *b = &p->bench;
    struct chunk_facts rows[64];
    p->parts[0] = (struct poison_part){0, 100};
    p->part_count = 1;
    rows[0] = part_facts(p, 0, 0);
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .chunks = rows,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    p->events = 1;
    while (!p->is_done) {
        while (b->item_count == 0)
            pass(b, 250);
        hush(b);
        assert_int_equal(b->item_count, 1);
        struct batch_item item = b->items[0];
        uint32_t number = item.id.chunk_number;
        struct batch_answer answer = {.job_status = JOB_PROCESSING};
        if (item.operation == BATCH_SPLIT) {
            split_in_store(p, &item, &answer, rows[number].depth);
            rows[answer.parts[0].number] = answer.parts[0];
            rows[answer.parts[1].number] = answer.parts[1];
            answer_batch(b, &answer);
            continue;
        }
        answer = granted(&item, rows[number].attempt + 1);
        answer.chunk.depth = rows[number].depth;
        answer.chunk.tries = rows[number].tries;
        answer.chunk.open_posts = rows[number].open_posts;
        answer_batch(b, &answer);
        rows[number] = call(p, &item, rows[number]);
        happen(b, 1, "ann", ++p->events, JOB_PROCESSING, &rows[number]);
    }
}

static void rule_6_a_poison_post_is_isolated_in_10_failing_and_7_good_calls(void **state)
{
    (void)state;
    for (uint32_t bad_post = 0; bad_post < 100; bad_post++) {
        struct poison p = {.bad_post = bad_post};
        begin(&p.bench, chain_of(1));
        isolate(&p);
        assert_int_equal(p.embedded, 1);
        assert_true(p.failing <= 10 && p.good <= 7);
        struct scheduler_figures figures;
        scheduler_figures(p.bench.core, &figures);
        assert_int_equal(figures.endpoints[0].breaker, BREAKER_CLOSED);
        assert_int_equal(figures.degraded_grants, 0); /* nothing to be healed */
        close_bench(&p.bench);
    }
}

/* ---- rule 7: healing ---- */
static void answer_heal(struct bench *b, uint32_t posts, bool has_more)
{
    tell(b, (struct event){.kind = EVENT_HEALING,
                           .is_answered = true,
                           .healing = {.epoch = 1, .posts = posts, .has_more = has_more}});
}

static void rule_7_healing_is_asked_for_until_there_is_nothing_left(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    pass(&b, 10); /* after a takeover it is not known: asked for when it began to lead */
    answer_heal(&b, 40, true);
    hush(&b);
    pass(&b, b.config.heal_ms);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 1);
    answer_heal(&b, 0, false);
    hush(&b);
    pass(&b, 3 * b.config.heal_ms);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 0);
    close_bench(&b);
}

static void rule_7_healing_waits_until_an_endpoint_may_be_called(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    answer_heal(&b, 0, false);
    break_it(&b, 1);
    submit(&b, 10, "ann", 1);
    grant_all(&b); /* degraded */
    struct chunk_facts chunk = done(0);
    happen(&b, 10, "ann", 2, JOB_COMPLETED, &chunk);
    hush(&b);
    pass(&b, b.config.breaker_open_ms - 2000);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 0);
    pass(&b, b.config.heal_ms + 2000);
    assert_int_equal(said(&b, ACTION_ASK_HEAL), 1);
    close_bench(&b);
}

static void submit_healing(struct bench *b, int number, struct chunk_facts chunk)
{
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = "healing",
                            .service_class = CLASS_BACKGROUND,
                            .is_healing = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void rule_7_a_healing_job_waits_for_an_endpoint_and_holds_up_nobody(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    break_it(&b, 1);
    submit_healing(&b, 20, ready(0));
    assert_int_equal(b.item_count, 0);
    assert_int_equal(told(&b, 20).reason, WAITING_ENDPOINT);
    submit(&b, 21, "ann", 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    grant_all(&b);
    hush(&b);
    pass(&b, b.config.breaker_open_ms / 2);
    hush(&b);
    pass(&b, b.config.breaker_open_ms / 2 + 3000);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_LLM); /* the probe */
    close_bench(&b);
}

static void rule_7_a_healing_job_is_never_done_by_the_embedded_analysis(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    struct chunk_facts chunk = ready(0);
    chunk.open_posts = 1;
    chunk.tries = 3; /* of anybody else's the last resort would be due */
    chunk.attempt = 3;
    chunk.last_class = OUTCOME_BAD_REQUEST;
    submit_healing(&b, 20, chunk);
    for (int minute = 0; minute < 61; minute++) {
        assert_int_equal(b.item_count, minute < 60 ? 0 : 1);
        for (int i = 0; i < 4; i++) {
            pass(&b, 15000);
            hush(&b);
        }
    }
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

/* Its only endpoint wants a pause of so long. */
static void hold_endpoint(struct bench *b, int job, uint32_t ms)
{
    submit(b, job, "first", 1);
    grant_all(b);
    assert_int_equal(ask_now(b, attempt_of(job, 0, 1), "hands"), 1);
    hear(b, attempt_of(job, 0, 1), OUTCOME_RATE_LIMITED, ms);
    struct chunk_facts chunk = done(0);
    happen(b, job, "first", 2, JOB_COMPLETED, &chunk);
}

static void submit_until(struct bench *b, int number, const char *user, uint32_t deadline_ms)
{
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = user,
                            .service_class = CLASS_STANDARD,
                            .deadline_left_ms = deadline_ms,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void rule_7_a_healing_job_that_waits_for_a_long_pause_holds_up_nobody(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    hold_endpoint(&b, 1, 300000);
    submit_healing(&b, 20, ready(0));
    assert_int_equal(b.item_count, 0);
    assert_int_equal(told(&b, 20).reason, WAITING_ENDPOINT);
    submit_until(&b, 21, "ann", 60000);
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(21));
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    grant_all(&b);
    struct chunk_facts chunk = done(0);
    happen(&b, 21, "ann", 2, JOB_COMPLETED, &chunk);
    for (int i = 0; i < 11; i++) {
        hush(&b);
        pass(&b, 29000);
    }
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(20));
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_6_who_may_not_wait_so_long_is_not_held_up_by_who_may(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    hold_endpoint(&b, 1, 300000);
    submit(&b, 2, "patient", 3); /* without a deadline, and first in the order */
    submit_until(&b, 3, "late", 900000);
    assert_int_equal(b.item_count, 0);
    submit_until(&b, 4, "ann", 60000);
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(4));
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    assert_true(b.items[0].is_degraded);
    submit_until(&b, 5, "ann", 50000); /* her other one is being served */
    grant_all(&b);
    assert_int_equal(b.item_count, 0);
    outcome(&b, attempt_of(4, 0, 1));
    struct chunk_facts chunk = done(0);
    happen(&b, 4, "ann", 2, JOB_COMPLETED, &chunk);
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(5));
    grant_all(&b);
    assert_int_equal(told(&b, 2).reason, WAITING_LIMIT);
    control(&b, SCOPE_TENANT, "acme", CONTROL_HELD, 1);
    submit_until(&b, 6, "bob", 60000);
    assert_int_equal(b.item_count, 0);
    close_bench(&b);
}

static void rule_6_a_healing_job_near_its_deadline_waits_for_its_retry_all_the_same(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "healing",
                            .service_class = CLASS_BACKGROUND,
                            .deadline_left_ms = 60000,
                            .is_healing = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    grant_all(&b);
    chunk = failed(1, 0);
    chunk.last_class = OUTCOME_CONNECTION;
    chunk.retry_in_ms = 58000;
    job.status = JOB_PROCESSING;
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 2}});
    assert_int_equal(b.item_count, 0);
    assert_int_equal(told(&b, 1).reason, WAITING_RETRY);
    close_bench(&b);
}

/* ---- rule 12 ---- */
static void rule_12_who_is_held_is_told_by_whom_and_why(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    control(&b, SCOPE_TENANT, "acme", CONTROL_HELD, 1);
    submit(&b, 1, "ann", 1);
    struct explanation why = told(&b, 1);
    assert_int_equal(why.reason, WAITING_HELD);
    assert_int_equal(why.scope, SCOPE_TENANT);
    assert_string_equal(why.message, "maintenance");
    control(&b, SCOPE_SYSTEM, "", CONTROL_HELD, 2);
    assert_int_equal(told(&b, 1).scope, SCOPE_SYSTEM);
    close_bench(&b);
}

static void rule_12_a_used_up_limit_is_told_with_whose_it_is_and_until_when(void **state)
{
    (void)state;
    for (int is_tenants = 0; is_tenants < 2; is_tenants++) {
        struct scheduler_config config = chain_of(1);
        struct limits limits = {.requests_per_minute = 1};
        if (is_tenants)
            config.tenant_limits = limits;
        else
            config.endpoints[0].limits = limits;
        struct bench b;
        begin(&b, config);
        call_ending(&b, 1, OUTCOME_NONE);
        submit(&b, 2, "bob", 1);
        assert_int_equal(b.item_count, 0);
        struct explanation why = told(&b, 2);
        assert_int_equal(why.reason, WAITING_LIMIT);
        assert_int_equal(why.scope, is_tenants ? SCOPE_TENANT : SCOPE_ENDPOINT);
        assert_string_equal(why.scope_name, is_tenants ? "" : "main");
        assert_int_equal(why.limit, LIMIT_REQUESTS);
        assert_in_range(why.retry_in_ms, 61000, 62000);
        hush(&b);
        pass(&b, 30000);
        hush(&b);
        pass(&b, 32000);
        assert_int_equal(b.item_count, 1);
        close_bench(&b);
    }
}

static void rule_12_an_endpoint_that_is_down_is_told_by_name_and_until_when(void **state)
{
    (void)state;
    struct scheduler_config config = chain_of(1);
    config.has_fallback = false;
    struct bench b;
    begin(&b, config);
    break_it(&b, 1);
    submit(&b, 10, "ann", 1);
    assert_int_equal(b.item_count, 0);
    struct explanation why = told(&b, 10);
    assert_int_equal(why.reason, WAITING_ENDPOINT);
    assert_string_equal(why.scope_name, "main");
    assert_int_equal(why.retry_in_ms, b.config.breaker_open_ms);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_7_a_grant_names_the_endpoint_its_price_and_what_it_may_cost),
        cmocka_unit_test(rule_7_the_next_endpoint_takes_over_when_one_fails),
        cmocka_unit_test(rule_7_without_an_endpoint_the_embedded_analysis_stands_in),
        cmocka_unit_test(rule_7_exactly_one_probe_goes_out_and_decides),
        cmocka_unit_test(rule_7_a_probe_that_is_never_called_is_followed_by_another),
        cmocka_unit_test(rule_7_what_waits_for_its_permit_is_taken_back_when_the_breaker_opens),
        cmocka_unit_test(rule_7_an_exhausted_quota_opens_the_breaker_at_once),
        cmocka_unit_test(rule_7_a_new_leader_knows_which_breakers_are_open),
        cmocka_unit_test(rule_7_an_endpoint_that_is_held_is_passed_over),
        cmocka_unit_test(rule_7_while_reduced_all_is_done_by_the_embedded_analysis),
        cmocka_unit_test(rule_6_a_wait_beyond_the_deadline_goes_to_the_fallback),
        cmocka_unit_test(rule_6_a_poison_post_is_isolated_in_10_failing_and_7_good_calls),
        cmocka_unit_test(rule_7_healing_is_asked_for_until_there_is_nothing_left),
        cmocka_unit_test(rule_7_healing_waits_until_an_endpoint_may_be_called),
        cmocka_unit_test(rule_7_a_healing_job_waits_for_an_endpoint_and_holds_up_nobody),
        cmocka_unit_test(rule_7_a_healing_job_is_never_done_by_the_embedded_analysis),
        cmocka_unit_test(rule_7_a_healing_job_that_waits_for_a_long_pause_holds_up_nobody),
        cmocka_unit_test(rule_6_who_may_not_wait_so_long_is_not_held_up_by_who_may),
        cmocka_unit_test(rule_6_a_healing_job_near_its_deadline_waits_for_its_retry_all_the_same),
        cmocka_unit_test(rule_12_who_is_held_is_told_by_whom_and_why),
        cmocka_unit_test(rule_12_a_used_up_limit_is_told_with_whose_it_is_and_until_when),
        cmocka_unit_test(rule_12_an_endpoint_that_is_down_is_told_by_name_and_until_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
