/* Step 5 through the whole core: what an answer tells, what is said when, and who comes first. */
#include "bench_for_test.h"

static struct scheduler_figures figures_of(const struct bench *b)
{
    struct scheduler_figures figures;
    scheduler_figures(b->core, &figures);
    return figures;
}

static void step_5_a_permit_tells_how_long_the_lease_and_it_last(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    uint32_t lease_ms = b.items[0].lease_ms;
    pass(&b, 1000);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    const struct action *answer = last(&b, ACTION_ANSWER);
    assert_int_equal(answer->answer.lease_left_ms, lease_ms - 1000);
    assert_int_equal(answer->answer.life_ms, b.config.permit_life_ms);
    assert_int_equal(answer->answer.ask_number, 1);
    assert_int_equal(figures_of(&b).drops, 0);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 2), "hands"), -1);
    assert_int_equal(figures_of(&b).drops, 1);
    assert_int_equal(last(&b, ACTION_ANSWER)->answer.lease_left_ms, 0);
    close_bench(&b);
}

/* Of a permit that is used at the end of its life, a call as long as one may be is over half a
 * second before the attempt's lease is: so long what it brought may be on its way to the store. */
static void step_5_a_permitted_call_ends_half_a_second_before_its_lease_at_the_latest(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    pass(&b, b.config.grant_wait_ms); /* the last moment for the permit */
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    const struct action *answer = last(&b, ACTION_ANSWER);
    assert_int_equal(answer->answer.lease_left_ms - answer->answer.life_ms - b.config.call_limit_ms,
                     500);
    close_bench(&b);
}

static void step_4_a_dispatch_is_forgotten_once(void **state)
{
    (void)state;
    for (int is_permitted = 0; is_permitted < 2; is_permitted++) {
        struct bench b;
        open_bench(&b, config_with(10));
        lead(&b);
        submit(&b, 1, "ann", 1);
        grant_all(&b);
        hush(&b);
        if (is_permitted) {
            ask(&b, attempt_of(1, 0, 1), "hands");
            assert_int_equal(said(&b, ACTION_FORGET), 1);
            assert_string_equal(last(&b, ACTION_FORGET)->dispatch.id.job_id, job_id(1));
        }
        outcome(&b, attempt_of(1, 0, 1));
        struct chunk_facts chunk = done(0);
        happen(&b, 1, "ann", 2, JOB_COMPLETED, &chunk);
        assert_int_equal(said(&b, ACTION_FORGET), 1);
        close_bench(&b);
    }
}

/* A burst's grant is older than another user's, and there is room for one of the two calls. */
static void rule_1_a_burst_stands_behind_others_for_room_under_a_limit(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(10);
    config.user_burst = 2;
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 2);
    assert_int_equal(grant_all(&b), 2);
    submit(&b, 2, "bob", 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    struct control_facts limit = {.scope = SCOPE_ENDPOINT,
                                  .tenant_id = "",
                                  .name = "main",
                                  .message = "",
                                  .has_limits = true,
                                  .limits.calls_in_flight = 1,
                                  .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &limit});
    assert_int_equal(ask_now(&b, attempt_of(1, 1, 1), "hands"), 0);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    hush(&b);
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(said(&b, ACTION_ANSWER), 1);
    assert_string_equal(last(&b, ACTION_ANSWER)->answer.id.job_id, job_id(2));
    hush(&b);
    outcome(&b, attempt_of(2, 0, 1));
    assert_int_equal(said(&b, ACTION_ANSWER), 1);
    assert_string_equal(last(&b, ACTION_ANSWER)->answer.id.job_id, job_id(1));
    close_bench(&b);
}

/* Of calls of 100 ms three come to an end while a grant is made. */
static void rule_2_grants_ahead_grow_as_calls_get_shorter(void **state)
{
    (void)state;
    const struct {
        int64_t call_ms;
        size_t ahead;
    } cases[] = {{1000, 2}, {100, 5}, {10, 12}, {0, 12}}; /* never more than there are slots */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        open_bench(&b, config_with(10));
        lead(&b);
        for (int job = 1; job <= 100; job++) {
            submit(&b, job, "ann", 1);
            grant_all(&b);
            assert_int_equal(ask_now(&b, attempt_of(job, 0, 1), "hands"), 1);
            pass(&b, cases[i].call_ms);
            outcome(&b, attempt_of(job, 0, 1));
            struct chunk_facts chunk = done(0);
            happen(&b, job, "ann", 2, JOB_COMPLETED, &chunk);
            hush(&b);
        }
        for (int job = 200; job < 240; job++) {
            char user[16];
            snprintf(user, sizeof user, "user-%d", job);
            submit(&b, job, user, 1);
        }
        assert_int_equal(grant_all(&b), 1);
        assert_int_equal(b.item_count, 10 + cases[i].ahead - 1);
        close_bench(&b);
    }
}

/* Ten slots, and two ahead of calls of a second. */
static void rule_2_while_more_than_half_of_what_is_wanted_waits_nothing_is_asked_for(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    for (int job = 1; job <= 20; job++) {
        char user[16];
        snprintf(user, sizeof user, "user-%d", job);
        submit(&b, job, user, 1);
        assert_int_equal(grant_all(&b), job <= 7);
    }
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1); /* six wait, of eleven */
    assert_int_equal(b.item_count, 0);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1); /* five, of ten */
    assert_int_equal(b.item_count, 5);
    close_bench(&b);
}

static void rule_12_the_first_permit_of_a_job_ends_its_waiting(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 2);
    grant_all(&b);
    assert_int_equal(said(&b, ACTION_SERVED), 0);
    pass(&b, 700);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    assert_int_equal(said(&b, ACTION_SERVED), 1);
    assert_int_equal(last(&b, ACTION_SERVED)->waited_ms, 700);
    outcome(&b, attempt_of(1, 0, 1));
    struct chunk_facts chunk = done(0);
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 1, 1), "hands"), 1);
    assert_int_equal(said(&b, ACTION_SERVED), 0);
    close_bench(&b);
}

static int ask_free(struct bench *b, const char *instance)
{
    struct event event = {.kind = EVENT_PERMIT_ASK,
                          .ask = {.id = attempt_of(1, 0, 1), .ask_number = 1, .is_free = true}};
    strcpy(event.ask.instance_id, instance);
    hush(b);
    tell(b, event);
    return last(b, ACTION_ANSWER)->answer.is_permitted ? 1 : -1;
}

static void step_5_a_free_permit_is_of_one_instance_and_counts_once(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask_free(&b, "hands"), 1);
        assert_int_equal(figures_of(&b).permits_free, 1);
        assert_int_equal(figures_of(&b).calls, 0);
    }
    assert_int_equal(ask_free(&b, "others"), -1);
    close_bench(&b);
}

static void step_5_a_permit_is_given_again_while_there_is_time_for_the_call(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 1);
    grant_all(&b);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    assert_int_equal(figures_of(&b).permits_repeated, 1);
    b.now = instant_plus_ms(b.now, 1300); /* our own lease lasts for 1,200 ms */
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    b.now = instant_plus_ms(b.now, 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 0);
    pass(&b, b.config.grant_wait_ms - 1301);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    pass(&b, 1); /* the attempt's lease has no room for a whole call */
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 0);
    assert_int_equal(figures_of(&b).permits_repeated, 3);
    close_bench(&b);
}

static void rule_2_the_calls_of_all_are_bounded_beside_the_users(void **state)
{
    (void)state;
    const uint32_t cases[][2] = {{0, 10}, {3, 3}, {10, 10}, {20, 10}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scheduler_config config = config_with(10);
        config.max_calls = cases[i][0];
        struct bench b;
        open_bench(&b, config);
        assert_int_equal(figures_of(&b).call_cap, cases[i][1]);
        close_bench(&b);
    }
}

static void rule_9_what_is_asked_for_is_not_published_again(void **state)
{
    (void)state;
    for (int is_asked_for = 0; is_asked_for < 2; is_asked_for++) {
        struct bench b;
        open_bench(&b, config_with(1));
        lead(&b);
        submit(&b, 1, "ann", 1);
        submit(&b, 2, "bob", 1);
        grant_all(&b);
        grant_all(&b);
        ask(&b, attempt_of(1, 0, 1), "hands");
        assert_false(last(&b, ACTION_DISPATCH)->dispatch.is_again);
        pass(&b, 2900);
        if (is_asked_for)
            assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0); /* no room yet */
        hush(&b);
        pass(&b, 200);
        assert_int_equal(said(&b, ACTION_DISPATCH), is_asked_for ? 0 : 1);
        assert_int_equal(figures_of(&b).republished, is_asked_for ? 0 : 1);
        if (!is_asked_for)
            assert_true(last(&b, ACTION_DISPATCH)->dispatch.is_again);
        close_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_5_a_permit_tells_how_long_the_lease_and_it_last),
        cmocka_unit_test(rule_12_the_first_permit_of_a_job_ends_its_waiting),
        cmocka_unit_test(step_5_a_free_permit_is_of_one_instance_and_counts_once),
        cmocka_unit_test(step_5_a_permit_is_given_again_while_there_is_time_for_the_call),
        cmocka_unit_test(step_5_a_permitted_call_ends_half_a_second_before_its_lease_at_the_latest),
        cmocka_unit_test(step_4_a_dispatch_is_forgotten_once),
        cmocka_unit_test(rule_1_a_burst_stands_behind_others_for_room_under_a_limit),
        cmocka_unit_test(rule_2_the_calls_of_all_are_bounded_beside_the_users),
        cmocka_unit_test(rule_9_what_is_asked_for_is_not_published_again),
        cmocka_unit_test(rule_2_while_more_than_half_of_what_is_wanted_waits_nothing_is_asked_for),
        cmocka_unit_test(rule_2_grants_ahead_grow_as_calls_get_shorter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
