#include "control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "messages/messages.h"
#include "json/json.h"

struct desk {
    struct arena *arena;
    struct control_faults faults;
};

static Tp__Control of(Tp__ControlScope scope)
{
    Tp__Control control = TP__CONTROL__INIT;
    control.scope = scope;
    control.state = TP__CONTROL_STATE__OPEN;
    return control;
}

static bool read_into(struct desk *desk, Tp__Control *control, const char *body)
{
    return control_read(desk->arena, body, strlen(body), control, &desk->faults);
}

static void assert_refused(struct desk *desk, Tp__ControlScope scope, const char *body,
                           const char *pointer)
{
    Tp__Control control = of(scope);
    assert_false(read_into(desk, &control, body));
    assert_true(desk->faults.count > 0);
    assert_string_equal(desk->faults.list[0].pointer, pointer);
}

#define ALL_LIMITS                                                                                 \
    "{\"limits\":{\"requests_per_minute\":500,\"tokens_per_minute\":200000,"                       \
    "\"calls_in_flight\":64,\"usd_per_day\":20.5}}"

static void rule_1_what_is_not_known_refuses_with_its_pointer(void **state)
{
    struct desk *desk = *state;
    assert_refused(desk, TP__CONTROL_SCOPE__SYSTEM, "{\"stat\":\"held\"}", "/stat");
    assert_refused(desk, TP__CONTROL_SCOPE__SYSTEM, "{\"a/b~c\":1}", "/a~1b~0c");
    assert_refused(desk, TP__CONTROL_SCOPE__ENDPOINT, "{\"limits\":{\"rpm\":1}}",
                   "/limits/requests_per_minute");
    assert_int_equal(desk->faults.count, 5); /* four are missing, one is not known */
    assert_refused(desk, TP__CONTROL_SCOPE__SYSTEM, "[]", "");
    assert_refused(desk, TP__CONTROL_SCOPE__SYSTEM, "{", "");
    assert_refused(desk, TP__CONTROL_SCOPE__SYSTEM, "{\"message\":\"a\\nb\"}", "/message");
    assert_refused(desk, TP__CONTROL_SCOPE__SYSTEM, "{\"message\":7}", "/message");
}

static void rule_1_all_faults_are_told_at_once(void **state)
{
    struct desk *desk = *state;
    Tp__Control control = of(TP__CONTROL_SCOPE__SYSTEM);
    assert_false(read_into(desk, &control, "{\"state\":\"off\",\"weight\":1,\"x\":null}"));
    assert_int_equal(desk->faults.count, 3);
    SCOPED(text_free) struct text out = {0};
    text_add(&out, "{");
    control_write_faults(&desk->faults, &out);
    text_add(&out, "}");
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    assert_true(json_parse(out.chars, out.length, &document, &why));
    assert_int_equal(json_array_size(json_object_get(document, "errors")), 3);
    assert_int_equal(json_integer_value(json_object_get(document, "error_count")), 3);
}

static void rule_2_each_scope_has_its_states(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *state;
        bool system, endpoint, tenant, user;
    } MAY[] = {
        {"{\"state\":\"open\"}", true, true, true, true},
        {"{\"state\":\"held\"}", true, true, true, true},
        {"{\"state\":\"draining\"}", true, false, true, true},
        {"{\"state\":\"reduced\"}", true, false, false, false},
        {"{\"state\":\"closed\"}", false, false, false, false},
        {"{\"state\":1}", false, false, false, false},
    };
    for (size_t i = 0; i < sizeof MAY / sizeof *MAY; i++) {
        Tp__Control system = of(TP__CONTROL_SCOPE__SYSTEM),
                    endpoint = of(TP__CONTROL_SCOPE__ENDPOINT),
                    tenant = of(TP__CONTROL_SCOPE__TENANT), user = of(TP__CONTROL_SCOPE__USER);
        assert_int_equal(read_into(desk, &system, MAY[i].state), MAY[i].system);
        assert_int_equal(read_into(desk, &endpoint, MAY[i].state), MAY[i].endpoint);
        assert_int_equal(read_into(desk, &tenant, MAY[i].state), MAY[i].tenant);
        assert_int_equal(read_into(desk, &user, MAY[i].state), MAY[i].user);
    }
}

static void rule_3_each_scope_has_its_members(void **state)
{
    struct desk *desk = *state;
    assert_refused(desk, TP__CONTROL_SCOPE__USER, "{\"weight\":2}", "/weight");
    assert_refused(desk, TP__CONTROL_SCOPE__ENDPOINT, "{\"burst\":2}", "/burst");
    assert_refused(desk, TP__CONTROL_SCOPE__SYSTEM, ALL_LIMITS, "/limits");
    assert_refused(desk, TP__CONTROL_SCOPE__TENANT, "{\"weight\":0}", "/weight");
    assert_refused(desk, TP__CONTROL_SCOPE__TENANT, "{\"weight\":1001}", "/weight");
    assert_refused(desk, TP__CONTROL_SCOPE__TENANT, "{\"weight\":true}", "/weight");
    assert_refused(desk, TP__CONTROL_SCOPE__TENANT, "{\"burst\":63}", "/burst");
    assert_refused(desk, TP__CONTROL_SCOPE__TENANT, "{\"burst\":1.5}", "/burst");
    Tp__Control user = of(TP__CONTROL_SCOPE__USER);
    assert_true(read_into(desk, &user, ALL_LIMITS));
    assert_true(read_into(desk, &user, "{\"unfinished_jobs\":7}"));
    assert_int_equal(user.unfinished_jobs, 7);
    assert_true(read_into(desk, &user, "{\"limits\":null}"));
    assert_false(control_is_plain(&user));
    assert_true(read_into(desk, &user, "{\"unfinished_jobs\":null}"));
    assert_true(control_is_plain(&user));
    assert_refused(desk, TP__CONTROL_SCOPE__USER, "{\"unfinished_jobs\":0}", "/unfinished_jobs");
    assert_refused(desk, TP__CONTROL_SCOPE__TENANT, "{\"unfinished_jobs\":7}", "/unfinished_jobs");
    Tp__Control tenant = of(TP__CONTROL_SCOPE__TENANT);
    assert_true(read_into(desk, &tenant, "{\"weight\":2.5,\"burst\":3}"));
    assert_float_equal(tenant.weight, 2.5, 0);
    assert_int_equal(tenant.burst, 3);
}

static void rule_4_what_is_not_named_stays_and_null_resets(void **state)
{
    struct desk *desk = *state;
    Tp__Control tenant = of(TP__CONTROL_SCOPE__TENANT);
    assert_true(read_into(desk, &tenant, ALL_LIMITS));
    assert_true(
        read_into(desk, &tenant, "{\"state\":\"held\",\"message\":\"until noon\",\"weight\":2}"));
    assert_non_null(tenant.limits);
    assert_true(read_into(desk, &tenant, "{\"limits\":{\"usd_per_day\":1,\"shadow\":true}}"));
    assert_int_equal(tenant.state, TP__CONTROL_STATE__HELD);
    assert_string_equal(tenant.message, "until noon");
    assert_int_equal(tenant.limits->requests_per_minute, 500);
    assert_int_equal(tenant.limits->micros_per_day, 1000000);
    assert_true(tenant.limits->is_shadow);
    assert_true(read_into(
        desk, &tenant,
        "{\"state\":null,\"message\":null,\"weight\":null,\"burst\":null,\"limits\":null}"));
    assert_true(control_is_plain(&tenant));
}

static void rule_5_first_limits_are_said_in_full(void **state)
{
    struct desk *desk = *state;
    assert_refused(desk, TP__CONTROL_SCOPE__ENDPOINT,
                   "{\"limits\":{\"requests_per_minute\":500,\"calls_in_flight\":1}}",
                   "/limits/tokens_per_minute");
    assert_int_equal(desk->faults.count, 2);
    Tp__Control endpoint = of(TP__CONTROL_SCOPE__ENDPOINT);
    assert_true(read_into(desk, &endpoint, ALL_LIMITS));
    assert_int_equal(endpoint.limits->requests_per_minute, 500);
    assert_int_equal(endpoint.limits->tokens_per_minute, 200000);
    assert_int_equal(endpoint.limits->calls_in_flight, 64);
    assert_int_equal(endpoint.limits->micros_per_day, 20500000);
    assert_false(endpoint.limits->is_shadow);
}

static void rule_5_of_a_users_limits_each_may_be_said_alone(void **state)
{
    struct desk *desk = *state;
    Tp__Control user = of(TP__CONTROL_SCOPE__USER);
    assert_true(read_into(desk, &user, "{\"limits\":{\"requests_per_minute\":30}}"));
    assert_int_equal(user.limits->requests_per_minute, 30);
    assert_int_equal(user.limits->tokens_per_minute, 0);
    assert_true(read_into(desk, &user, "{\"limits\":{\"tokens_per_minute\":9}}"));
    assert_int_equal(user.limits->requests_per_minute, 30);
    assert_true(read_into(desk, &user, "{\"limits\":null}"));
    assert_null(user.limits);
}

static void rule_7_a_limit_of_money_counts_where_something_has_a_price(void **state)
{
    struct desk *desk = *state;
    Tp__Control free = of(TP__CONTROL_SCOPE__ENDPOINT), dear = of(TP__CONTROL_SCOPE__ENDPOINT);
    Tp__Control *endpoints[] = {&free, &dear};
    Tp__ControlsReply known = TP__CONTROLS_REPLY__INIT;
    free.name = "free";
    dear.name = "dear";
    dear.has_price = 1;
    known.controls = endpoints;
    known.n_controls = 2;
    Tp__Control control = of(TP__CONTROL_SCOPE__ENDPOINT), user = of(TP__CONTROL_SCOPE__USER);
    assert_true(read_into(desk, &control, ALL_LIMITS));
    assert_true(read_into(desk, &user, ALL_LIMITS));
    control.name = "free";
    assert_false(control_counts_money(&control, &known));
    assert_true(control_counts_money(&user, &known));
    control.limits->micros_per_day = 0;
    assert_true(control_counts_money(&control, &known));
    control.limits->micros_per_day = 1;
    control.name = "dear";
    assert_true(control_counts_money(&control, &known));
    known.n_controls = 1;
    assert_false(control_counts_money(&user, &known));
    user.limits = NULL;
    assert_true(control_counts_money(&user, &known));
}

static void rule_5_a_limit_is_a_number_within_reason(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *body, *pointer;
    } BAD[] = {
        {"{\"limits\":{\"requests_per_minute\":-1}}", "/limits/requests_per_minute"},
        {"{\"limits\":{\"requests_per_minute\":4294967296}}", "/limits/requests_per_minute"},
        {"{\"limits\":{\"tokens_per_minute\":1e3}}", "/limits/tokens_per_minute"},
        {"{\"limits\":{\"calls_in_flight\":null}}", "/limits/calls_in_flight"},
        {"{\"limits\":{\"usd_per_day\":-0.1}}", "/limits/usd_per_day"},
        {"{\"limits\":{\"usd_per_day\":0.0000001}}", "/limits/usd_per_day"},
        {"{\"limits\":{\"usd_per_day\":1e10}}", "/limits/usd_per_day"},
        {"{\"limits\":{\"shadow\":1}}", "/limits/shadow"},
        {"{\"limits\":{\"a/b\":1}}", "/limits/a~1b"},
        {"{\"limits\":7}", "/limits"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        Tp__Control endpoint = of(TP__CONTROL_SCOPE__ENDPOINT);
        assert_true(read_into(desk, &endpoint, ALL_LIMITS));
        assert_false(read_into(desk, &endpoint, BAD[i].body));
        assert_int_equal(desk->faults.count, 1);
        assert_string_equal(desk->faults.list[0].pointer, BAD[i].pointer);
    }
}

static void rule_6_an_admins_change_leaves_the_operators_part(void **state)
{
    struct desk *desk = *state;
    Tp__Control current = of(TP__CONTROL_SCOPE__TENANT), next = of(TP__CONTROL_SCOPE__TENANT);
    assert_true(read_into(desk, &current, ALL_LIMITS));
    assert_true(read_into(desk, &current, "{\"weight\":3}"));
    control_keep_operators_part(&next, &current);
    assert_true(read_into(desk, &next, "{\"state\":\"draining\"}"));
    assert_true(control_operators_part_is(&next, &current));
    assert_true(read_into(desk, &next, "{\"limits\":{\"calls_in_flight\":64}}"));
    assert_true(control_operators_part_is(&next, &current));
    assert_true(read_into(desk, &next, "{\"limits\":{\"calls_in_flight\":65}}"));
    assert_false(control_operators_part_is(&next, &current));
    control_keep_operators_part(&next, &current);
    assert_true(read_into(desk, &next, "{\"burst\":2}"));
    assert_false(control_operators_part_is(&next, &current));
    assert_false(control_is_plain(&current));
    control_keep_operators_part(&next, NULL);
    assert_true(read_into(desk, &next, "{\"state\":null}"));
    assert_true(control_is_plain(&next));
    /* A user's burst is its tenant's own matter. */
    Tp__Control user = of(TP__CONTROL_SCOPE__USER), same = of(TP__CONTROL_SCOPE__USER);
    assert_true(read_into(desk, &user, "{\"burst\":2}"));
    assert_true(control_operators_part_is(&user, &same));
}

static void a_control_is_shown_as_it_can_be_set(void **state)
{
    struct desk *desk = *state;
    SCOPED(text_free) struct text out = {0};
    Tp__Control control = of(TP__CONTROL_SCOPE__TENANT);
    control.tenant_id = "acme";
    control.version = 17;
    assert_true(read_into(desk, &control, ALL_LIMITS));
    assert_true(read_into(desk, &control, "{\"state\":\"held\",\"message\":\"a \\\"break\\\"\"}"));
    control_write(&control, NULL, &out);
    assert_string_equal(out.chars,
                        "{\"scope\":\"tenant\",\"tenant\":\"acme\",\"state\":\"held\","
                        "\"message\":\"a \\\"break\\\"\",\"limits\":{\"requests_per_minute\":500,"
                        "\"tokens_per_minute\":200000,\"calls_in_flight\":64,"
                        "\"usd_per_day\":20.500000,\"shadow\":false},\"version\":17}");
    Tp__Control user = of(TP__CONTROL_SCOPE__USER);
    user.tenant_id = "acme";
    user.name = "al/ice";
    user.burst = 2;
    text_clear(&out);
    control_write(&user, NULL, &out);
    assert_string_equal(out.chars, "{\"scope\":\"user\",\"tenant\":\"acme\",\"user\":\"al/ice\","
                                   "\"state\":\"open\",\"burst\":2,\"version\":0}");
}

static int open_desk(void **state)
{
    static struct desk desk;
    desk.arena = arena_open(1 << 20);
    *state = &desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    arena_close(&desk->arena);
    return 0;
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(rule_1_what_is_not_known_refuses_with_its_pointer),
        WITH_DESK(rule_1_all_faults_are_told_at_once),
        WITH_DESK(rule_2_each_scope_has_its_states),
        WITH_DESK(rule_3_each_scope_has_its_members),
        WITH_DESK(rule_4_what_is_not_named_stays_and_null_resets),
        WITH_DESK(rule_5_first_limits_are_said_in_full),
        WITH_DESK(rule_5_of_a_users_limits_each_may_be_said_alone),
        WITH_DESK(rule_5_a_limit_is_a_number_within_reason),
        WITH_DESK(rule_6_an_admins_change_leaves_the_operators_part),
        WITH_DESK(rule_7_a_limit_of_money_counts_where_something_has_a_price),
        WITH_DESK(a_control_is_shown_as_it_can_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
