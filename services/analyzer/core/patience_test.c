/* Each rule of patience.h by its number. Time is told in milliseconds. */
#include "patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct instant at(int64_t ms)
{
    return (struct instant){ms * CLOCK_MS};
}

static int64_t ms_of(struct instant instant)
{
    return instant.ns / CLOCK_MS;
}

/* Rule 1. */
static void questions_come_at_growing_gaps_up_to_the_longest(void **state)
{
    (void)state;
    static const int64_t gaps[] = {25, 50, 100, 200, 400, 400, 400};
    struct patience patience;
    int64_t now = 1000;
    patience_begin(&patience, PATIENCE_CALLING, at(now));
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        assert_false(patience_may_ask(&patience, at(now + gaps[i] - 1)));
        assert_int_equal(ms_of(patience_next_at(&patience)), now + gaps[i]);
        now += gaps[i];
        assert_true(patience_may_ask(&patience, at(now)));
        now += 3; /* until the answer */
        patience_answered(&patience, at(now));
    }
}

/* Rule 2. */
static void beside_an_own_call_the_wait_has_no_end(void **state)
{
    (void)state;
    struct patience patience;
    patience_begin(&patience, PATIENCE_CALLING, at(0));
    assert_false(patience_is_over(&patience, at(INT64_C(1) << 40)));
}

/* Rule 3. */
static void with_a_permit_the_wait_ends_soon_after_the_own_call(void **state)
{
    (void)state;
    struct patience patience;
    patience_begin(&patience, PATIENCE_CALLING, at(0));
    patience_become(&patience, PATIENCE_PERMITTED, at(9000));
    assert_false(patience_is_over(&patience, at(10999)));
    patience_become(&patience, PATIENCE_PERMITTED, at(10999)); /* it is already */
    assert_true(patience_is_over(&patience, at(11000)));
    patience_begin(&patience, PATIENCE_PERMITTED, at(20000));
    assert_true(patience_is_over(&patience, at(22000)));
    patience_become(&patience, PATIENCE_CALLING, at(21000));
    assert_false(patience_is_over(&patience, at(22000)));
}

/* Rule 4. */
static void with_a_free_permit_the_wait_is_longer_and_has_an_end(void **state)
{
    (void)state;
    struct patience patience;
    patience_begin(&patience, PATIENCE_FREE, at(500));
    assert_false(patience_is_over(&patience, at(10499)));
    assert_true(patience_is_over(&patience, at(10500)));
    for (int i = 0; i < 6; i++)
        patience_answered(&patience, at(10400));
    assert_int_equal(ms_of(patience_next_at(&patience)), 10500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_come_at_growing_gaps_up_to_the_longest),
        cmocka_unit_test(beside_an_own_call_the_wait_has_no_end),
        cmocka_unit_test(with_a_permit_the_wait_ends_soon_after_the_own_call),
        cmocka_unit_test(with_a_free_permit_the_wait_is_longer_and_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
