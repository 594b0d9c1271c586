/* Steps 3 and 8 through the whole core: what goes into one batch, whose answer is believed, and
 * what follows if the store refuses. */
#include "bench_for_test.h"

enum { REPLY_BYTES = 700000, POSTS = 100, POST_BYTES = 128, DISPATCH_BYTES = 600 };

static struct scheduler_config quiet(uint32_t cap)
{
    struct scheduler_config config = config_with(cap);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.lead_lease_ms = config.reread_ms = config.heal_ms = 100000;
    return config;
}

static void begin(struct bench *b, struct scheduler_config config)
{
    open_bench(b, config);
    lead(b);
    beat(b, 1000);
}

static void wait_ms(struct bench *b, int64_t ms)
{
    b->now = instant_plus_ms(b->now, ms);
    hush(b);
    beat(b, 1000);
}

static struct explanation told(struct bench *b, int job)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(job));
    hush(b);
    tell(b, event);
    return last(b, ACTION_EXPLAIN)->explain.told;
}

static struct scheduler_figures figures_of(const struct bench *b)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures;
}

/* A job of one chunk of a user of its own. */
static void submit_chunk(struct bench *b, int number, struct chunk_facts chunk, uint32_t left_ms)
{
    char user[16];
    snprintf(user, sizeof user, "user-%d", number);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = user,
                            .service_class = CLASS_STANDARD,
                            .deadline_left_ms = left_ms,
                            .chunks = &chunk,
                            .chunk_count = 1};
    hush(b);
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void submit_bytes(struct bench *b, int number, uint32_t text_bytes, uint32_t left_ms)
{
    struct chunk_facts chunk = ready(0);
    chunk.open_posts = POSTS;
    chunk.text_bytes = text_bytes;
    submit_chunk(b, number, chunk, left_ms);
}

/* Of a chunk that fills half a reply. */
static const uint32_t HALF_TEXT = REPLY_BYTES / 2 - POSTS * POST_BYTES - DISPATCH_BYTES;

static void step_3_a_reply_stays_below_what_the_broker_carries(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        struct bench b;
        begin(&b, quiet(20));
        submit_bytes(&b, 1, 1000, 0); /* alone in its batch */
        submit_bytes(&b, 2, HALF_TEXT, 0);
        submit_bytes(&b, 3, HALF_TEXT + more, 0);
        submit_bytes(&b, 4, 1, 0);
        grant_all(&b);
        assert_int_equal(b.item_count, more ? 1 : 2);
        grant_all(&b);
        assert_int_equal(b.item_count, more ? 2 : 1);
        close_bench(&b);
    }
}

/* Its only endpoint wants a pause of so long. */
static void pause_endpoint(struct bench *b, int job, uint32_t ms)
{
    submit_bytes(b, job, 1000, 0);
    grant_all(b);
    assert_int_equal(ask_now(b, attempt_of(job, 0, 1), "hands"), 1);
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = attempt_of(job, 0, 1),
                                       .outcome_class = OUTCOME_RATE_LIMITED,
                                       .was_called = true,
                                       .retry_after_ms = ms,
                                       .server_limits = {-1, -1, -1, -1, -1, -1}}});
    struct chunk_facts chunk = done(0);
    char user[16];
    snprintf(user, sizeof user, "user-%d", job);
    happen(b, job, user, 2, JOB_COMPLETED, &chunk);
}

static void step_3_what_must_not_wait_fits_into_the_reply_too(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        struct bench b;
        begin(&b, quiet(20));
        pause_endpoint(&b, 100, 60000);
        submit_bytes(&b, 1, 1000, 0); /* waits, and all may wait behind it but these */
        submit_bytes(&b, 2, 1000, 10000);
        submit_bytes(&b, 3, HALF_TEXT, 10000);
        submit_bytes(&b, 4, HALF_TEXT + more, 10000);
        submit_bytes(&b, 5, 1, 10000);
        assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
        assert_int_equal(grant_all(&b), 1);
        assert_int_equal(b.item_count, more ? 1 : 2);
        close_bench(&b);
    }
}

static void rule_2_what_must_not_wait_has_no_more_room_than_others(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet(1));
    pause_endpoint(&b, 100, 60000);
    submit_bytes(&b, 1, 1000, 0);
    for (int i = 2; i <= 9; i++)
        submit_bytes(&b, i, 1000, 10000);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(b.item_count, 2); /* one slot, two ahead of need, and one of them is taken */
    close_bench(&b);
}

/* So small that many fit into one reply. */
static struct chunk_facts tiny(struct chunk_facts chunk)
{
    chunk.open_posts = 1;
    chunk.text_bytes = 10;
    return chunk;
}

static void step_3_a_batch_has_no_more_items_than_its_limit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet(600));
    for (int i = 0; i < 301; i++)
        submit_chunk(&b, i, tiny(ready(0)), 0);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(b.item_count, BATCH_LIMIT);
    hush(&b);
    grant_all(&b);
    assert_int_equal(b.item_count, 300 - BATCH_LIMIT);
    hush(&b);
    grant_all(&b);
    struct control_facts hold = {.scope = SCOPE_SYSTEM,
                                 .tenant_id = "",
                                 .name = "",
                                 .state = CONTROL_HELD,
                                 .message = "",
                                 .version = 1};
    hush(&b);
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &hold}); /* all is taken back */
    assert_int_equal(b.item_count, BATCH_LIMIT);
    assert_int_equal(b.items[BATCH_LIMIT - 1].operation, BATCH_RELEASE);
    close_bench(&b);
}

static void step_3_bursts_splits_and_what_is_urgent_keep_the_limit_too(void **state)
{
    (void)state;
    struct scheduler_config config = quiet(600);
    config.user_burst = 62;
    struct bench b;
    begin(&b, config);
    struct chunk_facts chunks[70];
    for (uint32_t i = 0; i < 70; i++)
        chunks[i] = tiny(ready(i));
    const char *users[] = {"ann", "bob", "cem", "dan", "eve", "fay"};
    for (int i = 0; i < 6; i++) {
        struct job_facts job = {.job_id = job_id(i),
                                .tenant_id = "acme",
                                .user_id = users[i],
                                .service_class = CLASS_STANDARD,
                                .chunks = chunks,
                                .chunk_count = 70};
        tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    }
    while (b.item_count != BATCH_LIMIT) {
        assert_true(b.item_count > 0 && b.item_count < BATCH_LIMIT);
        hush(&b);
        grant_all(&b);
    }
    close_bench(&b);
    begin(&b, quiet(600));
    struct chunk_facts spent = failed(3, 3);
    for (int i = 0; i < 301; i++)
        submit_chunk(&b, i, spent, 0);
    assert_int_equal(b.items[0].operation, BATCH_SPLIT);
    struct batch_answer split = {
        .result = RESULT_SPLIT, .job_status = JOB_PROCESSING, .chunk = done(0)};
    answer_batch(&b, &split);
    assert_int_equal(b.item_count, BATCH_LIMIT);
    close_bench(&b);
    begin(&b, quiet(600));
    pause_endpoint(&b, 1000, 60000);
    submit_chunk(&b, 999, ready(0), 0);
    for (int i = 0; i < 301; i++)
        submit_chunk(&b, i, tiny(ready(0)), 10000);
    grant_all(&b);
    assert_int_equal(b.item_count, BATCH_LIMIT);
    close_bench(&b);
}

static void step_3_only_the_whole_answer_to_the_last_batch_is_believed(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet(10));
    submit(&b, 1, "ann", 1);
    struct batch_answer answers[2] = {granted(&b.items[0], 1), granted(&b.items[0], 1)};
    const struct {
        uint64_t epoch, sequence;
        bool is_answered;
        enum batch_status status;
        size_t count;
        bool is_ours;
    } cases[] = {
        {2, b.sequence, true, BATCH_ANSWERED, 1, false},
        {1, b.sequence + 1, true, BATCH_ANSWERED, 1, false},
        {1, b.sequence - 1, true, BATCH_ANSWERED, 1, false},
        {1, b.sequence, false, BATCH_ANSWERED, 1, true},
        {1, b.sequence, true, BATCH_FENCED, 1, true},
        {1, b.sequence, true, BATCH_OLD, 1, true},
        {1, b.sequence, true, BATCH_ANSWERED, 0, true},
        {1, b.sequence, true, BATCH_ANSWERED, 2, true},
        {1, b.sequence, false, BATCH_FENCED, 0, true},
    };
    struct event event = {.kind = EVENT_BATCH};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        event.is_answered = cases[i].is_answered;
        event.batch.epoch = cases[i].epoch;
        event.batch.sequence = cases[i].sequence;
        event.batch.status = cases[i].status;
        event.batch.answers = answers;
        event.batch.answer_count = cases[i].count;
        hush(&b);
        tell(&b, event);
        assert_int_equal(figures_of(&b).in_flight, 0);
        assert_int_equal(said(&b, ACTION_ASK_BATCH), 0);
        wait_ms(&b, 200);
        assert_int_equal(said(&b, ACTION_ASK_BATCH), cases[i].is_ours); /* the same again */
        assert_int_equal(b.item_count, 1);
    }
    event.is_answered = true;
    event.batch.status = BATCH_ANSWERED;
    event.batch.answer_count = 1;
    tell(&b, event);
    assert_int_equal(figures_of(&b).in_flight, 1);
    struct chunk_facts chunk = done(0);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    tell(&b, event); /* the same answer twice */
    assert_int_equal(figures_of(&b).in_flight, 0);
    close_bench(&b);
}

static void step_3_what_the_store_refuses_is_asked_for_again_after_half_a_second(void **state)
{
    (void)state;
    const enum batch_result results[] = {RESULT_BUSY, RESULT_GONE, RESULT_EARLY};
    for (int is_split = 0; is_split < 2; is_split++) {
        for (size_t i = 0; i < 3; i++) {
            struct scheduler_config config = quiet(10);
            config.endpoints[0].limits.requests_per_minute = 1;
            struct bench b;
            begin(&b, config);
            struct chunk_facts chunk = is_split ? failed(3, 3) : ready(0);
            submit_chunk(&b, 1, chunk, 0);
            struct batch_answer answer = {
                .result = results[i], .job_status = JOB_PROCESSING, .chunk = chunk};
            answer_batch(&b, &answer);
            assert_int_equal(b.item_count, 0);
            wait_ms(&b, 499);
            assert_int_equal(b.item_count, 0);
            wait_ms(&b, 1);
            assert_int_equal(b.item_count, 1); /* what it had booked was withdrawn */
            assert_int_equal(b.items[0].operation, is_split ? BATCH_SPLIT : BATCH_GRANT);
            close_bench(&b);
        }
    }
}

static void step_3_a_grant_that_the_row_has_left_behind_is_none(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet(10));
    submit(&b, 1, "ann", 1);
    struct batch_answer answer = granted(&b.items[0], 1);
    struct chunk_facts chunk = done(0); /* while the answer is on its way */
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    answer_batch(&b, &answer);
    assert_int_equal(figures_of(&b).in_flight, 0);
    assert_int_equal(figures_of(&b).grants, 0);
    close_bench(&b);
}

static void step_3_a_grant_that_is_not_wanted_any_more_is_released(void **state)
{
    (void)state;
    for (int is_leaving = 0; is_leaving < 2; is_leaving++) {
        struct bench b;
        begin(&b, quiet(10));
        submit(&b, 1, "ann", 1);
        if (is_leaving)
            tell(&b, (struct event){.kind = EVENT_LEAVE});
        else
            happen(&b, 1, "ann", 2, JOB_CANCELLED, NULL);
        struct batch_answer answer = granted(&b.items[0], 1);
        answer.job_status = is_leaving ? JOB_PROCESSING : JOB_CANCELLED;
        hush(&b);
        answer_batch(&b, &answer);
        assert_int_equal(b.item_count, 1);
        assert_int_equal(b.items[0].operation, BATCH_RELEASE);
        assert_int_equal(said(&b, ACTION_DISPATCH), 0);
        close_bench(&b);
    }
}

static void rule_12_a_limit_that_is_over_is_not_told_any_more(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet(1));
    pause_endpoint(&b, 100, 1000);
    for (int i = 1; i <= 5; i++)
        submit_bytes(&b, i, 1000, 0);
    assert_int_equal(b.item_count, 0);
    assert_int_equal(told(&b, 5).reason, WAITING_PAUSE);
    wait_ms(&b, 1000);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    assert_int_equal(told(&b, 5).reason, WAITING_SLOT);
    close_bench(&b);
}

static void rule_12_a_limit_is_told_until_there_is_room_to_look_again(void **state)
{
    (void)state;
    struct scheduler_config config = quiet(1);
    config.endpoints[0].limits.calls_in_flight = 1; /* and one granted ahead of it */
    struct bench b;
    begin(&b, config);
    for (int i = 1; i <= 3; i++)
        submit_bytes(&b, i, 1000, 0);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(told(&b, 3).reason, WAITING_LIMIT);
    assert_int_equal(told(&b, 3).limit, LIMIT_IN_FLIGHT);
    close_bench(&b);
}

static void rule_12_who_waits_for_the_next_batch_waits_for_no_limit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet(10));
    pause_endpoint(&b, 100, 1000);
    submit_bytes(&b, 1, HALF_TEXT, 0);
    submit_bytes(&b, 2, HALF_TEXT + 1, 0);
    assert_int_equal(told(&b, 2).reason, WAITING_PAUSE);
    wait_ms(&b, 1000);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(told(&b, 2).reason, WAITING_OTHERS);
    close_bench(&b);
}

static void rule_12_a_limit_that_is_over_is_not_told_by_one_slot_either(void **state)
{
    (void)state;
    struct scheduler_config config = quiet(1);
    config.fairness = FAIRNESS_FIFO; /* nobody is granted ahead */
    struct bench b;
    begin(&b, config);
    pause_endpoint(&b, 100, 1000);
    submit_bytes(&b, 1, 1000, 0);
    submit_bytes(&b, 2, 1000, 0);
    assert_int_equal(told(&b, 2).reason, WAITING_PAUSE);
    wait_ms(&b, 1000);
    assert_int_equal(b.item_count, 1);
    assert_int_not_equal(told(&b, 2).reason, WAITING_PAUSE);
    close_bench(&b);
}

static void rule_12_a_limit_that_was_raised_is_not_told_by_one_slot_either(void **state)
{
    (void)state;
    struct scheduler_config config = quiet(1);
    config.fairness = FAIRNESS_FIFO; /* nobody is granted ahead */
    config.endpoints[0].limits.requests_per_minute = 1;
    struct bench b;
    begin(&b, config);
    submit_bytes(&b, 100, 1000, 0);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(100, 0, 1), "hands"), 1);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(100, 0, 1), .was_called = true}});
    struct chunk_facts chunk = done(0);
    happen(&b, 100, "user-100", 2, JOB_COMPLETED, &chunk);
    submit_bytes(&b, 1, 1000, 0);
    submit_bytes(&b, 2, 1000, 0);
    assert_int_equal(told(&b, 2).reason, WAITING_LIMIT);
    struct control_facts raised = {.scope = SCOPE_ENDPOINT,
                                   .tenant_id = "",
                                   .name = "main",
                                   .message = "",
                                   .has_limits = true,
                                   .limits = {.requests_per_minute = 100},
                                   .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &raised});
    assert_int_equal(b.item_count, 1);
    assert_int_not_equal(told(&b, 2).reason, WAITING_LIMIT);
    close_bench(&b);
}

static void step_8_a_release_that_the_store_refuses_is_asked_for_again(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet(10));
    submit(&b, 1, "ann", 1);
    struct batch_answer answer = granted(&b.items[0], 1);
    answer_batch(&b, &answer);
    struct control_facts hold = {.scope = SCOPE_SYSTEM,
                                 .tenant_id = "",
                                 .name = "",
                                 .state = CONTROL_HELD,
                                 .message = "",
                                 .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &hold});
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b.item_count, 1);
        assert_int_equal(b.items[0].operation, BATCH_RELEASE);
        answer.result = RESULT_BUSY;
        answer_batch(&b, &answer);
        wait_ms(&b, 499);
        assert_int_equal(b.item_count, 0);
        wait_ms(&b, 1);
    }
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_3_a_reply_stays_below_what_the_broker_carries),
        cmocka_unit_test(step_3_what_must_not_wait_fits_into_the_reply_too),
        cmocka_unit_test(rule_2_what_must_not_wait_has_no_more_room_than_others),
        cmocka_unit_test(step_3_a_batch_has_no_more_items_than_its_limit),
        cmocka_unit_test(step_3_bursts_splits_and_what_is_urgent_keep_the_limit_too),
        cmocka_unit_test(step_3_only_the_whole_answer_to_the_last_batch_is_believed),
        cmocka_unit_test(step_3_what_the_store_refuses_is_asked_for_again_after_half_a_second),
        cmocka_unit_test(step_3_a_grant_that_the_row_has_left_behind_is_none),
        cmocka_unit_test(step_3_a_grant_that_is_not_wanted_any_more_is_released),
        cmocka_unit_test(rule_12_a_limit_that_is_over_is_not_told_any_more),
        cmocka_unit_test(rule_12_a_limit_is_told_until_there_is_room_to_look_again),
        cmocka_unit_test(rule_12_who_waits_for_the_next_batch_waits_for_no_limit),
        cmocka_unit_test(rule_12_a_limit_that_is_over_is_not_told_by_one_slot_either),
        cmocka_unit_test(rule_12_a_limit_that_was_raised_is_not_told_by_one_slot_either),
        cmocka_unit_test(step_8_a_release_that_the_store_refuses_is_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
