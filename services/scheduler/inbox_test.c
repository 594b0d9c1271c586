/* What the inbox makes of messages on a real broker. */
#include "inbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* after the headers that it needs */

#include "bus/broker_for_test.h"
#include "letters.h"
#include "messages/messages.h"
#include "messages/subjects.h"

#define JOB "019ab9c2-7f00-7abc-8def-0123456789ab"
enum { PATIENCE_MS = 60000 };

static struct world {
    struct test_broker broker;
    struct bus *bus;
    struct mailbox *mailbox;
    struct inbox *inbox;
    struct arena *arena;
} world;

static int begin(void **state)
{
    (void)state;
    struct error why;
    test_broker_start(&world.broker);
    world.bus = test_broker_connect(&world.broker);
    world.mailbox = mailbox_new(MAILBOX_CAPACITY);
    world.arena = arena_open(UNPACK_CAP_BYTES);
    assert_true(inbox_open(world.bus, world.mailbox, &world.inbox, &why));
    return 0;
}

static int end(void **state)
{
    (void)state;
    inbox_close(&world.inbox);
    for (struct letter *left; (left = mailbox_try_take(world.mailbox)) != NULL;)
        letter_free(&left);
    mailbox_free(&world.mailbox);
    bus_close(&world.bus);
    test_broker_stop(&world.broker);
    arena_close(&world.arena);
    return 0;
}

/* Said once: the subscription has gone the same way before it. */
static struct letter *letter_of(const char *subject, struct bytes body)
{
    struct error why;
    assert_true(bus_publish(world.bus, subject, body, &why));
    struct letter *letter = mailbox_take(world.mailbox, instant_plus_ms(clock_now(), PATIENCE_MS));
    assert_non_null(letter);
    return letter;
}

static void what_an_operator_sets_is_heard(void **state)
{
    (void)state;
    Tp__Limits limits = TP__LIMITS__INIT;
    limits.requests_per_minute = 600;
    Tp__Control control = TP__CONTROL__INIT;
    control.scope = TP__CONTROL_SCOPE__ENDPOINT;
    control.name = "main";
    control.state = TP__CONTROL_STATE__HELD;
    control.limits = &limits;
    control.version = 7;
    Tp__ControlChanged changed = TP__CONTROL_CHANGED__INIT;
    changed.schema_version = SCHEMA_VERSION;
    changed.control = &control;
    SCOPED(letter_free) struct letter *letter =
        letter_of(SUBJECT_CONTROL, pack_control_changed(world.arena, &changed));
    assert_int_equal(letter->event.kind, EVENT_CONTROL);
    assert_int_equal(letter->event.control->scope, SCOPE_ENDPOINT);
    assert_string_equal(letter->event.control->name, "main");
    assert_int_equal(letter->event.control->state, CONTROL_HELD);
    assert_int_equal(letter->event.control->limits.requests_per_minute, 600);
    assert_int_equal(letter->event.control->version, 7);
}

static void an_outcome_is_heard_with_what_it_cost(void **state)
{
    (void)state;
    Tp__Usage usage = TP__USAGE__INIT;
    usage.is_known = 1;
    usage.prompt_tokens = 70;
    Tp__Outcome outcome = TP__OUTCOME__INIT;
    outcome.schema_version = SCHEMA_VERSION;
    outcome.job_id = JOB;
    outcome.attempt = 1;
    outcome.instance_id = "hands";
    outcome.tenant_id = "acme";
    outcome.user_id = "ann";
    outcome.outcome_class = TP__OUTCOME_CLASS__RATE_LIMITED;
    outcome.mode = TP__ANALYSIS_MODE__BY_LLM;
    outcome.usage = &usage;
    outcome.was_called = 1;
    SCOPED(letter_free) struct letter *letter =
        letter_of(SUBJECT_RESULT, pack_outcome(world.arena, &outcome));
    assert_int_equal(letter->event.kind, EVENT_OUTCOME);
    assert_string_equal(letter->event.outcome.id.job_id, JOB);
    assert_int_equal(letter->event.outcome.outcome_class, OUTCOME_RATE_LIMITED);
    assert_int_equal(letter->event.outcome.prompt_tokens, 70);
    assert_int_equal(letter->event.outcome.server_limits.requests, -1);
}

static void what_cannot_be_read_is_no_event(void **state)
{
    (void)state;
    struct error why;
    static const uint8_t garbage[] = {0xFF, 0xFF, 0xFF};
    for (int i = 0; i < 3; i++)
        assert_true(
            bus_publish(world.bus, SUBJECT_CONTROL, (struct bytes){garbage, sizeof garbage}, &why));
    Tp__Heartbeat heartbeat = TP__HEARTBEAT__INIT;
    heartbeat.schema_version = SCHEMA_VERSION;
    heartbeat.instance_id = "hands";
    SCOPED(letter_free) struct letter *letter =
        letter_of(RPC_SCHEDULER_HEARTBEAT, pack_heartbeat(world.arena, &heartbeat));
    assert_int_equal(letter->event.kind, EVENT_HEARTBEAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_an_operator_sets_is_heard, begin, end),
        cmocka_unit_test_setup_teardown(an_outcome_is_heard_with_what_it_cost, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_no_event, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
