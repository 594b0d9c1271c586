/* Who was there, by heartbeats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* after the headers that it needs */

#include "attendance.h"

#define SECOND INT64_C(1000000)
enum { SILENT_US = 3500000 };

/* One heartbeat a second, from and until seconds after the beginning. */
static void beat(struct attendance *attendance, const char *id, int64_t from_s, int64_t until_s)
{
    for (int64_t s = from_s; s <= until_s; s++) {
        attendance_pass(attendance, s * SECOND, SILENT_US);
        attendance_hear(attendance, id, 8);
    }
}

/* The same of two at once. */
static void beat_both(struct attendance *attendance, const char *id, const char *other,
                      int64_t from_s, int64_t until_s)
{
    for (int64_t s = from_s; s <= until_s; s++) {
        attendance_pass(attendance, s * SECOND, SILENT_US);
        attendance_hear(attendance, id, 8);
        attendance_hear(attendance, other, 8);
    }
}

static void who_comes_back_under_a_new_id_is_not_counted_twice(void **state)
{
    (void)state;
    struct attendance attendance = {0};
    beat_both(&attendance, "a1", "b1", 1, 10);
    beat_both(&attendance, "a2", "b1", 11, 20);
    beat_both(&attendance, "a2", "b2", 21, 31);
    struct attendance_figures figures = attendance_figures(&attendance, SECOND, 31 * SECOND);
    assert_int_equal(figures.most, 2);
    assert_int_equal(figures.least,
                     1); /* between the last beat of one and the first of the other */
    assert_true(figures.analyzers > 1.9 && figures.analyzers <= 2);
    assert_true(figures.slots > 15 && figures.slots <= 16);
    attendance_free(&attendance);
}

static void those_that_are_there_at_once_are_counted_by_their_time(void **state)
{
    (void)state;
    struct attendance attendance = {0};
    beat(&attendance, "a", 1, 10);
    beat_both(&attendance, "a", "b", 11, 31);
    struct attendance_figures figures = attendance_figures(&attendance, SECOND, 31 * SECOND);
    assert_int_equal(figures.least, 1);
    assert_int_equal(figures.most, 2);
    assert_int_equal(figures.slots_us, (10 * 8 + 20 * 16) * SECOND);
    assert_true(figures.analyzers > 1.66 && figures.analyzers < 1.67);
    figures = attendance_figures(&attendance, 11 * SECOND, 31 * SECOND); /* while there was work */
    assert_int_equal(figures.least, 2);
    attendance_free(&attendance);
}

static void who_was_silent_too_long_was_away(void **state)
{
    (void)state;
    struct attendance attendance = {0};
    beat_both(&attendance, "a", "b", 1, 10);
    beat(&attendance, "a", 11, 20);
    beat_both(&attendance, "a", "b", 21, 31);
    struct attendance_figures figures = attendance_figures(&attendance, SECOND, 31 * SECOND);
    assert_int_equal(figures.slots_us, (30 * 8 + 9 * 8 + 10 * 8) * SECOND);
    attendance_free(&attendance);
}

static void one_heartbeat_lost_is_no_absence(void **state)
{
    (void)state;
    struct attendance attendance = {0};
    beat_both(&attendance, "a", "b", 1, 10);
    beat(&attendance, "a", 11, 12);
    beat_both(&attendance, "a", "b", 13, 14);
    assert_int_equal(attendance_figures(&attendance, SECOND, 14 * SECOND).least, 2);
    attendance_free(&attendance);
}

static void when_nothing_is_recorded_nobody_is_silent(void **state)
{
    (void)state;
    struct attendance attendance = {0};
    beat_both(&attendance, "a", "b", 1, 10);
    beat(&attendance, "a", 100, 100);
    attendance_hear(&attendance, "b", 8);
    struct attendance_figures figures = attendance_figures(&attendance, SECOND, 100 * SECOND);
    assert_int_equal(figures.slots_us, 99 * 16 * SECOND);
    assert_int_equal(figures.least, 2);
    assert_int_equal(figures.most, 2);
    attendance_free(&attendance);
}

static void who_has_no_slots_any_more_is_gone(void **state)
{
    (void)state;
    struct attendance attendance = {0};
    beat_both(&attendance, "a", "b", 1, 10);
    attendance_pass(&attendance, 11 * SECOND, SILENT_US);
    attendance_hear(&attendance, "a", 0);
    beat(&attendance, "b", 11, 21);
    struct attendance_figures figures = attendance_figures(&attendance, SECOND, 21 * SECOND);
    assert_int_equal(figures.slots_us, (10 * 16 + 10 * 8) * SECOND);
    attendance_free(&attendance);
}

static void who_comes_to_have_other_slots_is_still_one(void **state)
{
    (void)state;
    struct attendance attendance = {0};
    beat(&attendance, "a", 1, 10);
    attendance_pass(&attendance, 11 * SECOND, SILENT_US);
    attendance_hear(&attendance, "a", 4);
    attendance_pass(&attendance, 12 * SECOND, SILENT_US);
    struct attendance_figures figures = attendance_figures(&attendance, SECOND, 12 * SECOND);
    assert_int_equal(figures.most, 1);
    assert_int_equal(figures.slots_us, (10 * 8 + 4) * SECOND);
    attendance_free(&attendance);
}

static void time_without_anybody_does_not_count(void **state)
{
    (void)state;
    struct attendance attendance = {0};
    beat(&attendance, "a", 1, 10);
    for (int64_t s = 11; s <= 60; s++) /* the leader is alone */
        attendance_pass(&attendance, s * SECOND, SILENT_US);
    beat(&attendance, "b", 61, 70);
    struct attendance_figures figures = attendance_figures(&attendance, SECOND, 70 * SECOND);
    assert_true(figures.analyzers > 0.999 && figures.analyzers < 1.001);
    assert_int_equal(figures.slots_us, 18 * 8 * SECOND);
    attendance_free(&attendance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_back_under_a_new_id_is_not_counted_twice),
        cmocka_unit_test(those_that_are_there_at_once_are_counted_by_their_time),
        cmocka_unit_test(who_was_silent_too_long_was_away),
        cmocka_unit_test(one_heartbeat_lost_is_no_absence),
        cmocka_unit_test(when_nothing_is_recorded_nobody_is_silent),
        cmocka_unit_test(who_has_no_slots_any_more_is_gone),
        cmocka_unit_test(who_comes_to_have_other_slots_is_still_one),
        cmocka_unit_test(time_without_anybody_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
