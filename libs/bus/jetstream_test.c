#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "bus/broker_for_test.h"
#include "bus/bus.h"
#include "messages/subjects.h"

enum { PATIENCE_MS = 30000 };

static struct test_broker broker;
static struct bus *bus;

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static void call_api(const char *subject, const char *body)
{
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bytes reply;
    struct error why;
    assert_true(bus_request(bus, subject, bytes_of(body), PATIENCE_MS, NULL, arena, &reply, &why));
    assert_null(strstr((const char *)reply.at, "\"error\""));
}

static void store(const char *text)
{
    struct error why;
    if (!bus_store(bus, "tp.work.standard", bytes_of(text), NULL, NULL, PATIENCE_MS, &why))
        fail_msg("%s", why.message);
}

static struct bus_message *next_of(struct bus_pull *pull, int want)
{
    struct bus_message *message = bus_pull_next(pull, want, PATIENCE_MS);
    assert_non_null(message);
    return message;
}

static void check_body(const struct bus_message *message, const char *expected)
{
    struct bytes body = bus_body(message);
    assert_int_equal(body.length, strlen(expected));
    assert_memory_equal(body.at, expected, body.length);
}

static void ack_next(struct bus_pull *pull, const char *expected)
{
    struct bus_message *message = next_of(pull, 1);
    check_body(message, expected);
    bus_ack(bus, message);
    bus_message_free(&message);
}

static struct bus_pull *open_pull(void)
{
    struct bus_pull *pull;
    struct error why;
    assert_true(bus_pull_open(bus, STREAM_WORK, "standard", &pull, &why));
    return pull;
}

static void *provision(void *context)
{
    struct error why;
    return bus_provision(context, &why) ? context : NULL;
}

static void provisioning_again_and_by_many_at_once_changes_nothing(void **state)
{
    (void)state;
    store("kept");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, provision, bus), 0);
    for (int i = 0; i < 4; i++) {
        void *done;
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_non_null(done);
    }
    struct bus_pull *pull = open_pull();
    ack_next(pull, "kept");
    bus_pull_close(&pull);
}

static void storing_to_a_stream_that_is_missing_makes_it(void **state)
{
    (void)state;
    call_api("$JS.API.STREAM.DELETE." STREAM_WORK, "");
    store("new");
    struct bus_pull *pull = open_pull();
    ack_next(pull, "new");
    bus_pull_close(&pull);
}

static void a_pull_outlives_the_loss_of_its_stream(void **state)
{
    (void)state;
    struct bus_pull *pull = open_pull();
    assert_null(bus_pull_next(pull, 1, 50));
    call_api("$JS.API.STREAM.DELETE." STREAM_WORK, "");
    store("after");
    ack_next(pull, "after");
    bus_pull_close(&pull);
}

static void what_is_acked_does_not_come_again_and_what_is_not_does(void **state)
{
    (void)state;
    struct bus_pull *pull = open_pull();
    store("first");
    ack_next(pull, "first");
    store("second");
    struct bus_message *message = next_of(pull, 1);
    check_body(message, "second");
    bus_working(bus, message);
    bus_nak(bus, message, 0);
    bus_message_free(&message);
    message = next_of(pull, 1);
    check_body(message, "second");
    struct instant begin = clock_now();
    bus_nak(bus, message, 200);
    bus_message_free(&message);
    message = next_of(pull, 1);
    check_body(message, "second");
    assert_true(instant_ms_between(begin, clock_now()) >= 150);
    bus_terminate(bus, message);
    bus_message_free(&message);
    assert_null(bus_pull_next(pull, 1, 100));
    bus_pull_close(&pull);
}

static void a_message_whose_body_was_dropped_keeps_its_trace_and_can_be_acked(void **state)
{
    (void)state;
    struct error why;
    assert_true(bus_store(bus, "tp.work.standard", bytes_of("dropped"), NULL, "00-1-1-01",
                          PATIENCE_MS, &why));
    struct bus_pull *pull = open_pull();
    struct bus_message *message = next_of(pull, 1);
    bus_drop_body(message);
    check_body(message, "");
    assert_string_equal(bus_trace(message), "00-1-1-01");
    assert_string_equal(bus_subject(message), "tp.work.standard");
    bus_nak(bus, message, 0);
    bus_message_free(&message);
    message = next_of(pull, 1);
    check_body(message, "dropped"); /* the broker still has it whole */
    bus_drop_body(message);
    bus_ack(bus, message);
    bus_message_free(&message);
    assert_null(bus_pull_next(pull, 1, 100));
    bus_pull_close(&pull);
}

static void what_a_closed_pull_held_goes_to_the_next(void **state)
{
    (void)state;
    struct bus_pull *pull = open_pull();
    for (int i = 0; i < 3; i++)
        store("handed on");
    struct bus_message *message = next_of(pull, 10);
    bus_ack(bus, message);
    bus_message_free(&message);
    bus_pull_close(&pull);
    pull = open_pull();
    ack_next(pull, "handed on");
    ack_next(pull, "handed on");
    bus_pull_close(&pull);
}

/* ---- many ---- */

static atomic_int stored, not_stored;

static void count_stored(void *context, const struct error *why)
{
    (void)context;
    atomic_fetch_add(why == NULL ? &stored : &not_stored, 1);
}

/* Waits for as many calls of `done` as are due. */
static void await_stored(int due)
{
    struct instant deadline = instant_plus_ms(clock_now(), 2 * PATIENCE_MS);
    while (atomic_load(&stored) + atomic_load(&not_stored) < due) {
        assert_true(instant_is_before(clock_now(), deadline));
        sched_yield();
    }
}

static void store_many(int count)
{
    atomic_store(&stored, 0);
    atomic_store(&not_stored, 0);
    for (int i = 0; i < count; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        bus_store_async(bus, "tp.work.standard", bytes_of(text), NULL, NULL, PATIENCE_MS,
                        count_stored, NULL);
    }
    await_stored(count);
    assert_int_equal(atomic_load(&stored), count);
}

static void five_hundred_are_stored_and_pulled_each_once(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    store_many(COUNT);
    struct bus_pull *pull = open_pull();
    int seen[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        struct bus_message *message = next_of(pull, COUNT);
        struct bytes body = bus_body(message);
        char text[16] = "";
        memcpy(text, body.at, body.length);
        seen[strtol(text, NULL, 10)]++;
        bus_ack(bus, message);
        bus_message_free(&message);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
    assert_null(bus_pull_next(pull, COUNT, 50));
    bus_pull_close(&pull);
}

static void a_pull_holds_no_more_than_is_wanted(void **state)
{
    (void)state;
    enum { COUNT = 40, WANT = 4 };
    store_many(COUNT);
    struct bus_pull *greedy = open_pull(), *other = open_pull();
    struct bus_message *message = next_of(greedy, WANT);
    bus_ack(bus, message);
    bus_message_free(&message);
    for (int i = 0; i < COUNT - 1 - WANT; i++) {
        message = next_of(other, 1);
        bus_ack(bus, message);
        bus_message_free(&message);
    }
    bus_pull_close(&greedy);
    for (int i = 0; i < WANT; i++) {
        message = next_of(other, 1);
        bus_ack(bus, message);
        bus_message_free(&message);
    }
    assert_null(bus_pull_next(other, 1, 50));
    bus_pull_close(&other);
}

static void wake_up(void *context)
{
    assert_int_equal(sem_post(context), 0);
}

static void a_loop_that_sleeps_elsewhere_is_woken(void **state)
{
    (void)state;
    sem_t arrived;
    assert_int_equal(sem_init(&arrived, 0, 0), 0);
    struct bus_pull *pull = open_pull();
    bus_pull_on_arrival(pull, wake_up, &arrived);
    assert_null(bus_pull_next(pull, 1, 0));
    store("wake");
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    assert_int_equal(sem_timedwait(&arrived, &until), 0);
    struct bus_message *message = bus_pull_next(pull, 1, 0);
    assert_non_null(message);
    bus_ack(bus, message);
    bus_message_free(&message);
    bus_pull_close(&pull);
    sem_destroy(&arrived);
}

static void the_same_id_is_stored_once(void **state)
{
    (void)state;
    struct error why;
    for (int i = 0; i < 2; i++)
        assert_true(
            bus_store(bus, "tp.work.standard", bytes_of("once"), "id-1", NULL, PATIENCE_MS, &why));
    struct bus_pull *pull = open_pull();
    ack_next(pull, "once");
    assert_null(bus_pull_next(pull, 1, 50));
    bus_pull_close(&pull);
}

static void each_class_has_its_own_consumer(void **state)
{
    (void)state;
    struct error why;
    struct bus_pull *standard = open_pull(), *premium;
    assert_true(bus_pull_open(bus, STREAM_WORK, "premium", &premium, &why));
    assert_true(bus_store(bus, "tp.work.premium", bytes_of("p"), NULL, NULL, PATIENCE_MS, &why));
    store("s");
    struct bus_message *message = next_of(premium, 5);
    check_body(message, "p");
    assert_string_equal(bus_subject(message), "tp.work.premium");
    bus_ack(bus, message);
    bus_message_free(&message);
    ack_next(standard, "s");
    bus_pull_close(&premium);
    bus_pull_close(&standard);
}

static void a_full_stream_is_busy(void **state)
{
    (void)state;
    call_api("$JS.API.STREAM.UPDATE." STREAM_RESULTS,
             "{\"name\":\"RESULTS\",\"subjects\":[\"tp.result\"],\"retention\":\"workqueue\","
             "\"storage\":\"file\",\"discard\":\"new\",\"max_bytes\":4096,"
             "\"duplicate_window\":120000000000}");
    struct error why;
    char text[1000];
    memset(text, 'x', sizeof text);
    struct bytes body = {(const uint8_t *)text, sizeof text};
    int count = 0;
    while (count < 10 && bus_store(bus, SUBJECT_RESULT, body, NULL, NULL, PATIENCE_MS, &why))
        count++;
    assert_true(count > 0 && count < 10);
    assert_int_equal(why.kind, ERROR_BUSY);
    assert_true(bus_provision(bus, &why));
    assert_false(bus_store(bus, SUBJECT_RESULT, body, NULL, NULL, PATIENCE_MS, &why));
    assert_int_equal(why.kind, ERROR_BUSY);
    call_api("$JS.API.STREAM.DELETE." STREAM_RESULTS, "");
    assert_true(bus_provision(bus, &why));
}

static void keep_why(void *context, const struct error *why)
{
    struct error *kept = context;
    if (why != NULL)
        *kept = *why;
    count_stored(NULL, why);
}

static void a_store_without_an_answer_is_told_as_a_timeout(void **state)
{
    (void)state;
    struct error why;
    atomic_store(&stored, 0);
    atomic_store(&not_stored, 0);
    test_broker_freeze(&broker);
    struct instant begin = clock_now();
    bus_store_async(bus, SUBJECT_RESULT, bytes_of("x"), NULL, NULL, 100, keep_why, &why);
    await_stored(1);
    int64_t waited_ms = instant_ms_between(begin, clock_now());
    test_broker_thaw(&broker);
    assert_int_equal(why.kind, ERROR_TIMEOUT);
    assert_true(waited_ms >= 100 && waited_ms < PATIENCE_MS);
}

/* Until the keeper has made it again. */
static void await_stored_again(void)
{
    struct instant deadline = instant_plus_ms(clock_now(), 2 * PATIENCE_MS);
    struct error why;
    while (!bus_store(bus, SUBJECT_RESULT, bytes_of("x"), NULL, NULL, 100, &why))
        assert_true(instant_is_before(clock_now(), deadline));
}

/* Then nobody tells that the stream is missing: somebody does hear the message. */
static void a_missing_stream_comes_back_though_its_subject_has_a_listener(void **state)
{
    (void)state;
    struct bus_subscription *listener;
    struct error why;
    assert_true(bus_listen(bus, SUBJECT_RESULT, NULL, &listener, &why));
    struct instant deadline = instant_plus_ms(clock_now(), 2 * PATIENCE_MS);
    do { /* the keeper may be making it once more, for a store that failed earlier */
        assert_true(instant_is_before(clock_now(), deadline));
        call_api("$JS.API.STREAM.DELETE." STREAM_RESULTS, "");
    } while (bus_store(bus, SUBJECT_RESULT, bytes_of("x"), NULL, NULL, 100, &why));
    assert_int_equal(why.kind, ERROR_TIMEOUT);
    await_stored_again();
    bus_unsubscribe(&listener);
}

static void a_store_to_a_missing_stream_is_told_and_the_stream_made(void **state)
{
    (void)state;
    struct error why;
    struct instant deadline = instant_plus_ms(clock_now(), 2 * PATIENCE_MS);
    do { /* as above */
        assert_true(instant_is_before(clock_now(), deadline));
        atomic_store(&stored, 0);
        atomic_store(&not_stored, 0);
        call_api("$JS.API.STREAM.DELETE." STREAM_WORK, "");
        bus_store_async(bus, "tp.work.standard", bytes_of("x"), NULL, NULL, PATIENCE_MS, keep_why,
                        &why);
        await_stored(1);
    } while (atomic_load(&stored) == 1);
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    struct bus_pull *pull = open_pull();
    store("back");
    ack_next(pull, "back");
    bus_pull_close(&pull);
}

/* Longer than a request lives, shorter than the connection. */
static void a_pull_goes_on_after_the_broker_was_silent(void **state)
{
    (void)state;
    struct bus_pull *pull = open_pull();
    assert_null(bus_pull_next(pull, 1, 20));
    test_broker_freeze(&broker);
    assert_null(bus_pull_next(pull, 1, 3000));
    test_broker_thaw(&broker);
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    store("thawed");
    ack_next(pull, "thawed");
    bus_pull_close(&pull);
}

static int start(void **state)
{
    (void)state;
    struct error why;
    test_broker_start(&broker);
    bus = test_broker_connect(&broker);
    return bus_provision(bus, &why) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    bus_close(&bus);
    test_broker_stop(&broker);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(provisioning_again_and_by_many_at_once_changes_nothing),
        cmocka_unit_test(storing_to_a_stream_that_is_missing_makes_it),
        cmocka_unit_test(a_pull_outlives_the_loss_of_its_stream),
        cmocka_unit_test(what_is_acked_does_not_come_again_and_what_is_not_does),
        cmocka_unit_test(a_message_whose_body_was_dropped_keeps_its_trace_and_can_be_acked),
        cmocka_unit_test(what_a_closed_pull_held_goes_to_the_next),
        cmocka_unit_test(five_hundred_are_stored_and_pulled_each_once),
        cmocka_unit_test(a_pull_holds_no_more_than_is_wanted),
        cmocka_unit_test(a_loop_that_sleeps_elsewhere_is_woken),
        cmocka_unit_test(the_same_id_is_stored_once),
        cmocka_unit_test(each_class_has_its_own_consumer),
        cmocka_unit_test(a_full_stream_is_busy),
        cmocka_unit_test(a_store_without_an_answer_is_told_as_a_timeout),
        cmocka_unit_test(a_missing_stream_comes_back_though_its_subject_has_a_listener),
        cmocka_unit_test(a_store_to_a_missing_stream_is_told_and_the_stream_made),
        cmocka_unit_test(a_pull_goes_on_after_the_broker_was_silent),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
