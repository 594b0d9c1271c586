/* Rules 6 and 7: a wait beyond the deadline goes to the fallback, and holds up nobody. */
#include "chain_for_test.h"

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
    assert_int_equal(told(&b, 2).reason, WAITING_PAUSE);
    control(&b, SCOPE_TENANT, "acme", CONTROL_HELD, 1);
    submit_until(&b, 6, "bob", 60000);
    assert_int_equal(b.item_count, 0);
    close_bench(&b);
}

static void rule_7_a_healing_job_that_waits_for_a_long_pause_holds_up_nobody(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, chain_of(1));
    hold_endpoint(&b, 1, 300000);
    submit_healing(&b, 20, ready(0));
    assert_int_equal(b.item_count, 0);
    assert_int_equal(told(&b, 20).reason, WAITING_PAUSE);
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

/* Its job has a minute, and its call fails. */
static void fail_once(struct bench *b, struct job_facts job)
{
    struct chunk_facts chunk = ready(0);
    begin(b, chain_of(1));
    job.job_id = job_id(1);
    job.tenant_id = "acme";
    job.user_id = "ann";
    job.deadline_left_ms = 60000;
    job.chunks = &chunk;
    job.chunk_count = 1;
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    grant_all(b);
    chunk = failed(1, 0);
    chunk.last_class = OUTCOME_CONNECTION;
    chunk.retry_in_ms = 58000;
    job.status = JOB_PROCESSING;
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 2}});
}

static void rule_6_what_has_no_stand_in_waits_for_its_retry_near_its_deadline(void **state)
{
    (void)state;
    const struct job_facts jobs[] = {{.is_healing = true}, {.needs_llm = true}};
    for (size_t i = 0; i < 2; i++) {
        struct bench b;
        fail_once(&b, jobs[i]);
        assert_int_equal(b.item_count, 0);
        assert_int_equal(told(&b, 1).reason, WAITING_RETRY);
        close_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_6_a_wait_beyond_the_deadline_goes_to_the_fallback),
        cmocka_unit_test(rule_6_who_may_not_wait_so_long_is_not_held_up_by_who_may),
        cmocka_unit_test(rule_7_a_healing_job_that_waits_for_a_long_pause_holds_up_nobody),
        cmocka_unit_test(rule_6_what_has_no_stand_in_waits_for_its_retry_near_its_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
