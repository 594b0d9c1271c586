/* Rules 5 to 7 through the whole core: what waits for room or for an endpoint, how long, and what
 * does not because its deadline is near. */
#include "bench_for_test.h"

enum { LEAST_LEFT_MS = 3000 };

/* The core is told nothing and asks for nothing but what the test is about. */
static struct scheduler_config quiet(void)
{
    struct scheduler_config config = config_with(10);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.lead_lease_ms = config.reread_ms = config.heal_ms = 100000;
    return config;
}

static void begin(struct bench *b, struct scheduler_config config)
{
    open_bench(b, config);
    lead(b);
}

static struct explanation told(struct bench *b, int job)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(job));
    strcpy(event.waiting.reply, "_INBOX.x");
    hush(b);
    tell(b, event);
    return last(b, ACTION_EXPLAIN)->explain.told;
}

static void submit_until(struct bench *b, int number, uint32_t deadline_left_ms, bool is_healing)
{
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = is_healing ? "healing" : "urgent",
                            .service_class = CLASS_STANDARD,
                            .deadline_left_ms = deadline_left_ms,
                            .is_healing = is_healing,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void submit_for_llm_until(struct bench *b, int number, uint32_t deadline_left_ms)
{
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = "asker",
                            .service_class = CLASS_STANDARD,
                            .deadline_left_ms = deadline_left_ms,
                            .needs_llm = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void call(struct bench *b, int number, const char *user)
{
    submit(b, number, user, 1);
    assert_int_equal(grant_all(b), 1);
    assert_int_equal(ask_now(b, attempt_of(number, 0, 1), "hands"), 1);
}

static void hear_success(struct bench *b, struct attempt_id id)
{
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = id,
                                       .outcome_class = OUTCOME_NONE,
                                       .was_called = true,
                                       .server_limits = {-1, -1, -1, -1, -1, -1}}});
}

static void break_it(struct bench *b)
{
    call(b, 100, "quota");
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = attempt_of(100, 0, 1),
                                       .outcome_class = OUTCOME_QUOTA_EXHAUSTED,
                                       .was_called = true,
                                       .server_limits = {-1, -1, -1, -1, -1, -1}}});
    struct chunk_facts chunk = done(0);
    happen(b, 100, "quota", 2, JOB_COMPLETED, &chunk);
}

static void control_system(struct bench *b, enum control_state state, uint64_t version)
{
    struct control_facts facts = {.scope = SCOPE_SYSTEM,
                                  .tenant_id = "",
                                  .name = "",
                                  .state = state,
                                  .message = "",
                                  .version = version};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
}

static void rule_5_what_was_stopped_is_looked_at_again_after_a_second(void **state)
{
    (void)state;
    struct scheduler_config config = quiet();
    config.endpoints[0].limits.calls_in_flight = 1; /* and one granted ahead of it */
    struct bench b;
    begin(&b, config);
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 1);
    submit(&b, 3, "cem", 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(told(&b, 3).reason, WAITING_LIMIT);
    assert_int_equal(instant_ms_between(b.now, scheduler_next_wake(b.core)), 1000);
    close_bench(&b);
}

/* One request a minute, of the endpoint or of the tenant, and it is made. The next may be made when
 * its bucket of 256 ms has left the window. */
static int64_t use_up_a_minute(struct bench *b, struct scheduler_config config, bool is_tenants)
{
    const struct limits limits = {.requests_per_minute = 1};
    if (is_tenants)
        config.tenant_limits = limits;
    else
        config.endpoints[0].limits = limits;
    begin(b, config);
    call(b, 1, "ann");
    int64_t now_ms = b->now.ns / CLOCK_MS;
    return (now_ms / 256 + 1) * 256 + 60000 + config.permit_life_ms - now_ms;
}

static void rule_6_a_wait_that_ends_too_close_to_the_deadline_is_not_begun(void **state)
{
    (void)state;
    for (int is_tenants = 0; is_tenants < 2; is_tenants++) {
        struct bench b;
        int64_t wait_ms = use_up_a_minute(&b, quiet(), is_tenants);
        submit_until(&b, 2, (uint32_t)wait_ms + LEAST_LEFT_MS, false);
        assert_int_equal(b.item_count, 0);
        close_bench(&b);
        wait_ms = use_up_a_minute(&b, quiet(), is_tenants);
        submit_until(&b, 2, (uint32_t)wait_ms + LEAST_LEFT_MS - 1, false);
        assert_int_equal(b.item_count, 1);
        assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
        assert_true(b.items[0].is_degraded);
        close_bench(&b);
    }
}

static void rule_6_without_a_fallback_a_wait_beyond_the_deadline_is_a_wait(void **state)
{
    (void)state;
    for (int is_healing = 0; is_healing < 2; is_healing++) {
        struct scheduler_config config = quiet();
        config.has_fallback = is_healing; /* which may not stand in for a healing job */
        struct bench b;
        use_up_a_minute(&b, config, false);
        submit_until(&b, 2, 30000, is_healing);
        assert_int_equal(b.item_count, 0);
        assert_int_equal(told(&b, 2).reason, WAITING_LIMIT);
        close_bench(&b);
    }
}

static void rule_6_what_only_an_llm_can_do_waits_even_beyond_its_deadline(void **state)
{
    (void)state;
    for (int is_tenants = 0; is_tenants < 2; is_tenants++) {
        struct bench b;
        int64_t wait_ms = use_up_a_minute(&b, quiet(), is_tenants);
        submit_for_llm_until(&b, 2, 30000);
        submit_for_llm_until(&b, 3, 120000);
        assert_int_equal(b.item_count, 0);
        assert_int_equal(told(&b, 2).reason, WAITING_LIMIT);
        struct chunk_facts over = done(0);
        hear_success(&b, attempt_of(1, 0, 1));
        happen(&b, 1, "ann", 2, JOB_COMPLETED, &over);
        happen(&b, 2, "asker", 2, JOB_EXPIRED, &over);
        b.now = instant_plus_ms(b.now, wait_ms);
        beat(&b, 100);
        assert_int_equal(b.item_count, 1);
        assert_string_equal(b.items[0].id.job_id, job_id(3));
        assert_int_equal(b.items[0].mode, MODE_LLM);
        close_bench(&b);
    }
}

static void rule_6_what_only_an_llm_can_do_waits_for_the_money_of_another_day(void **state)
{
    (void)state;
    struct scheduler_config config = quiet();
    config.endpoints[0].prompt_nanos = config.endpoints[0].completion_nanos = 1000;
    config.endpoints[0].limits.micros_per_day = 1;
    struct bench b;
    begin(&b, config);
    call(&b, 1, "ann");
    submit_for_llm_until(&b, 2, 3600000);
    assert_int_equal(b.item_count, 0);
    submit_until(&b, 3, 3600000, false); /* another in its place has a stand-in */
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(3));
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    close_bench(&b);
}

static void rule_6_what_only_an_llm_can_do_is_called_however_little_time_is_left(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet());
    submit_for_llm_until(&b, 1, LEAST_LEFT_MS - 1);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_6_who_waits_for_calls_to_end_may_be_in_time(void **state)
{
    (void)state;
    struct scheduler_config config = quiet();
    config.endpoints[0].limits.calls_in_flight = 1;
    struct bench b;
    begin(&b, config);
    call(&b, 1, "ann");
    submit(&b, 2, "bob", 1);
    assert_int_equal(grant_all(&b), 1);
    submit_until(&b, 3, 20000, false); /* nobody knows when they end */
    assert_int_equal(b.item_count, 0);
    close_bench(&b);
}

static void rule_7_a_healing_job_looks_for_an_endpoint_every_two_seconds(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet());
    break_it(&b);
    submit_until(&b, 2, 0, true);
    struct instant submitted = b.now;
    for (int looks = 1; looks <= 3; looks++) {
        assert_int_equal(told(&b, 2).reason, WAITING_ENDPOINT);
        struct instant wake = scheduler_next_wake(b.core);
        assert_int_equal(instant_ms_between(submitted, wake), looks * 2000);
        b.now = wake;
        beat(&b, 100);
    }
    close_bench(&b);
}

static void rule_7_while_reduced_a_healing_job_waits(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet());
    control_system(&b, CONTROL_REDUCED, 1);
    submit_until(&b, 2, 0, true);
    assert_int_equal(b.item_count, 0);
    assert_int_equal(told(&b, 2).reason, WAITING_REDUCED);
    control_system(&b, CONTROL_OPEN, 2);
    b.now = instant_plus_ms(b.now, 2000);
    beat(&b, 100);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_7_a_healing_job_whose_tries_are_used_is_tried_again_each_hour(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet());
    struct chunk_facts chunk = ready(0);
    chunk.open_posts = 1;
    chunk.tries = chunk.attempt = 3;
    chunk.last_class = OUTCOME_NONE; /* no wait of its own */
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "healing",
                            .service_class = CLASS_BACKGROUND,
                            .is_healing = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    struct explanation why = told(&b, 1);
    assert_int_equal(why.reason, WAITING_RETRY);
    assert_int_equal(why.retry_in_ms, 3600000);
    close_bench(&b);
}

static void rule_7_a_healing_job_with_tries_left_is_not_put_off(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet());
    struct chunk_facts chunk = ready(0);
    chunk.attempt = chunk.tries = 1;
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "healing",
                            .service_class = CLASS_BACKGROUND,
                            .is_healing = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_LLM);
    close_bench(&b);
}

static void rule_7_what_only_an_llm_can_do_waits_for_an_endpoint(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet());
    break_it(&b);
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .needs_llm = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    b.item_count = 0;
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    assert_int_equal(b.item_count, 0);
    assert_int_equal(told(&b, 1).reason, WAITING_ENDPOINT);
    job.job_id = job_id(2);
    job.user_id = "bob";
    job.needs_llm = false;
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    close_bench(&b);
}

static void rule_6_the_last_resort_of_what_only_an_llm_can_do_is_the_embedded_analysis(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, quiet());
    struct chunk_facts chunk = ready(0);
    chunk.open_posts = 1;
    chunk.tries = chunk.attempt = 3;
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .needs_llm = true,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    close_bench(&b);
}

static void rule_6_with_three_seconds_left_it_is_called_and_with_less_not(void **state)
{
    (void)state;
    for (uint32_t less = 0; less < 2; less++) {
        struct bench b;
        begin(&b, quiet());
        submit_until(&b, 1, LEAST_LEFT_MS - less, false);
        assert_int_equal(b.item_count, 1);
        assert_int_equal(b.items[0].mode, less ? MODE_EMBEDDED : MODE_LLM);
        assert_false(b.items[0].is_degraded);
        close_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_5_what_was_stopped_is_looked_at_again_after_a_second),
        cmocka_unit_test(rule_6_a_wait_that_ends_too_close_to_the_deadline_is_not_begun),
        cmocka_unit_test(rule_6_without_a_fallback_a_wait_beyond_the_deadline_is_a_wait),
        cmocka_unit_test(rule_6_what_only_an_llm_can_do_waits_even_beyond_its_deadline),
        cmocka_unit_test(rule_6_what_only_an_llm_can_do_waits_for_the_money_of_another_day),
        cmocka_unit_test(rule_6_what_only_an_llm_can_do_is_called_however_little_time_is_left),
        cmocka_unit_test(rule_6_who_waits_for_calls_to_end_may_be_in_time),
        cmocka_unit_test(rule_7_a_healing_job_looks_for_an_endpoint_every_two_seconds),
        cmocka_unit_test(rule_7_while_reduced_a_healing_job_waits),
        cmocka_unit_test(rule_7_what_only_an_llm_can_do_waits_for_an_endpoint),
        cmocka_unit_test(
            rule_6_the_last_resort_of_what_only_an_llm_can_do_is_the_embedded_analysis),
        cmocka_unit_test(rule_7_a_healing_job_with_tries_left_is_not_put_off),
        cmocka_unit_test(rule_7_a_healing_job_whose_tries_are_used_is_tried_again_each_hour),
        cmocka_unit_test(rule_6_with_three_seconds_left_it_is_called_and_with_less_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
