#include "agreement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "json/json.h"

static void assert_interval(uint64_t agreed, uint64_t posts, double low, double high)
{
    struct interval interval = agreement_interval(agreed, posts);
    assert_float_equal(interval.low, low, 5e-5);
    assert_float_equal(interval.high, high, 5e-5);
}

/* Without continuity correction: 8 of 10 are the 0.490 to 0.943 of the textbooks. */
static void the_interval_is_wilsons(void **state)
{
    (void)state;
    assert_interval(0, 0, 0, 1);
    assert_interval(10, 10, 0.7225, 1);
    assert_interval(0, 10, 0, 0.2775);
    assert_interval(8, 10, 0.4902, 0.9433);
    assert_interval(970, 1000, 0.9575, 0.9789);
}

static void a_line_tells_the_thirds_and_their_sum(void **state)
{
    (void)state;
    Tp__AuditThird thirds[3] = {TP__AUDIT_THIRD__INIT, TP__AUDIT_THIRD__INIT,
                                TP__AUDIT_THIRD__INIT};
    Tp__AuditThird *list[] = {&thirds[0], &thirds[1], &thirds[2]};
    thirds[0].posts = 6;
    thirds[0].agreed = 5;
    thirds[2].posts = 4;
    thirds[2].agreed = 3;
    Tp__AuditLine line = TP__AUDIT_LINE__INIT;
    line.model = "a \"model\"";
    line.prompt_version = "p-1";
    line.n_thirds = 3;
    line.thirds = list;
    line.score_distance = 0.125;
    SCOPED(text_free) struct text out = {0};
    agreement_write(&line, &out);
    SCOPED(json_free) json_t *told = NULL;
    struct error why;
    if (!json_parse(out.chars, out.length, &told, &why))
        fail_msg("%s", why.message);
    assert_string_equal(json_string_value(json_object_get(told, "model")), "a \"model\"");
    const json_t *all = json_object_get(told, "all");
    assert_int_equal(json_integer_value(json_object_get(all, "posts")), 10);
    assert_int_equal(json_integer_value(json_object_get(all, "agreed")), 8);
    assert_float_equal(json_real_value(json_object_get(all, "agreement")), 0.8, 1e-9);
    assert_float_equal(json_real_value(json_object_get(all, "low")), 0.4902, 1e-9);
    const json_t *positions = json_object_get(told, "positions");
    const json_t *last = json_object_get(positions, "last");
    assert_int_equal(json_integer_value(json_object_get(last, "agreed")), 3);
    const json_t *middle = json_object_get(positions, "middle");
    assert_true(json_is_null(json_object_get(middle, "agreement")));
    assert_float_equal(json_real_value(json_object_get(told, "score_distance")), 0.125, 1e-9);
    assert_true(json_is_null(json_object_get(told, "names_overlap")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interval_is_wilsons),
        cmocka_unit_test(a_line_tells_the_thirds_and_their_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
