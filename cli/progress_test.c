#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/scoped.h"
#include "progress.h"

static void a_wide_line_shows_bar_figures_rate_and_time_left(void **state)
{
    (void)state;
    SCOPED(text_free) struct text line = {0};
    const struct progress progress = {
        .total = 2089, .processed = 1000, .failed = 44, .elapsed_ms = 2000, .state = "processing"};
    progress_render(&progress, 100, &line);
    assert_string_equal(line.chars, "processing  [==================>                  ]  "
                                    "1,044 of 2,089  49%  44 failed  522/s  2 s left");
}

static void a_narrow_line_drops_the_bar_and_then_the_time_left(void **state)
{
    (void)state;
    const struct progress progress = {
        .total = 2089, .processed = 1000, .elapsed_ms = 2000, .state = "processing"};
    for (size_t width = 1; width < 120; width++) {
        SCOPED(text_free) struct text line = {0};
        progress_render(&progress, width, &line);
        assert_true(line.length <= width);
    }
    SCOPED(text_free) struct text line = {0};
    progress_render(&progress, 50, &line);
    assert_null(strchr(line.chars, '['));
    assert_non_null(strstr(line.chars, "s left"));
    text_clear(&line);
    progress_render(&progress, 34, &line);
    assert_string_equal(line.chars, "processing  1,000 of 2,089  47%");
}

static void rule_12_while_nothing_is_done_it_tells_why(void **state)
{
    (void)state;
    SCOPED(text_free) struct text line = {0};
    struct progress progress = {
        .total = 10, .state = "queued", .waiting = "held by maintenance: zur\303\274ck"};
    progress_render(&progress, 100, &line);
    assert_string_equal(line.chars, "queued  held by maintenance: zur\303\274ck");
    text_clear(&line);
    progress_render(&progress, strlen("queued  held by maintenance: zur") + 1, &line);
    assert_string_equal(line.chars, "queued  held by maintenance: zur");
    text_clear(&line);
    progress.processed = 1;
    progress_render(&progress, 30, &line);
    assert_string_equal(line.chars, "queued  1 of 10  10%");
}

static void nothing_done_and_all_done_need_no_time_left(void **state)
{
    (void)state;
    SCOPED(text_free) struct text line = {0};
    struct progress progress = {.total = 10, .elapsed_ms = 5000, .state = "queued"};
    progress_render(&progress, 30, &line);
    assert_string_equal(line.chars, "queued  0 of 10  0%");
    text_clear(&line);
    progress.processed = 10;
    progress.state = "completed";
    progress_render(&progress, 34, &line);
    assert_string_equal(line.chars, "completed  10 of 10  100%");
    text_clear(&line);
    progress.total = 0;
    progress.processed = 0;
    progress_render(&progress, 60, &line);
    assert_non_null(strstr(line.chars, "0 of 0"));
}

static void numbers_are_grouped_by_thousands(void **state)
{
    (void)state;
    SCOPED(text_free) struct text text = {0};
    const int64_t numbers[] = {0, 999, 1000, 1234567, -1234};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        progress_add_number(&text, numbers[i]);
        text_add_char(&text, ' ');
    }
    assert_string_equal(text.chars, "0 999 1,000 1,234,567 -1,234 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_line_shows_bar_figures_rate_and_time_left),
        cmocka_unit_test(a_narrow_line_drops_the_bar_and_then_the_time_left),
        cmocka_unit_test(rule_12_while_nothing_is_done_it_tells_why),
        cmocka_unit_test(nothing_done_and_all_done_need_no_time_left),
        cmocka_unit_test(numbers_are_grouped_by_thousands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
