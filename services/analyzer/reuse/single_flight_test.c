/* Each rule of single_flight.h by its number. */
#include "single_flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Crews, told apart by their addresses. */
static char a, b, c;

static int open_flights(void **state)
{
    *state = single_flight_new();
    return 0;
}

static int close_flights(void **state)
{
    struct single_flight *flights = *state;
    single_flight_free(&flights);
    return 0;
}

static const uint8_t *key_of(uint8_t number)
{
    static uint8_t key[CACHE_KEY_BYTES];
    key[0] = number;
    return key;
}

static enum boarding board(struct single_flight *flights, uint8_t key, void *crew, size_t nth)
{
    const Tp__PostResult *result = NULL;
    enum boarding boarding =
        single_flight_board(flights, key_of(key), &(struct passenger){crew, nth}, &result);
    assert_int_equal(boarding == BOARDING_LANDED, result != NULL);
    return boarding;
}

static void land(struct single_flight *flights, uint8_t key, void *crew)
{
    Tp__PostResult result = TP__POST_RESULT__INIT;
    result.model = "m";
    result.prompt_version = "p";
    result.confidence = key;
    single_flight_land(flights, key_of(key), crew, &result);
}

static void expect_arrival(struct single_flight *flights, const void *crew, size_t nth,
                           bool is_landed)
{
    struct arrival arrival;
    assert_true(single_flight_next(flights, &arrival));
    assert_ptr_equal(arrival.passenger.crew, crew);
    assert_int_equal(arrival.passenger.nth, nth);
    assert_int_equal(arrival.result != NULL, is_landed);
}

static void expect_nobody(struct single_flight *flights)
{
    struct arrival arrival;
    assert_false(single_flight_next(flights, &arrival));
}

static void rule_1_the_first_flies_and_the_others_wait(void **state)
{
    struct single_flight *flights = *state;
    assert_int_equal(board(flights, 1, &a, 0), BOARDING_FLIES);
    assert_int_equal(board(flights, 1, &b, 3), BOARDING_WAITS);
    assert_int_equal(board(flights, 2, &b, 4), BOARDING_FLIES);
    assert_int_equal(board(flights, 2, &a, 5), BOARDING_WAITS);
    expect_nobody(flights);
    assert_int_equal(single_flight_count(flights), 2);
}

static void rule_2_a_landing_reaches_all_in_their_order(void **state)
{
    struct single_flight *flights = *state;
    board(flights, 1, &a, 0);
    board(flights, 1, &b, 3);
    board(flights, 1, &c, 7);
    land(flights, 1, &a);
    expect_arrival(flights, &b, 3, true);
    expect_arrival(flights, &c, 7, true);
    expect_nobody(flights);
}

static void rule_2_until_it_is_closed_its_result_is_there_at_once(void **state)
{
    struct single_flight *flights = *state;
    board(flights, 1, &a, 0);
    land(flights, 1, &a);
    assert_int_equal(board(flights, 1, &b, 3), BOARDING_LANDED);
    expect_nobody(flights);
    struct kept *kept;
    single_flight_close(flights, key_of(1), &a, &kept);
    assert_true(kept_result(kept)->confidence == 1);
    kept_free(&kept);
    assert_int_equal(board(flights, 1, &b, 3), BOARDING_FLIES);
}

static void rule_3_a_loss_reaches_all_and_the_first_may_fly(void **state)
{
    struct single_flight *flights = *state;
    board(flights, 1, &a, 0);
    board(flights, 1, &b, 3);
    board(flights, 1, &c, 7);
    single_flight_lose(flights, key_of(1), &a);
    assert_int_equal(single_flight_count(flights), 0);
    expect_arrival(flights, &b, 3, false);
    assert_int_equal(board(flights, 1, &b, 3), BOARDING_FLIES);
    expect_arrival(flights, &c, 7, false);
    assert_int_equal(board(flights, 1, &c, 7), BOARDING_WAITS);
    land(flights, 1, &b);
    expect_arrival(flights, &c, 7, true);
}

static void rule_4_who_leaves_is_not_told(void **state)
{
    struct single_flight *flights = *state;
    board(flights, 1, &a, 0);
    board(flights, 1, &b, 3);
    board(flights, 1, &b, 4);
    board(flights, 1, &c, 7);
    single_flight_leave(flights, key_of(1), &(struct passenger){&b, 3});
    single_flight_lose(flights, key_of(1), &a);
    single_flight_leave(flights, key_of(1), &(struct passenger){&c, 7}); /* on its way already */
    expect_arrival(flights, &b, 4, false);
    expect_nobody(flights);
    single_flight_leave(flights, key_of(1), &(struct passenger){&c, 7}); /* nothing to leave */
}

#define WITH_FLIGHTS(test) cmocka_unit_test_setup_teardown(test, open_flights, close_flights)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FLIGHTS(rule_1_the_first_flies_and_the_others_wait),
        WITH_FLIGHTS(rule_2_a_landing_reaches_all_in_their_order),
        WITH_FLIGHTS(rule_2_until_it_is_closed_its_result_is_there_at_once),
        WITH_FLIGHTS(rule_3_a_loss_reaches_all_and_the_first_may_fly),
        WITH_FLIGHTS(rule_4_who_leaves_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
