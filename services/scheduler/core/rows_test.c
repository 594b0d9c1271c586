/* Steps 2 and 7 through the whole core: what events and readings tell becomes what is known, by
 * number and version; and who is counted as waiting or in service. */
#include "bench_for_test.h"

enum { OVER_KEPT_MS = 10000 };

static void begin(struct bench *b, uint32_t cap)
{
    struct scheduler_config config = config_with(cap);
    config.lead_lease_ms = config.reread_ms = config.heal_ms = 100000;
    open_bench(b, config);
    lead(b);
}

static struct scheduler_figures figures_of(const struct bench *b)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures;
}

static void assert_users(const struct bench *b, size_t active, size_t waiting)
{
    assert_int_equal(figures_of(b).active_users, active);
    assert_int_equal(figures_of(b).waiting_users, waiting);
}

static bool is_known(struct bench *b, int job)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(job));
    hush(b);
    tell(b, event);
    return last(b, ACTION_EXPLAIN)->explain.told.is_known;
}

/* Nothing happens meanwhile. */
static void wait_ms(struct bench *b, int64_t ms)
{
    b->now = instant_plus_ms(b->now, ms);
    tell(b, (struct event){.kind = EVENT_TIME});
}

static struct job_facts facts_of(int number, enum job_status status,
                                 const struct chunk_facts *chunk)
{
    return (struct job_facts){.job_id = job_id(number),
                              .tenant_id = "acme",
                              .user_id = "ann",
                              .service_class = CLASS_STANDARD,
                              .status = status,
                              .chunks = chunk,
                              .chunk_count = chunk ? 1 : 0};
}

static void hear_event(struct bench *b, int number, uint32_t event_number)
{
    struct job_facts job = facts_of(number, JOB_PROCESSING, NULL);
    hush(b);
    tell(b, (struct event){.kind = EVENT_JOB_EVENT,
                           .job_event = {.job = &job, .number = event_number}});
}

static void read_job(struct bench *b, int number, uint32_t event_number, bool is_answered)
{
    struct job_facts job = facts_of(number, JOB_PROCESSING, NULL);
    job.event_number = event_number;
    struct event event = {.kind = EVENT_JOB, .is_answered = is_answered, .job.epoch = 1};
    strcpy(event.job.job_id, job_id(number));
    event.job.job = is_answered ? &job : NULL;
    hush(b);
    tell(b, event);
}

static void step_2_what_is_missing_between_events_is_asked_for_once(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    hear_event(&b, 1, 1);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 0);
    hear_event(&b, 1, 2);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 0);
    hear_event(&b, 1, 2); /* twice heard */
    assert_int_equal(said(&b, ACTION_ASK_JOB), 0);
    hear_event(&b, 1, 4);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 1);
    assert_string_equal(last(&b, ACTION_ASK_JOB)->job_id, job_id(1));
    hear_event(&b, 1, 6); /* the answer is on its way */
    assert_int_equal(said(&b, ACTION_ASK_JOB), 0);
    read_job(&b, 1, 6, true);
    hear_event(&b, 1, 6);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 0);
    hear_event(&b, 1, 7);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 0);
    hear_event(&b, 1, 9);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 1);
    read_job(&b, 1, 0, false); /* no answer came */
    hear_event(&b, 1, 10);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 1);
    read_job(&b, 1, 5, true); /* older than what is known */
    hear_event(&b, 1, 7);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 0);
    hear_event(&b, 1, 8);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 0);
    close_bench(&b);
}

static void step_2_a_reading_answers_what_an_event_had_asked_for(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    hear_event(&b, 1, 3);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 1);
    struct job_facts job = facts_of(1, JOB_PROCESSING, NULL);
    job.event_number = 3;
    tell(&b,
         (struct event){
             .kind = EVENT_CHANGED,
             .is_answered = true,
             .changed = {
                 .epoch = 1, .now_us = 2000000, .jobs = &job, .job_count = 1, .next_job_id = ""}});
    hear_event(&b, 1, 5);
    assert_int_equal(said(&b, ACTION_ASK_JOB), 1);
    close_bench(&b);
}

static void users_wait_until_they_are_served_and_are_active_until_the_commit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 1);
    submit(&b, 1, "ann", 2);
    assert_users(&b, 1, 0); /* asked for: her second chunk does not make her wait */
    submit(&b, 2, "bob", 1);
    assert_users(&b, 1, 1);
    submit(&b, 3, "cem", 2);
    assert_users(&b, 1, 2);
    happen(&b, 2, "bob", 2, JOB_CANCELLED, NULL);
    assert_users(&b, 1, 1);
    struct chunk_facts chunk = done(0);
    grant_all(&b);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    while (grant_all(&b) > 0)
        continue;
    assert_users(&b, 2, 0); /* both are granted, and each has one that waits */
    chunk = done(1);
    happen(&b, 1, "ann", 3, JOB_COMPLETED, &chunk);
    assert_users(&b, 1, 0);
    close_bench(&b);
}

static void a_job_that_is_over_is_remembered_for_ten_seconds(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    struct chunk_facts chunk = done(0);
    happen(&b, 1, "ann", 2, JOB_COMPLETED, &chunk);
    wait_ms(&b, OVER_KEPT_MS - 1);
    beat(&b, 100);
    assert_true(is_known(&b, 1));
    wait_ms(&b, 1);
    assert_false(is_known(&b, 1));
    close_bench(&b);
}

static void a_job_that_is_over_is_kept_while_a_call_of_it_may_run(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    outcome(&b, attempt_of(1, 0, 1));
    struct chunk_facts chunk = done(0);
    happen(&b, 1, "ann", 2, JOB_CANCELLED, &chunk);
    chunk.status = CHUNK_IN_FLIGHT; /* a late reading */
    chunk.version = 10;
    chunk.attempt = 2;
    chunk.lease_left_ms = 60000;
    happen(&b, 1, "ann", 3, JOB_CANCELLED, &chunk);
    assert_int_equal(figures_of(&b).in_flight, 1);
    wait_ms(&b, 3 * OVER_KEPT_MS);
    assert_true(is_known(&b, 1));
    assert_int_equal(figures_of(&b).in_flight, 1);
    chunk = done(0);
    chunk.version = 11;
    happen(&b, 1, "ann", 4, JOB_CANCELLED, &chunk);
    wait_ms(&b, OVER_KEPT_MS - 1);
    assert_true(is_known(&b, 1));
    wait_ms(&b, 1);
    assert_false(is_known(&b, 1));
    close_bench(&b);
}

static void of_unknown_jobs_that_are_over_only_those_with_a_call_are_of_interest(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    struct chunk_facts chunk = done(0);
    happen(&b, 1, "ann", 5, JOB_CANCELLED, &chunk);
    assert_false(is_known(&b, 1));
    happen(&b, 2, "ann", 5, JOB_CANCELLED, NULL);
    assert_false(is_known(&b, 2));
    chunk.status = CHUNK_IN_FLIGHT;
    chunk.lease_left_ms = 30000;
    happen(&b, 3, "ann", 5, JOB_CANCELLED, &chunk);
    assert_true(is_known(&b, 3));
    assert_int_equal(figures_of(&b).in_flight, 1);
    close_bench(&b);
}

static void rows_with_numbers_beyond_all_chunks_are_not_believed(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    struct chunk_facts chunk = ready(1u << CHUNK_NUMBER_BITS);
    happen(&b, 1, "ann", 1, JOB_QUEUED, &chunk);
    assert_int_equal(b.item_count, 0);
    chunk = ready((1u << CHUNK_NUMBER_BITS) - 1);
    happen(&b, 1, "ann", 2, JOB_QUEUED, &chunk);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

static void rule_12_only_who_was_never_served_counts_as_waiting_for_service(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    struct chunk_facts chunk = ready(0);
    happen(&b, 1, "ann", 1, JOB_PROCESSING, &chunk); /* by who led before */
    wait_ms(&b, 1000);
    assert_int_equal(figures_of(&b).oldest_wait_ms, 0);
    happen(&b, 2, "bob", 1, JOB_QUEUED, &chunk);
    wait_ms(&b, 1000);
    assert_int_equal(figures_of(&b).oldest_wait_ms, 1000);
    happen(&b, 2, "bob", 2, JOB_CANCELLED, NULL);
    assert_int_equal(figures_of(&b).oldest_wait_ms, 0);
    close_bench(&b);
}

static void rule_1_a_chunk_is_in_the_lane_that_its_row_says(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.user_burst = 3;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 9);
    assert_int_equal(b.item_count, 3);
    assert_int_equal(b.items[1].lane, 2);
    assert_int_equal(b.items[2].lane, 3);
    struct batch_answer answers[3];
    for (size_t i = 0; i < 3; i++)
        answers[i] = granted(&b.items[i], 1);
    answers[1].chunk.lane = 4; /* by who led before, as it turns out */
    answer_batch(&b, answers);
    struct chunk_facts chunk = done(2);
    outcome(&b, attempt_of(1, 2, 1));
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk); /* which was in lane 3 */
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].lane, 2);
    grant_all(&b);
    chunk = done(0);
    outcome(&b, attempt_of(1, 0, 1));
    happen(&b, 1, "ann", 3, JOB_PROCESSING, &chunk);
    assert_int_equal(b.items[0].lane, 3);
    grant_all(&b);
    chunk = done(3);
    outcome(&b, attempt_of(1, 3, 1));
    happen(&b, 1, "ann", 4, JOB_PROCESSING, &chunk);
    assert_int_equal(b.items[0].lane, 2);
    grant_all(&b);
    chunk = done(4);
    outcome(&b, attempt_of(1, 4, 1));
    happen(&b, 1, "ann", 5, JOB_PROCESSING, &chunk);
    assert_int_equal(b.items[0].lane, 3); /* 4 is taken */
    close_bench(&b);
}

static void rule_3_what_was_cancelled_is_no_longer_work_of_its_user(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(1);
    config.has_first_chunks_first = false;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "zoe", 1); /* a batch is under way */
    submit(&b, 2, "bob", 5);
    submit(&b, 3, "ann", 10);
    submit(&b, 4, "ann", 1);
    happen(&b, 3, "ann", 2, JOB_CANCELLED, NULL);
    grant_all(&b);
    assert_true(b.item_count > 0);
    assert_string_equal(b.items[0].id.job_id, job_id(4)); /* the least work left */
    close_bench(&b);
}

static void rule_6_a_row_that_is_told_again_does_not_put_off_its_retry(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "ann", 1);
    assert_int_equal(grant_all(&b), 1);
    struct chunk_facts chunk = failed(1, 1);
    chunk.retry_in_ms = 1000;
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    struct instant due = scheduler_next_wake(b.core); /* nothing else is due so soon */
    int64_t wait_in_ms = instant_ms_between(b.now, due);
    assert_in_range(wait_in_ms, 1000, 1500); /* with its jitter */
    wait_ms(&b, wait_in_ms - 1);
    happen(&b, 1, "ann", 3, JOB_PROCESSING, &chunk);
    assert_int_equal(b.item_count, 0);
    wait_ms(&b, 1);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

static void step_9_a_row_in_flight_by_another_attempt_takes_the_place_of_ours(void **state)
{
    (void)state;
    for (uint32_t attempt = 1; attempt <= 2; attempt++) {
        struct bench b;
        begin(&b, 10);
        submit(&b, 1, "ann", 1);
        assert_int_equal(grant_all(&b), 1);
        struct chunk_facts chunk = ready(0);
        chunk.status = CHUNK_IN_FLIGHT;
        chunk.version = 7;
        chunk.attempt = attempt;
        chunk.lease_left_ms = 30000;
        happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
        assert_int_equal(figures_of(&b).in_flight, 1);
        assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), attempt == 1 ? 1 : -1);
        assert_int_equal(figures_of(&b).calls, 1); /* what may be called elsewhere counts */
        close_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_2_what_is_missing_between_events_is_asked_for_once),
        cmocka_unit_test(step_2_a_reading_answers_what_an_event_had_asked_for),
        cmocka_unit_test(users_wait_until_they_are_served_and_are_active_until_the_commit),
        cmocka_unit_test(a_job_that_is_over_is_remembered_for_ten_seconds),
        cmocka_unit_test(a_job_that_is_over_is_kept_while_a_call_of_it_may_run),
        cmocka_unit_test(of_unknown_jobs_that_are_over_only_those_with_a_call_are_of_interest),
        cmocka_unit_test(rows_with_numbers_beyond_all_chunks_are_not_believed),
        cmocka_unit_test(rule_12_only_who_was_never_served_counts_as_waiting_for_service),
        cmocka_unit_test(rule_1_a_chunk_is_in_the_lane_that_its_row_says),
        cmocka_unit_test(rule_3_what_was_cancelled_is_no_longer_work_of_its_user),
        cmocka_unit_test(rule_6_a_row_that_is_told_again_does_not_put_off_its_retry),
        cmocka_unit_test(step_9_a_row_in_flight_by_another_attempt_takes_the_place_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
