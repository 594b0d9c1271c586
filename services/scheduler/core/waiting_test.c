/* Rule 12: which reason is told, with what belongs to it. */
#include "bench_for_test.h"

static struct explanation told(struct bench *b, int job)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(job));
    hush(b);
    tell(b, event);
    assert_non_null(last(b, ACTION_EXPLAIN));
    return last(b, ACTION_EXPLAIN)->explain.told;
}

static void begin(struct bench *b, uint32_t cap)
{
    struct scheduler_config config = config_with(cap);
    config.endpoint_count = 2;
    strcpy(config.endpoints[0].name, "main");
    strcpy(config.endpoints[1].name, "spare");
    open_bench(b, config);
    lead(b);
}

static void set(struct bench *b, enum control_scope scope, const char *name,
                enum control_state state, const char *message, uint64_t version)
{
    struct control_facts facts = {.scope = scope,
                                  .tenant_id =
                                      scope == SCOPE_TENANT || scope == SCOPE_USER ? "acme" : "",
                                  .name = name,
                                  .state = state,
                                  .message = message,
                                  .version = version};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
}

static void grant_each(struct bench *b)
{
    while (grant_all(b) > 0)
        continue;
}

static void rule_12_what_needs_no_permit_runs_once_it_is_granted(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    set(&b, SCOPE_SYSTEM, "", CONTROL_REDUCED, "", 1);
    submit(&b, 1, "ann", 1);
    assert_int_equal(told(&b, 1).reason, WAITING_GRANT);
    grant_each(&b);
    assert_int_equal(told(&b, 1).reason, WAITING_RUNS);
    submit(&b, 2, "ann", 1);
    assert_int_equal(told(&b, 2).reason, WAITING_OWN);
    close_bench(&b);
}

static void rule_12_what_was_taken_back_does_not_run(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "ann", 2);
    grant_each(&b);
    set(&b, SCOPE_SYSTEM, "", CONTROL_HELD, "", 1); /* its release is asked for */
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    assert_int_not_equal(told(&b, 1).reason, WAITING_RUNS);
    close_bench(&b);
}

static void rule_12_each_hold_is_told_with_its_scope_and_message(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 3, "cem", 1); /* of the same tenant, and not held until it is */
    grant_each(&b);
    set(&b, SCOPE_USER, "ann", CONTROL_HELD, "too many", 1);
    submit(&b, 1, "ann", 1);
    struct explanation why = told(&b, 1);
    assert_int_equal(why.reason, WAITING_HELD);
    assert_int_equal(why.scope, SCOPE_USER);
    assert_string_equal(why.message, "too many");
    set(&b, SCOPE_TENANT, "", CONTROL_HELD, "", 1);
    why = told(&b, 1);
    assert_int_equal(why.scope, SCOPE_TENANT);
    assert_null(why.message);
    set(&b, SCOPE_SYSTEM, "", CONTROL_HELD, "x", 1);
    why = told(&b, 1);
    assert_int_equal(why.scope, SCOPE_SYSTEM);
    assert_string_equal(why.message, "x");
    set(&b, SCOPE_SYSTEM, "", CONTROL_OPEN, "", 2);
    set(&b, SCOPE_TENANT, "", CONTROL_OPEN, "", 2);
    set(&b, SCOPE_USER, "ann", CONTROL_OPEN, "", 2);
    assert_int_not_equal(told(&b, 1).reason, WAITING_HELD);
    close_bench(&b);
}

static void rule_12_slots_are_the_fewer_of_those_allowed_and_those_announced(void **state)
{
    (void)state;
    static const struct {
        uint32_t cap, announced, most;
    } cases[] = {{5, 1, 1}, {1, 5, 1}, {2, 2, 2}, {3, 2, 2}, {2, 3, 2}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        begin(&b, cases[i].cap);
        beat(&b, cases[i].announced);
        for (int job = 1; job <= 8; job++) {
            char user[8];
            snprintf(user, sizeof(user), "u%d", job);
            submit(&b, job, user, 1);
            grant_each(&b);
            if ((uint32_t)job <= cases[i].most) {
                assert_int_equal(told(&b, job).reason, WAITING_GRANT);
                assert_int_equal(told(&b, job).position, 0);
                assert_int_equal(ask_now(&b, attempt_of(job, 0, 1), "hands"), 1);
                assert_int_equal(told(&b, job).reason, WAITING_RUNS);
            }
        }
        struct explanation why = told(&b, 8);
        assert_int_equal(why.reason, WAITING_SLOT);
        assert_int_equal(why.calls, cases[i].most);
        assert_int_equal(why.most_calls, cases[i].most);
        assert_int_equal(why.position, 8 - cases[i].most - 1);
        close_bench(&b);
    }
}

static void rule_12_whoever_was_granted_before_stands_before(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    static const char *const USERS[] = {"ann", "bob", "cem"};
    for (int i = 0; i < 3; i++)
        submit(&b, 1 + i, USERS[i], 1);
    assert_int_equal(told(&b, 2).position, told(&b, 1).position + 1);
    assert_int_equal(told(&b, 3).position, told(&b, 2).position + 1);
    grant_each(&b);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(told(&b, 1 + i).position, i);
        assert_int_equal(told(&b, 1 + i).reason, i > 0 ? WAITING_OTHERS : WAITING_GRANT);
    }
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1); /* no longer in the way */
    assert_int_equal(told(&b, 2).position, 0);
    assert_int_equal(told(&b, 2).reason, WAITING_GRANT);
    close_bench(&b);
}

static void rule_12_a_job_is_told_of_by_the_chunk_that_has_come_farthest(void **state)
{
    (void)state;
    for (uint32_t sooner = 0; sooner < 2; sooner++) {
        struct bench b;
        begin(&b, 10);
        struct chunk_facts chunks[2] = {ready(0), ready(1)};
        for (uint32_t i = 0; i < 2; i++) {
            chunks[i].attempt = chunks[i].tries = 1;
            chunks[i].last_class = OUTCOME_INVALID_ANSWER;
            chunks[i].retry_in_ms = i == sooner ? 5000 : 9000;
        }
        struct job_facts job = {.job_id = job_id(1),
                                .tenant_id = "acme",
                                .user_id = "ann",
                                .service_class = CLASS_STANDARD,
                                .status = JOB_PROCESSING,
                                .chunks = chunks,
                                .chunk_count = 2};
        tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
        assert_int_equal(told(&b, 1).reason, WAITING_RETRY);
        assert_in_range(told(&b, 1).retry_in_ms, 5000, 5500);
        struct chunk_facts other = ready(1 - sooner); /* what has a turn comes before */
        other.version = 2;
        set(&b, SCOPE_SYSTEM, "", CONTROL_HELD, "", 1);
        happen(&b, 1, "ann", 2, JOB_PROCESSING, &other);
        assert_int_equal(told(&b, 1).reason, WAITING_HELD);
        assert_int_equal(told(&b, 1).retry_in_ms, 0);
        close_bench(&b);
    }
}

static void rule_12_of_two_chunks_that_are_granted_the_first_is_told_of(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.user_burst = 2;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 2);
    size_t granted_count = 0, count;
    while ((count = grant_all(&b)) > 0)
        granted_count += count;
    assert_int_equal(granted_count, 2);
    assert_int_equal(told(&b, 1).position, 0);
    assert_int_equal(told(&b, 1).reason, WAITING_GRANT);
    close_bench(&b);
}

static void rule_12_a_user_is_served_once_his_grant_has_its_permit(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "bob", 1);
    grant_each(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    submit(&b, 2, "ann", 1);
    grant_each(&b);
    submit(&b, 3, "ann", 1);
    assert_int_not_equal(told(&b, 3).reason, WAITING_OWN); /* only bob's call runs */
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    assert_int_equal(told(&b, 3).reason, WAITING_OWN);
    close_bench(&b);
}

static void rule_12_a_tenants_limit_is_told_of_those_it_keeps_waiting(void **state)
{
    (void)state;
    for (int is_endpoints = 0; is_endpoints < 2; is_endpoints++) {
        struct scheduler_config config = config_with(10);
        const struct limits limits = {.calls_in_flight = 1}; /* and one granted ahead of it */
        if (is_endpoints)
            config.endpoints[0].limits = limits;
        else
            config.tenant_limits = limits;
        config.endpoint_count = 1;
        strcpy(config.endpoints[0].name, "main");
        struct bench b;
        open_bench(&b, config);
        lead(&b);
        static const char *const USERS[] = {"ann", "bob", "cem"};
        for (int i = 0; i < 3; i++)
            submit(&b, 1 + i, USERS[i], 1);
        assert_int_not_equal(told(&b, 1).reason, WAITING_LIMIT);
        grant_each(&b);
        assert_int_equal(told(&b, 1).reason, WAITING_GRANT);
        assert_int_equal(told(&b, 2).reason, WAITING_OTHERS);
        assert_int_equal(told(&b, 3).reason, WAITING_LIMIT);
        assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
        assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
        for (int job = 2; job <= 3; job++) {
            assert_int_equal(told(&b, job).reason, WAITING_LIMIT);
            assert_int_equal(told(&b, job).scope, is_endpoints ? SCOPE_ENDPOINT : SCOPE_TENANT);
            assert_string_equal(told(&b, job).scope_name, is_endpoints ? "main" : "");
        }
        close_bench(&b);
    }
}

static void rule_12_what_is_due_is_tried_again_now(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.lead_lease_ms = 100000;
    config.endpoint_count = MOST_ENDPOINTS;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    struct chunk_facts chunk = failed(1, 1);
    chunk.retry_in_ms = 2000;
    const struct job_facts job = {.job_id = job_id(1),
                                  .tenant_id = "acme",
                                  .user_id = "healing",
                                  .service_class = CLASS_BACKGROUND,
                                  .is_healing = true,
                                  .chunks = &chunk,
                                  .chunk_count = 1};
    tell(&b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    struct explanation why = told(&b, 1);
    assert_int_equal(why.reason, WAITING_RETRY);
    assert_in_range(why.retry_in_ms, 2000, 2200); /* with its jitter */
    b.now = instant_plus_ms(b.now, why.retry_in_ms - 1);
    assert_int_equal(told(&b, 1).retry_in_ms, 1);
    b.now = instant_plus_ms(b.now, 10);
    assert_int_equal(told(&b, 1).retry_in_ms, 0);
    close_bench(&b);
}

static void rule_12_a_job_that_is_over_waits_for_nothing_though_its_call_runs(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "ann", 1);
    grant_each(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    happen(&b, 1, "ann", 2, JOB_CANCELLED, NULL);
    struct explanation why = told(&b, 1);
    assert_true(why.is_known);
    assert_int_equal(why.reason, WAITING_NOTHING);
    assert_int_equal(why.position, 0);
    close_bench(&b);
}

/* The last of the chain has a name like the others. */
static void rule_12_a_limit_is_told_of_the_endpoint_that_has_it(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    set(&b, SCOPE_ENDPOINT, "main", CONTROL_HELD, "", 1);
    struct control_facts limited = {.scope = SCOPE_ENDPOINT,
                                    .tenant_id = "",
                                    .name = "spare",
                                    .message = "",
                                    .has_limits = true,
                                    .limits = {.calls_in_flight = 1},
                                    .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &limited});
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 1);
    submit(&b, 3, "cem", 1);
    grant_each(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    for (int job = 2; job <= 3; job++) { /* refused its permit; not granted at all */
        struct explanation why = told(&b, job);
        assert_int_equal(why.reason, WAITING_LIMIT);
        assert_int_equal(why.scope, SCOPE_ENDPOINT);
        assert_string_equal(why.scope_name, "spare");
        assert_int_equal(why.limit, LIMIT_IN_FLIGHT);
        assert_int_equal(why.retry_in_ms, 0); /* nobody knows */
    }
    close_bench(&b);
}

/* Both who is not granted and who was, and is refused the permit. */
static void rule_12_a_pause_that_the_server_asked_for_is_no_limit(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 1);
    grant_each(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(1, 0, 1),
                                        .outcome_class = OUTCOME_RATE_LIMITED,
                                        .was_called = true,
                                        .retry_after_ms = 20000,
                                        .server_limits = {-1, -1, -1, -1, -1, -1}}});
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    submit(&b, 3, "cem", 1);
    for (int job = 2; job <= 3; job++) {
        struct explanation why = told(&b, job);
        assert_int_equal(why.reason, WAITING_PAUSE);
        assert_string_equal(why.scope_name, "main");
        assert_int_equal(why.limit, LIMIT_NONE);
        assert_int_equal(why.retry_in_ms, 20000);
    }
    close_bench(&b);
}

static void rule_12_a_pause_that_is_over_is_not_told(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.lead_lease_ms = 600000;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 1);
    grant_each(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(1, 0, 1),
                                        .outcome_class = OUTCOME_RATE_LIMITED,
                                        .was_called = true,
                                        .retry_after_ms = 2000,
                                        .server_limits = {-1, -1, -1, -1, -1, -1}}});
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    assert_int_equal(told(&b, 2).reason, WAITING_PAUSE);
    b.now = instant_plus_ms(
        b.now, 8000); /* no analyzer is heard any more, so the ask is not looked at again */
    assert_int_equal(told(&b, 2).reason, WAITING_ANALYZER);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_12_what_needs_no_permit_runs_once_it_is_granted),
        cmocka_unit_test(rule_12_what_was_taken_back_does_not_run),
        cmocka_unit_test(rule_12_each_hold_is_told_with_its_scope_and_message),
        cmocka_unit_test(rule_12_slots_are_the_fewer_of_those_allowed_and_those_announced),
        cmocka_unit_test(rule_12_whoever_was_granted_before_stands_before),
        cmocka_unit_test(rule_12_a_job_is_told_of_by_the_chunk_that_has_come_farthest),
        cmocka_unit_test(rule_12_of_two_chunks_that_are_granted_the_first_is_told_of),
        cmocka_unit_test(rule_12_a_user_is_served_once_his_grant_has_its_permit),
        cmocka_unit_test(rule_12_a_tenants_limit_is_told_of_those_it_keeps_waiting),
        cmocka_unit_test(rule_12_what_is_due_is_tried_again_now),
        cmocka_unit_test(rule_12_a_job_that_is_over_waits_for_nothing_though_its_call_runs),
        cmocka_unit_test(rule_12_a_limit_is_told_of_the_endpoint_that_has_it),
        cmocka_unit_test(rule_12_a_pause_that_the_server_asked_for_is_no_limit),
        cmocka_unit_test(rule_12_a_pause_that_is_over_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
