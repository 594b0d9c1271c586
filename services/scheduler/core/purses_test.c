/* Rule 5 of single users: what counts when their limits are set, what is forgotten, and when they
 * are looked at again. */
#include "bench_for_test.h"
#include "state.h"

static struct scheduler_config quiet(void)
{
    struct scheduler_config config = config_with(10);
    config.lead_lease_ms = config.reread_ms = config.heal_ms = config.silent_ms = 1000000;
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    return config;
}

static void begin(struct bench *b)
{
    open_bench(b, quiet());
    lead(b);
}

static void limit(struct bench *b, const char *user, uint64_t version, struct limits limits)
{
    struct control_facts control = {.scope = SCOPE_USER,
                                    .tenant_id = "acme",
                                    .name = user,
                                    .message = "",
                                    .has_limits = true,
                                    .limits = limits,
                                    .version = version};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &control});
}

static void lift(struct bench *b, const char *user, uint64_t version)
{
    struct control_facts control = {.scope = SCOPE_USER,
                                    .tenant_id = "acme",
                                    .name = user,
                                    .message = "",
                                    .version = version,
                                    .is_removed = true};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &control});
}

static int ask_for(struct bench *b, int job)
{
    return ask_now(b, attempt_of(job, 0, 1), "hands");
}

static void end_call(struct bench *b, int job)
{
    tell(b, (struct event){.kind = EVENT_OUTCOME,
                           .outcome = {.id = attempt_of(job, 0, 1), .was_called = true}});
}

static void complete(struct bench *b, int job, const char *user)
{
    struct chunk_facts chunk = done(0);
    happen(b, job, user, 2, JOB_COMPLETED, &chunk);
}

static void rule_5_a_user_whose_id_is_one_letter_is_limited_too(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    limit(&b, "a", 1, (struct limits){.calls_in_flight = 1});
    submit_as(&b, 1, "a", CLASS_INTERACTIVE, 1);
    submit(&b, 2, "a", 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_for(&b, 1), 1);
    assert_int_equal(ask_for(&b, 2), 0);
    close_bench(&b);
}

static void rule_5_a_call_that_runs_is_in_flight_under_a_limit_that_is_set_then(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_for(&b, 1), 1);
    limit(&b, "ann", 1, (struct limits){.calls_in_flight = 1});
    submit_as(&b, 2, "ann", CLASS_INTERACTIVE, 1);
    grant_all(&b);
    assert_int_equal(ask_for(&b, 2), 0);
    hush(&b);
    end_call(&b, 1);
    assert_true(last(&b, ACTION_ANSWER)->answer.is_permitted); /* the one that is parked */
    close_bench(&b);
}

/* The store has not yet answered the batch with the first. */
static void rule_5_a_grant_that_is_asked_for_counts_under_a_limit_that_is_set_then(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    submit(&b, 1, "ann", 1);
    assert_int_equal(b.item_count, 1);
    submit_as(&b, 2, "ann", CLASS_INTERACTIVE, 1);
    limit(&b, "ann", 1, (struct limits){.requests_per_minute = 1});
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(b.item_count, 0); /* there is no room for the second */
    assert_int_equal(ask_for(&b, 1), 1);
    close_bench(&b);
}

/* Two of the batch before the one that is outstanding; it counts them as calls, and nothing more.
 */
static void rule_5_grants_of_an_older_batch_do_not_count_twice(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    submit(&b, 10, "bob", 1); /* the others go into one batch behind it */
    submit(&b, 1, "ann", 1);
    submit_as(&b, 2, "ann", CLASS_INTERACTIVE, 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(grant_all(&b), 2);
    assert_int_equal(ask_for(&b, 1), 1);
    assert_int_equal(ask_for(&b, 2), 1);
    submit(&b, 11, "cem", 1);
    assert_int_equal(b.item_count, 1);
    limit(&b, "ann", 1, (struct limits){.requests_per_minute = 3});
    assert_int_equal(grant_all(&b), 1);
    end_call(&b, 1);
    complete(&b, 1, "ann");
    submit(&b, 3, "ann", 1);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

static void rule_5_a_limited_user_goes_on_in_both_lanes_when_there_is_room(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    limit(&b, "ann", 1, (struct limits){.requests_per_minute = 2});
    for (int job = 1; job <= 2; job++) {
        submit(&b, job, "ann", 1);
        grant_all(&b);
        assert_int_equal(ask_for(&b, job), 1);
        end_call(&b, job);
        complete(&b, job, "ann");
    }
    submit_as(&b, 3, "ann", CLASS_INTERACTIVE, 1);
    submit(&b, 4, "ann", 1);
    assert_int_equal(b.item_count, 0);
    struct scheduler_figures figures;
    scheduler_figures(b.core, &figures);
    assert_int_equal(figures.limited_users, 1);
    pass(&b, 63000);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_for(&b, 3), 1);
    assert_int_equal(ask_for(&b, 4), 1);
    close_bench(&b);
}

/* Nothing else is to be done before. */
static void rule_5_the_core_wakes_to_look_at_a_limited_user_again(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    limit(&b, "ann", 1, (struct limits){.requests_per_minute = 1});
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_for(&b, 1), 1);
    end_call(&b, 1);
    complete(&b, 1, "ann");
    assert_true(instant_ms_between(b.now, scheduler_next_wake(b.core)) > 1000);
    submit(&b, 2, "ann", 1);
    assert_int_equal(b.item_count, 0);
    assert_int_equal(instant_ms_between(b.now, scheduler_next_wake(b.core)), 1000);
    close_bench(&b);
}

static struct call_facts call_alone(int number, const char *user)
{
    return (struct call_facts){.id = attempt_of(number, 0, 1),
                               .tenant_id = "acme",
                               .user_id = user,
                               .endpoint = "",
                               .granted_in_ms = -2000,
                               .settled_in_ms = -1000,
                               .is_settled = true,
                               .was_called = true,
                               .is_of_user_alone = true,
                               .tokens = 1000};
}

/* A model is told what limited users have used apart from what all have. */
static void rule_12_what_a_model_is_told_of_a_user_alone_counts_nowhere_else(void **state)
{
    (void)state;
    const struct control_facts control = {.scope = SCOPE_USER,
                                          .tenant_id = "acme",
                                          .name = "ann",
                                          .message = "",
                                          .has_limits = true,
                                          .limits = {.requests_per_minute = 2},
                                          .version = 1};
    const struct call_facts calls[] = {call_alone(100, "ann"), call_alone(101, "bob")};
    struct bench b;
    open_bench(&b, quiet());
    b.now = instant_plus_ms(b.now, 1000000);
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    beat(&b, 100);
    tell(&b, (struct event){.kind = EVENT_SNAPSHOT,
                            .is_answered = true,
                            .snapshot = {.epoch = 1,
                                         .now_us = 1000000,
                                         .calls = calls,
                                         .call_count = 2,
                                         .controls = &control,
                                         .control_count = 1,
                                         .next_cursor = ""}});
    struct scheduler_figures figures;
    scheduler_figures(b.core, &figures);
    assert_int_equal(figures.endpoints[0].used[LIMIT_REQUESTS], 0);
    submit(&b, 1, "ann", 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_for(&b, 1), 1);
    submit_as(&b, 2, "ann", CLASS_INTERACTIVE, 1);
    assert_int_equal(b.item_count, 0); /* that would be the third in this minute */
    close_bench(&b);
}

/* When there are as many as there may be controls; of who is limited it is kept. */
static void rule_5_what_users_used_whose_limits_were_lifted_is_forgotten_in_the_end(void **state)
{
    (void)state;
    enum { STAYS = 5000 };
    struct bench b;
    begin(&b);
    for (uint64_t version = 1; version <= 2; version++)
        for (int i = 0; i < MOST_CONTROLS; i++) {
            char user[16] = "z";
            if (i != STAYS)
                snprintf(user, sizeof user, "user%d", i);
            if (version == 1)
                limit(&b, user, version, (struct limits){.requests_per_minute = 1});
            else if (i != STAYS)
                lift(&b, user, version);
            hush(&b);
        }
    assert_int_equal(b.core->budget.user_purse_count, MOST_CONTROLS);
    limit(&b, "ann", 3, (struct limits){.requests_per_minute = 1});
    assert_int_equal(b.core->budget.user_purse_count, 2);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_5_a_user_whose_id_is_one_letter_is_limited_too),
        cmocka_unit_test(rule_5_a_call_that_runs_is_in_flight_under_a_limit_that_is_set_then),
        cmocka_unit_test(rule_5_a_grant_that_is_asked_for_counts_under_a_limit_that_is_set_then),
        cmocka_unit_test(rule_5_grants_of_an_older_batch_do_not_count_twice),
        cmocka_unit_test(rule_5_a_limited_user_goes_on_in_both_lanes_when_there_is_room),
        cmocka_unit_test(rule_5_the_core_wakes_to_look_at_a_limited_user_again),
        cmocka_unit_test(rule_12_what_a_model_is_told_of_a_user_alone_counts_nowhere_else),
        cmocka_unit_test(rule_5_what_users_used_whose_limits_were_lifted_is_forgotten_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
