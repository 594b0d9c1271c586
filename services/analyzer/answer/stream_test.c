/* Each rule of stream.h by its number. */
#include "stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DELTA(content)                                                                             \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" content "\"}}]}\n\n"
#define DONE "data: [DONE]\n\n"

static void expect(const char *body, const char *wanted)
{
    SCOPED(arena_close) struct arena *arena = arena_open(16 << 20);
    struct bytes whole =
        stream_whole((struct bytes){(const uint8_t *)body, strlen(body)}, arena).bytes;
    if (whole.length != strlen(wanted) || memcmp(whole.at, wanted, whole.length) != 0)
        fail_msg("%s\nis joined to %.*s\ninstead of %s", body, (int)whole.length,
                 (const char *)whole.at, wanted);
}

static void what_is_no_stream_stays_as_it_is(void **state)
{
    (void)state;
    const char *const bodies[] = {"", "{\"choices\":[]}", "<html>", "database", " \n[1]"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        expect(bodies[i], bodies[i]);
}

static void rule_1_deltas_are_joined_and_usage_kept(void **state)
{
    (void)state;
    expect(
        ":\n\ndata: {\"choices\":[],\"prompt_filter_results\":[]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n" DELTA(
            "{\\\"a") ": ping\n\n" DELTA("\\\":1}") "data: "
                                                    "{\"choices\":[{\"delta\":{},\"finish_reason\":"
                                                    "\"stop\"}],\"usage\":null}\n\n"
                                                    "data: "
                                                    "{\"choices\":[],\"usage\":{\"prompt_tokens\":"
                                                    "3,\"completion_tokens\":4}}\n\n" DONE,
        "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
        "\"{\\\"a\\\":1}\"},\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}");
    expect("\r\ndata: {\"choices\":[{\"delta\":{\"refusal\":\"no\"}}]}\r\n\r\n" DONE,
           "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"refusal\":\"no\"}}]}");
    expect(
        "data: {\"choices\":[{\"message\":{\"content\":\"all\"}}]}\n\n" DONE,
        "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"all\"}}]}");
}

static void rule_2_an_error_in_the_stream_is_the_answer(void **state)
{
    (void)state;
    expect(DELTA("x") "data: {\"error\":{\"message\":\"overloaded\"}}\n\n" DONE,
           "{\"error\":{\"message\":\"overloaded\"}}");
    expect("data: {\"error\":\"out of memory\"}\n\n", "{\"error\":\"out of memory\"}");
    expect("event: error\ndata: {\"object\":\"error\",\"message\":\"m\"}\n\n",
           "{\"object\":\"error\",\"message\":\"m\"}");
    expect("data: {\"error\":null,\"choices\":[]}\n\n" DONE,
           "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\"}}]}");
}

static void rule_3_a_stream_without_its_end_is_broken(void **state)
{
    (void)state;
    static const char BROKEN[] = "{\"error\":{\"type\":\"stream_broken\"}}";
    expect(DELTA("x"), BROKEN);
    expect(": ping\n\n", BROKEN);
    expect(DELTA("x") "data: [DONE]", BROKEN); /* an event ends with an empty line */
    expect(DELTA("x") "data: {\"cho\n\n" DONE, "{\"error\":{\"type\":\"stream_invalid\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_stream_stays_as_it_is),
        cmocka_unit_test(rule_1_deltas_are_joined_and_usage_kept),
        cmocka_unit_test(rule_2_an_error_in_the_stream_is_the_answer),
        cmocka_unit_test(rule_3_a_stream_without_its_end_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
