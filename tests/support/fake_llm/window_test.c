#include "window.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h> /* after the headers that it needs */

static void calls_count_for_sixty_seconds_and_no_longer(void **state)
{
    (void)state;
    struct window window = {0};
    window_add(&window, 0, 10);
    window_add(&window, 59999, 20);
    assert_int_equal(window.peak_calls, 2);
    assert_int_equal(window.peak_tokens, 30);
    window_add(&window, 60000, 30); /* the first is gone by now */
    assert_int_equal(window_calls(&window), 2);
    assert_int_equal(window.peak_calls, 2);
    assert_int_equal(window.peak_tokens, 50);
    window_add(&window, 200000, 1);
    assert_int_equal(window_calls(&window), 1);
    assert_int_equal(window.tokens, 1);
    assert_int_equal(window.count, 4);
    window_free(&window);
}

static void a_wait_ends_when_enough_has_left_the_window(void **state)
{
    (void)state;
    struct window window = {0};
    const struct window_limits two_calls = {.calls = 2}, tokens = {.tokens = 100}, none = {0};
    assert_int_equal(window_wait_ms(&window, &two_calls, 5, 0), 0);
    window_add(&window, 0, 40);
    assert_int_equal(window_wait_ms(&window, &two_calls, 5, 0), 0);
    window_add(&window, 1000, 50);
    assert_int_equal(window_wait_ms(&window, &two_calls, 5, 2000), 58000);
    assert_int_equal(window_wait_ms(&window, &none, 5000, 2000), 0);
    assert_int_equal(window_wait_ms(&window, &tokens, 10, 2000), 0);
    assert_int_equal(window_wait_ms(&window, &tokens, 11, 2000), 58000);
    assert_int_equal(window_wait_ms(&window, &tokens, 61, 2000), 59000);
    assert_int_equal(window_wait_ms(&window, &tokens, 101, 2000), 59000); /* it never fits */
    assert_int_equal(window_wait_ms(&window, &two_calls, 5, 60000), 0);
    window_free(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_count_for_sixty_seconds_and_no_longer),
        cmocka_unit_test(a_wait_ends_when_enough_has_left_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
