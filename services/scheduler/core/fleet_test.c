/* Which analyzers are there, and how many slots they announce (rule 2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h> /* after the headers that it needs */

#include "fleet.h"

static struct instant at(int64_t ms)
{
    return instant_plus_ms((struct instant){0}, ms);
}

static void the_slots_of_all_who_were_heard_are_added_up(void **state)
{
    (void)state;
    struct fleet fleet = {0};
    fleet_heard(&fleet, "one", 5, at(0));
    fleet_heard(&fleet, "two", 7, at(0));
    assert_int_equal(fleet.slots, 12);
    fleet_heard(&fleet, "one", 3, at(10)); /* the newest word */
    assert_int_equal(fleet.slots, 10);
    assert_int_equal(fleet.count, 2);
    fleet_free(&fleet);
    assert_int_equal(fleet.slots, 0);
    assert_int_equal(fleet.count, 0);
}

static void who_is_silent_is_forgotten_and_nobody_else(void **state)
{
    (void)state;
    struct fleet fleet = {0};
    fleet_heard(&fleet, "one", 5, at(0));
    fleet_heard(&fleet, "two", 7, at(0));
    fleet_heard(&fleet, "one", 5, at(500));
    fleet_forget_silent(&fleet, at(999), 1000);
    assert_int_equal(fleet.slots, 12);
    fleet_forget_silent(&fleet, at(1000), 1000);
    assert_int_equal(fleet.slots, 5);
    fleet_forget_silent(&fleet, at(1500), 1000);
    assert_int_equal(fleet.count, 0);
    fleet_free(&fleet);
}

static void of_one_analyzer_no_more_than_100000_slots_are_believed(void **state)
{
    (void)state;
    struct fleet fleet = {0};
    fleet_heard(&fleet, "one", UINT32_MAX, at(0));
    fleet_heard(&fleet, "two", 99999, at(0));
    assert_int_equal(fleet.slots, 100000 + 99999);
    fleet_free(&fleet);
}

static void no_more_than_10000_analyzers_are_believed(void **state)
{
    (void)state;
    struct fleet fleet = {0};
    for (int i = 0; i <= 10000; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        fleet_heard(&fleet, name, 1, at(0));
    }
    assert_int_equal(fleet.count, 10000);
    assert_int_equal(fleet.slots, 10000);
    fleet_heard(&fleet, "0", 8, at(1)); /* who is known goes on to be heard */
    assert_int_equal(fleet.slots, 10007);
    fleet_free(&fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slots_of_all_who_were_heard_are_added_up),
        cmocka_unit_test(who_is_silent_is_forgotten_and_nobody_else),
        cmocka_unit_test(of_one_analyzer_no_more_than_100000_slots_are_believed),
        cmocka_unit_test(no_more_than_10000_analyzers_are_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
