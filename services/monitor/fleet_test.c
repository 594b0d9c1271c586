#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "fleet.h"

static int gone_count;

static void count_gone(void *context, const struct fleet_member *member)
{
    (void)context;
    (void)member;
    gone_count++;
}

struct seen {
    size_t count, up;
    char names[400];
};

static void see(void *context, const struct fleet_member *member)
{
    struct seen *seen = context;
    seen->count++;
    seen->up += member->is_up;
    if (strlen(seen->names) < 300) {
        strcat(seen->names, member->instance);
        strcat(seen->names, " ");
    }
}

static struct seen look(const struct fleet *fleet)
{
    struct seen seen = {0};
    fleet_visit(fleet, see, &seen);
    return seen;
}

static bool hear(struct fleet *fleet, const char *service, const char *instance, double now_s)
{
    struct fixture fixture = fixture_open(service, instance, 1);
    struct fleet_before before;
    if (!fleet_hear(fleet, fixture.arena, fixture.telemetry, at_s(now_s), &before)) {
        arena_close(&fixture.arena);
        return false;
    }
    arena_close(&before.arena);
    return true;
}

static void the_latest_message_stands_for_an_instance(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = fleet_new();
    assert_true(hear(fleet, "store", "b", 0));
    assert_true(hear(fleet, "store", "a", 0));
    assert_true(hear(fleet, "analyzer", "z", 0));
    assert_true(hear(fleet, "store", "a", 1));
    struct seen seen = look(fleet);
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.names, "z a b ");
}

static void what_was_said_before_is_handed_back(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = fleet_new();
    struct fixture first = fixture_open("store", "a", 1), second = fixture_open("store", "a", 2);
    struct fleet_before before;
    assert_true(fleet_hear(fleet, first.arena, first.telemetry, at_s(0), &before));
    assert_null(before.telemetry);
    assert_true(fleet_hear(fleet, second.arena, second.telemetry, at_s(1), &before));
    assert_ptr_equal(before.telemetry, first.telemetry);
    arena_close(&before.arena);
}

static void three_silent_intervals_and_it_is_gone(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = fleet_new();
    gone_count = 0;
    assert_true(hear(fleet, "store", "a", 10));
    fleet_age(fleet, at_s(13), count_gone, NULL);
    assert_int_equal(look(fleet).up, 1);
    fleet_age(fleet, at_s(13.1), count_gone, NULL);
    fleet_age(fleet, at_s(14), count_gone, NULL);
    assert_int_equal(look(fleet).up, 0);
    assert_int_equal(gone_count, 1);
    assert_true(hear(fleet, "store", "a", 15));
    assert_int_equal(look(fleet).up, 1);
}

static void a_gone_one_is_forgotten_in_time(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = fleet_new();
    assert_true(hear(fleet, "store", "a", 0));
    fleet_age(fleet, at_s(602), count_gone, NULL);
    assert_int_equal(look(fleet).count, 1);
    fleet_age(fleet, at_s(604), count_gone, NULL);
    assert_int_equal(look(fleet).count, 0);
}

static void a_full_fleet_takes_none_until_one_is_gone(void **state)
{
    (void)state;
    SCOPED(fleet_free) struct fleet *fleet = fleet_new();
    char name[20];
    for (int i = 0; i < FLEET_MAX_INSTANCES; i++) {
        snprintf(name, sizeof name, "i%d", i);
        assert_true(hear(fleet, "store", name, i == 300 ? 0 : 10));
    }
    assert_false(hear(fleet, "store", "one-more", 10));
    assert_true(hear(fleet, "store", "i7", 10));
    fleet_age(fleet, at_s(10), count_gone, NULL);
    assert_true(hear(fleet, "store", "one-more", 10));
    assert_false(hear(fleet, "store", "yet-another", 10));
    assert_int_equal(look(fleet).count, FLEET_MAX_INSTANCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_message_stands_for_an_instance),
        cmocka_unit_test(what_was_said_before_is_handed_back),
        cmocka_unit_test(three_silent_intervals_and_it_is_gone),
        cmocka_unit_test(a_gone_one_is_forgotten_in_time),
        cmocka_unit_test(a_full_fleet_takes_none_until_one_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
