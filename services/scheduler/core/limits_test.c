/* Rule 5 through the whole core. */
#include "crowd_for_test.h"

enum { MINUTE_MS = 60000 };

static struct scheduler_figures figures_of(const struct crowd *crowd)
{
    struct scheduler_figures figures;
    scheduler_figures(crowd->bench.core, &figures);
    return figures;
}

static struct scheduler_config limited(struct limits endpoint, struct limits tenant)
{
    struct scheduler_config config = config_with(20);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.endpoints[0].prompt_nanos = 150;
    config.endpoints[0].completion_nanos = 600;
    config.endpoints[0].limits = endpoint;
    config.tenant_limits = tenant;
    return config;
}

static void rule_5_no_minute_has_more_requests_than_the_limit_and_nearly_all_are_used(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        uint32_t limit = 60 + (uint32_t)seed * 70;
        struct crowd *crowd =
            open_crowd(limited((struct limits){.requests_per_minute = limit}, (struct limits){0}),
                       30, 2, seed);
        live(crowd, 6 * MINUTE_MS);
        assert_true(most_in_a_minute(crowd, -1).requests <= limit);
        assert_true(crowd->call_count * 100 >= (size_t)limit * 6 * 95);
        close_crowd(crowd);
    }
}

static void rule_5_no_minute_has_more_tokens_than_the_limit(void **state)
{
    (void)state;
    const uint64_t limit = 60000;
    struct crowd *crowd = open_crowd(
        limited((struct limits){.tokens_per_minute = limit}, (struct limits){0}), 30, 2, 7);
    live(crowd, 5 * MINUTE_MS);
    assert_true(most_in_a_minute(crowd, -1).tokens <= limit);
    uint64_t used = 0;
    for (size_t i = 0; i < crowd->call_count; i++)
        used += crowd->calls[i].tokens;
    assert_true(used * 100 >= limit * 5 * 85); /* bounds are settled to what was used */
    close_crowd(crowd);
}

static void rule_5_a_limited_tenant_does_not_hold_up_the_others(void **state)
{
    (void)state;
    struct crowd *crowd = open_crowd(
        limited((struct limits){0}, (struct limits){.requests_per_minute = 50}), 30, 3, 3);
    live(crowd, 3 * MINUTE_MS);
    for (int tenant = 0; tenant < 3; tenant++) {
        assert_true(most_in_a_minute(crowd, tenant).requests <= 50);
        assert_true(calls_of(crowd, tenant) * 100 >= 3 * 50 * 95);
    }
    close_crowd(crowd);
}

static void set_tenant_limits(struct crowd *crowd, const char *tenant, struct limits limits,
                              uint64_t version)
{
    struct control_facts control = {.scope = SCOPE_TENANT,
                                    .tenant_id = tenant,
                                    .name = "",
                                    .message = "",
                                    .has_limits = true,
                                    .limits = limits,
                                    .version = version};
    tell(&crowd->bench, (struct event){.kind = EVENT_CONTROL, .control = &control});
}

static void rule_5_a_lowered_limit_holds_at_once_and_a_raised_one_too(void **state)
{
    (void)state;
    struct crowd *crowd = open_crowd(
        limited((struct limits){0}, (struct limits){.requests_per_minute = 600}), 20, 1, 5);
    live(crowd, MINUTE_MS / 4); /* 150 requests and more */
    size_t before = crowd->call_count;
    assert_true(before > 100);
    set_tenant_limits(crowd, "tenant0", (struct limits){.requests_per_minute = 100}, 1);
    live(crowd, MINUTE_MS / 2);
    assert_int_equal(crowd->call_count, before);
    set_tenant_limits(crowd, "tenant0", (struct limits){0}, 2);
    live(crowd, 2000);
    assert_true(crowd->call_count > before);
    close_crowd(crowd);
}

static void rule_5_calls_in_flight_of_a_tenant_are_bounded_and_its_places_used(void **state)
{
    (void)state;
    struct crowd *crowd =
        open_crowd(limited((struct limits){0}, (struct limits){.calls_in_flight = 3}), 20, 2, 9);
    size_t busy = 0, steps = 3000;
    for (size_t i = 0; i < steps; i++) {
        live_a_step(crowd);
        size_t calling[2] = {0};
        for (int k = 0; k < crowd->member_count; k++)
            calling[crowd->members[k].tenant] += crowd->members[k].state == MEMBER_CALLS;
        assert_true(calling[0] <= 3 && calling[1] <= 3);
        busy += calling[0] + calling[1];
    }
    assert_true(busy * 100 >= steps * 6 * 90);
    close_crowd(crowd);
}

static bool is_permitted(struct crowd *crowd, int member)
{
    struct member *asker = &crowd->members[member];
    assert_int_equal(asker->state, MEMBER_IS_GRANTED);
    ask(&crowd->bench, attempt_of(asker->job, 0, asker->attempt), "hands");
    hear_permits(crowd);
    return asker->state == MEMBER_CALLS;
}

static void rule_5_an_ask_that_is_refused_does_not_hold_up_those_behind_it(void **state)
{
    (void)state;
    struct crowd *crowd =
        open_crowd(limited((struct limits){0}, (struct limits){.calls_in_flight = 1}), 3, 2, 21);
    answer_asks_for_grants(crowd);
    assert_true(is_permitted(crowd, 0));
    assert_false(is_permitted(crowd, 2)); /* of the same tenant, which has its one call */
    assert_true(is_permitted(crowd, 1));
    struct event why = {.kind = EVENT_WAITING_ASK};
    strcpy(why.waiting.job_id, job_id(crowd->members[2].job));
    tell(&crowd->bench, why);
    struct explanation told = last(&crowd->bench, ACTION_EXPLAIN)->explain.told;
    assert_int_equal(told.reason, WAITING_LIMIT);
    assert_int_equal(told.scope, SCOPE_TENANT);
    assert_int_equal(told.limit, LIMIT_IN_FLIGHT);
    assert_int_equal(figures_of(crowd).refused_permits, 1);
    hush(&crowd->bench);
    end_call(crowd, &crowd->members[0]); /* its place goes to the one that was refused, at once */
    hear_permits(crowd);
    assert_int_equal(crowd->members[2].state, MEMBER_CALLS);
    close_crowd(crowd);
}

static void rule_5_money_of_a_day_is_not_overspent(void **state)
{
    (void)state;
    const uint64_t limit = 20000;
    struct crowd *crowd = open_crowd(
        limited((struct limits){.micros_per_day = limit}, (struct limits){0}), 10, 1, 11);
    live(crowd, 2 * MINUTE_MS);
    struct scheduler_figures figures = figures_of(crowd);
    assert_true(figures.endpoints[0].used[LIMIT_MONEY] <= limit);
    assert_true(figures.endpoints[0].used[LIMIT_MONEY] * 100 >= limit * 90);
    size_t calls = crowd->call_count;
    live(crowd, MINUTE_MS);
    assert_int_equal(crowd->call_count, calls);
    assert_int_equal(crowd->degraded, 0); /* it waits: tomorrow there is money again */
    close_crowd(crowd);
}

static void rule_5_shadow_limits_are_counted_and_not_enforced(void **state)
{
    (void)state;
    const struct limits shadow = {.requests_per_minute = 10, .is_shadow = true};
    struct crowd *crowd = open_crowd(limited(shadow, shadow), 10, 1, 13);
    live(crowd, MINUTE_MS / 4);
    assert_true(crowd->call_count > 200);
    assert_true(figures_of(crowd).shadow_violations >= crowd->call_count - 20);
    assert_int_equal(figures_of(crowd).refused_permits, 0);
    close_crowd(crowd);
}

/* A server that serves 120 requests in any minute, and refuses what is more. */
enum { BORNE = 120 };
static struct {
    int64_t at_ms[MOST_CALLS];
    size_t served, refused;
} server;

static enum outcome_class bears_120(struct crowd *crowd, const struct member *member)
{
    (void)member;
    bool is_full =
        server.served >= BORNE && server.at_ms[server.served - BORNE] > now_ms(crowd) - MINUTE_MS;
    if (is_full)
        server.refused++;
    else
        server.at_ms[server.served++] = now_ms(crowd);
    return is_full ? OUTCOME_RATE_LIMITED : OUTCOME_NONE;
}

static void rule_5_what_the_server_bears_is_learned_from_its_429s(void **state)
{
    (void)state;
    const uint32_t ceilings[] = {0, 500, 2000};
    for (size_t i = 0; i < 3; i++) {
        struct crowd *crowd = open_crowd(
            limited((struct limits){.requests_per_minute = ceilings[i]}, (struct limits){0}), 10, 1,
            17);
        server.served = server.refused = 0;
        crowd->server = bears_120;
        live(crowd, 3 * MINUTE_MS);
        uint64_t limit = figures_of(crowd).endpoints[0].limits[LIMIT_REQUESTS];
        assert_in_range(limit, BORNE * 3 / 4, BORNE * 5 / 4);
        size_t served = server.served, refused = server.refused;
        live(crowd, 10 * MINUTE_MS);
        served = server.served - served;
        refused = server.refused - refused;
        assert_in_range(served * 100, 10 * BORNE * 90, 10 * BORNE * 100);
        assert_in_range(refused * 100, 1, served * 3);
        close_crowd(crowd);
    }
}

/* Asks for a pause of a minute with its first answer. */
static void rule_5_a_429_holds_the_endpoint_as_long_as_it_asks(void **state)
{
    (void)state;
    struct crowd *crowd = open_crowd(limited((struct limits){0}, (struct limits){0}), 10, 1, 19);
    live(crowd, 1000);
    struct member *member = &crowd->members[0];
    while (member->state != MEMBER_CALLS)
        live_a_step(crowd);
    struct event event = {.kind = EVENT_OUTCOME,
                          .outcome = {.outcome_class = OUTCOME_RATE_LIMITED,
                                      .was_called = true,
                                      .retry_after_ms = 40000,
                                      .server_limits = {-1, -1, -1, -1, -1, -1}}};
    event.outcome.id = attempt_of(member->job, 0, member->attempt);
    tell(&crowd->bench, event);
    live(crowd, STEP_MS);
    size_t before = crowd->call_count;
    assert_true(figures_of(crowd).endpoints[0].held_ms > 39000);
    live(crowd, 39000);
    assert_int_equal(crowd->call_count, before);
    live(crowd, 3000);
    assert_true(crowd->call_count > before);
    close_crowd(crowd);
}

/* ---- step 9 ---- */
static struct call_facts call_of(int number, int64_t granted_in_ms)
{
    struct call_facts call = {.id = attempt_of(number, 0, 1),
                              .tenant_id = "tenant0",
                              .user_id = "",
                              .endpoint = "main",
                              .epoch = 1,
                              .granted_in_ms = granted_in_ms,
                              .lease_in_ms = granted_in_ms + 37700,
                              .settled_in_ms = granted_in_ms + 400,
                              .is_settled = true,
                              .was_called = true,
                              .tokens = 1000,
                              .micros = 500};
    return call;
}

static void take_over(struct crowd *crowd, uint64_t epoch, const struct call_facts *calls,
                      size_t call_count, const struct spend_facts *spends, size_t spend_count)
{
    struct bench *b = &crowd->bench;
    tell(b, (struct event){.kind = EVENT_TIME});
    renew(b, epoch);
    beat(b, 100);
    tell(b, (struct event){.kind = EVENT_SNAPSHOT,
                           .is_answered = true,
                           .snapshot = {.epoch = epoch,
                                        .now_us = 1000000,
                                        .calls = calls,
                                        .call_count = call_count,
                                        .spends = spends,
                                        .spend_count = spend_count,
                                        .next_cursor = ""}});
}

static struct crowd *heir(struct scheduler_config config, const struct call_facts *calls,
                          size_t call_count, const struct spend_facts *spends, size_t spend_count)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    open_bench(&crowd->bench, config);
    crowd->bench.now = (struct instant){INT64_C(1000000) * CLOCK_MS};
    crowd->random = 1;
    crowd->longest_ms = 400;
    take_over(crowd, 1, calls, call_count, spends, spend_count);
    hush(&crowd->bench);
    crowd->member_count = 10;
    for (int i = 0; i < crowd->member_count; i++)
        submit_next(crowd, &crowd->members[i]);
    return crowd;
}

static void rule_5_a_new_leader_knows_what_the_old_one_used(void **state)
{
    (void)state;
    struct call_facts calls[40];
    for (int i = 0; i < 40; i++)
        calls[i] = call_of(1000 + i, -30000);
    struct crowd *crowd =
        heir(limited((struct limits){.requests_per_minute = 50}, (struct limits){0}), calls, 40,
             NULL, 0);
    assert_int_equal(figures_of(crowd).endpoints[0].used[LIMIT_REQUESTS], 40);
    assert_int_equal(figures_of(crowd).endpoints[0].used[LIMIT_TOKENS], 40000);
    live(crowd, 20000);
    assert_int_equal(crowd->call_count, 10);
    live(crowd, 15000); /* those of the old leader leave the window */
    assert_true(crowd->call_count > 40);
    close_crowd(crowd);
}

static void rule_5_nothing_of_an_older_epoch_is_counted_twice(void **state)
{
    (void)state;
    struct call_facts calls[40];
    for (int i = 0; i < 40; i++)
        calls[i] = call_of(1000 + i, -30000);
    struct crowd *crowd =
        heir(limited((struct limits){.requests_per_minute = 50}, (struct limits){0}), calls, 40,
             NULL, 0);
    live(crowd, 2000); /* its own calls are in the store's table too */
    take_over(crowd, 2, calls, 40, NULL, 0);
    assert_int_equal(figures_of(crowd).endpoints[0].used[LIMIT_REQUESTS], 40);
    assert_int_equal(figures_of(crowd).endpoints[0].used[LIMIT_IN_FLIGHT], 0);
    close_crowd(crowd);
}

static void rule_5_an_unsettled_call_counts_from_the_latest_it_can_have_begun(void **state)
{
    (void)state;
    struct call_facts calls[3] = {call_of(1, -50000), call_of(2, -50000), call_of(3, -1000)};
    calls[0].is_settled = calls[2].is_settled = false;
    calls[0].lease_in_ms = 20000; /* its call can have begun 10 s ago */
    calls[1].was_called = false;  /* settled as nothing */
    struct crowd *crowd = heir(
        limited((struct limits){.requests_per_minute = 2}, (struct limits){0}), calls, 3, NULL, 0);
    live(crowd, 51000);
    assert_int_equal(crowd->call_count, 0);
    live(crowd, 1000);
    assert_int_equal(crowd->call_count, 1);
    live(crowd, 9000);
    assert_int_equal(crowd->call_count, 1);
    live(crowd, 1500);
    assert_int_equal(crowd->call_count, 2);
    close_crowd(crowd);
}

static void rule_5_money_spent_before_the_takeover_counts_for_a_day(void **state)
{
    (void)state;
    const struct spend_facts spends[] = {{.tenant_id = "tenant0",
                                          .user_id = "",
                                          .endpoint = "",
                                          .ended_ago_ms = 3600000,
                                          .micros = 600},
                                         {.tenant_id = "",
                                          .user_id = "",
                                          .endpoint = "main",
                                          .ended_ago_ms = 7200000,
                                          .micros = 900}};
    struct call_facts call = call_of(1000, -30000);
    struct crowd *crowd = heir(limited((struct limits){0}, (struct limits){.micros_per_day = 1000}),
                               &call, 1, spends, 2);
    assert_int_equal(figures_of(crowd).endpoints[0].used[LIMIT_MONEY], 1400);
    live(crowd, 10000); /* of the tenant's 1,000 all is spent */
    assert_int_equal(crowd->call_count, 0);
    close_crowd(crowd);
}

static void rule_5_a_call_of_the_old_leader_is_settled_when_its_outcome_is_heard(void **state)
{
    (void)state;
    struct call_facts call = call_of(1000, -2000);
    call.is_settled = false;
    call.tokens = 5000;
    struct crowd *crowd =
        heir(limited((struct limits){.calls_in_flight = 1}, (struct limits){0}), &call, 1, NULL, 0);
    struct chunk_facts chunk = ready(0);
    chunk.status = CHUNK_IN_FLIGHT;
    chunk.attempt = 1;
    chunk.lease_left_ms = 30000;
    struct job_facts job = {.job_id = job_id(1000),
                            .tenant_id = "tenant0",
                            .user_id = "old",
                            .service_class = CLASS_STANDARD,
                            .status = JOB_PROCESSING,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(&crowd->bench,
         (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
    assert_int_equal(figures_of(crowd).endpoints[0].used[LIMIT_IN_FLIGHT], 1);
    live(crowd, 2000);
    assert_int_equal(crowd->call_count, 0);
    struct event event = {.kind = EVENT_OUTCOME,
                          .outcome = {.id = call.id,
                                      .was_called = true,
                                      .is_usage_known = true,
                                      .prompt_tokens = 700,
                                      .completion_tokens = 300,
                                      .server_limits = {-1, -1, -1, -1, -1, -1}}};
    tell(&crowd->bench, event);
    /* And the next one has its permit at once, at its bound. */
    assert_int_equal(figures_of(crowd).endpoints[0].used[LIMIT_TOKENS], 1000 + 2800);
    live(crowd, 2000);
    assert_true(crowd->call_count > 0);
    close_crowd(crowd);
}

/* The core says when to be woken: nothing else happens while a limit is used up. */
static void rule_5_it_asks_to_be_woken_when_a_limit_leaves_room_again(void **state)
{
    (void)state;
    struct crowd *crowd = open_crowd(
        limited((struct limits){.requests_per_minute = 5}, (struct limits){0}), 10, 1, 23);
    live(crowd, 5000);
    assert_int_equal(crowd->call_count, 5);
    struct instant wake = scheduler_next_wake(crowd->bench.core);
    assert_true(crowd->bench.now.ns < wake.ns);
    assert_true(wake.ns <= instant_plus_ms(crowd->bench.now, 1000).ns);
    close_crowd(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_5_no_minute_has_more_requests_than_the_limit_and_nearly_all_are_used),
        cmocka_unit_test(rule_5_no_minute_has_more_tokens_than_the_limit),
        cmocka_unit_test(rule_5_a_limited_tenant_does_not_hold_up_the_others),
        cmocka_unit_test(rule_5_a_lowered_limit_holds_at_once_and_a_raised_one_too),
        cmocka_unit_test(rule_5_calls_in_flight_of_a_tenant_are_bounded_and_its_places_used),
        cmocka_unit_test(rule_5_an_ask_that_is_refused_does_not_hold_up_those_behind_it),
        cmocka_unit_test(rule_5_money_of_a_day_is_not_overspent),
        cmocka_unit_test(rule_5_shadow_limits_are_counted_and_not_enforced),
        cmocka_unit_test(rule_5_what_the_server_bears_is_learned_from_its_429s),
        cmocka_unit_test(rule_5_a_429_holds_the_endpoint_as_long_as_it_asks),
        cmocka_unit_test(rule_5_a_new_leader_knows_what_the_old_one_used),
        cmocka_unit_test(rule_5_nothing_of_an_older_epoch_is_counted_twice),
        cmocka_unit_test(rule_5_an_unsettled_call_counts_from_the_latest_it_can_have_begun),
        cmocka_unit_test(rule_5_money_spent_before_the_takeover_counts_for_a_day),
        cmocka_unit_test(rule_5_a_call_of_the_old_leader_is_settled_when_its_outcome_is_heard),
        cmocka_unit_test(rule_5_it_asks_to_be_woken_when_a_limit_leaves_room_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
