#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/scoped.h"
#include "waiting.h"

static void assert_told(const char *json, const char *words)
{
    SCOPED(json_free) json_t *document = NULL;
    SCOPED(text_free) struct text out = {0};
    struct error why;
    assert_true(json_parse(json, strlen(json), &document, &why));
    waiting_tell(document, &out);
    assert_string_equal(out.chars ? out.chars : "", words);
}

static void rule_12_position_forecast_and_reason_are_told_as_far_as_known(void **state)
{
    (void)state;
    assert_told("{\"position\":12,\"waiting\":{\"detail\":\"10 of 10 calls are running\"},"
                "\"eta\":{\"p50_seconds\":40,\"p90_seconds\":65}}",
                "position 12, about 40 s (90 %: 65 s): 10 of 10 calls are running");
    assert_told("{\"position\":0,\"waiting\":{\"detail\":\"it is being analysed\"},"
                "\"eta\":{\"p50_seconds\":4,\"p90_seconds\":7}}",
                "about 4 s (90 %: 7 s): it is being analysed");
    assert_told("{\"position\":12,\"waiting\":{\"detail\":\"others\"},"
                "\"eta\":{\"p50_seconds\":400,\"p90_seconds\":650,\"is_rough\":true}}",
                "position 12, roughly 7 min (90 %: 11 min): others");
    assert_told("{\"position\":0,\"waiting\":{\"detail\":\"it is being analysed\"},"
                "\"eta\":{\"p50_seconds\":4,\"p90_seconds\":7,\"is_rough\":false}}",
                "about 4 s (90 %: 7 s): it is being analysed");
    assert_told("{\"position\":3,\"waiting\":{\"detail\":\"no analyzer is there\"}}",
                "position 3: no analyzer is there");
    assert_told("{\"position\":0,\"waiting\":{\"detail\":\"held by maintenance\"}}",
                "held by maintenance");
    assert_told("{\"state\":\"completed\"}", "");
}

static void durations_are_as_exact_as_they_are_useful(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *words;
    } DURATIONS[] = {{0, "0 s"},     {119, "119 s"},       {120, "2 min"},
                     {121, "3 min"}, {3600, "1 h 00 min"}, {7500, "2 h 05 min"}};
    for (size_t i = 0; i < sizeof DURATIONS / sizeof *DURATIONS; i++) {
        SCOPED(text_free) struct text out = {0};
        waiting_add_duration(&out, DURATIONS[i].seconds);
        assert_string_equal(out.chars, DURATIONS[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_12_position_forecast_and_reason_are_told_as_far_as_known),
        cmocka_unit_test(durations_are_as_exact_as_they_are_useful),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
