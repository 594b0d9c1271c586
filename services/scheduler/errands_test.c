/* The questions to the store, asked over a real broker; the test plays the store. */
#include "errands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "bus/broker_for_test.h"
#include "letters.h"
#include "messages/messages.h"
#include "messages/subjects.h"

#define JOB "019ab9c2-7f00-7abc-8def-0123456789ab"
enum { PATIENCE_MS = 60000, EPOCH = 5, MOST_POSTS = 1000 };

static struct world {
    struct test_broker broker;
    struct bus *bus;
    struct bus_subscription *store;
    struct mailbox *mailbox;
    struct errands *errands;
    struct arena *arena; /* the store's */
    atomic_bool is_fencing;
    atomic_uint asked_posts;
} world;

static struct bytes answer_heal(struct bytes body)
{
    const Tp__HealAsk *ask;
    struct error why;
    if (!unpack_heal_ask(world.arena, body, &ask, &why))
        fail_msg("%s", why.message);
    atomic_store(&world.asked_posts, ask->most_posts);
    Tp__HealReply reply = TP__HEAL_REPLY__INIT;
    reply.schema_version = SCHEMA_VERSION;
    reply.is_fenced = atomic_load(&world.is_fencing);
    reply.posts = 300;
    reply.has_more = 1;
    return pack_heal_reply(world.arena, &reply);
}

static struct bytes answer_snapshot(void)
{
    Tp__CallRecord call = TP__CALL_RECORD__INIT, *calls[] = {&call, &call};
    call.tenant_id = "acme";
    call.job_id = JOB;
    call.endpoint = "main";
    call.granted_in_ms = -400;
    Tp__SpendRecord spend = TP__SPEND_RECORD__INIT, *spends[] = {&spend};
    spend.tenant_id = "acme";
    spend.micros = 42;
    Tp__Control control = TP__CONTROL__INIT, *controls[] = {&control};
    Tp__EndedCall ended_call = TP__ENDED_CALL__INIT, *ended[] = {&ended_call};
    ended_call.endpoint = "main";
    ended_call.retry_after_ms = 30000;
    control.scope = TP__CONTROL_SCOPE__SYSTEM;
    control.state = TP__CONTROL_STATE__HELD;
    control.message = "moving house";
    Tp__SnapshotReply reply = TP__SNAPSHOT_REPLY__INIT;
    reply.schema_version = SCHEMA_VERSION;
    reply.n_calls = 2;
    reply.calls = calls;
    reply.n_spends = 1;
    reply.spends = spends;
    reply.n_ended = 1;
    reply.ended = ended;
    reply.n_controls = 1;
    reply.controls = controls;
    return pack_snapshot_reply(world.arena, &reply);
}

static struct bytes answer_changed(void)
{
    Tp__Control control = TP__CONTROL__INIT, *controls[] = {&control};
    control.scope = TP__CONTROL_SCOPE__TENANT;
    control.tenant_id = "acme";
    control.state = TP__CONTROL_STATE__OPEN;
    control.burst = 4;
    Tp__ChangedReply reply = TP__CHANGED_REPLY__INIT;
    reply.schema_version = SCHEMA_VERSION;
    reply.n_controls = 1;
    reply.controls = controls;
    return pack_changed_reply(world.arena, &reply);
}

static void be_the_store(void *context, struct bus_message *message)
{
    (void)context;
    const char *subject = bus_subject(message);
    struct bytes said;
    if (strcmp(subject, RPC_STORE_HEAL) == 0)
        said = answer_heal(bus_body(message));
    else
        said = strcmp(subject, RPC_STORE_SNAPSHOT) == 0 ? answer_snapshot() : answer_changed();
    bus_reply(world.bus, message, said);
    arena_reset(world.arena);
}

static int begin(void **state)
{
    (void)state;
    struct error why;
    test_broker_start(&world.broker);
    world.bus = test_broker_connect(&world.broker);
    world.mailbox = mailbox_new(MAILBOX_CAPACITY);
    world.arena = arena_open(UNPACK_CAP_BYTES);
    atomic_store(&world.is_fencing, false);
    assert_true(
        bus_subscribe(world.bus, RPC_STORE_ALL, NULL, be_the_store, NULL, &world.store, &why));
    world.errands = errands_open(&(struct errands_options){
        .bus = world.bus, .mailbox = world.mailbox, .holder = "one", .lead_lease_ms = 3000});
    return 0;
}

static int end(void **state)
{
    (void)state;
    errands_close(&world.errands);
    bus_unsubscribe(&world.store);
    mailbox_free(&world.mailbox);
    bus_close(&world.bus);
    test_broker_stop(&world.broker);
    arena_close(&world.arena);
    return 0;
}

static struct letter *answer_to(const struct action *action)
{
    errands_send(world.errands, action);
    struct letter *letter = mailbox_take(world.mailbox, instant_plus_ms(clock_now(), PATIENCE_MS));
    assert_non_null(letter);
    return letter;
}

static void the_store_is_asked_to_heal(void **state)
{
    (void)state;
    struct action heal = {.kind = ACTION_ASK_HEAL, .epoch = EPOCH, .most_posts = MOST_POSTS};
    SCOPED(letter_free) struct letter *letter = answer_to(&heal);
    assert_int_equal(atomic_load(&world.asked_posts), MOST_POSTS);
    assert_int_equal(letter->event.kind, EVENT_HEALING);
    assert_true(letter->event.is_answered);
    assert_int_equal(letter->event.healing.epoch, EPOCH);
    assert_int_equal(letter->event.healing.posts, 300);
    assert_true(letter->event.healing.has_more);
}

static void for_who_is_fenced_off_there_is_nothing_to_heal(void **state)
{
    (void)state;
    atomic_store(&world.is_fencing, true);
    struct action heal = {.kind = ACTION_ASK_HEAL, .epoch = EPOCH, .most_posts = MOST_POSTS};
    SCOPED(letter_free) struct letter *letter = answer_to(&heal);
    assert_true(letter->event.is_answered);
    assert_int_equal(letter->event.healing.posts, 0);
    assert_false(letter->event.healing.has_more);
}

static void a_snapshot_brings_calls_spends_and_controls(void **state)
{
    (void)state;
    struct action ask = {.kind = ACTION_ASK_SNAPSHOT, .epoch = EPOCH, .cursor = ""};
    SCOPED(letter_free) struct letter *letter = answer_to(&ask);
    assert_int_equal(letter->event.kind, EVENT_SNAPSHOT);
    assert_int_equal(letter->event.snapshot.call_count, 2);
    assert_int_equal(letter->event.snapshot.calls[1].granted_in_ms, -400);
    assert_int_equal(letter->event.snapshot.spend_count, 1);
    assert_int_equal(letter->event.snapshot.spends[0].micros, 42);
    assert_int_equal(letter->event.snapshot.control_count, 1);
    assert_string_equal(letter->event.snapshot.controls[0].message, "moving house");
    assert_int_equal(letter->event.snapshot.ended_count, 1);
    assert_int_equal(letter->event.snapshot.ended[0].retry_after_ms, 30000);
}

static void what_changed_brings_controls(void **state)
{
    (void)state;
    struct action ask = {.kind = ACTION_ASK_CHANGED, .epoch = EPOCH, .changed.after_job_id = ""};
    SCOPED(letter_free) struct letter *letter = answer_to(&ask);
    assert_int_equal(letter->event.kind, EVENT_CHANGED);
    assert_int_equal(letter->event.changed.control_count, 1);
    assert_int_equal(letter->event.changed.controls[0].scope, SCOPE_TENANT);
    assert_int_equal(letter->event.changed.controls[0].burst, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_store_is_asked_to_heal, begin, end),
        cmocka_unit_test_setup_teardown(for_who_is_fenced_off_there_is_nothing_to_heal, begin, end),
        cmocka_unit_test_setup_teardown(a_snapshot_brings_calls_spends_and_controls, begin, end),
        cmocka_unit_test_setup_teardown(what_changed_brings_controls, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
