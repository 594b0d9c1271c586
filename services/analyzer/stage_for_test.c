#include "stage_for_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/clock.h"
#include "messages/subjects.h"
#include "metrics.h"

enum { LIFE_MS = 1200, LEASE_MS = 30000, TIMEOUT_MS = 10000 };

struct stage stage;

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
        atomic_fetch_add(&stage.free_asks, ask->is_free);
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

int set_up(void **state)
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
        .timeout_ms = TIMEOUT_MS,
        .connect_timeout_ms = 1000,
        .ca_file = "",
        .sends_user = true,
        .user_salt = "0123456789abcdef",
        .slots = 4,
        .caches = true,
        .finds_near = true,
        .cache_memory_mb = 1,
        .cache_wait_ms = 5000,
    };
    stage.instruction = "";
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

int tear_down(void **state)
{
    (void)state;
    topic_sets_close(&stage.topics);
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
    assert_true(analyzer_open(&stage.settings, &stage.endpoints, stage.topics, stage.process,
                              &analyzer, &why));
    return analyzer;
}

struct analyzer *analyzer_by(const char *base_url)
{
    SCOPED(text_free) struct text faults = {0};
    stage.settings.base_url = base_url;
    assert_true(settings_of_endpoints(&stage.settings, &stage.endpoints, &faults));
    return analyzer_with();
}

struct analyzer *analyzer_by_chain(void)
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

int reset(void **state)
{
    (void)state;
    atomic_store(&stage.is_permitting, true);
    atomic_store(&stage.is_dropping, false);
    atomic_store(&stage.asks, 0);
    atomic_store(&stage.free_asks, 0);
    atomic_store(&stage.llm.posts, 0);
    atomic_store(&stage.repeats, 0);
    atomic_store(&stage.llm.requests, 0);
    atomic_store(&stage.llm.mood, TEST_LLM_SERVES);
    stage.settings.timeout_ms = TIMEOUT_MS;
    topic_sets_close(&stage.topics);
    return 0;
}

const char *dispatch_of(const char *endpoint, Tp__AnalysisMode mode, const char *texts[2])
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
        posts[i].text.data = (uint8_t *)arena_string(stage.arena, texts[i]);
        posts[i].text.len = strlen(texts[i]);
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
    message.order_seed = stage.order_seed;
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"answer\":{\"type\":\"boolean\"}},"
        "\"required\":[\"answer\"],\"additionalProperties\":false}";
    if (stage.instruction[0] != '\0') {
        message.instruction = stage.instruction;
        message.schema_json.data = (uint8_t *)arena_string(stage.arena, schema);
        message.schema_json.len = strlen(schema);
    }
    struct error why;
    subject_work(message.service_class, subject);
    struct bytes bytes = pack_dispatch(stage.arena, &message);
    assert_true(bus_store(stage.bus, subject, bytes, NULL, NULL, PATIENCE_MS, &why));
    return message.job_id;
}

const char *dispatch_for(const char *endpoint, Tp__AnalysisMode mode)
{
    static int number;
    const char *texts[2];
    for (size_t i = 0; i < 2; i++)
        texts[i] = arena_format(stage.arena, "I love #cats number %d", ++number);
    return dispatch_of(endpoint, mode, texts);
}

const char *dispatch(Tp__AnalysisMode mode)
{
    return dispatch_for("", mode);
}

/* Whether its outcome was heard before; remembers it. The broker delivers at least once, and a job
 * of the stage has one dispatch: what it says again is a repeat, whoever listens by then. */
static bool is_repeat(const char *job_id)
{
    for (const struct heard *heard = stage.heard; heard != NULL; heard = heard->next)
        if (strcmp(heard->job_id, job_id) == 0)
            return true;
    struct heard *heard = arena_array(stage.arena, struct heard, 1);
    *heard = (struct heard){.next = stage.heard, .job_id = job_id};
    stage.heard = heard;
    return false;
}

const Tp__Outcome *next_outcome(int64_t timeout_ms)
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
        if (!is_repeat(outcome->job_id))
            return outcome;
    }
    return NULL;
}

const Tp__Outcome *outcome_of(const char *job_id)
{
    const Tp__Outcome *outcome = next_outcome(PATIENCE_MS);
    assert_non_null(outcome);
    assert_string_equal(outcome->job_id, job_id);
    return outcome;
}

void assert_was_called(const char *path)
{
    char first_line[TEST_LLM_LINE_SIZE];
    test_llm_copy_first_line(&stage.llm, first_line);
    assert_string_equal(first_line, path);
}

void wait_until(atomic_int *counter, int least)
{
    struct instant end = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (atomic_load(counter) < least && instant_is_before(clock_now(), end))
        usleep(1000);
    if (atomic_load(counter) < least)
        fail_msg("asks %d repeats %d requests %d beats %d", atomic_load(&stage.asks),
                 atomic_load(&stage.repeats), atomic_load(&stage.llm.requests),
                 atomic_load(&stage.beats_heard));
}

void wait_for_slots(int slots)
{
    struct instant end = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (atomic_load(&stage.last_slots) != slots && instant_is_before(clock_now(), end))
        usleep(1000);
    assert_int_equal(atomic_load(&stage.last_slots), slots);
}
