#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fixture.h"
#include "payload.h"
#include "readings.h"
#include "report.h"
#include "watch.h"
#include "json/json.h"

#define URL "http://monitor.example:8090"

static const struct watch_options OPTIONS = {
    .alerts = {.rules = {[ALERT_QUEUE_LONG] = {100, 10000},
                         [ALERT_CHUNK_SLOW] = {0.05, 10000},
                         [ALERT_ERRORS_HIGH] = {0.02, 10000},
                         [ALERT_POOL_FULL] = {0.9, 10000},
                         [ALERT_ENDPOINT_DOWN] = {0, 10000},
                         [ALERT_LIMIT_USED] = {0.95, 10000}},
               .clear_ms = 10000,
               .stale_ms = 300000,
               .linger_ms = 900000},
    .notifier = {.group_wait_ms = 5000, .repeat_ms = 14400000, .give_up_ms = 3600000},
    .window_ms = 120000,
    .slow_chunk_s = 30,
    .least_calls = 10,
    .has_receiver = true,
};

static void ignore_gone(void *context, const struct fleet_member *member)
{
    (void)context;
    (void)member;
}

static void hear(struct watch *watch, struct fixture fixture, double now_s)
{
    assert_true(watch_hear(watch, fixture.arena, fixture.telemetry, at_s(now_s)));
}

/* A scheduler with that queue and a store with that many connections of ten in use. */
static size_t live(struct watch *watch, double queue, double in_use, double now_s)
{
    struct fixture scheduler = fixture_open("scheduler", "a", 1);
    fixture_gauge(&scheduler, METRIC_QUEUE_DEPTH, queue);
    hear(watch, scheduler, now_s);
    struct fixture store = fixture_open("store", "b", 1);
    fixture_gauge(&store, METRIC_POOL_IN_USE, in_use);
    fixture_gauge(&store, METRIC_POOL_SIZE, 10);
    hear(watch, store, now_s);
    return watch_look(watch, at_s(now_s), 1700000000000 + (int64_t)(now_s * 1000), ignore_gone,
                      NULL)
        .count;
}

static json_t *told(struct watch *watch, double now_s)
{
    SCOPED(text_free) struct text payload = {0};
    if (!watch_must_tell(watch, URL, at_s(now_s), &payload))
        return NULL;
    json_t *document = NULL;
    struct error why;
    if (!json_parse(payload.chars, payload.length, &document, &why))
        fail_msg("%s in %s", why.message, payload.chars);
    return document;
}

static const char *string_at(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    assert_non_null(value);
    return value;
}

/* The leading scheduler with a breaker and a limit used so far, and a standby that knows of none.
 */
static size_t lead(struct watch *watch, double breaker, double used, double now_s)
{
    struct fixture standby = fixture_open("scheduler", "standby", 1);
    fixture_gauge(&standby, METRIC_BREAKER_STATE, 0);
    hear(watch, standby, now_s);
    struct fixture leader = fixture_open("scheduler", "leader", 1);
    fixture_gauge(&leader, METRIC_BREAKER_STATE, breaker);
    fixture_gauge(&leader, METRIC_LIMIT_USED, used);
    fixture_gauge(&leader, METRIC_LIMIT, 100);
    hear(watch, leader, now_s);
    return watch_look(watch, at_s(now_s), 0, ignore_gone, NULL).count;
}

static void an_open_breaker_and_a_used_up_limit_raise_their_alerts(void **state)
{
    (void)state;
    SCOPED(watch_free) struct watch *watch = watch_new(&OPTIONS, at_s(0));
    const struct alert *list = watch_alerts(watch)->list;
    assert_int_equal(lead(watch, 2, 94, 0), 0);
    assert_int_equal(lead(watch, 2, 95, 10), 1);
    assert_int_equal(list[ALERT_ENDPOINT_DOWN].state, ALERT_FIRING);
    assert_int_equal(list[ALERT_LIMIT_USED].state, ALERT_PENDING);
    assert_int_equal(lead(watch, 0, 95, 20), 1);
    assert_int_equal(list[ALERT_LIMIT_USED].state, ALERT_FIRING);
    assert_int_equal(lead(watch, 0, 0, 30), 1);
    assert_int_equal(list[ALERT_ENDPOINT_DOWN].state, ALERT_RESOLVED);
}

static void alerts_that_change_together_are_told_in_alertmanagers_shape(void **state)
{
    (void)state;
    SCOPED(watch_free) struct watch *watch = watch_new(&OPTIONS, at_s(0));
    assert_int_equal(live(watch, 250, 9, 0), 0);
    assert_int_equal(live(watch, 250, 9, 10), 2);
    assert_null(told(watch, 10));
    SCOPED(json_free) json_t *payload = told(watch, 15);
    assert_non_null(payload);
    static const char *const MEMBERS[] = {
        "receiver",          "status",      "alerts",  "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "version", "groupKey",    "truncatedAlerts"};
    assert_int_equal(json_object_size(payload), sizeof MEMBERS / sizeof MEMBERS[0]);
    for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++)
        assert_non_null(json_object_get(payload, MEMBERS[i]));
    assert_string_equal(string_at(payload, "status"), "firing");
    assert_string_equal(string_at(payload, "version"), "4");
    assert_string_equal(string_at(payload, "externalURL"), URL);
    const json_t *alerts = json_object_get(payload, "alerts");
    assert_int_equal(json_array_size(alerts), 2);

    const json_t *queue = json_array_get(alerts, 0);
    assert_int_equal(json_object_size(queue), 7);
    assert_string_equal(string_at(queue, "status"), "firing");
    assert_string_equal(string_at(json_object_get(queue, "labels"), "alertname"),
                        "TweetPulseQueueLong");
    assert_string_equal(string_at(json_object_get(queue, "annotations"), "summary"),
                        "250 chunks wait, the limit is 100");
    assert_string_equal(string_at(queue, "startsAt"), "2023-11-14T22:13:30.000Z");
    assert_string_equal(string_at(queue, "endsAt"), "0001-01-01T00:00:00Z");
    assert_string_equal(string_at(queue, "generatorURL"), URL "/v1/alerts");
    assert_int_equal(strlen(string_at(queue, "fingerprint")), 16);
    assert_string_not_equal(string_at(queue, "fingerprint"),
                            string_at(json_array_get(alerts, 1), "fingerprint"));
}

static void a_resolved_alert_is_told_until_it_has_been_heard(void **state)
{
    (void)state;
    SCOPED(watch_free) struct watch *watch = watch_new(&OPTIONS, at_s(0));
    live(watch, 250, 1, 0);
    live(watch, 250, 1, 10);
    json_t *first = told(watch, 15);
    assert_non_null(first);
    json_decref(first);
    watch_told(watch, at_s(15));
    live(watch, 5, 1, 20);
    assert_int_equal(live(watch, 5, 1, 30), 1);
    for (int attempt = 0; attempt < 2; attempt++) {
        double now_s = 35 + attempt;
        SCOPED(json_free) json_t *payload = told(watch, now_s);
        assert_non_null(payload);
        assert_string_equal(string_at(payload, "status"), "resolved");
        const json_t *alert = json_array_get(json_object_get(payload, "alerts"), 0);
        assert_string_equal(string_at(alert, "status"), "resolved");
        assert_string_equal(string_at(alert, "endsAt"), "2023-11-14T22:13:50.000Z");
        assert_string_equal(string_at(json_object_get(payload, "commonLabels"), "alertname"),
                            "TweetPulseQueueLong");
        if (attempt == 0)
            assert_false(watch_not_told(watch, true, 0, at_s(now_s)));
        else
            watch_told(watch, at_s(now_s));
    }
    assert_null(told(watch, 14400));
}

static void slow_chunks_and_failed_calls_fire_over_the_window(void **state)
{
    (void)state;
    SCOPED(watch_free) struct watch *watch = watch_new(&OPTIONS, at_s(0));
    for (uint64_t i = 1; i <= 3; i++) {
        struct fixture store = fixture_open("store", "a", 1);
        fixture_duration(&store, METRIC_CHUNK_DURATION, NULL, NULL,
                         (uint64_t[]){90 * i, 0, 10 * i});
        fixture_duration(&store, METRIC_LLM_DURATION, "outcome", "ok", (uint64_t[]){97 * i, 0, 0});
        fixture_duration(&store, METRIC_LLM_DURATION, "outcome", "timeout",
                         (uint64_t[]){3 * i, 0, 0});
        hear(watch, store, (double)i * 6);
        watch_look(watch, at_s((double)i * 6), 1, ignore_gone, NULL);
    }
    const struct alerts *alerts = watch_alerts(watch);
    assert_int_equal(alerts->list[ALERT_CHUNK_SLOW].state, ALERT_FIRING);
    assert_int_equal(alerts->list[ALERT_ERRORS_HIGH].state, ALERT_FIRING);
    assert_int_equal(alerts->list[ALERT_QUEUE_LONG].state, ALERT_INACTIVE);
}

static void without_a_receiver_nobody_is_told(void **state)
{
    (void)state;
    struct watch_options options = OPTIONS;
    options.has_receiver = false;
    SCOPED(watch_free) struct watch *watch = watch_new(&options, at_s(0));
    live(watch, 250, 1, 0);
    assert_int_equal(live(watch, 250, 1, 10), 1);
    assert_null(told(watch, 100));
}

static void the_fingerprint_is_alertmanagers(void **state)
{
    (void)state;
    /* as Alertmanager 0.25 gives them to alerts with these labels */
    assert_true(payload_fingerprint(ALERT_QUEUE_LONG) == UINT64_C(0x27f3fe4130bf192c));
    assert_true(payload_fingerprint(ALERT_ERRORS_HIGH) == UINT64_C(0x07a75af33d704652));
}

static void the_reports_are_json(void **state)
{
    (void)state;
    SCOPED(watch_free) struct watch *watch = watch_new(&OPTIONS, at_s(0));
    live(watch, 250, 1, 0);
    SCOPED(text_free) struct text alerts = {0};
    SCOPED(text_free) struct text fleet = {0};
    report_alerts(watch, at_s(3), &alerts);
    report_fleet(watch, at_s(3), &fleet);
    SCOPED(json_free) json_t *alerts_document = NULL;
    SCOPED(json_free) json_t *fleet_document = NULL;
    struct error why;
    assert_true(json_parse(alerts.chars, alerts.length, &alerts_document, &why));
    assert_true(json_parse(fleet.chars, fleet.length, &fleet_document, &why));
    const json_t *queue = json_array_get(json_object_get(alerts_document, "alerts"), 0);
    assert_string_equal(string_at(queue, "name"), "TweetPulseQueueLong");
    assert_string_equal(string_at(queue, "state"), "pending");
    assert_true(json_is_null(json_object_get(queue, "starts_at")));
    const json_t *instances = json_object_get(fleet_document, "instances");
    assert_int_equal(json_array_size(instances), 2);
    assert_string_equal(string_at(json_array_get(instances, 0), "service"), "scheduler");
    assert_true(json_is_true(json_object_get(json_array_get(instances, 0), "ready")));
}

static void a_start_beyond_all_calendars_is_no_time(void **state)
{
    (void)state;
    SCOPED(watch_free) struct watch *watch = watch_new(&OPTIONS, at_s(0));
    hear(watch, fixture_open("store", "a", UINT64_MAX / 4), 0);
    SCOPED(text_free) struct text fleet = {0};
    report_fleet(watch, at_s(1), &fleet);
    assert_non_null(strstr(fleet.chars, "\"started_at\":null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_breaker_and_a_used_up_limit_raise_their_alerts),
        cmocka_unit_test(alerts_that_change_together_are_told_in_alertmanagers_shape),
        cmocka_unit_test(a_resolved_alert_is_told_until_it_has_been_heard),
        cmocka_unit_test(slow_chunks_and_failed_calls_fire_over_the_window),
        cmocka_unit_test(without_a_receiver_nobody_is_told),
        cmocka_unit_test(the_fingerprint_is_alertmanagers),
        cmocka_unit_test(the_reports_are_json),
        cmocka_unit_test(a_start_beyond_all_calendars_is_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
