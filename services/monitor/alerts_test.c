#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alerts.h"

static const struct alerts_options OPTIONS = {
    .rules = {[ALERT_QUEUE_LONG] = {100, 60000},
              [ALERT_CHUNK_SLOW] = {0.05, 60000},
              [ALERT_ERRORS_HIGH] = {0.02, 0},
              [ALERT_POOL_FULL] = {0.9, 30000},
              [ALERT_ENDPOINT_DOWN] = {0, 30000},
              [ALERT_LIMIT_USED] = {0.95, 30000}},
    .clear_ms = 20000,
    .stale_ms = 300000,
    .linger_ms = 900000,
};

static struct alerts fresh(void)
{
    struct alerts alerts;
    alerts_init(&alerts, &OPTIONS);
    return alerts;
}

/* One sample for one rule, the others without data; how many changes came of it. */
static size_t step(struct alerts *alerts, enum alert_kind kind, struct sample sample, int64_t at_s)
{
    struct sample samples[ALERT_KINDS] = {0};
    samples[kind] = sample;
    struct instant now = {at_s * 1000 * CLOCK_MS};
    struct alert_changes changes = alerts_step(alerts, samples, now, 1000000 + at_s * 1000);
    if (changes.count > 0)
        assert_int_equal(changes.which[0], kind);
    return changes.count;
}

static size_t value(struct alerts *alerts, enum alert_kind kind, double value, int64_t at_s)
{
    return step(alerts, kind, (struct sample){true, value}, at_s);
}

static size_t no_value(struct alerts *alerts, enum alert_kind kind, int64_t at_s)
{
    return step(alerts, kind, (struct sample){0}, at_s);
}

static void each_rule_goes_from_pending_to_firing_to_resolved(void **state)
{
    (void)state;
    static const double BAD[ALERT_KINDS] = {101, 0.06, 0.021, 0.9, 1, 0.95};
    static const double GOOD[ALERT_KINDS] = {100, 0.05, 0.02, 0.89, 0, 0.94};
    for (int i = 0; i < ALERT_KINDS; i++) {
        enum alert_kind kind = (enum alert_kind)i;
        struct alerts alerts = fresh();
        const struct alert *alert = &alerts.list[kind];
        int64_t for_s = OPTIONS.rules[kind].for_ms / 1000;
        assert_int_equal(value(&alerts, kind, GOOD[i], 0), 0);
        assert_int_equal(alert->state, ALERT_INACTIVE);
        if (for_s > 0) {
            assert_int_equal(value(&alerts, kind, BAD[i], 10), 0);
            assert_int_equal(alert->state, ALERT_PENDING);
            assert_int_equal(value(&alerts, kind, BAD[i], 10 + for_s - 1), 0);
        }
        assert_int_equal(value(&alerts, kind, BAD[i], 10 + for_s), 1);
        assert_int_equal(alert->state, ALERT_FIRING);
        assert_int_equal(alert->starts_wall_ms, 1000000 + (10 + for_s) * 1000);
        assert_int_equal(value(&alerts, kind, GOOD[i], 100), 0);
        assert_int_equal(value(&alerts, kind, GOOD[i], 119), 0);
        assert_int_equal(value(&alerts, kind, GOOD[i], 120), 1);
        assert_int_equal(alert->state, ALERT_RESOLVED);
        assert_int_equal(alert->ends_wall_ms, 1000000 + 120 * 1000);
    }
}

static void a_short_breach_is_told_to_nobody(void **state)
{
    (void)state;
    struct alerts alerts = fresh();
    for (int64_t at_s = 0; at_s < 1000; at_s += 50) {
        assert_int_equal(value(&alerts, ALERT_QUEUE_LONG, 500, at_s), 0);
        assert_int_equal(value(&alerts, ALERT_QUEUE_LONG, 500, at_s + 30), 0);
        assert_int_equal(value(&alerts, ALERT_QUEUE_LONG, 5, at_s + 40), 0);
        assert_int_equal(alerts.list[ALERT_QUEUE_LONG].state, ALERT_INACTIVE);
    }
}

static void a_flapping_alert_is_told_once(void **state)
{
    (void)state;
    struct alerts alerts = fresh();
    assert_int_equal(value(&alerts, ALERT_ERRORS_HIGH, 0.5, 0), 1);
    for (int64_t at_s = 10; at_s < 500; at_s += 20) {
        assert_int_equal(value(&alerts, ALERT_ERRORS_HIGH, 0, at_s), 0);
        assert_int_equal(value(&alerts, ALERT_ERRORS_HIGH, 0.5, at_s + 10), 0);
        assert_int_equal(alerts.list[ALERT_ERRORS_HIGH].state, ALERT_FIRING);
    }
}

static void missing_data_ends_what_is_pending_but_not_what_fires(void **state)
{
    (void)state;
    struct alerts alerts = fresh();
    value(&alerts, ALERT_QUEUE_LONG, 500, 0);
    no_value(&alerts, ALERT_QUEUE_LONG, 30);
    assert_int_equal(alerts.list[ALERT_QUEUE_LONG].state, ALERT_INACTIVE);

    assert_int_equal(value(&alerts, ALERT_ERRORS_HIGH, 0.5, 100), 1);
    assert_int_equal(no_value(&alerts, ALERT_ERRORS_HIGH, 399), 0);
    assert_int_equal(alerts.list[ALERT_ERRORS_HIGH].state, ALERT_FIRING);
    assert_int_equal(no_value(&alerts, ALERT_ERRORS_HIGH, 400), 1);
    assert_int_equal(alerts.list[ALERT_ERRORS_HIGH].state, ALERT_RESOLVED);
}

static void a_gap_in_the_data_starts_the_clearing_anew(void **state)
{
    (void)state;
    struct alerts alerts = fresh();
    value(&alerts, ALERT_ERRORS_HIGH, 0.5, 0);
    value(&alerts, ALERT_ERRORS_HIGH, 0, 10);
    no_value(&alerts, ALERT_ERRORS_HIGH, 20);
    assert_int_equal(value(&alerts, ALERT_ERRORS_HIGH, 0, 31), 0);
    assert_int_equal(value(&alerts, ALERT_ERRORS_HIGH, 0, 51), 1);
}

static void a_resolved_alert_lingers_and_may_begin_anew(void **state)
{
    (void)state;
    struct alerts alerts = fresh();
    const struct alert *alert = &alerts.list[ALERT_ERRORS_HIGH];
    value(&alerts, ALERT_ERRORS_HIGH, 0.5, 0);
    value(&alerts, ALERT_ERRORS_HIGH, 0, 10);
    value(&alerts, ALERT_ERRORS_HIGH, 0, 30);
    assert_int_equal(alert->state, ALERT_RESOLVED);
    assert_int_equal(value(&alerts, ALERT_ERRORS_HIGH, 0.5, 40), 1);
    assert_int_equal(alert->state, ALERT_FIRING);
    assert_int_equal(alert->starts_wall_ms, 1000000 + 40 * 1000);
    assert_int_equal(alert->ends_wall_ms, 0);
    value(&alerts, ALERT_ERRORS_HIGH, 0, 50);
    value(&alerts, ALERT_ERRORS_HIGH, 0, 70);
    value(&alerts, ALERT_ERRORS_HIGH, 0, 969);
    assert_int_equal(alert->state, ALERT_RESOLVED);
    value(&alerts, ALERT_ERRORS_HIGH, 0, 970);
    assert_int_equal(alert->state, ALERT_INACTIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_goes_from_pending_to_firing_to_resolved),
        cmocka_unit_test(a_short_breach_is_told_to_nobody),
        cmocka_unit_test(a_flapping_alert_is_told_once),
        cmocka_unit_test(missing_data_ends_what_is_pending_but_not_what_fires),
        cmocka_unit_test(a_gap_in_the_data_starts_the_clearing_anew),
        cmocka_unit_test(a_resolved_alert_lingers_and_may_begin_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
