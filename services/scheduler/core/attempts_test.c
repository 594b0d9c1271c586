/* Steps 3 to 5 and 8: what is heard twice or too late changes nothing, and when a dispatch is
 * published again. */
#include "chain_for_test.h"
#include "state.h"

static struct attempt *attempt_at(const struct bench *b, int job, uint32_t attempt)
{
    struct attempt_id id = attempt_of(job, 0, attempt);
    return attempts_find(b->core, &id);
}

static enum breaker_state breaker_of(const struct bench *b)
{
    return b->core->budget.endpoints[0].breaker.state;
}

static void rule_7_an_outcome_that_is_heard_twice_counts_once(void **state)
{
    (void)state;
    for (int calls = 4; calls <= 5; calls++) {
        struct bench b;
        begin(&b, chain_of(1));
        for (int job = 1; job <= calls; job++) {
            char user[16];
            snprintf(user, sizeof user, "u%d", job);
            submit(&b, job, user, 1);
            grant_all(&b);
            assert_int_equal(ask_now(&b, attempt_of(job, 0, 1), "hands"), 1);
            for (int k = 0; k < 3; k++)
                hear(&b, attempt_of(job, 0, 1), OUTCOME_SERVER_ERROR, 0);
        }
        assert_int_equal(breaker_of(&b), calls < 5 ? BREAKER_CLOSED : BREAKER_OPEN);
        close_bench(&b);
    }
}

static void step_4_the_outcome_of_what_is_unknown_or_sworn_off_is_none(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    outcome(&b, attempt_of(1, 0, 2));
    outcome(&b, attempt_of(2, 0, 1));
    assert_int_equal(attempt_at(&b, 1, 1)->phase, ATTEMPT_WAITING);
    control(&b, SCOPE_TENANT, "acme", CONTROL_HELD, 1);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    assert_int_equal(attempt_at(&b, 1, 1)->phase, ATTEMPT_SWORN);
    const struct tenant *acme = book_tenant(&b.core->book, "acme");
    uint64_t paid = acme->shares[CLASS_STANDARD]->paid;
    hear(&b, attempt_of(1, 0, 1), OUTCOME_NONE, 0);
    assert_int_equal(attempt_at(&b, 1, 1)->phase, ATTEMPT_SWORN);
    assert_int_equal(acme->shares[CLASS_STANDARD]->paid, paid);
    close_bench(&b);
}

static void fail_to_publish(struct bench *b, int job, uint32_t attempt)
{
    tell(b, (struct event){.kind = EVENT_DISPATCH_FAILED, .attempt = attempt_of(job, 0, attempt)});
}

static size_t published_after(struct bench *b, int64_t ms)
{
    hush(b);
    pass(b, ms);
    return said(b, ACTION_DISPATCH);
}

static void step_4_what_the_broker_did_not_take_is_published_again_at_once(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    fail_to_publish(&b, 1, 1);
    assert_int_equal(published_after(&b, STORE_RETRY_MS - 1), 0);
    assert_int_equal(published_after(&b, 1), 1);
    fail_to_publish(&b, 1, 2); /* nothing is known of these */
    fail_to_publish(&b, 2, 1);
    assert_int_equal(published_after(&b, 2 * STORE_RETRY_MS), 0);
    close_bench(&b);
}

static void step_4_what_needs_no_dispatch_any_more_is_not_published_again(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    fail_to_publish(&b, 1, 1);
    assert_int_equal(published_after(&b, 2 * STORE_RETRY_MS), 0);
    submit(&b, 2, "bob", 1);
    grant_all(&b);
    control(&b, SCOPE_TENANT, "acme", CONTROL_HELD, 1);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    fail_to_publish(&b, 2, 1);
    assert_int_equal(published_after(&b, 2 * STORE_RETRY_MS), 0);
    close_bench(&b);
}

static void rule_9_each_wait_for_an_ask_is_twice_as_long_as_the_one_before(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.republish_ms = 500;
    config.grant_wait_ms = 20000;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    for (int64_t wait_ms = 500; wait_ms <= 8000; wait_ms *= 2) {
        assert_int_equal(published_after(&b, wait_ms - 1), 0);
        assert_int_equal(published_after(&b, 1), 1);
        assert_true(last(&b, ACTION_DISPATCH)->dispatch.is_again);
    }
    close_bench(&b);
}

static void rule_9_a_grant_is_taken_back_as_soon_as_no_whole_call_has_room(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    pass(&b, b.config.grant_wait_ms);
    assert_int_equal(attempt_at(&b, 1, 1)->phase, ATTEMPT_WAITING);
    pass(&b, 1);
    assert_int_equal(attempt_at(&b, 1, 1)->phase, ATTEMPT_SWORN);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    close_bench(&b);
}

/* Its call is excused at once; its outcome may still be on its way to the row. */
static void rule_9_what_is_lost_is_reaped_half_a_second_after_its_lease(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    uint32_t left_ms = last(&b, ACTION_ANSWER)->answer.lease_left_ms;
    pass(&b, left_ms + 499);
    assert_int_equal(b.item_count, 0);
    pass(&b, 1);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].operation, BATCH_REAP);
    close_bench(&b);
}

/* Hands need none, but one that asks is told that nobody else may do it. */
static void step_5_a_permit_for_the_embedded_analysis_counts_at_no_endpoint(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    struct chunk_facts spent = failed(3, 3);
    spent.open_posts = 1;
    spent.depth = 1;
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .chunks = &spent,
                            .chunk_count = 1};
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    struct batch_answer answer = granted(&b.items[0], 4);
    answer_batch(&b, &answer);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 4), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 4), "others"), -1);
    const struct account *main_one = &b.core->budget.endpoints[0].account;
    assert_int_equal(account_used(main_one, LIMIT_IN_FLIGHT, b.now), 0);
    close_bench(&b);
}

static void rule_1_a_burst_is_behind_all_that_are_granted_after_it(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.user_burst = 2;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 2);
    assert_int_equal(grant_all(&b), 2);
    struct attempt_id id = attempt_of(1, 1, 1);
    const struct attempt *burst = attempts_find(b.core, &id);
    assert_true(burst->is_burst && !attempt_at(&b, 1, 1)->is_burst);
    for (int job = 2; job < 6; job++) {
        char user[16];
        snprintf(user, sizeof user, "u%d", job);
        submit(&b, job, user, 1);
        assert_int_equal(grant_all(&b), 1);
        assert_true(attempt_at(&b, job, 1)->order > attempt_at(&b, job - 1, 1)->order);
        assert_true(attempt_at(&b, job, 1)->order < burst->order);
    }
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_7_an_outcome_that_is_heard_twice_counts_once),
        cmocka_unit_test(step_4_the_outcome_of_what_is_unknown_or_sworn_off_is_none),
        cmocka_unit_test(step_4_what_the_broker_did_not_take_is_published_again_at_once),
        cmocka_unit_test(step_4_what_needs_no_dispatch_any_more_is_not_published_again),
        cmocka_unit_test(rule_9_each_wait_for_an_ask_is_twice_as_long_as_the_one_before),
        cmocka_unit_test(rule_9_a_grant_is_taken_back_as_soon_as_no_whole_call_has_room),
        cmocka_unit_test(rule_9_what_is_lost_is_reaped_half_a_second_after_its_lease),
        cmocka_unit_test(step_5_a_permit_for_the_embedded_analysis_counts_at_no_endpoint),
        cmocka_unit_test(rule_1_a_burst_is_behind_all_that_are_granted_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
