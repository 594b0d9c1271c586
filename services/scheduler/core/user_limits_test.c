/* Rule 5 of single users, through the whole core. */
#include "crowd_for_test.h"

enum { MINUTE_MS = 60000, LIMITED = 3 /* the member */ };

static struct scheduler_figures figures_of(const struct bench *bench)
{
    struct scheduler_figures figures;
    scheduler_figures(bench->core, &figures);
    return figures;
}

static struct scheduler_config priced(uint32_t cap)
{
    struct scheduler_config config = config_with(cap);
    config.endpoint_count = 1;
    strcpy(config.endpoints[0].name, "main");
    config.endpoints[0].prompt_nanos = 150;
    config.endpoints[0].completion_nanos = 600;
    return config;
}

static struct control_facts control_of(const char *tenant, const char *user, struct limits limits)
{
    static uint64_t version;
    return (struct control_facts){.scope = SCOPE_USER,
                                  .tenant_id = tenant,
                                  .name = user,
                                  .message = "",
                                  .has_limits = true,
                                  .limits = limits,
                                  .version = ++version};
}

static void limit(struct bench *bench, const char *tenant, const char *user, struct limits limits)
{
    struct control_facts control = control_of(tenant, user, limits);
    tell(bench, (struct event){.kind = EVENT_CONTROL, .control = &control});
}

static void lift(struct bench *bench, const char *tenant, const char *user)
{
    struct control_facts control = control_of(tenant, user, (struct limits){0});
    control.has_limits = false;
    control.is_removed = true;
    tell(bench, (struct event){.kind = EVENT_CONTROL, .control = &control});
}

/* Members 1, 3, 5 .. are of tenant1, if there are two. */
static void limit_member(struct crowd *crowd, struct limits limits)
{
    char tenant[16];
    snprintf(tenant, sizeof(tenant), "tenant%d", crowd->members[LIMITED].tenant);
    limit(&crowd->bench, tenant, "user3", limits);
}

static size_t calls_of_member(const struct crowd *crowd, int member)
{
    size_t count = 0;
    for (size_t i = 0; i < crowd->call_count; i++)
        count += crowd->calls[i].member == member;
    return count;
}

static struct explanation explain(struct bench *bench, int job)
{
    struct event why = {.kind = EVENT_WAITING_ASK};
    strcpy(why.waiting.job_id, job_id(job));
    tell(bench, why);
    return last(bench, ACTION_EXPLAIN)->explain.told;
}

static void
rule_5_no_minute_of_a_user_has_more_requests_than_its_limit_and_nearly_all_are_used(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        uint32_t most = 20 + (uint32_t)seed * 10;
        struct crowd *crowd = open_crowd(priced(20), 6, 2, seed);
        limit_member(crowd, (struct limits){.requests_per_minute = most});
        live(crowd, 4 * MINUTE_MS);
        assert_true(most_of_them_in_a_minute(crowd, -1, LIMITED).requests <= most);
        assert_true(calls_of_member(crowd, LIMITED) * 100 >= (size_t)most * 4 * 95);
        close_crowd(crowd);
    }
}

static void rule_5_no_minute_of_a_user_has_more_tokens_than_its_limit(void **state)
{
    (void)state;
    const uint64_t most = 30000;
    struct crowd *crowd = open_crowd(priced(20), 6, 2, 7);
    limit_member(crowd, (struct limits){.tokens_per_minute = most});
    live(crowd, 4 * MINUTE_MS);
    assert_true(most_of_them_in_a_minute(crowd, -1, LIMITED).tokens <= most);
    uint64_t used = 0;
    for (size_t i = 0; i < crowd->call_count; i++)
        used += crowd->calls[i].member == LIMITED ? crowd->calls[i].tokens : 0;
    assert_true(used * 100 >= most * 4 * 80); /* bounds are settled to what was used */
    close_crowd(crowd);
}

/* Fewer slots than users: what the limited one does not take, the others have. */
static void expect_others_are_not_held_up(enum fairness fairness)
{
    size_t calls[2];
    for (int is_limited = 0; is_limited < 2; is_limited++) {
        struct scheduler_config config = priced(5);
        config.fairness = fairness;
        struct crowd *crowd = open_crowd(config, 10, 1, 3);
        if (is_limited)
            limit_member(crowd, (struct limits){.requests_per_minute = 6});
        live(crowd, MINUTE_MS + MINUTE_MS / 2);
        calls[is_limited] = crowd->call_count;
        size_t least = SIZE_MAX, most = 0;
        for (int i = 0; i < crowd->member_count; i++) {
            size_t count = calls_of_member(crowd, i);
            if (is_limited && i == LIMITED)
                continue;
            least = count < least ? count : least;
            most = count > most ? count : most;
        }
        assert_true(least * 100 >= most * 90);
        if (is_limited)
            assert_in_range(calls_of_member(crowd, LIMITED), 11, 12);
        close_crowd(crowd);
    }
    assert_true(calls[1] * 100 >= calls[0] * 98);
}

static void rule_5_a_user_that_has_used_up_its_limit_does_not_hold_up_the_others(void **state)
{
    (void)state;
    expect_others_are_not_held_up(FAIRNESS_SOJOURN);
    expect_others_are_not_held_up(FAIRNESS_ROUND_ROBIN);
    expect_others_are_not_held_up(FAIRNESS_FIFO);
}

static void
rule_5_a_lowered_limit_of_a_user_holds_at_once_and_a_raised_or_lifted_one_too(void **state)
{
    (void)state;
    struct crowd *crowd = open_crowd(priced(20), 10, 1, 5);
    limit_member(crowd, (struct limits){.requests_per_minute = 600});
    live(crowd, MINUTE_MS / 4);
    size_t before = calls_of_member(crowd, LIMITED);
    assert_true(before > 30);
    limit_member(crowd, (struct limits){.requests_per_minute = 20});
    live(crowd, MINUTE_MS / 2);
    assert_int_equal(calls_of_member(crowd, LIMITED), before);
    assert_int_equal(figures_of(&crowd->bench).limited_users, 1);
    limit_member(crowd, (struct limits){.requests_per_minute = 700});
    live(crowd, STEP_MS);
    assert_int_equal(figures_of(&crowd->bench).limited_users, 0);
    live(crowd, 1000);
    assert_true(calls_of_member(crowd, LIMITED) > before);
    limit_member(crowd, (struct limits){.requests_per_minute = 1});
    live(crowd, 2000);
    before = calls_of_member(crowd, LIMITED);
    lift(&crowd->bench, "tenant0", "user3");
    live(crowd, 1000);
    assert_true(calls_of_member(crowd, LIMITED) > before);
    close_crowd(crowd);
}

static void rule_5_money_of_a_users_day_is_not_overspent(void **state)
{
    (void)state;
    struct crowd *crowd = open_crowd(priced(20), 6, 1, 11);
    limit_member(crowd, (struct limits){.micros_per_day = 5000});
    live(crowd, 2 * MINUTE_MS);
    uint64_t nanos = 0;
    for (size_t i = 0; i < crowd->call_count; i++)
        nanos += crowd->calls[i].member == LIMITED ? crowd->calls[i].tokens * 375 : 0;
    assert_in_range(nanos / 1000, 5000 * 75 / 100, 5000 + 5);
    size_t calls = calls_of_member(crowd, LIMITED), of_all = crowd->call_count;
    live(crowd, MINUTE_MS / 2);
    assert_int_equal(calls_of_member(crowd, LIMITED), calls);
    assert_true(crowd->call_count > of_all + 100);
    assert_int_equal(crowd->degraded, 0); /* it waits: tomorrow there is money again */
    close_crowd(crowd);
}

static void rule_5_shadow_limits_of_a_user_are_counted_and_not_enforced(void **state)
{
    (void)state;
    struct crowd *crowd = open_crowd(priced(20), 10, 1, 13);
    limit_member(crowd, (struct limits){.requests_per_minute = 5, .is_shadow = true});
    live(crowd, MINUTE_MS / 4);
    size_t calls = calls_of_member(crowd, LIMITED);
    assert_true(calls > 30);
    assert_in_range(figures_of(&crowd->bench).shadow_violations, calls - 6, calls);
    assert_int_equal(figures_of(&crowd->bench).refused_permits, 0);
    assert_int_equal(figures_of(&crowd->bench).limited_users, 0);
    close_crowd(crowd);
}

/* One call at once, in both of its lanes together; rule 12 tells why. */
static void rule_5_calls_in_flight_of_a_user_are_bounded_over_its_lanes(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, priced(10));
    lead(&b);
    limit(&b, "acme", "ann", (struct limits){.calls_in_flight = 1});
    submit_as(&b, 1, "ann", CLASS_INTERACTIVE, 1);
    submit_as(&b, 2, "ann", CLASS_STANDARD, 1);
    submit(&b, 3, "bob", 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    assert_int_equal(ask_now(&b, attempt_of(3, 0, 1), "hands"), 1);
    struct explanation told = explain(&b, 2);
    assert_int_equal(told.reason, WAITING_LIMIT);
    assert_int_equal(told.scope, SCOPE_USER);
    assert_int_equal(told.limit, LIMIT_IN_FLIGHT);
    /* What was refused is booked nowhere: all is checked, then all is taken. */
    assert_int_equal(figures_of(&b).endpoints[0].used[LIMIT_REQUESTS], 2);
    hush(&b);
    outcome(&b, attempt_of(1, 0, 1));
    assert_non_null(last(&b, ACTION_ANSWER));
    assert_string_equal(last(&b, ACTION_ANSWER)->answer.id.job_id, job_id(2));
    close_bench(&b);
}

/* Calls that run when the limit is set count under it. */
static void rule_5_what_runs_when_a_users_limit_is_set_counts_under_it(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, priced(10));
    lead(&b);
    submit_as(&b, 1, "ann", CLASS_INTERACTIVE, 1);
    submit_as(&b, 2, "ann", CLASS_STANDARD, 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    limit(&b, "acme", "ann", (struct limits){.requests_per_minute = 1});
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    lift(&b, "acme", "ann");
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    limit(&b, "acme", "ann", (struct limits){.calls_in_flight = 2}); /* counted once again */
    outcome(&b, attempt_of(1, 0, 1));
    outcome(&b, attempt_of(2, 0, 1));
    close_bench(&b);
}

static void rule_12_a_user_is_told_which_of_its_limits_is_used_up_and_until_when(void **state)
{
    (void)state;
    struct crowd *crowd = open_crowd(priced(20), 10, 1, 17);
    limit_member(crowd, (struct limits){.requests_per_minute = 5});
    live(crowd, 10000);
    assert_int_equal(calls_of_member(crowd, LIMITED), 5);
    struct explanation told = explain(&crowd->bench, crowd->members[LIMITED].job);
    assert_int_equal(told.reason, WAITING_LIMIT);
    assert_int_equal(told.scope, SCOPE_USER);
    assert_int_equal(told.limit, LIMIT_REQUESTS);
    assert_in_range(told.retry_in_ms, 45000, 61500);
    hush(&crowd->bench);
    live(crowd, told.retry_in_ms + 500);
    assert_true(calls_of_member(crowd, LIMITED) > 5);
    close_crowd(crowd);
}

static void submit_until(struct bench *b, int number, enum service_class class,
                         uint32_t deadline_ms)
{
    struct chunk_facts chunk = ready(0);
    struct job_facts job = {.job_id = job_id(number),
                            .tenant_id = "acme",
                            .user_id = "ann",
                            .service_class = class,
                            .deadline_left_ms = deadline_ms,
                            .chunks = &chunk,
                            .chunk_count = 1};
    tell(b, (struct event){.kind = EVENT_JOB_EVENT, .job_event = {.job = &job, .number = 1}});
}

/* Rule 6: of the limited user's jobs each goes by its own deadline, in whichever class. */
static void
rule_6_a_job_that_would_end_before_its_users_limit_has_room_is_done_by_the_embedded(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, priced(10));
    lead(&b);
    limit(&b, "acme", "ann", (struct limits){.requests_per_minute = 1});
    submit(&b, 1, "ann", 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(1, 0, 1), .was_called = true}});
    struct chunk_facts over = done(0);
    happen(&b, 1, "ann", 2, JOB_COMPLETED, &over);
    submit_until(&b, 2, CLASS_PREMIUM, 0);
    submit_until(&b, 3, CLASS_STANDARD, 3600000);
    assert_int_equal(b.item_count, 0);
    submit_until(&b, 4, CLASS_BACKGROUND, 30000);
    pass(&b, 250);
    assert_int_equal(b.item_count, 1);
    assert_string_equal(b.items[0].id.job_id, job_id(4));
    assert_int_equal(b.items[0].mode, MODE_EMBEDDED);
    assert_true(b.items[0].is_degraded);
    close_bench(&b);
}

/* ---- step 9 ---- */
struct past {
    const struct control_facts *control;
    const struct call_facts *calls;
    const struct spend_facts *spends;
    size_t call_count, spend_count;
};

static void take_over(struct bench *b, struct past past)
{
    tell(b, (struct event){.kind = EVENT_TIME});
    renew(b, 1);
    beat(b, 100);
    struct event page = {.kind = EVENT_SNAPSHOT,
                         .is_answered = true,
                         .snapshot = {.epoch = 1,
                                      .now_us = 1000000,
                                      .controls = past.control,
                                      .control_count = 1,
                                      .next_cursor = "k"}};
    tell(b, page);
    assert_int_equal(said(b, ACTION_ASK_BATCH), 0); /* rule 11 */
    page.snapshot.controls = NULL;
    page.snapshot.control_count = 0;
    page.snapshot.calls = past.calls;
    page.snapshot.call_count = past.call_count;
    page.snapshot.spends = past.spends;
    page.snapshot.spend_count = past.spend_count;
    page.snapshot.next_cursor = "";
    tell(b, page);
    hush(b);
}

static struct call_facts call_by(int number, const char *user)
{
    return (struct call_facts){.id = attempt_of(number, 0, 1),
                               .tenant_id = "tenant0",
                               .user_id = user,
                               .endpoint = "main",
                               .epoch = 1,
                               .granted_in_ms = -30000,
                               .lease_in_ms = 7700,
                               .settled_in_ms = -29600,
                               .is_settled = true,
                               .was_called = true,
                               .tokens = 1000,
                               .micros = 500};
}

static struct crowd *heir(void)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    open_bench(&crowd->bench, priced(20));
    crowd->bench.now = (struct instant){INT64_C(1000000) * CLOCK_MS};
    crowd->random = 1;
    crowd->longest_ms = 400;
    crowd->member_count = 6;
    return crowd;
}

static void rule_11_a_new_leader_knows_what_a_limited_user_has_used(void **state)
{
    (void)state;
    const struct control_facts control =
        control_of("tenant0", "user3", (struct limits){.requests_per_minute = 10});
    struct call_facts calls[10];
    for (int i = 0; i < 10; i++)
        calls[i] = call_by(1000 + i, i < 8 ? "user3" : "user4");
    struct crowd *crowd = heir();
    take_over(&crowd->bench, (struct past){.control = &control, .calls = calls, .call_count = 10});
    for (int i = 0; i < crowd->member_count; i++)
        submit_next(crowd, &crowd->members[i]);
    live(crowd, 20000);
    assert_int_equal(calls_of_member(crowd, LIMITED), 2);
    assert_true(calls_of_member(crowd, 4) > 20);
    live(crowd, 15000); /* those of the old leader leave the window */
    assert_in_range(calls_of_member(crowd, LIMITED), 8, 10);
    close_crowd(crowd);
}

static void rule_11_a_new_leader_knows_what_a_limited_user_has_spent(void **state)
{
    (void)state;
    const struct control_facts control = /* a call books 960 */
        control_of("tenant0", "user3", (struct limits){.micros_per_day = 1900});
    const struct spend_facts spends[] = {
        {.tenant_id = "tenant0", .user_id = "", .endpoint = "", .micros = 700},
        {.tenant_id = "tenant0", .user_id = "user3", .endpoint = "", .micros = 500}};
    const struct call_facts call = call_by(1000, "user3");
    struct crowd *crowd = heir();
    take_over(&crowd->bench, (struct past){.control = &control,
                                           .calls = &call,
                                           .spends = spends,
                                           .call_count = 1,
                                           .spend_count = 2});
    for (int i = 0; i < crowd->member_count; i++)
        submit_next(crowd, &crowd->members[i]);
    live(crowd, 10000);
    assert_int_equal(calls_of_member(crowd, LIMITED), 0);
    assert_true(calls_of_member(crowd, 4) > 20);
    assert_int_equal(figures_of(&crowd->bench).endpoints[0].used[LIMIT_REQUESTS],
                     1 + crowd->call_count);
    close_crowd(crowd);
}

static void rule_5_a_users_call_of_an_older_epoch_runs_on_under_its_limit(void **state)
{
    (void)state;
    const struct control_facts control =
        control_of("acme", "ann", (struct limits){.calls_in_flight = 1});
    struct bench b;
    open_bench(&b, priced(10));
    take_over(&b, (struct past){.control = &control});
    struct chunk_facts chunk = ready(0);
    chunk.status = CHUNK_IN_FLIGHT;
    chunk.attempt = 1;
    chunk.lease_left_ms = 30000;
    happen(&b, 1, "ann", 1, JOB_PROCESSING, &chunk);
    submit_as(&b, 2, "ann", CLASS_INTERACTIVE, 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    close_bench(&b);
}

/* More than there is room for, if none were forgotten. */
static void rule_5_limits_can_be_set_and_cleared_for_ever_other_users(void **state)
{
    (void)state;
    enum { USERS = 25000 };
    struct bench b;
    open_bench(&b, priced(10));
    lead(&b);
    limit(&b, "acme", "ann", (struct limits){.calls_in_flight = 1});
    submit_as(&b, 1, "ann", CLASS_INTERACTIVE, 1);
    submit_as(&b, 2, "ann", CLASS_STANDARD, 1);
    while (grant_all(&b) > 0)
        continue;
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    for (int i = 0; i < USERS; i++) {
        char user[16];
        snprintf(user, sizeof(user), "other%d", i);
        limit(&b, "acme", user, (struct limits){.requests_per_minute = 1});
        lift(&b, "acme", user);
        hush(&b);
    }
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 0);
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(ask_now(&b, attempt_of(2, 0, 1), "hands"), 1);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            rule_5_no_minute_of_a_user_has_more_requests_than_its_limit_and_nearly_all_are_used),
        cmocka_unit_test(rule_5_no_minute_of_a_user_has_more_tokens_than_its_limit),
        cmocka_unit_test(rule_5_a_user_that_has_used_up_its_limit_does_not_hold_up_the_others),
        cmocka_unit_test(
            rule_5_a_lowered_limit_of_a_user_holds_at_once_and_a_raised_or_lifted_one_too),
        cmocka_unit_test(rule_5_money_of_a_users_day_is_not_overspent),
        cmocka_unit_test(rule_5_shadow_limits_of_a_user_are_counted_and_not_enforced),
        cmocka_unit_test(rule_5_calls_in_flight_of_a_user_are_bounded_over_its_lanes),
        cmocka_unit_test(rule_5_what_runs_when_a_users_limit_is_set_counts_under_it),
        cmocka_unit_test(rule_12_a_user_is_told_which_of_its_limits_is_used_up_and_until_when),
        cmocka_unit_test(
            rule_6_a_job_that_would_end_before_its_users_limit_has_room_is_done_by_the_embedded),
        cmocka_unit_test(rule_11_a_new_leader_knows_what_a_limited_user_has_used),
        cmocka_unit_test(rule_11_a_new_leader_knows_what_a_limited_user_has_spent),
        cmocka_unit_test(rule_5_a_users_call_of_an_older_epoch_runs_on_under_its_limit),
        cmocka_unit_test(rule_5_limits_can_be_set_and_cleared_for_ever_other_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
