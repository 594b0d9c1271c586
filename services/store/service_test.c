/* The whole service between a real broker and a real Postgres. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/clock.h"
#include "bus/broker_for_test.h"
#include "caretaker.h"
#include "desk_for_test.h"
#include "messages/subjects.h"
#include "metrics.h"
#include "redis_for_test.h"
#include "results.h"
#include "rpc.h"
#include "store_client/store_client.h"
#include "threads.h"

enum { PATIENCE_MS = 60000, POLL_MS = 20, IDLE_MS = 30000, ASK_MS = 20000 };

struct fleet {
    struct world *world;
    struct test_broker broker;
    struct cache_place cache;
    pid_t redis;
    struct bus *bus;    /* the store's */
    struct bus *client; /* everybody else's */
    struct outbox *outbox;
    struct rpc *rpc;
    struct results *results;
    struct caretaker *caretaker;
    struct bus_subscription *events;
};

static void start_store(struct fleet *fleet)
{
    struct world *world = fleet->world;
    fleet->outbox = outbox_new(fleet->bus);
    fleet->caretaker = caretaker_start(&(struct caretaker_options){
        .outbox = fleet->outbox, .vitals = &world->vitals, .limits = &world->limits});
    fleet->results = results_start(&(struct results_options){.bus = fleet->bus,
                                                             .outbox = fleet->outbox,
                                                             .vitals = &world->vitals,
                                                             .cache = &fleet->cache,
                                                             .result_life_s = 60,
                                                             .workers = 2,
                                                             .idle_ms = IDLE_MS});
    fleet->rpc = rpc_start(&(struct rpc_options){.bus = fleet->bus,
                                                 .outbox = fleet->outbox,
                                                 .vitals = &world->vitals,
                                                 .limits = &world->limits,
                                                 .cache = &fleet->cache,
                                                 .results = &fleet->cache,
                                                 .workers = 3,
                                                 .idle_ms = IDLE_MS});
}

static int fleet_open(void **state)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);
    void *world;
    world_open(&world);
    fleet->world = world;
    test_broker_start(&fleet->broker);
    fleet->redis = test_redis_start(&fleet->cache);
    fleet->bus = test_broker_connect(&fleet->broker);
    fleet->client = test_broker_connect(&fleet->broker);
    struct error why;
    assert_true(bus_provision(fleet->client, &why));
    assert_true(bus_listen(fleet->client, SUBJECT_EVENTS_ALL, NULL, &fleet->events, &why));
    start_store(fleet);
    *state = fleet;
    return 0;
}

static int fleet_close(void **state)
{
    struct fleet *fleet = *state;
    rpc_stop(&fleet->rpc);
    results_stop(&fleet->results);
    caretaker_stop(&fleet->caretaker);
    outbox_free(&fleet->outbox);
    bus_unsubscribe(&fleet->events);
    bus_close(&fleet->client);
    bus_close(&fleet->bus);
    test_broker_stop(&fleet->broker);
    test_redis_stop(fleet->redis);
    void *world = fleet->world;
    world_close(&world);
    free(fleet);
    return 0;
}

static struct arena *arena_of(const struct fleet *fleet)
{
    return fleet->world->desk.arena;
}

/* ---- what clients, leaders and analyzers do, over the broker ---- */

static bool try_submit(struct fleet *fleet, const char *user, const char **job, struct error *why)
{
    const Tp__SubmitJobReply *reply;
    if (!store_submit(fleet->client, job_of(fleet->world, user, 2, 3), ASK_MS, NULL,
                      arena_of(fleet), &reply, why))
        return false;
    *job = reply->job_id;
    return true;
}

/* Until the store, which may have just been started, hears. */
static const char *submitted_over_broker(struct fleet *fleet, const char *user)
{
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS);
    struct error why;
    const char *job;
    while (!try_submit(fleet, user, &job, &why)) {
        if (instant_is_before(until, clock_now()))
            fail_msg("submit: %s", why.message);
        store_thread_sleep_ms(POLL_MS);
    }
    return job;
}

static void lead_over_broker(struct fleet *fleet)
{
    sql_do(fleet->world, "update leases set expires_at = '-infinity'");
    Tp__LeaseAsk ask = TP__LEASE_ASK__INIT;
    ask.holder = "leader";
    ask.life_ms = 60000;
    const Tp__LeaseReply *lease;
    struct error why;
    assert_true(store_lease(fleet->client, &ask, ASK_MS, NULL, arena_of(fleet), &lease, &why));
    assert_true(lease->is_held);
    fleet->world->epoch = lease->epoch;
    fleet->world->sequence = 0;
}

static const Tp__Dispatch *granted_as(struct fleet *fleet, Tp__BatchItem *item)
{
    struct world *world = fleet->world;
    Tp__Batch ask = TP__BATCH__INIT;
    ask.holder = "leader";
    ask.epoch = world->epoch;
    ask.sequence = ++world->sequence;
    ask.n_items = 1;
    ask.items = &item;
    const Tp__BatchReply *reply;
    struct error why;
    if (!store_batch(fleet->client, &ask, ASK_MS, NULL, arena_of(fleet), &reply, &why))
        fail_msg("batch: %s", why.message);
    assert_int_equal(reply->items[0]->result, TP__BATCH_RESULT__GRANTED);
    return reply->items[0]->dispatch;
}

static const Tp__Dispatch *granted(struct fleet *fleet, const char *job, uint32_t chunk)
{
    return granted_as(fleet, item_of(fleet->world, TP__BATCH_OPERATION__GRANT, job, chunk));
}

static void publish_outcome(struct fleet *fleet, const Tp__Outcome *outcome)
{
    struct error why;
    if (!bus_store(fleet->client, SUBJECT_RESULT, pack_outcome(arena_of(fleet), outcome), NULL,
                   NULL, ASK_MS, &why))
        fail_msg("publish: %s", why.message);
}

/* Waits for an event of that kind about that job. */
static void hear(struct fleet *fleet, const char *job, const char *kind)
{
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (instant_is_before(clock_now(), until)) {
        struct bus_message *message;
        if (!bus_next(fleet->events, POLL_MS, &message))
            continue;
        const Tp__JobEvent *event;
        struct error why;
        if (!unpack_job_event(arena_of(fleet), bus_body(message), &event, &why))
            fail_msg("event: %s", why.message);
        bus_message_free(&message);
        if (strcmp(event->job->job_id, job) == 0 && strcmp(event->kind, kind) == 0)
            return;
    }
    fail_msg("no event %s was heard", kind);
}

static void wait_for(struct fleet *fleet, const char *question, int64_t wanted)
{
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (sql_number(fleet->world, "%s", question) != wanted) {
        if (instant_is_before(until, clock_now()))
            fail_msg("%s never became %lld", question, (long long)wanted);
        store_thread_sleep_ms(POLL_MS);
    }
}

/* ---- the tests ---- */

static void a_job_goes_round_from_submit_to_results(void **state)
{
    struct fleet *fleet = *state;
    const char *job = submitted_over_broker(fleet, "ann");
    hear(fleet, job, "submitted");
    lead_over_broker(fleet);
    publish_outcome(fleet, outcome_of(fleet->world, granted(fleet, job, 0)));
    hear(fleet, job, "progress");
    publish_outcome(fleet, outcome_of(fleet->world, granted(fleet, job, 1)));
    hear(fleet, job, "completed");
    Tp__JobQuery query = TP__JOB_QUERY__INIT;
    query.tenant_id = "acme";
    query.job_id = job;
    const Tp__JobReply *reply;
    struct error why;
    assert_true(store_job(fleet->client, &query, ASK_MS, NULL, arena_of(fleet), &reply, &why));
    assert_int_equal(reply->job->status, TP__JOB_STATUS__COMPLETED);
    wait_for(fleet, "select count(*) from job_events where published_at is null", 0);
}

static void what_is_asked_wrongly_is_refused_with_a_reason(void **state)
{
    struct fleet *fleet = *state;
    Tp__JobQuery query = TP__JOB_QUERY__INIT;
    query.tenant_id = "other";
    query.job_id = fresh_job_id(fleet->world);
    const Tp__JobReply *reply;
    struct error why;
    assert_false(store_job(fleet->client, &query, ASK_MS, NULL, arena_of(fleet), &reply, &why));
    assert_int_equal(why.kind, ERROR_NOT_FOUND);
    struct bytes said;
    assert_false(bus_request(fleet->client, "tp.rpc.store.nonsense", (struct bytes){0}, ASK_MS,
                             NULL, arena_of(fleet), &said, &why));
    assert_int_equal(why.kind, ERROR_INVALID);
    assert_false(bus_request(fleet->client, RPC_STORE_JOB, (struct bytes){0}, ASK_MS, NULL,
                             arena_of(fleet), &said, &why));
    assert_int_equal(why.kind, ERROR_INVALID);
}

static void a_poisonous_outcome_is_thrown_away_alone(void **state)
{
    struct fleet *fleet = *state;
    const char *job = submitted_over_broker(fleet, "bob"),
               *other = submitted_over_broker(fleet, "eve");
    lead_over_broker(fleet);
    Tp__Outcome *good = outcome_of(fleet->world, granted(fleet, job, 0));
    Tp__Outcome *bad = outcome_of(fleet->world, granted(fleet, other, 0));
    bad->results[0]->data_json = (ProtobufCBinaryData){5, (uint8_t *)(uintptr_t)"{bad}"};
    struct metric *refused = metrics_with(metrics_of_store()->outcomes, METRIC_VALUES("refused"));
    double before = metric_value(refused);
    publish_outcome(fleet, bad);
    publish_outcome(fleet, good);
    hear(fleet, job, "progress");
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (metric_value(refused) < before + 1) {
        assert_true(instant_is_before(clock_now(), until));
        store_thread_sleep_ms(POLL_MS);
    }
    wait_for(fleet, "select count(*) from in_flight where user_id = 'eve'", 1);
}

static void a_cancelled_job_is_called_out_to_analyzers(void **state)
{
    struct fleet *fleet = *state;
    struct bus_subscription *cancels;
    struct error why;
    assert_true(bus_listen(fleet->client, SUBJECT_CANCEL_ALL, NULL, &cancels, &why));
    const char *job = submitted_over_broker(fleet, "dan");
    lead_over_broker(fleet);
    granted(fleet, job, 0);
    Tp__CancelJob cancel = TP__CANCEL_JOB__INIT;
    cancel.tenant_id = "acme";
    cancel.job_id = job;
    const Tp__JobReply *reply;
    assert_true(store_cancel(fleet->client, &cancel, ASK_MS, NULL, arena_of(fleet), &reply, &why));
    struct bus_message *message;
    assert_true(bus_next(cancels, PATIENCE_MS, &message));
    assert_string_equal(strrchr(bus_subject(message), '.') + 1, job);
    bus_message_free(&message);
    bus_unsubscribe(&cancels);
    hear(fleet, job, "cancelled");
}

static void a_control_that_was_set_is_said_to_all(void **state)
{
    struct fleet *fleet = *state;
    struct bus_subscription *controls;
    struct error why;
    assert_true(bus_listen(fleet->client, SUBJECT_CONTROL, NULL, &controls, &why));
    Tp__Control control = TP__CONTROL__INIT;
    control.scope = TP__CONTROL_SCOPE__ENDPOINT;
    control.name = "main";
    control.state = TP__CONTROL_STATE__HELD;
    Tp__SetControl ask = TP__SET_CONTROL__INIT;
    ask.control = &control;
    ask.set_by = "key-1";
    const Tp__ControlReply *reply;
    assert_true(
        store_set_control(fleet->client, &ask, ASK_MS, NULL, arena_of(fleet), &reply, &why));
    struct bus_message *message;
    assert_true(bus_next(controls, PATIENCE_MS, &message));
    const Tp__ControlChanged *heard;
    assert_true(unpack_control_changed(arena_of(fleet), bus_body(message), &heard, &why));
    assert_int_equal(heard->control->version, reply->control->version);
    assert_string_equal(heard->control->name, "main");
    bus_message_free(&message);
    bus_unsubscribe(&controls);
}

/* By the embedded analysis, for want of an endpoint. */
static const char *degraded_job(struct fleet *fleet, const char *user)
{
    const char *job = submitted_over_broker(fleet, user);
    for (uint32_t chunk = 0; chunk < 2; chunk++) {
        Tp__BatchItem *item = item_of(fleet->world, TP__BATCH_OPERATION__GRANT, job, chunk);
        item->mode = TP__ANALYSIS_MODE__BY_EMBEDDED;
        item->is_degraded = true;
        publish_outcome(fleet, outcome_of(fleet->world, granted_as(fleet, item)));
        hear(fleet, job, chunk == 0 ? "progress" : "completed");
    }
    return job;
}

/* Asks for healing; answers the job that was made for it, as it is heard of. */
static const char *heard_healing_job(struct fleet *fleet)
{
    Tp__HealAsk ask = TP__HEAL_ASK__INIT;
    ask.epoch = fleet->world->epoch;
    ask.most_posts = 100;
    const Tp__HealReply *reply;
    struct error why;
    assert_true(store_heal(fleet->client, &ask, ASK_MS, NULL, arena_of(fleet), &reply, &why));
    assert_int_equal(reply->posts, 6);
    struct bus_message *message;
    while (bus_next(fleet->events, PATIENCE_MS, &message)) {
        const Tp__JobEvent *event;
        assert_true(unpack_job_event(arena_of(fleet), bus_body(message), &event, &why));
        bus_message_free(&message);
        if (event->job->is_healing)
            return event->job->job_id;
    }
    fail_msg("no healing job was heard of");
    return "";
}

static Tp__Provenance first_provenance(struct fleet *fleet, const char *job)
{
    Tp__ResultsQuery query = TP__RESULTS_QUERY__INIT;
    query.tenant_id = "acme";
    query.job_id = job;
    query.limit = 10;
    const Tp__ResultsReply *reply;
    struct error why;
    assert_true(store_results(fleet->client, &query, ASK_MS, NULL, arena_of(fleet), &reply, &why));
    assert_int_equal(reply->n_rows, 6);
    return reply->rows[0]->provenance;
}

static void a_healed_job_is_read_as_it_is_and_not_as_redis_kept_it(void **state)
{
    struct fleet *fleet = *state;
    lead_over_broker(fleet);
    const char *job = degraded_job(fleet, "hal");
    struct metric *hits = metrics_with(metrics_of_store()->redis, METRIC_VALUES("hit"));
    double before = metric_value(hits);
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (metric_value(hits) == before) {
        assert_true(instant_is_before(clock_now(), until));
        assert_int_equal(first_provenance(fleet, job), TP__PROVENANCE__FROM_EMBEDDED);
    }
    publish_outcome(fleet, outcome_of(fleet->world, granted(fleet, heard_healing_job(fleet), 0)));
    hear(fleet, job, "revised");
    assert_int_equal(first_provenance(fleet, job), TP__PROVENANCE__FROM_LLM);
}

static uint8_t test_key[CACHE_KEY_BYTES];

/* Lets the outcome's first result be kept under a key of its own, and answers that key. */
static ProtobufCBinaryData keyed(Tp__Outcome *outcome)
{
    test_key[0]++;
    outcome->results[0]->cache_key = (ProtobufCBinaryData){CACHE_KEY_BYTES, test_key};
    return outcome->results[0]->cache_key;
}

static size_t count_found(struct fleet *fleet, ProtobufCBinaryData key)
{
    Tp__CacheFind ask = TP__CACHE_FIND__INIT;
    ask.n_keys = 1;
    ask.keys = &key;
    const Tp__CacheFound *found;
    struct error why;
    if (!store_cache_find(fleet->client, &ask, ASK_MS, NULL, arena_of(fleet), &found, &why))
        fail_msg("cache_find: %s", why.message);
    return found->n_results;
}

/* Redis is filled after the events have gone out. */
static void wait_until_found(struct fleet *fleet, ProtobufCBinaryData key)
{
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (count_found(fleet, key) == 0) {
        assert_true(instant_is_before(clock_now(), until));
        store_thread_sleep_ms(POLL_MS);
    }
}

static void results_of_outcomes_are_found_again_those_of_stale_attempts_too(void **state)
{
    struct fleet *fleet = *state;
    lead_over_broker(fleet);
    const char *job = submitted_over_broker(fleet, "ida");
    Tp__Outcome *outcome = outcome_of(fleet->world, granted(fleet, job, 0));
    ProtobufCBinaryData key = keyed(outcome);
    assert_int_equal(count_found(fleet, key), 0);
    publish_outcome(fleet, outcome);
    wait_until_found(fleet, key);
    Tp__Outcome *stale = outcome_of(fleet->world, granted(fleet, job, 1));
    stale->attempt += 1000;
    key = keyed(stale);
    publish_outcome(fleet, stale);
    wait_until_found(fleet, key);
    assert_int_equal(
        sql_number(fleet->world, "select count(*) from analysis_results where job_id = '%s'", job),
        outcome->n_results);
}

static void a_deadline_that_passes_ends_the_job(void **state)
{
    struct fleet *fleet = *state;
    const char *job = submitted_over_broker(fleet, "fay");
    sql_do(fleet->world,
           "update analysis_jobs set deadline_at = clock_timestamp()"
           " where job_id = '%s'",
           job);
    hear(fleet, job, "expired");
}

/* Last: it breaks the connection that tests peek through. */
static void postgres_may_go_and_come_back(void **state)
{
    struct fleet *fleet = *state;
    struct world *world = fleet->world;
    const char *job = submitted_over_broker(fleet, "gus");
    lead_over_broker(fleet);
    Tp__Outcome *known = outcome_of(world, granted(fleet, job, 0));
    ProtobufCBinaryData known_key = keyed(known);
    publish_outcome(fleet, known);
    wait_until_found(fleet, known_key);
    Tp__Outcome *outcome = outcome_of(world, granted(fleet, job, 1));
    uint8_t other_bytes[CACHE_KEY_BYTES] = "not committed yet";
    const ProtobufCBinaryData other_key = {CACHE_KEY_BYTES, other_bytes};
    outcome->results[0]->cache_key = other_key;
    test_postgres_kill(&world->postgres);
    struct error why;
    const char *none;
    struct instant began = clock_now();
    assert_false(try_submit(fleet, "gus", &none, &why));
    assert_true(why.kind == ERROR_UNAVAILABLE || why.kind == ERROR_TIMEOUT);
    assert_true(instant_ms_between(began, clock_now()) < ASK_MS);
    assert_false(try_submit(fleet, "gus", &none, &why));
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    publish_outcome(fleet, outcome);
    assert_int_equal(count_found(fleet, known_key), 1); /* Redis is there */
    assert_int_equal(count_found(fleet, other_key), 0); /* not before it is committed */
    test_postgres_again(&world->postgres);
    hear(fleet, job, "completed");
    wait_until_found(fleet, other_key);
    PQreset(world->peek);
    sql_do(world, "set search_path = tweetpulse");
    submitted_over_broker(fleet, "gus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_goes_round_from_submit_to_results),
        cmocka_unit_test(what_is_asked_wrongly_is_refused_with_a_reason),
        cmocka_unit_test(a_poisonous_outcome_is_thrown_away_alone),
        cmocka_unit_test(a_cancelled_job_is_called_out_to_analyzers),
        cmocka_unit_test(a_control_that_was_set_is_said_to_all),
        cmocka_unit_test(a_healed_job_is_read_as_it_is_and_not_as_redis_kept_it),
        cmocka_unit_test(results_of_outcomes_are_found_again_those_of_stale_attempts_too),
        cmocka_unit_test(a_deadline_that_passes_ends_the_job),
        cmocka_unit_test(postgres_may_go_and_come_back),
    };
    return cmocka_run_group_tests(tests, fleet_open, fleet_close);
}
