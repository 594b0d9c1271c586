/* Each rule of core.h has its tests here, by its number. */
#include "bench_for_test.h"

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

static void rule_1_interactive_work_has_a_lane_of_its_own(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit_as(&b, 1, "ann", CLASS_STANDARD, 1);
    assert_int_equal(b.items[0].lane, 0);
    grant_all(&b);
    submit_as(&b, 2, "ann", CLASS_INTERACTIVE, 1);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].lane, 1);
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
    struct scheduler_config config = config_with(1);
    config.fairness = FAIRNESS_ROUND_ROBIN;
    open_bench(&b, config);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_1_a_user_has_one_chunk_in_flight_until_its_commit),
        cmocka_unit_test(rule_1_holds_over_all_classes_of_a_user),
        cmocka_unit_test(rule_1_interactive_work_has_a_lane_of_its_own),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
