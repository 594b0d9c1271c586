/* Rule 3: how long a chunk takes its user, measured, and told to equal sharing. */
#include "bench_for_test.h"
#include "state.h"

enum { SLOTS = 16 };

struct times {
    int64_t granting_ms, calling_ms, committing_ms;
};

/* The chunks of one user, one after another, each in such times. */
static void serve(struct bench *b, int job, uint32_t chunks, struct times times)
{
    submit(b, job, "ann", chunks);
    for (uint32_t i = 0; i < chunks; i++) {
        b->now = instant_plus_ms(b->now, times.granting_ms);
        hush(b); /* what is renewed meanwhile */
        assert_int_equal(grant_all(b), 1);
        assert_int_equal(ask_now(b, attempt_of(job, i, 1), "hands"), 1);
        b->now = instant_plus_ms(b->now, times.calling_ms);
        outcome(b, attempt_of(job, i, 1));
        b->now = instant_plus_ms(b->now, times.committing_ms);
        renew(b, 1);
        beat(b, SLOTS);
        hush(b);
        struct chunk_facts row = done(i);
        happen(b, job, "ann", i + 2, i + 1 < chunks ? JOB_PROCESSING : JOB_COMPLETED, &row);
    }
}

static void open_sharing(struct bench *b)
{
    open_bench(b, config_with(SLOTS));
    lead(b);
    beat(b, SLOTS);
}

static void
rule_3_more_users_are_in_service_than_slots_as_commits_and_grants_take_time(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    assert_int_equal(b.core->queue.slots, SLOTS);
    serve(&b, 1, 60, (struct times){.granting_ms = 15, .calling_ms = 50, .committing_ms = 10});
    assert_int_equal(b.core->queue.slots, SLOTS * 3 / 2);
    assert_in_range(b.core->queue.call_us, 74000, 76000); /* so all slots serve as much as before */
    close_bench(&b);
}

static void rule_3_the_first_call_shows_how_long_calls_are(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    serve(&b, 1, 1, (struct times){.granting_ms = 0, .calling_ms = 50, .committing_ms = 0});
    assert_int_equal(b.core->attempts.mean_call_us, 50000);
    serve(&b, 2, 1, (struct times){.granting_ms = 0, .calling_ms = 90, .committing_ms = 0});
    assert_int_equal(b.core->attempts.mean_call_us, 55000);
    close_bench(&b);
}

static void rule_3_a_call_that_is_refused_at_once_does_not_show_it(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    submit(&b, 1, "ann", 1);
    assert_int_equal(grant_all(&b), 1);
    assert_int_equal(ask_now(&b, attempt_of(1, 0, 1), "hands"), 1);
    b.now = instant_plus_ms(b.now, 1);
    tell(&b, (struct event){.kind = EVENT_OUTCOME,
                            .outcome = {.id = attempt_of(1, 0, 1),
                                        .outcome_class = OUTCOME_RATE_LIMITED,
                                        .was_called = true}});
    assert_int_equal(b.core->attempts.mean_call_us, ASSUMED_CALL_US);
    close_bench(&b);
}

static void rule_3_beside_long_calls_they_take_no_time(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    serve(&b, 1, 60, (struct times){.granting_ms = 15, .calling_ms = 1000, .committing_ms = 10});
    assert_int_equal(b.core->queue.slots, SLOTS);
    assert_in_range(b.core->queue.call_us, 999000, 1001000);
    close_bench(&b);
}

static void rule_3_small_changes_of_the_pace_move_nothing(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    serve(&b, 1, 60, (struct times){.granting_ms = 15, .calling_ms = 50, .committing_ms = 10});
    for (int i = 0; i < 10; i++) {
        serve(&b, 2 + i, 20,
              (struct times){.granting_ms = 15, .calling_ms = 50, .committing_ms = 9 + i % 3});
        assert_int_equal(b.core->queue.slots, SLOTS * 3 / 2);
    }
    close_bench(&b);
}

static void rule_3_a_store_that_is_behind_counts_no_more_than_the_call_itself(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    serve(&b, 1, 60, (struct times){.granting_ms = 100, .calling_ms = 50, .committing_ms = 300});
    assert_int_equal(b.core->queue.slots, SLOTS * 2);
    close_bench(&b);
}

static void rule_3_a_new_lead_measures_the_pace_anew(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    serve(&b, 1, 60, (struct times){.granting_ms = 15, .calling_ms = 50, .committing_ms = 10});
    renew(&b, 2);
    assert_int_equal(b.core->queue.slots, SLOTS);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            rule_3_more_users_are_in_service_than_slots_as_commits_and_grants_take_time),
        cmocka_unit_test(rule_3_the_first_call_shows_how_long_calls_are),
        cmocka_unit_test(rule_3_a_call_that_is_refused_at_once_does_not_show_it),
        cmocka_unit_test(rule_3_beside_long_calls_they_take_no_time),
        cmocka_unit_test(rule_3_small_changes_of_the_pace_move_nothing),
        cmocka_unit_test(rule_3_a_store_that_is_behind_counts_no_more_than_the_call_itself),
        cmocka_unit_test(rule_3_a_new_lead_measures_the_pace_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
