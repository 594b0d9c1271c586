/* Each rule of flow.h by its number. Time is told in milliseconds. */
#include "flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { LEASE = 20000, LIFE = 1200, REPEAT = 800, CALL_MAX = 6000 };

static const struct flow_config CONFIG = {.slots = 2,
                                          .prefetch = 2,
                                          .ask_repeat_ms = REPEAT,
                                          .permit_life_ms = LIFE,
                                          .call_max_ms = CALL_MAX,
                                          .memory = 8,
                                          .ceiling_bytes = 1000};

static struct instant at(int64_t ms)
{
    return (struct instant){ms * CLOCK_MS};
}

static int new_flow(void **state)
{
    *state = flow_new(&CONFIG);
    return 0;
}

static int free_flow(void **state)
{
    struct flow *flow = *state;
    flow_free(&flow);
    return 0;
}

/* Dispatch `n` is chunk n of job "j"; its load is a small number. */
static char loads[100];

static enum flow_taken take_as(struct flow *flow, uint32_t n, Tp__ServiceClass service_class,
                               Tp__AnalysisMode mode, int64_t now)
{
    const struct flow_dispatch dispatch = {.job_id = "j",
                                           .chunk_number = n,
                                           .attempt = 1,
                                           .service_class = service_class,
                                           .mode = mode,
                                           .lease_ms = LEASE};
    return flow_take(flow, &dispatch, &loads[n], at(now));
}

static enum flow_taken take(struct flow *flow, uint32_t n, int64_t now)
{
    return take_as(flow, n, TP__SERVICE_CLASS__STANDARD, TP__ANALYSIS_MODE__BY_LLM, now);
}

static struct flow_action expect(struct flow *flow, int64_t now, enum flow_action_kind kind,
                                 uint32_t n)
{
    struct flow_action action;
    if (!flow_next(flow, at(now), &action))
        fail_msg("nothing to do at %d", (int)now);
    assert_int_equal(action.kind, kind);
    assert_ptr_equal(action.load, &loads[n]);
    return action;
}

static void expect_nothing(struct flow *flow, int64_t now)
{
    struct flow_action action;
    assert_false(flow_next(flow, at(now), &action));
}

/* Looked up as well, and not found. */
static void take_from_to(struct flow *flow, uint32_t from, uint32_t to,
                         Tp__ServiceClass service_class, int64_t now)
{
    struct flow_item *items[100];
    for (uint32_t n = from; n <= to; n++)
        assert_int_equal(take_as(flow, n, service_class, TP__ANALYSIS_MODE__BY_LLM, now),
                         FLOW_TAKEN);
    for (uint32_t n = from; n <= to; n++)
        items[n] = expect(flow, now, FLOW_LOOK_UP, n).item;
    for (uint32_t n = from; n <= to; n++)
        flow_looked_up(flow, items[n], false);
}

static void take_unknown(struct flow *flow, uint32_t n, int64_t now)
{
    take_from_to(flow, n, n, TP__SERVICE_CLASS__STANDARD, now);
}

static void answer(struct flow *flow, uint32_t n, uint32_t ask_number, bool is_permitted,
                   int64_t now)
{
    const struct flow_permit permit = {.job_id = "j",
                                       .chunk_number = n,
                                       .attempt = 1,
                                       .ask_number = ask_number,
                                       .is_permitted = is_permitted,
                                       .lease_left_ms = LEASE,
                                       .life_ms = LIFE};
    flow_answered(flow, &permit, at(now));
}

static struct flow_item *call(struct flow *flow, uint32_t n, int64_t now)
{
    take_unknown(flow, n, now);
    expect(flow, now, FLOW_ASK, n);
    answer(flow, n, 0, true, now);
    return expect(flow, now, FLOW_CALL, n).item;
}

static void rule_1_an_attempt_is_taken_once_even_after_it_is_done(void **state)
{
    struct flow *flow = *state;
    struct flow_item *item = call(flow, 1, 0);
    assert_int_equal(take(flow, 1, 10), FLOW_HELD_ALREADY);
    flow_over(flow, item);
    assert_int_equal(take(flow, 1, 20), FLOW_HELD_ALREADY);
    flow_close(flow, &item);
    assert_null(item);
    assert_int_equal(take(flow, 1, 30), FLOW_DONE_BEFORE);
    expect_nothing(flow, 30);
}

static void rule_1_memory_is_bounded_and_keeps_what_is_in_hand(void **state)
{
    struct flow *flow = *state;
    struct flow_item *held = call(flow, 0, 0);
    for (uint32_t n = 1; n <= 20; n++) {
        struct flow_item *item = call(flow, n, 0);
        flow_over(flow, item);
        flow_close(flow, &item);
    }
    assert_int_equal(take(flow, 0, 0), FLOW_HELD_ALREADY);
    assert_int_equal(take(flow, 20, 0), FLOW_DONE_BEFORE);
    assert_int_equal(take(flow, 1, 0), FLOW_TAKEN); /* forgotten */
    flow_over(flow, held);
}

static void rule_2_asking_and_calling_never_exceed_the_slots(void **state)
{
    struct flow *flow = *state;
    struct flow_item *first = call(flow, 1, 0);
    take_from_to(flow, 2, 3, TP__SERVICE_CLASS__STANDARD, 0);
    expect(flow, 0, FLOW_ASK, 2);
    expect_nothing(flow, 0);
    assert_int_equal(flow_busy(flow), 1);
    flow_over(flow, first);
    expect(flow, 0, FLOW_ASK, 3);
    expect_nothing(flow, 0);
}

static void rule_2_interactive_dispatches_go_first_and_have_room_of_their_own(void **state)
{
    struct flow *flow = *state;
    take_from_to(flow, 1, 3, TP__SERVICE_CLASS__STANDARD, 0);
    expect(flow, 0, FLOW_ASK, 1);
    expect(flow, 0, FLOW_ASK, 2);
    take_from_to(flow, 4, 6, TP__SERVICE_CLASS__INTERACTIVE, 0);
    expect(flow, 0, FLOW_ASK, 4);
    expect(flow, 0, FLOW_ASK, 5);
    expect_nothing(flow, 0);
}

static void rule_3_an_ask_is_repeated_until_it_is_answered(void **state)
{
    struct flow *flow = *state;
    take_unknown(flow, 1, 0);
    assert_int_equal(expect(flow, 0, FLOW_ASK, 1).ask_number, 0);
    assert_int_equal(flow_next_at(flow).ns, at(REPEAT).ns);
    expect_nothing(flow, REPEAT - 1);
    assert_int_equal(expect(flow, REPEAT, FLOW_ASK, 1).ask_number, 1);
    assert_int_equal(expect(flow, 2 * REPEAT, FLOW_ASK, 1).ask_number, 2);
    answer(flow, 1, 2, true, 2 * REPEAT + 1);
    expect(flow, 2 * REPEAT + 1, FLOW_CALL, 1);
    expect_nothing(flow, 3 * REPEAT);
}

static void rule_4_a_permit_is_void_one_life_after_its_own_ask(void **state)
{
    struct flow *flow = *state;
    take_unknown(flow, 1, 0);
    expect(flow, 0, FLOW_ASK, 1);
    expect(flow, REPEAT, FLOW_ASK, 1);
    answer(flow, 1, 0, true, LIFE); /* of the first ask: void by now */
    expect_nothing(flow, LIFE);
    answer(flow, 1, 7, true, LIFE); /* never asked */
    expect_nothing(flow, LIFE);
    answer(flow, 1, 1, true, LIFE); /* of the second: good */
    expect(flow, LIFE, FLOW_CALL, 1);
    answer(flow, 1, 1, true, LIFE); /* twice heard */
    expect_nothing(flow, LIFE);
    assert_int_equal(flow_busy(flow), 1);
}

static void rule_5_a_call_ends_at_its_limit(void **state)
{
    struct flow *flow = *state;
    struct flow_item *item = call(flow, 1, 100);
    assert_int_equal(flow_next_at(flow).ns, at(100 + CALL_MAX).ns);
    expect_nothing(flow, 100 + CALL_MAX - 1);
    expect(flow, 100 + CALL_MAX, FLOW_ABORT, 1);
    expect_nothing(flow, 100 + CALL_MAX); /* told once */
    flow_over(flow, item);
    assert_int_equal(flow_busy(flow), 0);
}

static void rule_5_a_call_ends_with_its_lease_counted_from_the_ask(void **state)
{
    struct flow *flow = *state;
    take_unknown(flow, 1, 0);
    expect(flow, 0, FLOW_ASK, 1);
    const struct flow_permit permit = {.job_id = "j",
                                       .chunk_number = 1,
                                       .attempt = 1,
                                       .is_permitted = true,
                                       .lease_left_ms = 3000,
                                       .life_ms = LIFE};
    flow_answered(flow, &permit, at(500));
    expect(flow, 500, FLOW_CALL, 1);
    expect_nothing(flow, 2999);
    expect(flow, 3000, FLOW_ABORT, 1);
}

static void rule_6_drop_drops_what_asks_and_nothing_else(void **state)
{
    struct flow *flow = *state;
    take_unknown(flow, 1, 0);
    answer(flow, 1, 0, false, 0); /* before it asked: no answer to anything */
    expect(flow, 0, FLOW_ASK, 1);
    answer(flow, 1, 0, false, 0);
    expect(flow, 0, FLOW_DROP, 1);
    assert_true(flow_is_empty(flow));
    assert_int_equal(take(flow, 1, 0), FLOW_DONE_BEFORE);
    call(flow, 2, 0);
    answer(flow, 2, 0, false, 0);
    expect_nothing(flow, 0);
}

static void rule_7_cancelling_aborts_the_jobs_calls_only(void **state)
{
    struct flow *flow = *state;
    call(flow, 1, 0);
    take_unknown(flow, 2, 0);
    expect(flow, 0, FLOW_ASK, 2);
    flow_cancelled(flow, "other");
    expect_nothing(flow, 1);
    flow_cancelled(flow, "j");
    expect(flow, 1, FLOW_ABORT, 1);
    expect_nothing(flow, 1);
    expect(flow, REPEAT, FLOW_ASK, 2);
}

static void rule_8_what_nobody_answers_is_dropped_after_its_lease(void **state)
{
    struct flow *flow = *state;
    take_unknown(flow, 1, 0);
    expect(flow, 0, FLOW_ASK, 1);
    expect(flow, LEASE + GIVE_UP_MS - 1, FLOW_ASK, 1);
    expect(flow, LEASE + GIVE_UP_MS, FLOW_DROP, 1);
    assert_true(flow_is_empty(flow));
}

static void rule_9_the_embedded_analysis_asks_nobody_and_takes_no_slot(void **state)
{
    struct flow *flow = *state;
    call(flow, 1, 0);
    call(flow, 2, 0);
    take_as(flow, 3, TP__SERVICE_CLASS__STANDARD, TP__ANALYSIS_MODE__BY_EMBEDDED, 0);
    struct flow_item *item = expect(flow, 0, FLOW_ANALYSE, 3).item;
    assert_int_equal(flow_busy(flow), 2);
    flow_over(flow, item);
    assert_int_equal(flow_busy(flow), 2);
}

static void rule_10_draining_returns_what_waits_and_finishes_what_calls(void **state)
{
    struct flow *flow = *state;
    struct flow_item *calling = call(flow, 1, 0);
    take_from_to(flow, 2, 3, TP__SERVICE_CLASS__STANDARD, 0);
    expect(flow, 0, FLOW_ASK, 2);
    flow_drain(flow, at(5000));
    assert_int_equal(flow_slots(flow), 0);
    assert_int_equal(flow_room(flow), 0);
    expect(flow, 1, FLOW_RETURN, 3);
    expect_nothing(flow, LIFE - 1);
    expect(flow, LIFE, FLOW_RETURN, 2);
    expect_nothing(flow, 4999);
    assert_int_equal(flow_next_at(flow).ns, at(5000).ns);
    expect(flow, 5000, FLOW_ABORT, 1);
    flow_over(flow, calling);
    flow_close(flow, &calling);
    assert_true(flow_is_empty(flow));
    assert_int_equal(take(flow, 2, 5000), FLOW_TAKEN); /* returned is not done */
}

static void rule_10_a_permit_on_its_way_when_draining_begins_is_used(void **state)
{
    struct flow *flow = *state;
    take_unknown(flow, 1, 0);
    expect(flow, 0, FLOW_ASK, 1);
    flow_drain(flow, at(5000));
    answer(flow, 1, 0, true, 10);
    expect(flow, 10, FLOW_CALL, 1);
}

static void rule_11_a_dispatch_for_the_llm_is_looked_up_before_it_asks(void **state)
{
    struct flow *flow = *state;
    call(flow, 1, 0);
    call(flow, 2, 0);
    take(flow, 3, 0); /* although all slots are taken */
    struct flow_item *item = expect(flow, 0, FLOW_LOOK_UP, 3).item;
    expect_nothing(flow, 100);
    flow_cancelled(flow, "other");
    answer(flow, 3, 0, true, 100); /* nobody asked */
    expect_nothing(flow, 100);
    flow_looked_up(flow, item, false);
    expect_nothing(flow, 100);
    flow_cancelled(flow, "j");
    flow_over(flow, expect(flow, 100, FLOW_ABORT, 1).item);
    expect(flow, 100, FLOW_ABORT, 2);
    assert_false(expect(flow, 100, FLOW_ASK, 3).is_free);
}

static void rule_11_looking_up_for_ever_is_given_up_and_ends_with_draining(void **state)
{
    struct flow *flow = *state;
    take(flow, 1, 0);
    expect(flow, 0, FLOW_LOOK_UP, 1);
    assert_int_equal(flow_next_at(flow).ns, at(LEASE + GIVE_UP_MS).ns);
    expect(flow, LEASE + GIVE_UP_MS, FLOW_DROP, 1);
    take(flow, 2, 0);
    take(flow, 3, 0);
    expect(flow, 0, FLOW_LOOK_UP, 2);
    flow_drain(flow, at(5000));
    expect(flow, 1, FLOW_RETURN, 2);
    expect(flow, 1, FLOW_RETURN, 3);
    assert_true(flow_is_empty(flow));
}

static void rule_12_what_was_found_whole_is_published_without_a_call_or_slot(void **state)
{
    struct flow *flow = *state;
    call(flow, 1, 0);
    call(flow, 2, 0);
    take(flow, 3, 0);
    flow_looked_up(flow, expect(flow, 0, FLOW_LOOK_UP, 3).item, true);
    assert_true(expect(flow, 0, FLOW_ASK, 3).is_free);
    assert_true(expect(flow, REPEAT, FLOW_ASK, 3).is_free);
    answer(flow, 3, 1, true, REPEAT);
    struct flow_item *item = expect(flow, REPEAT, FLOW_PUBLISH, 3).item;
    assert_int_equal(flow_busy(flow), 2);
    flow_over(flow, item);
    assert_int_equal(flow_busy(flow), 2);
    flow_close(flow, &item);
    take(flow, 4, 0);
    flow_looked_up(flow, expect(flow, REPEAT, FLOW_LOOK_UP, 4).item, true);
    expect(flow, REPEAT, FLOW_ASK, 4);
    answer(flow, 4, 0, false, REPEAT);
    expect(flow, REPEAT, FLOW_DROP, 4); /* another instance's */
    take_unknown(flow, 5, REPEAT);
    expect_nothing(flow, REPEAT); /* what was free gave no slot back that it had not taken */
}

static void
rule_12_free_asks_wait_for_no_slot_even_where_interactive_calls_exceed_them(void **state)
{
    struct flow *flow = *state;
    take_from_to(flow, 1, 4, TP__SERVICE_CLASS__INTERACTIVE, 0);
    for (uint32_t n = 1; n <= 4; n++)
        expect(flow, 0, FLOW_ASK, n);
    take(flow, 5, 0);
    flow_looked_up(flow, expect(flow, 0, FLOW_LOOK_UP, 5).item, true);
    assert_true(expect(flow, 0, FLOW_ASK, 5).is_free);
}

static void rule_13_above_the_ceiling_what_waits_goes_back_and_what_runs_goes_on(void **state)
{
    struct flow *flow = *state;
    struct flow_item *calling = call(flow, 1, 0);
    take_from_to(flow, 2, 3, TP__SERVICE_CLASS__STANDARD, 0);
    expect(flow, 0, FLOW_ASK, 2);
    take(flow, 4, 0);
    flow_weigh(flow, 1000);
    assert_false(flow_is_full(flow));
    flow_weigh(flow, 1001);
    assert_true(flow_is_full(flow));
    assert_int_equal(flow_slots(flow), 2);
    assert_int_equal(flow_room(flow), 0);
    expect(flow, 1, FLOW_RETURN, 3);
    expect(flow, 1, FLOW_RETURN, 4);
    expect_nothing(flow, 1);
    flow_over(flow, calling);
    flow_close(flow, &calling);
    assert_int_equal(flow_slots(flow), 1);
    answer(flow, 2, 0, true, 2);
    calling = expect(flow, 2, FLOW_CALL, 2).item;
    flow_over(flow, calling);
    flow_close(flow, &calling);
    assert_int_equal(flow_slots(flow), 0);
}

static void rule_13_it_goes_on_below_nine_tenths_of_the_ceiling(void **state)
{
    struct flow *flow = *state;
    flow_weigh(flow, 1001);
    flow_weigh(flow, 900);
    assert_true(flow_is_full(flow));
    flow_weigh(flow, 899);
    assert_false(flow_is_full(flow));
    assert_int_equal(flow_slots(flow), 2);
    assert_int_equal(flow_room(flow), 4);
    flow_weigh(flow, 1000);
    assert_false(flow_is_full(flow));
}

static void rule_13_what_was_redelivered_or_found_meanwhile_ends_as_well(void **state)
{
    struct flow *flow = *state;
    take(flow, 1, 0);
    flow_looked_up(flow, expect(flow, 0, FLOW_LOOK_UP, 1).item, true);
    flow_weigh(flow, 1001);
    assert_true(expect(flow, 0, FLOW_ASK, 1).is_free); /* it makes room */
    take(flow, 2, 0);
    expect(flow, 0, FLOW_RETURN, 2);
    take_as(flow, 3, TP__SERVICE_CLASS__STANDARD, TP__ANALYSIS_MODE__BY_EMBEDDED, 0);
    expect(flow, 0, FLOW_ANALYSE, 3);
}

static void rule_14_whoever_waits_to_be_published_takes_no_room(void **state)
{
    struct flow *flow = *state;
    struct flow_item *items[4];
    for (uint32_t n = 1; n <= 3; n++) {
        take(flow, n, 0);
        flow_looked_up(flow, expect(flow, 0, FLOW_LOOK_UP, n).item, true);
        expect(flow, 0, FLOW_ASK, n);
        assert_int_equal(flow_room(flow), 3);
        answer(flow, n, 0, true, 0);
        items[n] = expect(flow, 0, FLOW_PUBLISH, n).item;
        assert_int_equal(flow_room(flow), n < 3 ? 4 : 3); /* there are two slots */
    }
    flow_over(flow, items[1]);
    assert_int_equal(flow_room(flow), 4);
}

static void room_is_what_is_free_beyond_what_is_held(void **state)
{
    struct flow *flow = *state;
    assert_int_equal(flow_room(flow), 4);
    struct flow_item *item = call(flow, 1, 0);
    take_unknown(flow, 2, 0);
    assert_int_equal(flow_room(flow), 2);
    flow_over(flow, item); /* its outcome is on its way: the slot is free */
    assert_int_equal(flow_room(flow), 3);
    for (uint32_t n = 3; n < 9; n++)
        take(flow, n, 0);
    assert_int_equal(flow_room(flow), 0);
}

#define WITH_FLOW(test) cmocka_unit_test_setup_teardown(test, new_flow, free_flow)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FLOW(rule_1_an_attempt_is_taken_once_even_after_it_is_done),
        WITH_FLOW(rule_1_memory_is_bounded_and_keeps_what_is_in_hand),
        WITH_FLOW(rule_2_asking_and_calling_never_exceed_the_slots),
        WITH_FLOW(rule_2_interactive_dispatches_go_first_and_have_room_of_their_own),
        WITH_FLOW(rule_3_an_ask_is_repeated_until_it_is_answered),
        WITH_FLOW(rule_4_a_permit_is_void_one_life_after_its_own_ask),
        WITH_FLOW(rule_5_a_call_ends_at_its_limit),
        WITH_FLOW(rule_5_a_call_ends_with_its_lease_counted_from_the_ask),
        WITH_FLOW(rule_6_drop_drops_what_asks_and_nothing_else),
        WITH_FLOW(rule_7_cancelling_aborts_the_jobs_calls_only),
        WITH_FLOW(rule_8_what_nobody_answers_is_dropped_after_its_lease),
        WITH_FLOW(rule_9_the_embedded_analysis_asks_nobody_and_takes_no_slot),
        WITH_FLOW(rule_10_draining_returns_what_waits_and_finishes_what_calls),
        WITH_FLOW(rule_10_a_permit_on_its_way_when_draining_begins_is_used),
        WITH_FLOW(rule_11_a_dispatch_for_the_llm_is_looked_up_before_it_asks),
        WITH_FLOW(rule_11_looking_up_for_ever_is_given_up_and_ends_with_draining),
        WITH_FLOW(rule_12_what_was_found_whole_is_published_without_a_call_or_slot),
        WITH_FLOW(rule_12_free_asks_wait_for_no_slot_even_where_interactive_calls_exceed_them),
        WITH_FLOW(rule_13_above_the_ceiling_what_waits_goes_back_and_what_runs_goes_on),
        WITH_FLOW(rule_13_it_goes_on_below_nine_tenths_of_the_ceiling),
        WITH_FLOW(rule_13_what_was_redelivered_or_found_meanwhile_ends_as_well),
        WITH_FLOW(rule_14_whoever_waits_to_be_published_takes_no_room),
        WITH_FLOW(room_is_what_is_free_beyond_what_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
