/* The whole scheduler but main() against a real broker; the test plays the store, an analyzer and
 * whoever submits. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "bus/broker_for_test.h"
#include "bus/bus.h"
#include "messages/messages.h"
#include "messages/subjects.h"
#include "shell.h"

#define JOB "019ab9c2-7f00-7abc-8def-0123456789ab"
enum { PATIENCE_MS = 60000, ASK_MS = 15000, ASKS = 120 };

struct world {
    struct test_broker broker;
    struct bus *bus; /* of store, analyzer and client */
    struct bus_subscription *store;
    struct arena *arena; /* the store's, of its own thread */
    struct arena *test_arena;
    pthread_mutex_t lock;      /* of what follows */
    size_t released, resigned; /* what the store was asked for */
};

/* ---- the store ---- */
static Tp__ChunkState chunk_in(Tp__ChunkStatus status, uint32_t version)
{
    Tp__ChunkState chunk = TP__CHUNK_STATE__INIT;
    chunk.status = status;
    chunk.version = version;
    chunk.attempt = status == TP__CHUNK_STATUS__IN_FLIGHT;
    chunk.epoch = 1;
    chunk.open_posts = 1;
    chunk.text_bytes = 5;
    chunk.mode = TP__ANALYSIS_MODE__BY_LLM;
    return chunk;
}

static struct bytes grant_or_release(struct world *world, const Tp__Batch *batch)
{
    static const char *tasks[] = {"sentiment"};
    static uint8_t text[] = "hello";
    Tp__Post post = TP__POST__INIT;
    post.id = "1";
    post.text = (ProtobufCBinaryData){.len = 5, .data = text};
    Tp__Post *posts[] = {&post};
    bool is_grant = batch->items[0]->operation == TP__BATCH_OPERATION__GRANT;
    Tp__ChunkState chunk =
        is_grant ? chunk_in(TP__CHUNK_STATUS__IN_FLIGHT, 2) : chunk_in(TP__CHUNK_STATUS__READY, 3);
    Tp__Dispatch dispatch = TP__DISPATCH__INIT;
    dispatch.schema_version = SCHEMA_VERSION;
    dispatch.job_id = JOB;
    dispatch.attempt = 1;
    dispatch.epoch = 1;
    dispatch.tenant_id = "acme";
    dispatch.user_id = "ann";
    dispatch.service_class = TP__SERVICE_CLASS__STANDARD;
    dispatch.mode = TP__ANALYSIS_MODE__BY_LLM;
    dispatch.n_tasks = 1;
    dispatch.tasks = tasks;
    dispatch.n_posts = 1;
    dispatch.posts = posts;
    dispatch.lease_ms = batch->items[0]->lease_ms;
    Tp__BatchItemReply item = TP__BATCH_ITEM_REPLY__INIT;
    item.result = is_grant ? TP__BATCH_RESULT__GRANTED : TP__BATCH_RESULT__RELEASED;
    item.job_status = TP__JOB_STATUS__PROCESSING;
    item.chunk = &chunk;
    item.dispatch = is_grant ? &dispatch : NULL;
    Tp__BatchItemReply *items[] = {&item};
    Tp__BatchReply reply = TP__BATCH_REPLY__INIT;
    reply.schema_version = SCHEMA_VERSION;
    reply.status = TP__BATCH_STATUS__ANSWERED;
    reply.n_items = 1;
    reply.items = items;
    world->released += !is_grant;
    return pack_batch_reply(world->arena, &reply);
}

static struct bytes answer_lease(struct world *world, const Tp__LeaseAsk *ask)
{
    Tp__LeaseReply reply = TP__LEASE_REPLY__INIT;
    reply.schema_version = SCHEMA_VERSION;
    reply.is_held = !ask->resign;
    reply.epoch = 1;
    reply.left_ms = ask->life_ms;
    world->resigned += ask->resign != 0;
    return pack_lease_reply(world->arena, &reply);
}

static struct bytes answer(struct world *world, const char *subject, struct bytes body)
{
    struct error why;
    if (strcmp(subject, RPC_STORE_LEASE) == 0) {
        const Tp__LeaseAsk *ask;
        assert_true(unpack_lease_ask(world->arena, body, &ask, &why));
        return answer_lease(world, ask);
    }
    if (strcmp(subject, RPC_STORE_BATCH) == 0) {
        const Tp__Batch *batch;
        assert_true(unpack_batch(world->arena, body, &batch, &why));
        return grant_or_release(world, batch);
    }
    if (strcmp(subject, RPC_STORE_SNAPSHOT) == 0) {
        Tp__SnapshotReply reply = TP__SNAPSHOT_REPLY__INIT;
        reply.schema_version = SCHEMA_VERSION;
        return pack_snapshot_reply(world->arena, &reply);
    }
    Tp__ChangedReply reply = TP__CHANGED_REPLY__INIT;
    reply.schema_version = SCHEMA_VERSION;
    return pack_changed_reply(world->arena, &reply);
}

static void be_the_store(void *context, struct bus_message *message)
{
    struct world *world = context;
    pthread_mutex_lock(&world->lock);
    struct bytes said = answer(world, bus_subject(message), bus_body(message));
    bus_reply(world->bus, message, said);
    arena_reset(world->arena);
    pthread_mutex_unlock(&world->lock);
}

/* ---- client and analyzer ---- */
static void publish(struct world *world, const char *subject, struct bytes body)
{
    struct error why;
    assert_true(bus_publish(world->bus, subject, body, &why));
}

static void announce_slots(struct world *world)
{
    Tp__Heartbeat heartbeat = TP__HEARTBEAT__INIT;
    heartbeat.schema_version = SCHEMA_VERSION;
    heartbeat.instance_id = "hands";
    heartbeat.slots = 10;
    publish(world, RPC_SCHEDULER_HEARTBEAT, pack_heartbeat(world->test_arena, &heartbeat));
}

static void submit(struct world *world)
{
    Tp__ChunkState chunk = chunk_in(TP__CHUNK_STATUS__READY, 1);
    Tp__ChunkState *chunks[] = {&chunk};
    Tp__JobState job = TP__JOB_STATE__INIT;
    job.job_id = JOB;
    job.tenant_id = "acme";
    job.user_id = "ann";
    job.service_class = TP__SERVICE_CLASS__STANDARD;
    job.status = TP__JOB_STATUS__QUEUED;
    job.event_number = 1;
    job.n_chunks = 1;
    job.chunks = chunks;
    Tp__Progress progress = TP__PROGRESS__INIT;
    Tp__JobEvent event = TP__JOB_EVENT__INIT;
    event.schema_version = SCHEMA_VERSION;
    event.number = 1;
    event.kind = "submitted";
    event.job = &job;
    event.progress = &progress;
    char subject[SUBJECT_SIZE];
    subject_event("acme", JOB, subject);
    publish(world, subject, pack_job_event(world->test_arena, &event));
}

/* The next dispatch of the class. What is said before the scheduler leads it does not hear, so it
 * is said again. */
static const Tp__Dispatch *next_dispatch(struct world *world)
{
    struct bus_pull *pull;
    struct error why;
    assert_true(bus_provision(world->bus, &why));
    assert_true(bus_pull_open(world->bus, STREAM_WORK, "standard", &pull, &why));
    struct bus_message *message = NULL;
    for (int i = 0; i < ASKS && message == NULL; i++) {
        announce_slots(world);
        submit(world);
        message = bus_pull_next(pull, 1, PATIENCE_MS / ASKS);
    }
    assert_non_null(message);
    const Tp__Dispatch *dispatch;
    assert_true(unpack_dispatch(world->test_arena, bus_body(message), &dispatch, &why));
    bus_ack(world->bus, message);
    bus_message_free(&message);
    bus_pull_close(&pull);
    return dispatch;
}

static const Tp__PermitAnswer *ask_permit(struct world *world, const Tp__Dispatch *dispatch,
                                          const char *instance)
{
    Tp__PermitAsk ask = TP__PERMIT_ASK__INIT;
    ask.schema_version = SCHEMA_VERSION;
    ask.job_id = dispatch->job_id;
    ask.chunk_number = dispatch->chunk_number;
    ask.attempt = dispatch->attempt;
    ask.instance_id = instance;
    ask.ask_number = 1;
    struct bytes said;
    struct error why;
    assert_true(bus_request(world->bus, RPC_SCHEDULER_PERMIT,
                            pack_permit_ask(world->test_arena, &ask), ASK_MS, NULL,
                            world->test_arena, &said, &why));
    const Tp__PermitAnswer *answered;
    assert_true(unpack_permit_answer(world->test_arena, said, &answered, &why));
    return answered;
}

static Tp__WaitingReason ask_why(struct world *world)
{
    Tp__WaitingAsk ask = TP__WAITING_ASK__INIT;
    ask.schema_version = SCHEMA_VERSION;
    ask.job_id = JOB;
    struct bytes said;
    struct error why;
    assert_true(bus_request(world->bus, RPC_SCHEDULER_WAITING,
                            pack_waiting_ask(world->test_arena, &ask), ASK_MS, NULL,
                            world->test_arena, &said, &why));
    const Tp__WaitingReply *answered;
    assert_true(unpack_waiting_reply(world->test_arena, said, &answered, &why));
    return answered->reason;
}

/* ---- the tests ---- */
static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct error why;
    test_broker_start(&world->broker);
    pthread_mutex_init(&world->lock, NULL);
    world->arena = arena_open(UNPACK_CAP_BYTES);
    world->test_arena = arena_open(UNPACK_CAP_BYTES);
    world->bus = test_broker_connect(&world->broker);
    assert_true(
        bus_subscribe(world->bus, RPC_STORE_ALL, NULL, be_the_store, world, &world->store, &why));
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    bus_unsubscribe(&world->store);
    bus_close(&world->bus);
    test_broker_stop(&world->broker);
    arena_close(&world->arena);
    arena_close(&world->test_arena);
    pthread_mutex_destroy(&world->lock);
    free(world);
    return 0;
}

static void a_job_becomes_a_dispatch_and_one_instance_gets_its_permit(void **state)
{
    struct world *world = *state;
    struct bus *bus = bus_open(&(struct bus_options){.url = world->broker.url, .name = "brain"});
    struct shell_options options = {.config = &SCHEDULER_DEFAULTS, .bus = bus, .has_trace = true};
    struct shell *shell;
    struct error why;
    assert_true(shell_open(&options, &shell, &why));
    const Tp__Dispatch *dispatch = next_dispatch(world);
    assert_string_equal(dispatch->job_id, JOB);
    assert_int_equal(dispatch->n_posts, 1);
    const Tp__PermitAnswer *first = ask_permit(world, dispatch, "one");
    assert_int_equal(first->verdict, TP__VERDICT__PERMITTED);
    assert_true(first->lease_left_ms > 30000);
    assert_int_equal(ask_why(world), TP__WAITING_REASON__RUNS);
    assert_int_equal(ask_permit(world, dispatch, "other")->verdict, TP__VERDICT__DROP);
    shell_close(&shell);
    assert_int_equal(world->released, 0); /* its call may be running */
    assert_int_equal(world->resigned, 1);
    bus_close(&bus);
}

static void who_leaves_takes_back_what_has_no_permit(void **state)
{
    struct world *world = *state;
    struct bus *bus = bus_open(&(struct bus_options){.url = world->broker.url, .name = "brain"});
    struct shell_options options = {.config = &SCHEDULER_DEFAULTS, .bus = bus, .has_trace = true};
    struct shell *shell;
    struct error why;
    assert_true(shell_open(&options, &shell, &why));
    next_dispatch(world);
    shell_close(&shell);
    assert_int_equal(world->released, 1);
    assert_int_equal(world->resigned, 1);
    bus_close(&bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_becomes_a_dispatch_and_one_instance_gets_its_permit,
                                        begin, end),
        cmocka_unit_test_setup_teardown(who_leaves_takes_back_what_has_no_permit, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
