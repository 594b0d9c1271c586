/* The analyzer against a real broker, a leader that permits as told and a server that answers as
 * told. */
#include "analyzer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "bus/broker_for_test.h"
#include "bus/bus.h"
#include "llm_server_for_test.h"
#include "messages/messages.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "json/json.h"

enum { PATIENCE_MS = 20000, LIFE_MS = 1200, LEASE_MS = 30000 };

static struct stage {
    struct test_broker broker;
    struct analyzer_settings settings;
    struct endpoints endpoints;
    struct process *process;
    struct bus *bus;
    struct bus_subscription *permits, *beats;
    struct bus_pull *results;
    struct arena *arena;
    atomic_bool is_permitting, is_dropping;
    pthread_mutex_t lock;
    char job_id[UUID_TEXT_SIZE]; /* under the lock: the job whose turn it is */
    atomic_int asks, repeats, beats_heard, last_slots;
    struct test_llm llm;
} stage;

/* ---- a leader ---- */

/* Like a real leader's: what comes again after its outcome is dropped. */
static bool is_current(const char *job_id)
{
    pthread_mutex_lock(&stage.lock);
    bool is_current = strcmp(stage.job_id, job_id) == 0;
    pthread_mutex_unlock(&stage.lock);
    return is_current;
}

static void hear_ask(void *context, struct bus_message *message)
{
    (void)context;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    const Tp__PermitAsk *ask;
    struct error why;
    CHECK(unpack_permit_ask(arena, bus_body(message), &ask, &why));
    bool is_dropping = !is_current(ask->job_id) || atomic_load(&stage.is_dropping);
    if (is_current(ask->job_id)) {
        atomic_fetch_add(&stage.asks, 1);
        atomic_fetch_add(&stage.repeats, ask->ask_number > 0);
    }
    if (!atomic_load(&stage.is_permitting) && !is_dropping)
        return;
    Tp__PermitAnswer answer = TP__PERMIT_ANSWER__INIT;
    answer.schema_version = SCHEMA_VERSION;
    answer.job_id = ask->job_id;
    answer.chunk_number = ask->chunk_number;
    answer.attempt = ask->attempt;
    answer.ask_number = ask->ask_number;
    answer.verdict = is_dropping ? TP__VERDICT__DROP : TP__VERDICT__PERMITTED;
    answer.epoch = 1;
    answer.lease_left_ms = LEASE_MS;
    answer.life_ms = LIFE_MS;
    CHECK(bus_reply(stage.bus, message, pack_permit_answer(arena, &answer)));
}

static void hear_beat(void *context, struct bus_message *message)
{
    (void)context;
    SCOPED(arena_close) struct arena *arena = arena_open(64 * 1024);
    const Tp__Heartbeat *beat;
    struct error why;
    CHECK(unpack_heartbeat(arena, bus_body(message), &beat, &why));
    atomic_store(&stage.last_slots, (int)beat->slots);
    atomic_fetch_add(&stage.beats_heard, 1);
}

/* ---- the stage ---- */

static int set_up(void **state)
{
    (void)state;
    CHECK(pthread_mutex_init(&stage.lock, NULL) == 0);
    test_broker_start(&stage.broker);
    stage.settings = (struct analyzer_settings){
        .process = {.nats_url = stage.broker.url,
                    .nats_user = "",
                    .nats_password = "",
                    .ops_address = "127.0.0.1",
                    .log_level = "error",
                    .log_format = "auto",
                    .instance = "test",
                    .drain_s = 20,
                    .telemetry_ms = 60000},
        .endpoints = "",
        .base_url = "",
        .api_key = "",
        .model = "a-model",
        .max_tokens_field = "max_tokens",
        .timeout_ms = 10000,
        .connect_timeout_ms = 1000,
        .sends_user = true,
        .user_salt = "0123456789abcdef",
        .slots = 4,
    };
    stage.process = process_begin(&ANALYZER_PROGRAM, &stage.settings.process);
    analyzer_metrics_open();
    stage.bus = process_bus(stage.process);
    CHECK(bus_wait_connected(stage.bus, PATIENCE_MS));
    struct error why;
    CHECK(bus_provision(stage.bus, &why));
    CHECK(
        bus_subscribe(stage.bus, RPC_SCHEDULER_PERMIT, NULL, hear_ask, NULL, &stage.permits, &why));
    CHECK(bus_subscribe(stage.bus, RPC_SCHEDULER_HEARTBEAT, NULL, hear_beat, NULL, &stage.beats,
                        &why));
    CHECK(bus_pull_open(stage.bus, STREAM_RESULTS, CONSUMER_RESULTS, &stage.results, &why));
    stage.arena = arena_open(256 << 20);
    test_llm_start(&stage.llm);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_llm_stop(&stage.llm);
    bus_pull_close(&stage.results);
    bus_unsubscribe(&stage.beats);
    bus_unsubscribe(&stage.permits);
    process_end(&stage.process);
    test_broker_stop(&stage.broker);
    arena_close(&stage.arena);
    return 0;
}

static struct analyzer *analyzer_with(void)
{
    struct analyzer *analyzer;
    struct error why;
    assert_true(analyzer_open(&stage.settings, &stage.endpoints, stage.process, &analyzer, &why));
    return analyzer;
}

static struct analyzer *analyzer_by(const char *base_url)
{
    SCOPED(text_free) struct text faults = {0};
    stage.settings.base_url = base_url;
    assert_true(settings_of_endpoints(&stage.settings, &stage.endpoints, &faults));
    return analyzer_with();
}

/* Two, told apart by their paths and models. */
static struct analyzer *analyzer_by_chain(void)
{
    char *urls[2];
    const char *const names[] = {"first", "second"}, *const models[] = {"large", "small"};
    stage.endpoints = (struct endpoints){.count = 2};
    for (size_t i = 0; i < 2; i++) {
        urls[i] = arena_format(stage.arena, "%.*s%s", (int)(strlen(stage.llm.url) - strlen("v1/")),
                               stage.llm.url, names[i]);
        stage.endpoints.list[i] = (struct endpoint){.base_url = urls[i],
                                                    .model = models[i],
                                                    .max_tokens_field = "max_tokens",
                                                    .api_key_file = "",
                                                    .api_key = ""};
        strcpy(stage.endpoints.list[i].name, names[i]);
    }
    return analyzer_with();
}

static int reset(void **state)
{
    (void)state;
    atomic_store(&stage.is_permitting, true);
    atomic_store(&stage.is_dropping, false);
    atomic_store(&stage.asks, 0);
    atomic_store(&stage.repeats, 0);
    atomic_store(&stage.llm.requests, 0);
    atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
    return 0;
}

/* Publishes a dispatch of two posts, granted for that endpoint; answers its job. */
static const char *dispatch_for(const char *endpoint, Tp__AnalysisMode mode)
{
    char id[UUID_TEXT_SIZE], subject[SUBJECT_SIZE];
    uuid_new(id);
    pthread_mutex_lock(&stage.lock);
    memcpy(stage.job_id, id, sizeof stage.job_id);
    pthread_mutex_unlock(&stage.lock);
    Tp__Post posts[] = {TP__POST__INIT, TP__POST__INIT};
    Tp__Post *list[] = {&posts[0], &posts[1]};
    for (uint32_t i = 0; i < 2; i++) {
        posts[i].seq = 10 + i;
        posts[i].id = arena_string(stage.arena, i == 0 ? "a" : "b");
        posts[i].text.data = (uint8_t *)arena_string(stage.arena, "I love #cats");
        posts[i].text.len = strlen("I love #cats");
    }
    Tp__Dispatch message = TP__DISPATCH__INIT;
    message.schema_version = SCHEMA_VERSION;
    message.job_id = arena_string(stage.arena, id);
    message.attempt = 1;
    message.epoch = 1;
    message.tenant_id = arena_string(stage.arena, "tenant");
    message.user_id = arena_string(stage.arena, "user");
    message.service_class = TP__SERVICE_CLASS__STANDARD;
    message.mode = mode;
    message.endpoint = endpoint;
    message.posts = list;
    message.n_posts = 2;
    message.lease_ms = LEASE_MS;
    struct error why;
    subject_work(message.service_class, subject);
    struct bytes bytes = pack_dispatch(stage.arena, &message);
    assert_true(bus_store(stage.bus, subject, bytes, NULL, NULL, PATIENCE_MS, &why));
    return message.job_id;
}

static const char *dispatch(Tp__AnalysisMode mode)
{
    return dispatch_for("", mode);
}

static const Tp__Outcome *next_outcome(int64_t timeout_ms)
{
    struct instant end = instant_plus_ms(clock_now(), timeout_ms);
    while (instant_is_before(clock_now(), end)) {
        SCOPED(bus_message_free) struct bus_message *message = bus_pull_next(stage.results, 1, 100);
        if (message == NULL)
            continue;
        const Tp__Outcome *outcome;
        struct error why;
        if (!unpack_outcome(stage.arena, bus_body(message), &outcome, &why))
            fail_msg("%s", why.message);
        bus_ack(stage.bus, message);
        return outcome;
    }
    return NULL;
}

static const Tp__Outcome *outcome_of(const char *job_id)
{
    const Tp__Outcome *outcome = next_outcome(PATIENCE_MS);
    assert_non_null(outcome);
    assert_string_equal(outcome->job_id, job_id);
    return outcome;
}

static void assert_was_called(const char *path)
{
    char first_line[TEST_LLM_LINE_SIZE];
    test_llm_copy_first_line(&stage.llm, first_line);
    assert_string_equal(first_line, path);
}

static void wait_until(atomic_int *counter, int least)
{
    struct instant end = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (atomic_load(counter) < least && instant_is_before(clock_now(), end))
        usleep(1000);
    if (atomic_load(counter) < least)
        fail_msg("asks %d repeats %d requests %d beats %d", atomic_load(&stage.asks),
                 atomic_load(&stage.repeats), atomic_load(&stage.llm.requests),
                 atomic_load(&stage.beats_heard));
}

static void wait_for_slots(int slots)
{
    struct instant end = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (atomic_load(&stage.last_slots) != slots && instant_is_before(clock_now(), end))
        usleep(1000);
    assert_int_equal(atomic_load(&stage.last_slots), slots);
}

/* ---- tests ---- */

static void without_an_endpoint_a_permitted_dispatch_is_analysed_here(void **state)
{
    (void)state;
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by("");
    const Tp__Outcome *outcome = outcome_of(dispatch(TP__ANALYSIS_MODE__BY_LLM));
    assert_int_equal(outcome->outcome_class, TP__OUTCOME_CLASS__OK);
    assert_int_equal(outcome->n_results, 2);
    assert_int_equal(outcome->results[1]->seq, 11);
    assert_int_equal(outcome->results[0]->provenance, TP__PROVENANCE__FROM_EMBEDDED);
    assert_string_equal(outcome->results[0]->model, "embedded-1");
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

static void a_cancelled_job_frees_its_call_within_half_a_second(void **state)
{
    (void)state;
    atomic_store(&stage.llm.mood, TEST_LLM_IS_SILENT);
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.llm.requests, 1);
    char subject[SUBJECT_SIZE];
    subject_cancel(job, subject);
    struct instant before = clock_now();
    struct error why;
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
    const Tp__Outcome *outcome = outcome_of(job);
    assert_true(instant_ms_between(before, clock_now()) < 500);
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
    SCOPED(analyzer_close) struct analyzer *analyzer = analyzer_by(stage.llm.url);
    stage.settings.timeout_ms = 10000;
    const char *job = dispatch(TP__ANALYSIS_MODE__BY_LLM);
    wait_until(&stage.llm.requests, 1);
    char subject[SUBJECT_SIZE];
    subject_cancel(job, subject);
    struct error why;
    assert_true(bus_publish(stage.bus, subject, (struct bytes){0}, &why));
    test_broker_kill(&stage.broker);
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
    stage.settings.timeout_ms = 10000;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_an_endpoint_a_permitted_dispatch_is_analysed_here, reset),
        cmocka_unit_test_setup(the_embedded_mode_asks_nobody, reset),
        cmocka_unit_test_setup(without_a_permit_it_asks_again_and_calls_nobody, reset),
        cmocka_unit_test_setup(a_permitted_call_brings_the_answers_of_the_llm, reset),
        cmocka_unit_test_setup(a_refused_call_brings_its_class_and_wait, reset),
        cmocka_unit_test_setup(a_dispatch_is_called_at_the_endpoint_it_was_granted_for, reset),
        cmocka_unit_test_setup(an_endpoint_it_does_not_know_cannot_be_reached, reset),
        cmocka_unit_test_setup(what_a_server_says_of_its_limits_is_passed_on, reset),
        cmocka_unit_test_setup(a_cancelled_job_frees_its_call_within_half_a_second, reset),
        cmocka_unit_test_setup(a_dropped_dispatch_is_gone_without_an_outcome, reset),
        cmocka_unit_test_setup(an_outcome_outlasts_an_outage_of_the_broker, reset),
        cmocka_unit_test_setup(a_stopping_analyzer_announces_no_slots_and_hands_back_what_waits,
                               reset),
        cmocka_unit_test_setup(a_stopping_analyzer_finishes_the_call_that_runs, reset),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
