/* Rule 12: what is told is what then happens. */
#include "bench_for_test.h"

static struct explanation told(struct bench *b, int job)
{
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(job));
    strcpy(event.waiting.reply, "_INBOX.x");
    hush(b);
    tell(b, event);
    const struct action *action = last(b, ACTION_EXPLAIN);
    assert_non_null(action);
    assert_string_equal(action->explain.job_id, job_id(job));
    assert_string_equal(action->explain.reply, "_INBOX.x");
    return action->explain.told;
}

static void begin(struct bench *b, uint32_t cap)
{
    open_bench(b, config_with(cap));
    lead(b);
}

static void begin_in_order(struct bench *b, enum fairness fairness)
{
    struct scheduler_config config = config_with(1);
    config.fairness = fairness;
    open_bench(b, config);
    lead(b);
}

static void serve(struct bench *b, int job)
{
    while (grant_all(b) > 0)
        continue;
    assert_int_equal(ask_now(b, attempt_of(job, 0, 1), "hands"), 1);
}

static void rule_12_who_does_not_lead_stays_silent(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    struct event event = {.kind = EVENT_WAITING_ASK};
    strcpy(event.waiting.job_id, job_id(1));
    tell(&b, event);
    assert_int_equal(said(&b, ACTION_EXPLAIN), 0);
    close_bench(&b);
}

static void rule_12_a_job_the_leader_has_not_heard_of_is_unknown(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    assert_false(told(&b, 1).is_known);
    close_bench(&b);
}

static void rule_12_a_job_is_followed_from_its_grant_to_its_end(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "ann", 1);
    assert_int_equal(told(&b, 1).reason, WAITING_GRANT);
    grant_all(&b);
    assert_int_equal(told(&b, 1).reason, WAITING_GRANT);
    serve(&b, 1);
    assert_int_equal(told(&b, 1).reason, WAITING_RUNS);
    outcome(&b, attempt_of(1, 0, 1));
    assert_int_equal(told(&b, 1).reason, WAITING_RUNS); /* until its commit */
    struct chunk_facts committed = done(0);
    happen(&b, 1, "ann", 2, JOB_COMPLETED, &committed);
    assert_int_equal(told(&b, 1).reason, WAITING_NOTHING);
    close_bench(&b);
}

static void rule_12_a_users_second_job_waits_for_its_own_chunk(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "ann", 1);
    serve(&b, 1);
    submit(&b, 2, "ann", 1);
    struct explanation second = told(&b, 2);
    assert_int_equal(second.reason, WAITING_OWN);
    assert_int_equal(second.position, 0);
    close_bench(&b);
}

static void rule_12_who_waits_for_a_slot_is_told_how_many_are_served(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 2);
    const char *users[] = {"ann", "bob", "cem", "dan", "eve", "fay", "gus", "hal"};
    for (int i = 0; i < 8; i++)
        submit(&b, i + 1, users[i], 1);
    serve(&b, 1);
    serve(&b, 2);
    for (int job = 3; job <= 8; job++) {
        struct explanation waits = told(&b, job);
        assert_int_equal(waits.reason, WAITING_SLOT);
        assert_int_equal(waits.calls, 2);
        assert_int_equal(waits.most_calls, 2);
    }
    assert_int_equal(told(&b, 8).position, 5);
    close_bench(&b);
}

static void rule_12_a_failed_chunk_tells_when_it_is_tried_again(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 10);
    submit(&b, 1, "ann", 1);
    serve(&b, 1);
    outcome(&b, attempt_of(1, 0, 1));
    struct chunk_facts chunk = failed(1, 1);
    chunk.retry_in_ms = 5000;
    happen(&b, 1, "ann", 2, JOB_PROCESSING, &chunk);
    struct explanation waits = told(&b, 1);
    assert_int_equal(waits.reason, WAITING_RETRY);
    assert_in_range(waits.retry_in_ms, 5000, 5500);
    pass(&b, 1000);
    assert_int_equal(told(&b, 1).retry_in_ms, waits.retry_in_ms - 1000);
    b.now = instant_plus_ms(b.now, 2000); /* nobody has woken the core meanwhile */
    renew(&b, 1);
    pass(&b, 2499);
    assert_true(told(&b, 1).retry_in_ms <= 500);
    close_bench(&b);
}

static void rule_12_without_an_analyzer_it_says_so(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(10));
    tell(&b, (struct event){.kind = EVENT_TIME});
    renew(&b, 1);
    answer_snapshot(&b, 1, NULL, 0);
    submit(&b, 1, "ann", 1);
    assert_int_equal(told(&b, 1).reason, WAITING_ANALYZER);
    close_bench(&b);
}

/* ---- the position is the one in which chunks are then granted ---- */

enum { USERS = 9, MOST_GRANTS = 64 };

struct served {
    int jobs[MOST_GRANTS]; /* in the order of their grants */
    size_t granted, called;
    uint32_t events[USERS + 1];
};

static int number_of(const char *id)
{
    return atoi(id + 24);
}

static void grant(struct bench *b, struct served *served)
{
    while (b->item_count > 0) {
        for (size_t i = 0; i < b->item_count; i++)
            served->jobs[served->granted++] = number_of(b->items[i].id.job_id);
        grant_all(b);
    }
}

/* The next call is made and committed. Job n has chunks 0 to its count - 1, served in order. */
static void call(struct bench *b, struct served *served, uint32_t next[USERS + 1],
                 const char *const users[])
{
    int job = served->jobs[served->called++];
    struct attempt_id id = attempt_of(job, next[job], 1);
    assert_int_equal(ask_now(b, id, "hands"), 1);
    outcome(b, id);
    struct chunk_facts committed = done(next[job]++);
    happen(b, job, users[job - 1], ++served->events[job], JOB_PROCESSING, &committed);
}

static void hold_positions_against_grants(enum fairness fairness)
{
    static const char *const USER[USERS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    struct bench b;
    begin_in_order(&b, fairness);
    struct served served = {0};
    uint32_t next[USERS + 1] = {0}, chunks = 0;
    for (int job = 1; job <= USERS; job++) {
        submit_as(&b, job, USER[job - 1], job % 3 ? CLASS_STANDARD : CLASS_BACKGROUND, 1);
        served.events[job] = 1;
        chunks++;
    }
    grant(&b, &served);
    size_t position[USERS + 1];
    for (int job = 1; job <= USERS; job++)
        position[job] = told(&b, job).position;
    while (served.called < chunks) {
        call(&b, &served, next, USER);
        grant(&b, &served);
    }
    assert_int_equal(served.granted, chunks);
    for (size_t i = 0; i < served.granted; i++)
        assert_int_equal(position[served.jobs[i]], i);
    close_bench(&b);
}

static void rule_12_the_position_is_how_many_are_then_granted_before(void **state)
{
    (void)state;
    hold_positions_against_grants(FAIRNESS_ROUND_ROBIN);
    hold_positions_against_grants(FAIRNESS_SOJOURN);
}

/* Where ann's third chunk stands that waits behind two of her own. */
static size_t position_of_a_third_chunk(enum fairness fairness)
{
    struct bench b;
    begin_in_order(&b, fairness);
    submit(&b, 1, "xia", 1);
    serve(&b, 1);
    submit(&b, 2, "yan", 1);
    submit(&b, 3, "zoe", 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(grant_all(&b), 1); /* no more is granted ahead */
    assert_int_equal(b.item_count, 0);
    submit(&b, 4, "ann", 2);
    submit(&b, 5, "ann", 1);
    submit(&b, 6, "bob", 5);
    assert_int_equal(told(&b, 4).position, 2); /* yan zoe */
    assert_int_equal(told(&b, 6).position, 3); /* yan zoe ann */
    size_t position = told(&b, 5).position;
    close_bench(&b);
    return position;
}

static void rule_12_a_users_own_older_chunks_stand_before(void **state)
{
    (void)state;
    assert_int_equal(position_of_a_third_chunk(FAIRNESS_ROUND_ROBIN),
                     6);                                              /* yan zoe ann bob ann bob */
    assert_int_equal(position_of_a_third_chunk(FAIRNESS_SOJOURN), 5); /* yan zoe ann bob ann */
}

static void rule_12_asking_changes_nothing(void **state)
{
    (void)state;
    struct bench asked, other;
    begin(&asked, 3);
    begin(&other, 3);
    static const char *const USER[] = {"ann", "bob", "ann", "cem", "dan"};
    for (int job = 1; job <= 5; job++) {
        submit(&asked, job, USER[job - 1], 3);
        submit(&other, job, USER[job - 1], 3);
        told(&asked, job);
        grant_all(&asked);
        grant_all(&other);
        told(&asked, 1);
        assert_int_equal(asked.item_count, other.item_count);
        assert_memory_equal(asked.items, other.items, sizeof asked.items[0] * asked.item_count);
        assert_int_equal(scheduler_next_wake(asked.core).ns, scheduler_next_wake(other.core).ns);
    }
    close_bench(&asked);
    close_bench(&other);
}

static void rule_12_who_was_held_before_he_came_may_be_asked_about(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, 1);
    struct control_facts held = {.scope = SCOPE_USER,
                                 .tenant_id = "acme",
                                 .name = "bob",
                                 .message = "",
                                 .state = CONTROL_HELD,
                                 .version = 1};
    tell(&b, (struct event){.kind = EVENT_CONTROL, .control = &held});
    submit(&b, 1, "ann", 1);
    submit(&b, 2, "bob", 2);
    submit(&b, 3, "carl", 1);
    submit(&b, 4, "dora", 1);
    submit(&b, 5, "eve", 1);
    submit(&b, 6, "bob", 1);
    serve(&b, 1);
    assert_true(told(&b, 2).is_known);
    assert_true(told(&b, 6).position >= 3); /* his own, and who is not held */
    close_bench(&b);
}

static void rule_12_who_came_at_the_same_time_stands_behind_who_is_older(void **state)
{
    (void)state;
    struct scheduler_config config = config_with(1);
    config.has_first_chunks_first = false;
    struct bench b;
    open_bench(&b, config);
    lead(&b);
    static const char *const NAMES[] = {"ann", "bob", "carl", "dora", "eve", "fay"};
    for (int i = 0; i < 6; i++)
        submit(&b, 1 + i, NAMES[i], 2);
    serve(&b, 1);
    for (int i = 3; i <= 6; i++) /* two chunks each, and nobody goes before who has begun */
        assert_true(told(&b, i).position > told(&b, i - 1).position);
    close_bench(&b);
}

/* Nobody is there to analyse, so nothing is looked at again. */
static void rule_12_a_pause_is_told_as_long_as_it_lasts_though_nobody_has_looked(void **state)
{
    (void)state;
    for (uint32_t pause_ms = 1000; pause_ms <= 5000; pause_ms += 4000) {
        struct bench b;
        begin(&b, 1);
        submit(&b, 1, "ann", 1);
        serve(&b, 1);
        tell(&b, (struct event){.kind = EVENT_OUTCOME,
                                .outcome = {.id = attempt_of(1, 0, 1),
                                            .outcome_class = OUTCOME_RATE_LIMITED,
                                            .was_called = true,
                                            .retry_after_ms = pause_ms,
                                            .server_limits = {-1, -1, -1, -1, -1, -1}}});
        submit(&b, 2, "bob", 1);
        beat(&b, 0);
        for (int64_t left_ms = pause_ms; left_ms > 0; left_ms -= 500) {
            assert_int_equal(told(&b, 2).reason, WAITING_PAUSE);
            assert_int_equal(told(&b, 2).retry_in_ms, left_ms);
            b.now = instant_plus_ms(b.now, 500);
            renew(&b, 1);
            beat(&b, 0);
        }
        assert_int_equal(told(&b, 2).reason, WAITING_ANALYZER);
        close_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_12_who_came_at_the_same_time_stands_behind_who_is_older),
        cmocka_unit_test(rule_12_who_was_held_before_he_came_may_be_asked_about),
        cmocka_unit_test(rule_12_who_does_not_lead_stays_silent),
        cmocka_unit_test(rule_12_a_job_the_leader_has_not_heard_of_is_unknown),
        cmocka_unit_test(rule_12_a_job_is_followed_from_its_grant_to_its_end),
        cmocka_unit_test(rule_12_a_users_second_job_waits_for_its_own_chunk),
        cmocka_unit_test(rule_12_who_waits_for_a_slot_is_told_how_many_are_served),
        cmocka_unit_test(rule_12_a_failed_chunk_tells_when_it_is_tried_again),
        cmocka_unit_test(rule_12_without_an_analyzer_it_says_so),
        cmocka_unit_test(rule_12_a_pause_is_told_as_long_as_it_lasts_though_nobody_has_looked),
        cmocka_unit_test(rule_12_the_position_is_how_many_are_then_granted_before),
        cmocka_unit_test(rule_12_a_users_own_older_chunks_stand_before),
        cmocka_unit_test(rule_12_asking_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
