#include "waiting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"

static char JOB[] = "01a20190-bb98-771f-904f-fbe488bfa61b";
static const int64_t NOW_MS = 1795322592165; /* 2026-11-22T04:43:12.165Z */

static json_t *told(const Tp__WaitingReply *waiting)
{
    SCOPED(text_free) struct text out = {0};
    json_t *document;
    struct error why;
    text_add(&out, "{\"first\":1");
    waiting_add(waiting, NOW_MS, &out);
    text_add(&out, "}");
    assert_true(json_parse(out.chars, out.length, &document, &why));
    return document;
}

static const char *member(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "(none)";
}

static Tp__WaitingReply waits(Tp__WaitingReason reason)
{
    Tp__WaitingReply waiting = TP__WAITING_REPLY__INIT;
    waiting.is_known = 1;
    waiting.reason = reason;
    return waiting;
}

static void assert_detail(const Tp__WaitingReply *waiting, const char *reason, const char *detail)
{
    SCOPED(json_free) json_t *shown = told(waiting);
    const json_t *why = json_object_get(shown, "waiting");
    assert_string_equal(member(why, "reason"), reason);
    assert_string_equal(member(why, "detail"), detail);
    assert_int_equal(json_integer_value(json_object_get(shown, "position")), waiting->position);
}

static void rule_12_a_job_that_waits_tells_why_in_words(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__OWN_CHUNK_RUNS);
    waiting.position = 3;
    assert_detail(&waiting, "own_chunk_runs", "your own chunk runs");
    waiting.reason = TP__WAITING_REASON__ALL_USERS_SERVED;
    waiting.calls = 9;
    waiting.most_calls = 10;
    assert_detail(&waiting, "all_users_served", "9 of 10 calls are running");
    waiting.reason = TP__WAITING_REASON__WAITS_FOR_RETRY;
    waiting.retry_in_ms = 2001;
    assert_detail(&waiting, "waits_for_retry", "it failed and is tried again in 3 s");
    waiting.reason = TP__WAITING_REASON__OTHERS_FIRST;
    assert_detail(&waiting, "others_first", "3 chunks of others come before");
    waiting.position = 1;
    assert_detail(&waiting, "others_first", "1 chunk of others comes before");
}

static void rule_12_who_is_held_reads_what_the_operator_says(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__HELD_BACK);
    waiting.scope = TP__CONTROL_SCOPE__SYSTEM;
    assert_detail(&waiting, "held", "held by maintenance");
    waiting.message = "back at \"noon\"";
    assert_detail(&waiting, "held", "held by maintenance: back at \"noon\"");
    waiting.scope = TP__CONTROL_SCOPE__USER;
    assert_detail(&waiting, "held", "paused by your administrator: back at \"noon\"");
    SCOPED(json_free) json_t *shown = told(&waiting);
    const json_t *why = json_object_get(shown, "waiting");
    assert_string_equal(member(why, "scope"), "user");
    assert_string_equal(member(why, "message"), "back at \"noon\"");
    assert_null(json_object_get(why, "until"));
}

static void rule_12_an_endpoint_that_is_held_is_told_with_what_the_operator_says(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__ENDPOINT_HELD);
    waiting.scope = TP__CONTROL_SCOPE__ENDPOINT;
    waiting.scope_name = "a";
    assert_detail(&waiting, "endpoint_held", "endpoint a is held by an operator");
    waiting.message = "contract ended";
    assert_detail(&waiting, "endpoint_held", "endpoint a is held by an operator: contract ended");
    SCOPED(json_free) json_t *shown = told(&waiting);
    const json_t *why = json_object_get(shown, "waiting");
    assert_string_equal(member(why, "endpoint"), "a");
    assert_string_equal(member(why, "message"), "contract ended");
}

static void rule_12_a_reduced_system_is_told_with_what_the_operator_says(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__SYSTEM_REDUCED);
    waiting.scope = TP__CONTROL_SCOPE__SYSTEM;
    assert_detail(&waiting, "reduced", "no LLM is called by an operator's word");
    waiting.message = "saving money";
    assert_detail(&waiting, "reduced", "no LLM is called by an operator's word: saving money");
}

static void rule_12_a_limit_is_told_with_whose_it_is_and_until_when(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__LIMIT_REACHED);
    waiting.scope = TP__CONTROL_SCOPE__ENDPOINT;
    waiting.scope_name = "main";
    waiting.limit = TP__LIMIT_KIND__TOKENS_PER_MINUTE;
    waiting.retry_in_ms = 19000;
    assert_detail(&waiting, "limit_reached",
                  "tokens per minute of endpoint main used up until 04:43:31Z");
    SCOPED(json_free) json_t *shown = told(&waiting);
    const json_t *why = json_object_get(shown, "waiting");
    assert_string_equal(member(why, "limit"), "tokens_per_minute");
    assert_string_equal(member(why, "endpoint"), "main");
    assert_string_equal(member(why, "until"), "2026-11-22T04:43:31.165Z");

    waiting.scope = TP__CONTROL_SCOPE__TENANT;
    waiting.scope_name = "";
    waiting.limit = TP__LIMIT_KIND__MONEY_PER_DAY;
    waiting.retry_in_ms = 25 * 3600 * 1000;
    assert_detail(&waiting, "limit_reached",
                  "money per day of your tenant used up until 2026-11-23T05:43Z");
    waiting.limit = TP__LIMIT_KIND__CALLS_IN_FLIGHT;
    waiting.retry_in_ms = 0;
    assert_detail(&waiting, "limit_reached", "calls in flight of your tenant used up");
    waiting.scope = TP__CONTROL_SCOPE__USER;
    assert_detail(&waiting, "limit_reached", "calls in flight of this user used up");
}

static void rule_12_an_open_breaker_is_told_with_its_endpoint(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__ENDPOINT_DOWN);
    assert_detail(&waiting, "endpoint_down", "no endpoint of the LLM can be called");
    waiting.scope_name = "a";
    assert_detail(&waiting, "endpoint_down", "endpoint a cannot be called");
    waiting.retry_in_ms = 60000;
    assert_detail(&waiting, "endpoint_down", "breaker of endpoint a open until 04:44:12Z");
    SCOPED(json_free) json_t *shown = told(&waiting);
    assert_string_equal(member(json_object_get(shown, "waiting"), "endpoint"), "a");
}

static void rule_12_a_pause_that_the_server_asked_for_is_told_as_such(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__ENDPOINT_PAUSED);
    waiting.scope_name = "main";
    waiting.retry_in_ms = 19000;
    assert_detail(&waiting, "endpoint_paused", "endpoint main asked to wait until 04:43:31Z");
    SCOPED(json_free) json_t *shown = told(&waiting);
    const json_t *why = json_object_get(shown, "waiting");
    assert_string_equal(member(why, "endpoint"), "main");
    assert_string_equal(member(why, "until"), "2026-11-22T04:43:31.165Z");
    assert_null(json_object_get(why, "limit"));
    assert_null(json_object_get(why, "scope"));
}

static void rule_12_a_forecast_is_told_in_seconds_and_as_times(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__RUNS);
    SCOPED(json_free) json_t *without = told(&waiting);
    assert_null(json_object_get(without, "eta"));
    assert_int_equal(waiting_retry_after_s(&waiting), 1);
    waiting.has_finish = 1;
    waiting.finish_p50_ms = 7001;
    waiting.finish_p90_ms = 65000;
    SCOPED(json_free) json_t *shown = told(&waiting);
    assert_int_equal(json_integer_value(json_object_get(shown, "eta_seconds")), 8);
    const json_t *eta = json_object_get(shown, "eta");
    assert_int_equal(json_integer_value(json_object_get(eta, "p50_seconds")), 8);
    assert_true(json_is_false(json_object_get(eta, "is_rough")));
    waiting.is_finish_rough = 1;
    SCOPED(json_free) json_t *rough = told(&waiting);
    assert_true(json_is_true(json_object_get(json_object_get(rough, "eta"), "is_rough")));
    assert_int_equal(json_integer_value(json_object_get(eta, "p90_seconds")), 65);
    assert_string_equal(member(eta, "p90_at"), "2026-11-22T04:44:17.165Z");
    assert_int_equal(waiting_retry_after_s(&waiting), 8);
    waiting.finish_p50_ms = UINT32_MAX;
    assert_int_equal(waiting_retry_after_s(&waiting), 30);
    waiting.finish_p50_ms = 0;
    assert_int_equal(waiting_retry_after_s(&waiting), 1);
    assert_int_equal(waiting_retry_after_s(NULL), 1);
}

static void rule_12_without_a_forecast_nobody_is_called_back_before_the_wait_is_over(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__LIMIT_REACHED);
    waiting.retry_in_ms = 7001;
    assert_int_equal(waiting_retry_after_s(&waiting), 8);
    waiting.retry_in_ms = 24 * 3600 * 1000;
    assert_int_equal(waiting_retry_after_s(&waiting), 30);
    waiting.has_finish = 1; /* says more: by then it is done */
    waiting.finish_p50_ms = 9000;
    assert_int_equal(waiting_retry_after_s(&waiting), 9);
}

static void rule_12_followers_hear_it_as_an_event_without_a_number(void **state)
{
    (void)state;
    SCOPED(text_free) struct text out = {0};
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__OTHERS_FIRST);
    assert_true(waiting_event(JOB, TP__JOB_STATUS__QUEUED, &waiting, NOW_MS, &out));
    json_t *document;
    struct error why;
    assert_true(json_parse(out.chars, out.length, &document, &why));
    assert_string_equal(member(document, "event"), "waiting");
    assert_string_equal(member(document, "state"), "queued");
    assert_string_equal(member(document, "at"), "2026-11-22T04:43:12.165Z");
    assert_null(json_object_get(document, "number"));
    json_free(&document);
    text_clear(&out);
    waiting.reason = TP__WAITING_REASON__NOTHING_WAITS;
    assert_false(waiting_event(JOB, TP__JOB_STATUS__QUEUED, &waiting, NOW_MS, &out));
    assert_int_equal(out.length, 0);
}

static void only_what_matters_is_news(void **state)
{
    (void)state;
    Tp__WaitingReply waiting = waits(TP__WAITING_REASON__OTHERS_FIRST);
    struct waiting_told last = {0}, next = waiting_told_of(&waiting, NOW_MS);
    assert_true(waiting_is_news(&last, &next, NOW_MS));
    last = next;
    assert_false(waiting_is_news(&last, &next, NOW_MS));
    waiting.position = 1;
    next = waiting_told_of(&waiting, NOW_MS);
    assert_true(waiting_is_news(&last, &next, NOW_MS));
    waiting.has_finish = 1;
    waiting.finish_p50_ms = 100000;
    last = next;
    next = waiting_told_of(&waiting, NOW_MS);
    assert_true(waiting_is_news(&last, &next, NOW_MS));
    /* A second later the same moment is meant; then it moves by more than a tenth of the rest. */
    last = next;
    waiting.finish_p50_ms = 99000;
    next = waiting_told_of(&waiting, NOW_MS + 1000);
    assert_false(waiting_is_news(&last, &next, NOW_MS + 1000));
    waiting.finish_p50_ms = 112000;
    next = waiting_told_of(&waiting, NOW_MS + 1000);
    assert_true(waiting_is_news(&last, &next, NOW_MS + 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_12_a_job_that_waits_tells_why_in_words),
        cmocka_unit_test(rule_12_who_is_held_reads_what_the_operator_says),
        cmocka_unit_test(rule_12_an_endpoint_that_is_held_is_told_with_what_the_operator_says),
        cmocka_unit_test(rule_12_a_reduced_system_is_told_with_what_the_operator_says),
        cmocka_unit_test(rule_12_a_limit_is_told_with_whose_it_is_and_until_when),
        cmocka_unit_test(rule_12_an_open_breaker_is_told_with_its_endpoint),
        cmocka_unit_test(rule_12_a_pause_that_the_server_asked_for_is_told_as_such),
        cmocka_unit_test(rule_12_a_forecast_is_told_in_seconds_and_as_times),
        cmocka_unit_test(rule_12_without_a_forecast_nobody_is_called_back_before_the_wait_is_over),
        cmocka_unit_test(rule_12_followers_hear_it_as_an_event_without_a_number),
        cmocka_unit_test(only_what_matters_is_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
