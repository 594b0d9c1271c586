/* What the stream keeps is what stands in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "bus/broker_for_test.h"
#include "export.h"
#include "messages/messages.h"
#include "messages/subjects.h"

enum { PATIENCE_MS = 5000, LARGE_BYTES = 700000 };

static struct test_broker broker;
static struct bus *bus;

static void store(const uint8_t *bytes, size_t length)
{
    struct error why;
    struct bytes body = {bytes, length};
    if (!bus_store(bus, SUBJECT_TRACE, body, NULL, NULL, PATIENCE_MS, &why))
        fail_msg("%s", why.message);
}

static void every_batch_is_written_behind_its_length(void **state)
{
    (void)state;
    static uint8_t large[LARGE_BYTES];
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 7 + i / 251);
    store((const uint8_t *)"one", 3);
    store((const uint8_t *)"four", 4);
    store(large, sizeof large);
    char *written = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&written, &length);
    struct exported exported;
    struct error why;
    if (!export_trace(bus, out, &exported, &why))
        fail_msg("%s", why.message);
    fclose(out);
    static const char EXPECTED[] = "tweetpulse trace 1\n\3\0\0\0one\4\0\0\0four";
    size_t head = sizeof EXPECTED - 1;
    assert_int_equal(length, head + 4 + sizeof large);
    assert_memory_equal(written, EXPECTED, head);
    assert_memory_equal(written + head + 4, large, sizeof large);
    assert_int_equal(exported.batches, 3);
    free(written);
}

static void an_empty_stream_has_no_span(void **state)
{
    (void)state;
    uint64_t first, last;
    struct error why;
    assert_true(bus_stream_span(bus, STREAM_RESULTS, &first, &last, &why));
    assert_true(last < first);
}

static void a_stream_that_is_not_there_is_told(void **state)
{
    (void)state;
    uint64_t first, last;
    struct error why;
    assert_false(bus_stream_span(bus, "NOWHERE", &first, &last, &why));
    assert_int_equal(why.kind, ERROR_NOT_FOUND);
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
        cmocka_unit_test(every_batch_is_written_behind_its_length),
        cmocka_unit_test(an_empty_stream_has_no_span),
        cmocka_unit_test(a_stream_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
