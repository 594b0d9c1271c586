/* Rule 5 through the whole core: what is booked, what a call is settled to, and when a tenant is
 * looked at again. */
#include "bench_for_test.h"

static struct scheduler_config priced(uint32_t prompt_nanos, uint32_t completion_nanos)
{
    struct scheduler_config config = config_with(10);
    config.lead_lease_ms = config.reread_ms = config.heal_ms = 100000;
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.endpoints[0].prompt_nanos = prompt_nanos;
    config.endpoints[0].completion_nanos = completion_nanos;
    return config;
}

static struct scheduler_figures figures_of(const struct bench *b)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures;
}

static void begin(struct bench *b, struct scheduler_config config)
{
    open_bench(b, config);
    lead(b);
}

static void submit_bytes(struct bench *b, int number, uint32_t text_bytes, uint32_t posts)
{
    struct chunk_facts chunk = ready(0);
    chunk.text_bytes = text_bytes;
    chunk.open_posts = posts;
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

static void rule_5_what_a_call_may_cost_is_booked_rounded_up(void **state)
{
    (void)state;
    const struct {
        uint32_t prompt_nanos, text_bytes;
        uint64_t micros;
    } cases[] = {{1, 400, 1}, {1, 401, 2}, {1, 1400, 2}, {1, 1401, 3}, {1000000, 400, 1000000},
                 {0, 400, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        begin(&b, priced(cases[i].prompt_nanos, 0));
        submit_bytes(&b, 1, cases[i].text_bytes, 3); /* and 600 of the prompt */
        assert_int_equal(b.items[0].reserved_tokens, cases[i].text_bytes + 600 + 3 * 120);
        assert_int_equal(b.items[0].reserved_micros, cases[i].micros);
        close_bench(&b);
    }
}

static void call(struct bench *b)
{
    submit(b, 1, "ann", 1);
    grant_all(b);
    assert_int_equal(ask_now(b, attempt_of(1, 0, 1), "hands"), 1);
}

static void end_call(struct bench *b, bool was_called, bool is_known, uint32_t prompt,
                     uint32_t completion)
{
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = attempt_of(1, 0, 1),
                                       .was_called = was_called,
                                       .is_usage_known = is_known,
                                       .prompt_tokens = prompt,
                                       .completion_tokens = completion,
                                       .server_limits = {-1, -1, -1, -1, -1, -1}}});
}

static void rule_5_a_call_is_settled_to_what_it_used_rounded_up(void **state)
{
    (void)state;
    const struct {
        uint32_t prompt, completion;
        uint64_t micros;
        uint32_t overruns;
    } cases[] = {{0, 0, 0, 0}, {1, 0, 1, 0},         {1000, 0, 1, 0},      {1001, 0, 2, 0},
                 {1, 1, 3, 0}, {800, 2000, 4001, 0}, {801, 2000, 4001, 1}, {0, 9000, 18000, 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        begin(&b, priced(1, 2000)); /* 2,800 tokens are booked */
        call(&b);
        end_call(&b, true, true, cases[i].prompt, cases[i].completion);
        struct endpoint_figures used = figures_of(&b).endpoints[0];
        assert_int_equal(used.used[LIMIT_REQUESTS], 1);
        assert_int_equal(used.used[LIMIT_TOKENS], cases[i].prompt + cases[i].completion);
        assert_int_equal(used.used[LIMIT_MONEY], cases[i].micros);
        assert_int_equal(figures_of(&b).overruns, cases[i].overruns);
        close_bench(&b);
    }
}

static void rule_5_no_call_counts_for_more_than_eight_times_what_was_booked(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, priced(1, 2000)); /* 2,800 tokens and 2,402 micros are booked */
    call(&b);
    end_call(&b, true, true, UINT32_MAX, UINT32_MAX);
    struct endpoint_figures used = figures_of(&b).endpoints[0];
    assert_int_equal(used.used[LIMIT_REQUESTS], 1);
    assert_int_equal(used.used[LIMIT_TOKENS], 8 * 2800);
    assert_int_equal(used.used[LIMIT_MONEY], 8 * 2402);
    assert_int_equal(figures_of(&b).overruns, 1);
    close_bench(&b);
}

static void rule_5_what_is_not_known_counts_as_booked_and_what_never_left_as_nothing(void **state)
{
    (void)state;
    for (int was_called = 0; was_called < 2; was_called++) {
        struct bench b;
        begin(&b, priced(1000, 1000));
        call(&b);
        end_call(&b, was_called, !was_called, 5, 5);
        struct endpoint_figures used = figures_of(&b).endpoints[0];
        assert_int_equal(used.used[LIMIT_REQUESTS], was_called);
        assert_int_equal(used.used[LIMIT_TOKENS], was_called ? 2800 : 0);
        assert_int_equal(used.used[LIMIT_MONEY], was_called ? 2800 : 0);
        assert_int_equal(used.used[LIMIT_IN_FLIGHT], 0);
        close_bench(&b);
    }
}

/* Two bounds of 2,800 tokens do not fit, but one and the thousand that were used. */
static void rule_5_what_a_call_did_not_use_of_its_tenants_limit_is_free_again(void **state)
{
    (void)state;
    for (int is_known = 0; is_known < 2; is_known++) {
        struct scheduler_config config = priced(0, 0);
        config.tenant_limits.tokens_per_minute = 5000;
        struct bench b;
        begin(&b, config);
        call(&b);
        end_call(&b, true, is_known, 400, 600);
        submit(&b, 2, "bob", 1);
        assert_int_equal(grant_all(&b), is_known);
        close_bench(&b);
    }
}

static void rule_5_a_tenant_without_room_is_looked_at_again_after_a_second(void **state)
{
    (void)state;
    struct scheduler_config config = priced(0, 0);
    config.tenant_limits.calls_in_flight = 1; /* and one granted ahead of it */
    struct bench b;
    begin(&b, config);
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 1);
    submit(&b, 3, "cem", 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(figures_of(&b).limited_tenants, 1);
    assert_int_equal(instant_ms_between(b.now, scheduler_next_wake(b.core)), 1000);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    outcome(&b, attempt_of(1, 0, 1)); /* its place is free: nobody waits for the second to end */
    assert_int_equal(b.item_count, 1);
    assert_int_equal(figures_of(&b).limited_tenants, 0);
    close_bench(&b);
}

static void rule_5_an_ask_is_refused_once_and_shadow_limits_are_counted_once(void **state)
{
    (void)state;
    for (int is_shadow = 0; is_shadow < 2; is_shadow++) {
        struct scheduler_config config = priced(0, 0);
        config.endpoints[0].limits = (struct limits){.calls_in_flight = 1, .is_shadow = is_shadow};
        struct bench b;
        begin(&b, config);
        submit(&b, 1, "ann", 1);
        submit(&b, 2, "bob", 1);
        while (grant_all(&b) > 0)
            continue;
        assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
        assert_int_equal(figures_of(&b).shadow_violations, 0);
        assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), is_shadow);
        for (int i = 0; i < 3; i++)
            tell(&b, (struct event){.kind = EVENT_TIME});
        assert_int_equal(figures_of(&b).refused_permits, is_shadow ? 0 : 1);
        assert_int_equal(figures_of(&b).shadow_violations, is_shadow);
        close_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_5_what_a_call_may_cost_is_booked_rounded_up),
        cmocka_unit_test(rule_5_a_call_is_settled_to_what_it_used_rounded_up),
        cmocka_unit_test(rule_5_no_call_counts_for_more_than_eight_times_what_was_booked),
        cmocka_unit_test(rule_5_what_is_not_known_counts_as_booked_and_what_never_left_as_nothing),
        cmocka_unit_test(rule_5_what_a_call_did_not_use_of_its_tenants_limit_is_free_again),
        cmocka_unit_test(rule_5_a_tenant_without_room_is_looked_at_again_after_a_second),
        cmocka_unit_test(rule_5_an_ask_is_refused_once_and_shadow_limits_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
