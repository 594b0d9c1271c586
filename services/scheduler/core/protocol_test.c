/* Permits, batches and the lead: what the rules stand on. */
#include "bench_for_test.h"

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

/* A job of one chunk, from its submission to its end. */
static void run_through(struct bench *b, int number, const char *user)
{
    struct chunk_facts done = ready(0);
    done.status = CHUNK_DONE;
    done.version = 3;
    done.attempt = 1;
    submit(b, number, user, 1);
    assert_int_equal(grant_all(b), 1);
    happen(b, number, user, 3, JOB_COMPLETED, &done);
}

static void a_later_event_counts_though_an_earlier_one_is_missing(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    run_through(&b, 1, "ann"); /* its second event was never heard */
    submit(&b, 2, "ann", 1);
    assert_int_equal(grant_all(&b), 1);
    close_bench(&b);
}

static void a_late_reading_does_not_revive_a_job_that_is_over(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    run_through(&b, 1, "ann");
    struct chunk_facts flying = ready(0);
    flying.status = CHUNK_IN_FLIGHT;
    flying.version = 2;
    flying.attempt = 1;
    flying.lease_left_ms = 30000;
    struct job_facts read = {.job_id = job_id(1),
                             .tenant_id = "acme",
                             .user_id = "ann",
                             .service_class = CLASS_STANDARD,
                             .status = JOB_PROCESSING,
                             .event_number = 2,
                             .chunks = &flying,
                             .chunk_count = 1};
    tell(&b,
         (struct event){.kind = EVENT_CHANGED,
                        .is_answered = true,
                        .changed = {.epoch = 1, .jobs = &read, .job_count = 1, .next_job_id = ""}});
    submit(&b, 2, "ann", 1);
    assert_int_equal(grant_all(&b), 1);
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

static void hold_all(struct bench *b, enum control_state state, uint64_t version)
{
    struct control_facts facts = {.scope = SCOPE_SYSTEM,
                                  .tenant_id = "",
                                  .name = "",
                                  .message = "",
                                  .state = state,
                                  .version = version};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
}

/* The news of the release overtakes the answer that tells of it. */
static void a_released_grant_keeps_its_place_whichever_way_that_is_heard(void **state)
{
    (void)state;
    struct bench b;
    struct scheduler_config config = config_with(10);
    config.fairness = FAIRNESS_ROUND_ROBIN;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    submit(&b, 2, "bob", 2);
    grant_all(&b);
    submit(&b, 3, "cid", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(3, 0, 1), "hands"), 1);
    hold_all(&b, CONTROL_HELD, 1);
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    struct chunk_facts chunk = ready(0);
    chunk.version = 3;
    chunk.attempt = 1;
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    struct batch_answer released = {
        .result = RESULT_RELEASED, .job_status = JOB_PROCESSING, .chunk = chunk};
    answer_batch(&b, &released);
    outcome(&b, attempt_of(2, 0, 1));
    struct chunk_facts served = done(0);
    happen(&b, 2, "bob", 2, JOB_PROCESSING, &served);
    hold_all(&b, CONTROL_OPEN, 2);
    assert_int_equal(b.item_count, 2);
    assert_string_equal(b.items[0].id.job_id, job_id(1)); /* bob has had a turn */
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

/* Answers overtake each other: a late refusal, then the same epoch again. */
static void an_epoch_taken_up_again_does_not_repeat_a_batch_number(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    uint64_t sequence = b.sequence;
    b.now = instant_plus_ms(b.now, 10);
    tell(&b, (struct event){.kind = EVENT_LEASE, .is_answered = true, .lease.asked = b.now});
    assert_int_equal(said(&b, ACTION_YIELD), 1);
    b.now = instant_plus_ms(b.now, 10);
    renew(&b, 1);
    answer_snapshot(&b, 1, NULL, 0);
    submit(&b, 1, "ann", 1);
    assert_int_equal(b.sequence, sequence + 1);
    close_bench(&b);
}

/* Step 3: batches grow with load, so that one commit pays for many. */
static void more_is_granted_ahead_once_half_of_it_is_used(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(4));
    lead(&b);
    static const char *const USERS[] = {"ann", "bob", "cy", "dora", "eve", "fay", "gus", "hal"};
    for (int i = 0; i < 8; i++)
        submit(&b, i + 1, USERS[i], 1);
    while (grant_all(&b) > 0)
        continue;
    hush(&b);
    for (int i = 1; i <= 4; i++) /* two wait for a permit still */
        assert_int_equal(ask_now(&b, attempt_of(i, 0, 1), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(5, 0, 1), "hands"), 0);
    assert_int_equal(said(&b, ACTION_ASK_BATCH), 0);
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(said(&b, ACTION_ASK_BATCH), 1);
    close_bench(&b);
}

/* Step 9: a standby need not wait for its next round of asking. */
static void a_standby_asks_again_when_the_lease_of_another_ends(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    tell(&b, (struct event){.kind = EVENT_TIME});
    b.now = instant_plus_ms(b.now, 10);
    tell(&b, (struct event){.kind = EVENT_LEASE,
                            .is_answered = true,
                            .lease = {.asked = b.now, .left_ms = 100}});
    hush(&b);
    b.now = instant_plus_ms(b.now, 100);
    tell(&b, (struct event){.kind = EVENT_TIME});
    assert_int_equal(said(&b, ACTION_ASK_LEASE), 0);
    b.now = scheduler_next_wake(b.core);
    tell(&b, (struct event){.kind = EVENT_TIME});
    assert_int_equal(said(&b, ACTION_ASK_LEASE), 1);
    assert_true(instant_ms_between(b.now, scheduler_next_wake(b.core)) > 100);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permit_is_one_instances_and_is_given_to_it_again),
        cmocka_unit_test(a_parked_ask_is_void_after_the_permits_life),
        cmocka_unit_test(who_does_not_lead_stays_silent),
        cmocka_unit_test(no_permit_outlasts_the_leaders_own_lease),
        cmocka_unit_test(a_batch_without_answer_is_repeated_word_for_word),
        cmocka_unit_test(a_missing_event_is_asked_of_the_store),
        cmocka_unit_test(a_later_event_counts_though_an_earlier_one_is_missing),
        cmocka_unit_test(a_late_reading_does_not_revive_a_job_that_is_over),
        cmocka_unit_test(a_leader_that_leaves_takes_back_its_grants_and_resigns),
        cmocka_unit_test(a_released_grant_keeps_its_place_whichever_way_that_is_heard),
        cmocka_unit_test(a_newer_epoch_forgets_everything),
        cmocka_unit_test(an_epoch_taken_up_again_does_not_repeat_a_batch_number),
        cmocka_unit_test(more_is_granted_ahead_once_half_of_it_is_used),
        cmocka_unit_test(a_standby_asks_again_when_the_lease_of_another_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
