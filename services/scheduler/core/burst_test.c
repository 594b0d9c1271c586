/* Rule 1: a user may have more than one chunk in flight only while nobody else waits. */
#include "bench_for_test.h"

static struct scheduler_config config_of(uint32_t slots, uint32_t burst)
{
    struct scheduler_config config = config_with(slots);
    config.user_burst = burst;
    return config;
}

static void commit(struct bench *b, int job, const char *user, uint32_t event, uint32_t chunk)
{
    struct chunk_facts facts = done(chunk);
    outcome(b, attempt_of(job, chunk, 1));
    happen(b, job, user, event, JOB_PROCESSING, &facts);
}

/* Of all that is asked for now. */
static uint64_t lanes_of(const struct bench *b)
{
    uint64_t lanes = 0;
    for (size_t i = 0; i < b->item_count; i++)
        lanes |= UINT64_C(1) << b->items[i].lane;
    return lanes;
}

static void rule_1_a_lone_user_gets_a_lane_for_each_chunk_of_its_burst(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(10, 4));
    lead(&b);
    submit(&b, 1, "ann", 9);
    assert_int_equal(b.item_count, 4);
    assert_int_equal(lanes_of(&b), 1 | 4 | 8 | 16);
    grant_all(&b);
    assert_int_equal(b.item_count, 0);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(ask_now(&b, attempt_of(1, i, 1), "hands"), 1);
    commit(&b, 1, "ann", 2, 2); /* lane 3 is free again */
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].lane, 3);
    close_bench(&b);
}

static void rule_1_the_lanes_of_a_burst_are_those_its_user_has_left(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(10, 3));
    lead(&b);
    submit(&b, 1, "ann", 1);
    assert_int_equal(grant_all(&b), 1);
    submit(&b, 2, "ann", 9);
    assert_int_equal(b.item_count, 2);
    assert_int_equal(lanes_of(&b), 4 | 8); /* beside the call that is granted */
    grant_all(&b);
    submit(&b, 3, "bob", 9);
    assert_int_equal(b.item_count, 3);
    assert_int_equal(lanes_of(&b), 1 | 4 | 8);
    close_bench(&b);
}

static void rule_1_there_is_no_burst_unless_it_is_allowed(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 9);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

static void rule_1_a_burst_leaves_slots_to_whoever_comes(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(3, 8));
    lead(&b);
    submit(&b, 1, "ann", 20);
    assert_int_equal(grant_all(&b), 3); /* no further than there are slots, and none ahead */
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(ask_now(&b, attempt_of(1, i, 1), "hands"), 1);
    submit(&b, 2, "bob", 5);
    assert_int_equal(grant_all(&b), 1); /* ahead */
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    hush(&b);
    commit(&b, 1, "ann", 2, 1); /* one chunk, and the slot is bob's */
    assert_non_null(last(&b, ACTION_ANSWER));
    assert_string_equal(last(&b, ACTION_ANSWER)->answer.id.job_id, job_id(2));
    assert_int_equal(b.item_count, 0);
    outcome(&b, attempt_of(2, 0, 1)); /* bob goes on: his slot is not ann's meanwhile */
    assert_int_equal(b.item_count, 0);
    struct chunk_facts facts = done(0);
    happen(&b, 2, "bob", 2, JOB_PROCESSING, &facts);
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(2));
    close_bench(&b);
}

static void rule_1_a_burst_shrinks_as_others_come(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(3, 8));
    lead(&b);
    submit(&b, 1, "ann", 30);
    grant_all(&b);
    for (uint32_t i = 0; i < 3; i++)
        ask(&b, attempt_of(1, i, 1), "hands");
    const char *users[] = {"bob", "cem", "dan"};
    for (int i = 0; i < 3; i++)
        submit(&b, i + 2, users[i], 9);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(grant_all(&b), 1); /* two ahead of need */
    ask(&b, attempt_of(2, 0, 1), "hands");
    ask(&b, attempt_of(3, 0, 1), "hands");
    for (uint32_t i = 0; i < 3; i++) { /* as each call of ann's ends another one's begins */
        hush(&b);
        commit(&b, 1, "ann", i + 2, i);
        if (i == 0) {
            assert_int_equal(grant_all(&b), 1);
            ask(&b, attempt_of(4, 0, 1), "hands");
        }
        assert_int_equal(said(&b, ACTION_ANSWER), 1);
        assert_string_equal(last(&b, ACTION_ANSWER)->answer.id.job_id, job_id((int)i + 2));
    }
    grant_all(&b);
    hush(&b);
    ask(&b, attempt_of(1, 3, 1), "hands"); /* her next one waits, and there is one alone */
    assert_int_equal(said(&b, ACTION_ANSWER), 0);
    assert_int_equal(b.item_count, 0);
    close_bench(&b);
}

static void rule_1_a_burst_that_waits_for_its_permit_delays_nobody(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(2, 8));
    lead(&b);
    submit(&b, 1, "ann", 20);
    assert_int_equal(grant_all(&b), 2);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    submit(&b, 2, "bob", 1); /* before the second one has its permit */
    assert_int_equal(b.item_count, 1);
    struct batch_answer answer = granted(&b.items[0], 1);
    answer_batch(&b, &answer);
    assert_int_equal(b.item_count, 1); /* it is taken back */
    assert_int_equal(b.items[0].operation, BATCH_RELEASE);
    assert_int_equal(b.items[0].id.chunk_number, 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 1, 1), "hands"), -1);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    close_bench(&b);
}

static void rule_1_several_users_burst_alike(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(6, 8));
    lead(&b);
    tell(&b, (struct event){.kind = EVENT_TIME});
    submit(&b, 1, "ann", 20); /* six at once are asked for; bob's comes with the next batch */
    grant_all(&b);
    for (uint32_t i = 0; i < 6; i++)
        ask(&b, attempt_of(1, i, 1), "hands");
    submit(&b, 2, "bob", 20);
    grant_all(&b);
    ask(&b, attempt_of(2, 0, 1), "hands");
    uint32_t next[] = {0, 0, 1}, ended = 0;
    for (uint32_t event = 2; ended < 4; event++) { /* ann's end; each slot goes to who has less */
        commit(&b, 1, "ann", event, ended++);
        for (size_t i = 0; i < b.item_count; i++)
            next[2] += strcmp(b.items[i].id.job_id, job_id(2)) == 0;
        size_t count = b.item_count;
        struct batch_item items[MOST_ITEMS];
        memcpy(items, b.items, sizeof items);
        grant_all(&b);
        for (size_t i = 0; i < count; i++) {
            struct attempt_id id = items[i].id;
            id.attempt = 1;
            ask(&b, id, "hands");
        }
    }
    assert_int_equal(next[2], 3); /* half of the six */
    close_bench(&b);
}

static void rule_1_operators_set_the_burst_of_a_tenant_and_of_a_user(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    struct control_facts facts = {.scope = SCOPE_TENANT,
                                  .tenant_id = "acme",
                                  .name = "",
                                  .message = "",
                                  .burst = 3,
                                  .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
    submit(&b, 1, "ann", 9);
    assert_int_equal(grant_all(&b), 3);
    facts = (struct control_facts){.scope = SCOPE_USER,
                                   .tenant_id = "acme",
                                   .name = "ann",
                                   .message = "",
                                   .burst = 5,
                                   .version = 2};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
    assert_int_equal(grant_all(&b), 2); /* at once */
    facts.burst = 1;
    facts.version = 3;
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
    commit(&b, 1, "ann", 2, 0);
    assert_int_equal(b.item_count, 0);
    close_bench(&b);
}

static void rule_1_a_new_leader_knows_the_lanes_that_are_taken(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(10, 3));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    beat(&b, 100);
    struct chunk_facts chunks[4];
    for (uint32_t i = 0; i < 4; i++)
        chunks[i] = ready(i);
    chunks[0].status = chunks[1].status = CHUNK_IN_FLIGHT;
    chunks[0].attempt = chunks[1].attempt = 1;
    chunks[0].lease_left_ms = chunks[1].lease_left_ms = 20000;
    chunks[1].lane = 2;
    struct job_facts job = {.job_id = job_id(1),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = CLASS_STANDARD,
                            .status = JOB_PROCESSING,
                            .chunks = chunks,
                            .chunk_count = 4};
    answer_snapshot(&b, 1, &job, 1);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].lane, 3);
    close_bench(&b);
}

static void rule_1_a_split_takes_no_lane_from_who_has_it(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(10, 3));
    lead(&b);
    submit(&b, 1, "ann", 6);
    assert_int_equal(grant_all(&b), 3); /* in the lanes 0, 2 and 3 */
    struct chunk_facts spent = failed(1, 3);
    spent.number = 1;
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &spent);
    assert_int_equal(b.items[0].operation, BATCH_SPLIT);
    struct batch_answer busy = {.result = RESULT_BUSY, .job_status = JOB_PROCESSING};
    answer_batch(&b, &busy);
    assert_int_equal(b.items[0].operation, BATCH_GRANT); /* meanwhile its lane is given away */
    assert_int_equal(b.items[0].lane, 2);
    grant_all(&b);
    hush(&b);
    pass(&b, 600);
    assert_int_equal(b.items[0].operation, BATCH_SPLIT);
    struct batch_answer split = {
        .result = RESULT_SPLIT, .job_status = JOB_PROCESSING, .chunk = done(1)};
    answer_batch(&b, &split);
    commit(&b, 1, "ann", 3, 2);
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].lane, 3);
    close_bench(&b);
}

static void rule_1_a_raised_burst_of_a_tenant_counts_at_once(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    lead(&b);
    submit(&b, 1, "ann", 9);
    assert_int_equal(grant_all(&b), 1);
    struct control_facts facts = {.scope = SCOPE_TENANT,
                                  .tenant_id = "acme",
                                  .name = "",
                                  .message = "",
                                  .burst = 3,
                                  .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
    assert_int_equal(b.item_count, 2);
    close_bench(&b);
}

static void set_tenant(struct bench *b, uint32_t burst, enum control_state state, uint64_t version)
{
    struct control_facts facts = {.scope = SCOPE_TENANT,
                                  .tenant_id = "acme",
                                  .name = "",
                                  .message = "",
                                  .burst = burst,
                                  .state = state,
                                  .version = version,
                                  .is_removed = burst == 0 && state == CONTROL_OPEN};
    tell(b, (struct event){.kind = EVENT_CONTROL, .control = &facts});
}

static void rule_1_a_tenant_that_is_opened_again_bursts_at_once(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(10, 3));
    lead(&b);
    submit(&b, 1, "ann", 9);
    assert_int_equal(grant_all(&b), 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(ask_now(&b, attempt_of(1, i, 1), "hands"), 1);
    set_tenant(&b, 0, CONTROL_HELD, 1);
    commit(&b, 1, "ann", 2, 1);
    assert_int_equal(b.item_count, 0);
    set_tenant(&b, 0, CONTROL_OPEN, 2);
    assert_int_equal(b.item_count, 1);
    close_bench(&b);
}

static void rule_1_what_no_operator_sets_is_as_configured(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_of(10, 3));
    lead(&b);
    set_tenant(&b, 1, CONTROL_OPEN, 1);
    submit(&b, 1, "ann", 9);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(b.item_count, 0);
    set_tenant(&b, 0, CONTROL_OPEN, 2); /* removed */
    assert_int_equal(b.item_count, 2);
    close_bench(&b);
}

static void rule_1_no_two_chunks_of_the_widest_burst_want_one_lane(void **state)
{
    (void)state;
    struct scheduler_config config = config_of(64, 64);
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    submit(&b, 1, "ann", 64);
    assert_int_equal(b.item_count, 62);
    assert_true(lanes_of(&b) == (UINT64_MAX >> 1 & ~UINT64_C(2)));
    grant_all(&b);
    for (uint32_t i = 0; i < 62; i++)
        assert_int_equal(ask_now(&b, attempt_of(1, i, 1), "hands"), 1);
    hush(&b);
    commit(&b, 1, "ann", 2, 0); /* its own lane is for when nothing else of it is in flight */
    assert_int_equal(b.item_count, 1);
    assert_int_equal(b.items[0].lane, 63);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_1_a_lone_user_gets_a_lane_for_each_chunk_of_its_burst),
        cmocka_unit_test(rule_1_the_lanes_of_a_burst_are_those_its_user_has_left),
        cmocka_unit_test(rule_1_there_is_no_burst_unless_it_is_allowed),
        cmocka_unit_test(rule_1_a_burst_leaves_slots_to_whoever_comes),
        cmocka_unit_test(rule_1_a_burst_shrinks_as_others_come),
        cmocka_unit_test(rule_1_a_burst_that_waits_for_its_permit_delays_nobody),
        cmocka_unit_test(rule_1_several_users_burst_alike),
        cmocka_unit_test(rule_1_operators_set_the_burst_of_a_tenant_and_of_a_user),
        cmocka_unit_test(rule_1_a_new_leader_knows_the_lanes_that_are_taken),
        cmocka_unit_test(rule_1_a_split_takes_no_lane_from_who_has_it),
        cmocka_unit_test(rule_1_a_raised_burst_of_a_tenant_counts_at_once),
        cmocka_unit_test(rule_1_a_tenant_that_is_opened_again_bursts_at_once),
        cmocka_unit_test(rule_1_what_no_operator_sets_is_as_configured),
        cmocka_unit_test(rule_1_no_two_chunks_of_the_widest_burst_want_one_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
