#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "bus/broker_for_test.h"
#include "bus/bus.h"
#include "messages/subjects.h"

enum { PATIENCE_MS = 30000 };

static struct test_broker broker;

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* The bus notices in its own time that its broker is gone. */
static void await_disconnected(struct bus *bus)
{
    struct instant deadline = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (bus_is_connected(bus))
        assert_true(instant_is_before(clock_now(), deadline));
}

static void without_a_broker_everything_fails_at_once(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    struct error why;
    struct bytes reply;
    test_broker_kill(&broker);
    await_disconnected(bus);
    struct instant begin = clock_now();
    assert_false(bus_publish(bus, "t.x", bytes_of("x"), &why));
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    assert_false(bus_request(bus, "t.x", bytes_of("x"), PATIENCE_MS, NULL, arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    assert_false(bus_store(bus, SUBJECT_RESULT, bytes_of("x"), NULL, NULL, PATIENCE_MS, &why));
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    assert_true(instant_ms_between(begin, clock_now()) < PATIENCE_MS / 2);
    assert_false(bus_wait_connected(bus, 20));
    test_broker_again(&broker);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    assert_true(bus_publish(bus, "t.x", bytes_of("x"), &why));
}

static void ignore(void *context, struct bus_message *message)
{
    (void)message;
    atomic_fetch_add((atomic_int *)context, 1);
}

static void kill_broker(void *context, struct bus_message *message)
{
    (void)message;
    kill(*(const pid_t *)context, SIGKILL);
}

static void a_request_in_flight_when_the_broker_dies_is_unknown_at_once(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    struct bus_subscription *subscription;
    struct error why;
    struct bytes reply;
    pid_t victim = broker.pid;
    assert_true(bus_subscribe(bus, "t.fatal", NULL, kill_broker, &victim, &subscription, &why));
    struct instant begin = clock_now();
    assert_false(
        bus_request(bus, "t.fatal", bytes_of("x"), PATIENCE_MS, NULL, arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_TIMEOUT);
    assert_true(instant_ms_between(begin, clock_now()) < PATIENCE_MS / 2);
    test_broker_kill(&broker);
    test_broker_again(&broker);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    bus_unsubscribe(&subscription);
}

static void subscriptions_made_before_the_broker_is_there_hold(void **state)
{
    (void)state;
    test_broker_kill(&broker);
    struct bus *bus = bus_open(&(struct bus_options){.url = broker.url, .name = "test"});
    struct bus_subscription *subscription;
    struct bus_message *message;
    struct error why;
    assert_true(bus_listen(bus, "t.early", NULL, &subscription, &why));
    assert_false(bus_publish(bus, "t.early", bytes_of("x"), &why));
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    test_broker_again(&broker);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    assert_true(bus_publish(bus, "t.early", bytes_of("x"), &why));
    assert_true(bus_next(subscription, PATIENCE_MS, &message));
    bus_message_free(&message);
    bus_unsubscribe(&subscription);
    bus_close(&bus);
}

static void a_bus_closes_while_its_broker_is_away(void **state)
{
    (void)state;
    struct bus *bus = test_broker_connect(&broker);
    struct bus_subscription *subscription;
    struct bus_pull *pull;
    struct error why;
    atomic_int heard = 0;
    assert_true(bus_subscribe(bus, "t.x", NULL, ignore, &heard, &subscription, &why));
    assert_true(bus_pull_open(bus, STREAM_RESULTS, CONSUMER_RESULTS, &pull, &why));
    assert_null(bus_pull_next(pull, 1, 10));
    test_broker_kill(&broker);
    await_disconnected(bus);
    bus_unsubscribe(&subscription);
    bus_pull_close(&pull);
    bus_close(&bus);
    test_broker_again(&broker);
}

static void store(struct bus *bus, int number)
{
    struct error why;
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    if (!bus_store(bus, SUBJECT_RESULT, bytes_of(text), NULL, NULL, PATIENCE_MS, &why))
        fail_msg("%s", why.message);
}

/* Pulls and acks until each of 0..count-1 has come. */
static void take_all(struct bus *bus, struct bus_pull *pull, bool *seen, int count)
{
    struct instant deadline = instant_plus_ms(clock_now(), 4 * PATIENCE_MS);
    for (int missing = count; missing > 0;) {
        assert_true(instant_is_before(clock_now(), deadline));
        struct bus_message *message = bus_pull_next(pull, 20, PATIENCE_MS);
        if (message == NULL)
            continue;
        char text[16] = "";
        memcpy(text, bus_body(message).at, bus_body(message).length);
        bool *this = &seen[strtol(text, NULL, 10)];
        missing -= *this ? 0 : 1;
        *this = true;
        bus_ack(bus, message);
        bus_message_free(&message);
    }
}

static void a_pull_goes_on_after_the_broker_was_killed(void **state)
{
    (void)state;
    enum { COUNT = 100, BEFORE = 30 };
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    struct bus_pull *pull;
    struct error why;
    bool seen[COUNT] = {false};
    assert_true(bus_provision(bus, &why));
    assert_true(bus_pull_open(bus, STREAM_RESULTS, CONSUMER_RESULTS, &pull, &why));
    for (int i = 0; i < BEFORE; i++)
        store(bus, i);
    take_all(bus, pull, seen, BEFORE);
    assert_null(bus_pull_next(pull, 20, 10)); /* 20 are asked of the broker that dies now */
    test_broker_kill(&broker);
    await_disconnected(bus);
    struct instant begin = clock_now();
    assert_null(bus_pull_next(pull, 20, 100));
    assert_true(instant_ms_between(begin, clock_now()) >= 20);
    test_broker_again(&broker);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    for (int i = BEFORE; i < COUNT; i++)
        store(bus, i);
    take_all(bus, pull, seen, COUNT - BEFORE);
    bus_pull_close(&pull);
}

static void a_broker_that_lost_everything_is_provisioned_again(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    struct bus_pull *pull;
    struct error why;
    bool seen[1] = {false};
    assert_true(bus_provision(bus, &why));
    assert_true(bus_pull_open(bus, STREAM_RESULTS, CONSUMER_RESULTS, &pull, &why));
    assert_null(bus_pull_next(pull, 20, 10));
    test_broker_kill(&broker);
    await_disconnected(bus); /* else it looks connected still */
    test_broker_wiped(&broker);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    store(bus, 0);
    take_all(bus, pull, seen, 1);
    bus_pull_close(&pull);
}

/* Refused twice, the library closes its connection for good. */
static void a_broker_that_refuses_us_for_a_while_is_found_again(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    struct bus_subscription *subscription;
    struct bus_message *message;
    struct error why;
    assert_true(bus_listen(bus, "t.again", NULL, &subscription, &why));
    test_broker_kill(&broker);
    await_disconnected(bus);
    broker.asks_password = true;
    test_broker_again(&broker);
    assert_false(bus_wait_connected(bus, 1500));
    test_broker_kill(&broker);
    broker.asks_password = false;
    test_broker_again(&broker);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    assert_true(bus_publish(bus, "t.again", bytes_of("x"), &why));
    assert_true(bus_next(subscription, PATIENCE_MS, &message));
    bus_message_free(&message);
    bus_unsubscribe(&subscription);
}

static void a_user_and_a_password_open_a_guarded_broker(void **state)
{
    (void)state;
    test_broker_kill(&broker);
    broker.asks_password = true;
    test_broker_again(&broker);
    struct bus *bus = bus_open(
        &(struct bus_options){.url = broker.url, .name = "test", .user = "u", .password = "p"});
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    bus_close(&bus);
    test_broker_kill(&broker);
    broker.asks_password = false;
    test_broker_again(&broker);
}

struct turns {
    atomic_int up, down;
};

static void count_turns(void *context, bool is_connected)
{
    struct turns *turns = context;
    atomic_fetch_add(is_connected ? &turns->up : &turns->down, 1);
}

static void whoever_asked_is_told_of_loss_and_return(void **state)
{
    (void)state;
    struct turns turns = {0};
    struct bus *bus = bus_open(&(struct bus_options){
        .url = broker.url, .name = "test", .changed = count_turns, .context = &turns});
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    test_broker_kill(&broker);
    await_disconnected(bus);
    test_broker_again(&broker);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    bus_close(&bus);
    assert_int_equal(atomic_load(&turns.up), 2);
    assert_int_equal(atomic_load(&turns.down), 1);
}

static int start_broker(void **state)
{
    (void)state;
    test_broker_start(&broker);
    return 0;
}

static int stop_broker(void **state)
{
    (void)state;
    test_broker_stop(&broker);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_broker_everything_fails_at_once),
        cmocka_unit_test(a_request_in_flight_when_the_broker_dies_is_unknown_at_once),
        cmocka_unit_test(subscriptions_made_before_the_broker_is_there_hold),
        cmocka_unit_test(a_bus_closes_while_its_broker_is_away),
        cmocka_unit_test(a_pull_goes_on_after_the_broker_was_killed),
        cmocka_unit_test(a_broker_that_lost_everything_is_provisioned_again),
        cmocka_unit_test(a_broker_that_refuses_us_for_a_while_is_found_again),
        cmocka_unit_test(a_user_and_a_password_open_a_guarded_broker),
        cmocka_unit_test(whoever_asked_is_told_of_loss_and_return),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
