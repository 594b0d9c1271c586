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

/* With calls of 64 ms each millisecond between them is a 64th of a slot. */
static void measure(struct bench *b, int64_t between_ms)
{
    b->core->attempts.mean_call_us = 64000;
    b->core->pace.committing_us = between_ms * 400;
    b->core->pace.granting_us = between_ms * 600;
    pace_tell(b->core);
}

static void rule_3_the_pace_changes_by_eighths_and_not_to_and_fro(void **state)
{
    (void)state;
    const struct {
        uint32_t before;
        int64_t between_ms;
        uint32_t after;
    } cases[] = {
        {8, 5, 8},    {8, 6, 9},     {8, 11, 9},   {8, 12, 10}, /* the nearest eighth */
        {16, 59, 16}, {16, 58, 15},  {16, 0, 8},   {9, 0, 8},
        {8, 63, 16},  {8, 1000, 16}, {16, 69, 16}, {16, 70, 16}, /* twice the slots at most */
        {10, 21, 10}, {10, 22, 11},  {10, 11, 10}, {10, 10, 9},
    };
    struct bench b;
    open_sharing(&b);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        b.core->pace.users_per_slot = cases[i].before;
        b.core->pace.permits = 1;
        measure(&b, cases[i].between_ms);
        assert_int_equal(b.core->pace.users_per_slot, cases[i].after);
        assert_int_equal(b.core->queue.slots, SLOTS * cases[i].after / 8);
        assert_int_equal(b.core->queue.call_us, 64000 * cases[i].after / 8);
    }
    close_bench(&b);
}

/* A change looks at every user: the permits between two of them pay for it. */
static void rule_3_the_pace_changes_once_in_as_many_permits_as_there_are_users(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    const char *users[] = {"ann", "bob", "cem"};
    for (int i = 0; i < 3; i++)
        submit(&b, i, users[i], 1);
    b.core->pace.permits = 3;
    measure(&b, 32);
    assert_int_equal(b.core->pace.users_per_slot, 8);
    b.core->pace.permits = 4;
    measure(&b, 5);
    assert_int_equal(b.core->pace.permits, 4); /* nothing has changed */
    measure(&b, 32);
    assert_int_equal(b.core->pace.users_per_slot, 12);
    assert_int_equal(b.core->pace.permits, 0);
    close_bench(&b);
}

static void rule_3_what_lies_between_two_calls_is_measured_in_microseconds(void **state)
{
    (void)state;
    struct bench b;
    open_sharing(&b);
    struct attempt attempt = {.phase = ATTEMPT_ENDED, .granted = b.now, .ended = b.now};
    b.core->now = instant_plus_ms(b.now, 8008);
    pace_note_permit(b.core, &attempt);
    assert_int_equal(b.core->pace.granting_us, 1001000);
    pace_note_commit(b.core, &attempt);
    assert_int_equal(b.core->pace.committing_us, 1001000);
    attempt.phase = ATTEMPT_LOST; /* it has no outcome to count from */
    pace_note_commit(b.core, &attempt);
    assert_int_equal(b.core->pace.committing_us, 1001000);
    close_bench(&b);
}

static void rule_3_the_pace_of_no_slot_one_slot_and_no_time_is_told_too(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, config_with(SLOTS));
    renew(&b, 1);
    b.core->pace.users_per_slot = 16;
    b.core->attempts.mean_call_us = 1000;
    pace_tell(b.core); /* no analyzer is there */
    assert_int_equal(b.core->queue.slots, 0);
    assert_int_equal(b.core->queue.call_us, 1000);
    beat(&b, 1);
    assert_int_equal(b.core->queue.slots, 2);
    assert_int_equal(b.core->queue.call_us, 2000);
    b.core->attempts.mean_call_us = 0;
    pace_tell(b.core);
    assert_int_equal(b.core->queue.call_us, 2);
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
        cmocka_unit_test(rule_3_the_pace_changes_by_eighths_and_not_to_and_fro),
        cmocka_unit_test(rule_3_the_pace_changes_once_in_as_many_permits_as_there_are_users),
        cmocka_unit_test(rule_3_what_lies_between_two_calls_is_measured_in_microseconds),
        cmocka_unit_test(rule_3_the_pace_of_no_slot_one_slot_and_no_time_is_told_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
