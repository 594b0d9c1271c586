#include <pthread.h>
#include <setjmp.h>
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

enum { PATIENCE_MS = 30000 };

static struct test_broker broker;

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static void check_said(struct bytes said, const char *expected)
{
    assert_int_equal(said.length, strlen(expected));
    assert_memory_equal(said.at, expected, said.length);
}

/* Answers with what it heard. */
static void echo(void *context, struct bus_message *message)
{
    bus_reply(context, message, bus_body(message));
}

static void a_request_is_answered(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bus_subscription *subscription;
    struct error why;
    struct bytes reply;
    assert_true(bus_subscribe(bus, "t.echo", "echoes", echo, bus, &subscription, &why));
    assert_true(
        bus_request(bus, "t.echo", bytes_of("hello"), PATIENCE_MS, NULL, arena, &reply, &why));
    check_said(reply, "hello");
    assert_true(bus_request(bus, "t.echo", bytes_of(""), PATIENCE_MS, NULL, arena, &reply, &why));
    assert_int_equal(reply.length, 0);
    bus_unsubscribe(&subscription);
    assert_null(subscription);
}

static void tell_patience_and_trace(void *context, struct bus_message *message)
{
    char said[200];
    snprintf(said, sizeof said, "%s %d",
             bus_trace(message) == NULL ? "untraced" : bus_trace(message),
             bus_patience_ms(message) > PATIENCE_MS / 2 && bus_patience_ms(message) <= PATIENCE_MS);
    bus_reply(context, message, bytes_of(said));
}

static void a_responder_knows_the_trace_and_how_long_it_is_waited_for(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bus_subscription *subscription;
    struct error why;
    struct bytes reply;
    assert_true(
        bus_subscribe(bus, "t.tell", NULL, tell_patience_and_trace, bus, &subscription, &why));
    const char *trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    char expected[100];
    snprintf(expected, sizeof expected, "%s 1", trace);
    assert_true(bus_request(bus, "t.tell", bytes_of("?"), PATIENCE_MS, trace, arena, &reply, &why));
    check_said(reply, expected);
    assert_true(bus_request(bus, "t.tell", bytes_of("?"), PATIENCE_MS, "a\r\nTp-Error: BUSY", arena,
                            &reply, &why));
    check_said(reply, "untraced 1");
    bus_unsubscribe(&subscription);
}

static void refuse(void *context, struct bus_message *message)
{
    struct error why;
    error_set(&why, ERROR_CONFLICT, "the key was used with another body");
    bus_reply_error(context, message, &why);
}

static void an_error_comes_back_as_the_responder_set_it(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bus_subscription *subscription;
    struct error why;
    struct bytes reply;
    assert_true(bus_subscribe(bus, "t.refuse", NULL, refuse, bus, &subscription, &why));
    assert_false(
        bus_request(bus, "t.refuse", bytes_of("?"), PATIENCE_MS, NULL, arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_CONFLICT);
    assert_string_equal(why.message, "the key was used with another body");
    bus_unsubscribe(&subscription);
}

static void answer_too_much(void *context, struct bus_message *message)
{
    static const uint8_t much[2 << 20];
    assert_false(bus_reply(context, message, (struct bytes){much, sizeof much}));
}

static void what_is_too_large_is_refused_and_an_answer_too_large_is_an_error(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    static const uint8_t much[2 << 20];
    struct bus_subscription *subscription;
    struct error why;
    struct bytes reply;
    assert_false(bus_publish(bus, "t.much", (struct bytes){much, sizeof much}, &why));
    assert_int_equal(why.kind, ERROR_INVALID);
    assert_true(bus_subscribe(bus, "t.much", NULL, answer_too_much, bus, &subscription, &why));
    assert_false(bus_request(bus, "t.much", bytes_of("?"), PATIENCE_MS, NULL, arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_INTERNAL);
    bus_unsubscribe(&subscription);
}

static void nobody_there_is_known_at_once(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct error why;
    struct bytes reply;
    struct instant begin = clock_now();
    assert_false(
        bus_request(bus, "t.nobody", bytes_of("?"), PATIENCE_MS, NULL, arena, &reply, &why));
    assert_int_equal(why.kind, ERROR_UNAVAILABLE);
    assert_true(instant_ms_between(begin, clock_now()) < PATIENCE_MS / 2);
}

static void say_nothing(void *context, struct bus_message *message)
{
    (void)context;
    assert_true(bus_wants_reply(message));
}

static void silence_is_a_timeout(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bus_subscription *subscription;
    struct error why;
    struct bytes reply;
    assert_true(bus_subscribe(bus, "t.silent", NULL, say_nothing, NULL, &subscription, &why));
    struct instant begin = clock_now();
    assert_false(bus_request(bus, "t.silent", bytes_of("?"), 60, NULL, arena, &reply, &why));
    int64_t waited_ms = instant_ms_between(begin, clock_now());
    assert_int_equal(why.kind, ERROR_TIMEOUT);
    assert_true(waited_ms >= 60 && waited_ms < PATIENCE_MS);
    bus_unsubscribe(&subscription);
}

/* What came of a question nobody waited for. */
struct heard {
    atomic_int count;
    bool is_answered;
    char said[20];
    enum error_kind kind;
};

static void hear(void *context, struct bytes reply, const struct error *why)
{
    struct heard *heard = context;
    heard->is_answered = why == NULL;
    if (why == NULL)
        memcpy(heard->said, reply.at, reply.length);
    else
        heard->kind = why->kind;
    atomic_fetch_add(&heard->count, 1);
}

static void ask_in_passing(struct bus *bus, const char *subject, int64_t timeout_ms,
                           struct heard *heard)
{
    *heard = (struct heard){0};
    bus_request_async(bus, subject, bytes_of("hello"), timeout_ms, hear, heard);
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (atomic_load(&heard->count) == 0)
        assert_true(instant_is_before(clock_now(), until));
}

static void a_question_in_passing_is_told_once_what_came_of_it(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    struct bus_subscription *echoes, *refusals, *silence;
    struct error why;
    struct heard heard;
    assert_true(bus_subscribe(bus, "t.echo", NULL, echo, bus, &echoes, &why));
    assert_true(bus_subscribe(bus, "t.refuse", NULL, refuse, bus, &refusals, &why));
    assert_true(bus_subscribe(bus, "t.silent", NULL, say_nothing, NULL, &silence, &why));
    ask_in_passing(bus, "t.echo", PATIENCE_MS, &heard);
    assert_true(heard.is_answered);
    assert_string_equal(heard.said, "hello");
    ask_in_passing(bus, "t.refuse", PATIENCE_MS, &heard);
    assert_false(heard.is_answered);
    assert_int_equal(heard.kind, ERROR_CONFLICT);
    ask_in_passing(bus, "t.nobody", PATIENCE_MS, &heard);
    assert_false(heard.is_answered);
    assert_int_equal(heard.kind, ERROR_UNAVAILABLE);
    ask_in_passing(bus, "t.silent", 60, &heard);
    assert_false(heard.is_answered);
    assert_int_equal(heard.kind, ERROR_TIMEOUT);
    assert_int_equal(atomic_load(&heard.count), 1);
    bus_unsubscribe(&echoes);
    bus_unsubscribe(&refusals);
    bus_unsubscribe(&silence);
}

enum { ASKERS = 8, QUESTIONS = 200 };

static void *ask_many(void *context)
{
    struct bus *bus = context;
    struct error why;
    uintptr_t wrong = 0;
    for (int i = 0; i < QUESTIONS; i++) {
        SCOPED(arena_close) struct arena *arena = arena_open(4096);
        char said[64];
        snprintf(said, sizeof said, "%p of %d", (void *)&why, i);
        struct bytes reply;
        if (!bus_request(bus, "t.many", bytes_of(said), PATIENCE_MS, NULL, arena, &reply, &why) ||
            reply.length != strlen(said) || memcmp(reply.at, said, reply.length) != 0)
            wrong++;
    }
    return (void *)wrong; // NOLINT: a count
}

static void everybody_gets_the_answer_to_their_own_question(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    struct bus_subscription *subscription;
    struct error why;
    assert_true(bus_subscribe(bus, "t.many", NULL, echo, bus, &subscription, &why));
    pthread_t askers[ASKERS];
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&askers[i], NULL, ask_many, bus), 0);
    for (int i = 0; i < ASKERS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(askers[i], &wrong), 0);
        assert_null(wrong);
    }
    bus_unsubscribe(&subscription);
}

static void listeners_of_a_group_share_what_comes(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    struct bus_subscription *listeners[2];
    struct error why;
    for (int i = 0; i < 2; i++)
        assert_true(bus_listen(bus, "t.shared", "group", &listeners[i], &why));
    for (int i = 0; i < 100; i++)
        assert_true(bus_publish(bus, "t.shared", bytes_of("x"), &why));
    int heard = 0;
    struct instant deadline = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (heard < 100 && instant_is_before(clock_now(), deadline)) {
        struct bus_message *message;
        if (bus_next(listeners[heard % 2], 5, &message) ||
            bus_next(listeners[(heard + 1) % 2], 5, &message)) {
            assert_string_equal(bus_subject(message), "t.shared");
            assert_false(bus_wants_reply(message));
            assert_int_equal(bus_patience_ms(message), INT64_MAX);
            bus_message_free(&message);
            heard++;
        }
    }
    assert_int_equal(heard, 100);
    struct bus_message *message;
    assert_false(bus_next(listeners[0], 20, &message));
    for (int i = 0; i < 2; i++)
        bus_unsubscribe(&listeners[i]);
}

static void answers_of_an_ask_come_to_the_inbox(void **state)
{
    (void)state;
    SCOPED(bus_close) struct bus *bus = test_broker_connect(&broker);
    struct bus_subscription *subscription, *inbox;
    struct bus_message *message;
    struct error why;
    char subject[64], other[64];
    bus_inbox(subject);
    bus_inbox(other);
    assert_string_not_equal(subject, other);
    assert_true(bus_listen(bus, subject, NULL, &inbox, &why));
    assert_true(bus_subscribe(bus, "t.ask", NULL, echo, bus, &subscription, &why));
    assert_true(bus_ask(bus, "t.ask", subject, bytes_of("one"), NULL, &why));
    assert_true(bus_next(inbox, PATIENCE_MS, &message));
    check_said(bus_body(message), "one");
    bus_message_free(&message);
    bus_unsubscribe(&subscription);
    bus_unsubscribe(&inbox);
}

struct overtaking {
    atomic_bool is_first_over, is_second_early;
    atomic_int heard;
};

/* Long enough for whoever runs beside it. */
static void hear_first(void *context, struct bus_message *message)
{
    (void)message;
    struct overtaking *seen = context;
    for (int i = 0; i < 50 && atomic_load(&seen->heard) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    atomic_store(&seen->is_first_over, true);
}

static void hear_second(void *context, struct bus_message *message)
{
    (void)message;
    struct overtaking *seen = context;
    if (!atomic_load(&seen->is_first_over))
        atomic_store(&seen->is_second_early, true);
    atomic_fetch_add(&seen->heard, 1);
}

static void a_bus_in_order_lets_no_subject_overtake_another(void **state)
{
    (void)state;
    struct overtaking seen = {0};
    SCOPED(bus_close) struct bus *bus =
        bus_open(&(struct bus_options){.url = broker.url, .name = "test", .is_in_order = true});
    struct bus_subscription *first, *second;
    struct error why;
    assert_true(bus_wait_connected(bus, PATIENCE_MS));
    assert_true(bus_subscribe(bus, "t.first", NULL, hear_first, &seen, &first, &why));
    assert_true(bus_subscribe(bus, "t.second", NULL, hear_second, &seen, &second, &why));
    assert_true(bus_publish(bus, "t.first", bytes_of("x"), &why));
    assert_true(bus_publish(bus, "t.second", bytes_of("x"), &why));
    struct instant deadline = instant_plus_ms(clock_now(), PATIENCE_MS);
    while (atomic_load(&seen.heard) == 0 && instant_is_before(clock_now(), deadline))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    bus_unsubscribe(&first);
    bus_unsubscribe(&second);
    assert_int_equal(atomic_load(&seen.heard), 1);
    assert_false(atomic_load(&seen.is_second_early));
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
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(a_responder_knows_the_trace_and_how_long_it_is_waited_for),
        cmocka_unit_test(an_error_comes_back_as_the_responder_set_it),
        cmocka_unit_test(what_is_too_large_is_refused_and_an_answer_too_large_is_an_error),
        cmocka_unit_test(nobody_there_is_known_at_once),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(a_question_in_passing_is_told_once_what_came_of_it),
        cmocka_unit_test(everybody_gets_the_answer_to_their_own_question),
        cmocka_unit_test(listeners_of_a_group_share_what_comes),
        cmocka_unit_test(answers_of_an_ask_come_to_the_inbox),
        cmocka_unit_test(a_bus_in_order_lets_no_subject_overtake_another),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
