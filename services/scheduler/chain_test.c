/* What is told of the chain of endpoints, on a real broker. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "bus/broker_for_test.h"
#include "messages/messages.h"
#include "messages/subjects.h"

enum { ASK_MS = 500, TRIES = 20 };

static void whoever_asks_is_told_the_endpoints_their_limits_and_which_have_a_price(void **state)
{
    (void)state;
    struct test_broker broker;
    test_broker_start(&broker);
    struct bus *bus = test_broker_connect(&broker);
    SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);
    struct scheduler_config config = SCHEDULER_DEFAULTS;
    config.endpoint_count = 2;
    strcpy(config.endpoints[0].name, "main");
    strcpy(config.endpoints[1].name, "spare");
    config.endpoints[1].limits = (struct limits){.requests_per_minute = 500,
                                                 .tokens_per_minute = 200000,
                                                 .calls_in_flight = 64,
                                                 .micros_per_day = 20000000};
    config.endpoints[1].completion_nanos = 600;
    struct chain *chain;
    struct error why;
    assert_true(chain_open(bus, &config, &chain, &why));
    Tp__ControlsQuery ask = TP__CONTROLS_QUERY__INIT;
    ask.schema_version = SCHEMA_VERSION;
    struct bytes said;
    bool is_answered = false;
    for (int i = 0; i < TRIES && !is_answered; i++) /* the broker may not know of it yet */
        is_answered = bus_request(bus, RPC_SCHEDULER_ENDPOINTS, pack_controls_query(arena, &ask),
                                  ASK_MS, NULL, arena, &said, &why);
    assert_true(is_answered);
    const Tp__ControlsReply *reply;
    assert_true(unpack_controls_reply(arena, said, &reply, &why));
    assert_int_equal(reply->n_controls, 2);
    assert_string_equal(reply->controls[0]->name, "main");
    assert_string_equal(reply->controls[1]->name, "spare");
    assert_int_equal(reply->controls[1]->scope, TP__CONTROL_SCOPE__ENDPOINT);
    assert_false(reply->controls[0]->has_price);
    assert_true(reply->controls[1]->has_price);
    const Tp__Limits *limits = reply->controls[1]->limits;
    assert_int_equal(limits->requests_per_minute, 500);
    assert_int_equal(limits->tokens_per_minute, 200000);
    assert_int_equal(limits->calls_in_flight, 64);
    assert_int_equal(limits->micros_per_day, 20000000);
    chain_close(&chain);
    assert_null(chain);
    bus_close(&bus);
    test_broker_stop(&broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_asks_is_told_the_endpoints_their_limits_and_which_have_a_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
