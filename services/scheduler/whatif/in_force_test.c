/* Which settings were in force at the end, and whether they changed before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "in_force.h"

static struct scheduler_config two_endpoints(void)
{
    struct scheduler_config config = SCHEDULER_DEFAULTS;
    config.endpoint_count = 2;
    strcpy(config.endpoints[0].name, "main");
    strcpy(config.endpoints[1].name, "spare");
    config.endpoints[0].limits.tokens_per_minute = 1000;
    return config;
}

static struct in_force begun(void)
{
    struct in_force in_force = {0};
    struct scheduler_config config = two_endpoints();
    in_force_begin(&in_force, &config);
    return in_force;
}

static struct control_facts of_endpoint(const char *name, uint64_t version, uint64_t tokens)
{
    return (struct control_facts){.scope = SCOPE_ENDPOINT,
                                  .tenant_id = "",
                                  .name = name,
                                  .message = "",
                                  .has_limits = tokens > 0,
                                  .limits.tokens_per_minute = tokens,
                                  .version = version};
}

static struct control_facts held(struct control_facts control)
{
    control.state = CONTROL_HELD;
    return control;
}

static uint64_t tokens_of_main(const struct in_force *in_force)
{
    return in_force_config(in_force).endpoints[0].limits.tokens_per_minute;
}

static void limits_that_operators_set_are_in_force(void **state)
{
    (void)state;
    struct in_force in_force = begun();
    struct control_facts found = of_endpoint("main", 7, 5000);
    assert_int_equal(tokens_of_main(&in_force), 1000);
    in_force_find(&in_force, &found);
    assert_int_equal(tokens_of_main(&in_force), 5000);
    assert_int_equal(in_force.changes, 0); /* it was so from the beginning */
    in_force_free(&in_force);
}

static void the_last_limits_count_and_the_change_is_told(void **state)
{
    (void)state;
    struct in_force in_force = begun();
    struct control_facts first = of_endpoint("main", 7, 5000);
    struct control_facts later = of_endpoint("main", 9, 6000);
    in_force_find(&in_force, &first);
    in_force_hear(&in_force, &later);
    in_force_hear(&in_force, &later); /* read again */
    in_force_hear(&in_force, &first); /* an old word */
    assert_int_equal(tokens_of_main(&in_force), 6000);
    assert_int_equal(in_force.changes, 1);
    struct control_facts removed = of_endpoint("main", 10, 0);
    removed.is_removed = true;
    in_force_hear(&in_force, &removed);
    assert_int_equal(tokens_of_main(&in_force), 1000);
    assert_int_equal(in_force.changes, 2);
    in_force_free(&in_force);
}

static void limits_of_tenants_are_kept_as_controls(void **state)
{
    (void)state;
    struct in_force in_force = begun();
    struct control_facts tenant = {.scope = SCOPE_TENANT,
                                   .tenant_id = "acme",
                                   .name = "",
                                   .message = "",
                                   .state = CONTROL_HELD,
                                   .weight = 3,
                                   .has_limits = true,
                                   .limits.requests_per_minute = 60,
                                   .version = 8};
    in_force_hear(&in_force, &tenant);
    size_t count = 0;
    struct control_facts *controls = in_force_controls(&in_force, &count);
    assert_int_equal(count, 1);
    assert_string_equal(controls[0].tenant_id, "acme");
    assert_true(controls[0].has_limits && controls[0].weight > 2.9);
    assert_int_equal(controls[0].limits.requests_per_minute, 60);
    assert_int_equal(controls[0].state, CONTROL_OPEN); /* its work is to be done */
    assert_int_equal(in_force.changes, 1);
    assert_int_equal(in_force.stops, 1);
    in_force_free_controls(&controls, count);
    in_force_free(&in_force);
}

static bool is_main_held(const struct in_force *in_force)
{
    bool is_held = false;
    size_t count = 0;
    struct control_facts *controls = in_force_controls(in_force, &count);
    for (size_t i = 0; i < count; i++)
        is_held |= strcmp(controls[i].name, "main") == 0 && controls[i].state == CONTROL_HELD;
    in_force_free_controls(&controls, count);
    return is_held;
}

static void a_held_endpoint_stays_held_unless_all_are(void **state)
{
    (void)state;
    struct in_force in_force = begun();
    struct control_facts first = held(of_endpoint("main", 1, 0));
    struct control_facts second = held(of_endpoint("spare", 2, 0));
    in_force_find(&in_force, &first);
    assert_true(is_main_held(&in_force));
    in_force_hear(&in_force, &second);
    assert_false(is_main_held(&in_force));
    assert_int_equal(in_force.stops, 2);
    assert_int_equal(in_force.changes, 0);
    in_force_free(&in_force);
}

static void what_a_new_leader_is_set_to_counts(void **state)
{
    (void)state;
    struct in_force in_force = begun();
    struct control_facts first = of_endpoint("main", 7, 5000);
    struct control_facts later = of_endpoint("main", 8, 7000);
    in_force_find(&in_force, &first);
    struct scheduler_config config = two_endpoints();
    in_force_begin(&in_force, &config);
    in_force_find(&in_force, &first);
    assert_int_equal(in_force.changes, 0);
    config.max_active_users++;
    in_force_begin(&in_force, &config);
    assert_int_equal(in_force.changes, 1);
    in_force_find(&in_force, &later); /* set while nobody led */
    assert_int_equal(in_force.changes, 2);
    assert_int_equal(tokens_of_main(&in_force), 7000);
    in_force_begin(&in_force, &config); /* and removed */
    assert_int_equal(tokens_of_main(&in_force), 1000);
    in_force_free(&in_force);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_that_operators_set_are_in_force),
        cmocka_unit_test(the_last_limits_count_and_the_change_is_told),
        cmocka_unit_test(limits_of_tenants_are_kept_as_controls),
        cmocka_unit_test(a_held_endpoint_stays_held_unless_all_are),
        cmocka_unit_test(what_a_new_leader_is_set_to_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
