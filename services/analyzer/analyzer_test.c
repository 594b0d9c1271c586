/* The analyzer against a real broker, a leader that permits as told and a server that answers as
 * told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "messages/subjects.h"
#include "stage_for_test.h"

static void without_an_endpoint_a_permitted_dispatch_is_analysed_here(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by("");
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
    assert_int_equal(outcome->n_results, 2);
    assert_int_equal(outcome->results[1]->seq, 11);
    assert_int_equal(outcome->results[0]->provenance, TP__PROVENANCE__FROM_EMBEDDED);
    assert_string_equal(outcome->results[0]->model, "embedded-3");
    assert_false(outcome->was_called);
    assert_true(strlen(outcome->summary) > 0);
    assert_int_equal(atomic_load(&stage.asks), 1);
}

static void the_embedded_mode_asks_nobody(void **state)
{
    (void)state;
    atomic_store(&stage.is_permitting, false);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_EMBEDDED));
    assert_int_equal(outcome->n_results, 2);
    assert_int_equal(atomic_load(&stage.asks), 0);
    assert_int_equal(atomic_load(&stage.llm.requests), 0);
}

static const char *json_of(const Tp__Outcome *outcome, size_t nth)
{
    const ProtobufCBinaryData *json = &outcome->results[nth]->data_json;
    return arena_bytes(stage.arena, json->data, json->len);
}

static void a_tenant_is_told_its_own_topics(void **state)
{
    (void)state;
    const char file[] = "{\"tenant\":{\"outage\":[\"not working\"]},\"other\":{\"x\":[\"site\"]}}";
    SCOPED(text_free) struct text faults = {0};
    assert_true(topic_sets_parse("S", (struct bytes){(const uint8_t *)file, sizeof file - 1},
                                 &stage.topics, &faults));
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by("");
    const char *texts[2] = {"The site is NOT working", "The football site works"};
    const Tp__Outcome *outcome = outcome_of(dispatch_of("", TP__ANALYSIS_MODE__BY_EMBEDDED, texts));
    assert_non_null(strstr(json_of(outcome, 0), "\"topics\":[\"outage\"]"));
    assert_non_null(strstr(json_of(outcome, 1), "\"topics\":[]"));
    assert_non_null(strstr(outcome->summary, "about outage"));
}

static void without_a_permit_it_asks_again_and_calls_nobody(void **state)
{
    (void)state;
    atomic_store(&stage.is_permitting, false);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.repeats, 1);
    assert_int_equal(atomic_load(&stage.llm.requests), 0);
    atomic_store(&stage.is_permitting, true);
    outcome_of(job);
    assert_int_equal(atomic_load(&stage.llm.requests), 1);
}

static void a_permitted_call_brings_the_answers_of_the_llm(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
    assert_int_equal(outcome->n_results, 2);
    assert_int_equal(outcome->results[1]->provenance, TP__PROVENANCE__FROM_LLM);
    assert_string_equal(outcome->results[1]->model, "a-model");
    const char *json = arena_bytes(stage.arena, outcome->results[1]->data_json.data,
                                   outcome->results[1]->data_json.len);
    assert_non_null(strstr(json, "\"topics\":[\"echo-2\"]"));
    assert_non_null(strstr(json, "\"hashtags\":[{\"text\":\"cats\",\"indices\":[7,12]}]"));
    assert_true(outcome->was_called);
    assert_true(outcome->usage->is_known);
    assert_int_equal(outcome->usage->prompt_tokens, 7);
    assert_int_equal(outcome->results[0]->prompt_tokens + outcome->results[1]->prompt_tokens, 7);
    assert_int_equal(
        outcome->results[0]->completion_tokens + outcome->results[1]->completion_tokens, 5);
    assert_string_equal(outcome->model, "a-model");
    assert_string_equal(outcome->summary, "all well");
    assert_true(atomic_load(&stage.llm.has_user));
}

static void a_refused_call_brings_its_class_and_wait(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_IS_BUSY);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__RATE_LIMITED);
    assert_int_equal(outcome->retry_after_ms, 7000);
    assert_int_equal(outcome->n_results, 0);
    assert_true(outcome->was_called);
    assert_string_equal(outcome->detail, "HTTP 429 slow_down");
}

static void a_dispatch_is_called_at_the_endpoint_it_was_granted_for(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by_chain();
    const Tp__Outcome *outcome = outcome_of(dispatch_for("second", TP__ANALYSIS_MODE__BY_LLM));
    assert_string_equal(outcome->endpoint, "second");
    assert_string_equal(outcome->results[0]->model, "small");
    assert_was_called("POST /second/v1/chat/completions HTTP/1.1");
    outcome = outcome_of(dispatch_for("", TP__ANALYSIS_MODE__BY_LLM));
    assert_string_equal(outcome->endpoint, "first");
    assert_string_equal(outcome->results[0]->model, "large");
    assert_was_called("POST /first/v1/chat/completions HTTP/1.1");
}

static void an_endpoint_it_does_not_know_cannot_be_reached(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by_chain();
    const Tp__Outcome *outcome = outcome_of(dispatch_for("third", TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__CONNECTION);
    assert_string_equal(outcome->endpoint, "third");
    assert_false(outcome->was_called);
    assert_true(outcome->usage->is_known);
    assert_int_equal(atomic_load(&stage.llm.requests), 0);
    outcome = outcome_of(dispatch_for("first", TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
}

static void what_a_server_says_of_its_limits_is_passed_on(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_IS_BUSY);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const Tp__Outcome *outcome = outcome_of(dispatch_for("main", TP__ANALYSIS_MODE__BY_LLM));
    assert_string_equal(outcome->endpoint, "main");
    assert_non_null(outcome->server_limits);
    assert_int_equal(outcome->server_limits->requests, 60);
    assert_true(outcome->server_limits->has_requests_left);
    assert_int_equal(outcome->server_limits->requests_left, 0);
    assert_int_equal(outcome->server_limits->requests_reset_ms, 60000);
    assert_false(outcome->server_limits->has_tokens_left);
    atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
    assert_null(outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM))->server_limits);
}

static void a_cancelled_job_frees_its_call_long_before_its_time_is_up(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_IS_SILENT);
    stage.settings.timeout_ms = PATIENCE_MS;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.llm.requests, 1);
    char subject[SUBJECT_SIZE];
    subject_cancel(job, subject);
    struct instant before = clock_now();
    struct error why;
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
    const Tp__Outcome *outcome = outcome_of(job);
    assert_true(instant_ms_between(before, clock_now()) < stage.settings.timeout_ms / 2);
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__ABORTED);
    assert_true(outcome->was_called);
    assert_false(outcome->usage->is_known);
}

static void a_dropped_dispatch_is_gone_without_an_outcome(void **state)
{
    (void)state;
    atomic_store(&stage.is_dropping, true);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.asks, 1);
    atomic_store(&stage.is_dropping, false);
    outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM)); /* only the second one has an outcome */
    assert_int_equal(atomic_load(&stage.asks), 2);
}

static void an_outcome_outlasts_an_outage_of_the_broker(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_IS_SILENT);
    stage.settings.timeout_ms = PATIENCE_MS; /* a broker is started meanwhile */
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.llm.requests, 1);
    char subject[SUBJECT_SIZE];
    subject_cancel(job, subject);
    struct error why;
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
    test_broker_kill(&stage.broker);
    while (bus_is_connected(stage.bus)) /* else what is published next dies with it */
        usleep(1000);
    test_broker_again(&stage.broker);
    assert_true(bus_wait_connected(stage.bus, PATIENCE_MS));
    subject_cancel(job, subject); /* the first one may have died with the broker */
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
    assert_int_equal(outcome_of(job)->outcome_class, TP__OUTCOME_CLASS__ABORTED);
}

static void a_stopping_analyzer_announces_no_slots_and_hands_back_what_waits(void **state)
{
    (void)state;
    atomic_store(&stage.is_permitting, false);
    struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.asks, 1);
    wait_for_slots(4);
    analyzer_close(&analyzer);
    wait_for_slots(0);
    atomic_store(&stage.is_permitting, true);
    SCOPED(analyzer_close) struct analyzer *other = analyzer_by(stage.llm.url);
    outcome_of(job);
}

static void a_stopping_analyzer_finishes_the_call_that_runs(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_IS_SILENT);
    stage.settings.timeout_ms = 700;
    struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.llm.requests, 1);
    analyzer_close(&analyzer);
    const Tp__Outcome *outcome = outcome_of(job);
    assert_true(outcome->outcome_class == TP__OUTCOME_CLASS__TIMEOUT ||
                outcome->outcome_class == TP__OUTCOME_CLASS__ABORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_an_endpoint_a_permitted_dispatch_is_analysed_here, reset),
        cmocka_unit_test_setup(the_embedded_mode_asks_nobody, reset),
        cmocka_unit_test_setup(a_tenant_is_told_its_own_topics, reset),
        cmocka_unit_test_setup(without_a_permit_it_asks_again_and_calls_nobody, reset),
        cmocka_unit_test_setup(a_permitted_call_brings_the_answers_of_the_llm, reset),
        cmocka_unit_test_setup(a_refused_call_brings_its_class_and_wait, reset),
        cmocka_unit_test_setup(a_dispatch_is_called_at_the_endpoint_it_was_granted_for, reset),
        cmocka_unit_test_setup(an_endpoint_it_does_not_know_cannot_be_reached, reset),
        cmocka_unit_test_setup(what_a_server_says_of_its_limits_is_passed_on, reset),
        cmocka_unit_test_setup(a_cancelled_job_frees_its_call_long_before_its_time_is_up, reset),
        cmocka_unit_test_setup(a_dropped_dispatch_is_gone_without_an_outcome, reset),
        cmocka_unit_test_setup(an_outcome_outlasts_an_outage_of_the_broker, reset),
        cmocka_unit_test_setup(a_stopping_analyzer_announces_no_slots_and_hands_back_what_waits,
                               reset),
        cmocka_unit_test_setup(a_stopping_analyzer_finishes_the_call_that_runs, reset),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
