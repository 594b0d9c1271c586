#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "input_stream.h"

struct seen {
    struct text rows;
    size_t stop_after, pauses;
};

static void take_post(void *context, const struct input_row *row)
{
    struct seen *seen = context;
    assert_int_equal(strlen(row->text), row->text_length);
    text_format(&seen->rows, "%lld %s:%.20s%s;", (long long)row->line, row->id, row->text,
                row->created_at ? row->created_at : "");
}

static void take_reject(void *context, int64_t line, const char *reason)
{
    struct seen *seen = context;
    text_format(&seen->rows, "%lld! %s;", (long long)line, reason);
}

static void take_pause(void *context)
{
    ((struct seen *)context)->pauses++;
}

static bool should_stop(void *context)
{
    struct seen *seen = context;
    return seen->stop_after > 0 && seen->pauses >= seen->stop_after;
}

static bool read_bytes(const char *bytes, size_t length, enum input_format asked, struct seen *seen,
                       enum input_format *format)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    const struct input_reading reading = {.options = {.format = asked},
                                          .sink = {take_post, take_reject, seen},
                                          .pause = take_pause,
                                          .should_stop = should_stop};
    struct error why = {0};
    bool is_read = input_stream(fileno(file), &reading, format, &why);
    if (!is_read)
        text_format(&seen->rows, "%s", why.message);
    fclose(file);
    return is_read;
}

static void check(const char *bytes, enum input_format format, const char *rows)
{
    struct seen seen = {0};
    enum input_format found;
    assert_true(read_bytes(bytes, strlen(bytes), INPUT_AUTO, &seen, &found));
    assert_int_equal(found, format);
    assert_string_equal(seen.rows.chars ? seen.rows.chars : "", rows);
    text_free(&seen.rows);
}

static void every_format_is_told_row_by_row(void **state)
{
    (void)state;
    check("\xEF\xBB\xBF{\"id\":\"a\",\"text\":\"one\"}\n\n{\"text\":\"two\"}", INPUT_JSONL,
          "1 a:one;3 3:two;");
    check("id;text\n7;\"one\nmore\"\n\n8;two\n", INPUT_CSV, "2 7:one\nmore;5 8:two;");
    check("one\r\n\ntwo", INPUT_PLAIN, "1 1:one;3 3:two;");
    check("[{\"id\":\"a\",\"text\":\"one\"}]", INPUT_JSON, "1 a:one;");
    check("", INPUT_PLAIN, "");
}

static void when_a_post_was_written_is_told_where_the_file_tells_it(void **state)
{
    (void)state;
    check("{\"id\":\"a\",\"text\":\"one \",\"created_at\":\"2024\"}\n"
          "{\"id\":\"b\",\"text\":\"two\",\"created_at\":7}",
          INPUT_JSONL, "1 a:one 2024;2 b:two;");
    check("id,text,Created_At\n1,one,-2024\n2,two\n", INPUT_CSV, "2 1:one-2024;3 2:two;");
}

static void a_bad_row_is_named_and_the_rest_goes_on(void **state)
{
    (void)state;
    check("{\"id\":\"a\",\"text\"\n{\"id\":\"b\"}\n{\"id\":\"c\",\"text\":\"two\"}\n", INPUT_JSONL,
          "1! not valid JSON at column 16: ':' expected near end of file;2! no member \"text\";"
          "3 c:two;");
    check("id,text\n1,\xC3(\n2\n3,fine\n", INPUT_CSV,
          "2! not valid UTF-8;3! the row has only 1 columns;4 3:fine;");
    check("a\n\xFF\nb\n", INPUT_PLAIN, "1 1:a;2! not valid UTF-8;3 3:b;");
}

static void a_line_that_is_too_long_is_passed_over(void **state)
{
    (void)state;
    static const enum input_format FORMATS[] = {INPUT_JSONL, INPUT_CSV, INPUT_PLAIN};
    static const char *const BEGIN[] = {"{\"text\":\"x\"}\n", "text\n", "x\n"};
    static const char *const END[] = {"\n{\"text\":\"z\"}\n", "\nz\n", "\nz\n"};
    static const char *const SEEN[] = {"1 1:x;2! the line is longer than 1048576 bytes;3 3:z;",
                                       "2! the row is longer than 1048575 bytes;3 3:z;",
                                       "1 1:x;2! the line is longer than 1048576 bytes;3 3:z;"};
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        SCOPED(text_free) struct text bytes = {0};
        struct seen seen = {0};
        enum input_format found;
        text_add(&bytes, BEGIN[i]);
        for (int k = 0; k < 3 << 20; k++)
            text_add_char(&bytes, k == 7 ? '"' : 'y');
        text_add(&bytes, END[i]);
        assert_true(read_bytes(bytes.chars, bytes.length, FORMATS[i], &seen, &found));
        assert_string_equal(seen.rows.chars, SEEN[i]);
        text_free(&seen.rows);
    }
}

static void a_quote_that_is_never_closed_takes_a_line_and_no_more(void **state)
{
    (void)state;
    SCOPED(text_free) struct text bytes = {0};
    text_add(&bytes, "text\n\"open\n");
    for (int line = 3; line <= 300000; line++)
        text_add(&bytes, "a row\n");
    struct seen seen = {0};
    enum input_format found;
    assert_true(read_bytes(bytes.chars, bytes.length, INPUT_CSV, &seen, &found));
    assert_non_null(strstr(seen.rows.chars, "2! the quote that begins in line 2 is not closed "
                                            "within 1048575 bytes;3 3:a row;4 4:a row;"));
    assert_non_null(strstr(seen.rows.chars, "300000 300000:a row;"));
    text_free(&seen.rows);
}

static void behind_a_quote_that_is_open_at_the_end_the_rows_are_read(void **state)
{
    (void)state;
    check("id,text\n1,one\n2,\"open\n3,\"three\nlines\"\n4,four", INPUT_CSV,
          "2 1:one;3! the quote that begins in line 3 is not closed, or text follows it;4 "
          "3:three\nlines;6 4:four;");
}

static void what_is_unreadable_as_a_whole_is_refused(void **state)
{
    (void)state;
    static const char *const FILES[] = {"\xFF\xFE{\"", "[{\"text\":\"x\"}", "{\"a\":1,\n \"b\":2}"};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        struct seen seen = {0};
        enum input_format found;
        assert_false(read_bytes(FILES[i], strlen(FILES[i]), INPUT_AUTO, &seen, &found));
        assert_true(seen.rows.length > 0);
        text_free(&seen.rows);
    }
}

static void it_ends_when_it_is_told_to(void **state)
{
    (void)state;
    SCOPED(text_free) struct text bytes = {0};
    for (int i = 0; i < 400000; i++)
        text_add(&bytes, "a row\n");
    struct seen seen = {.stop_after = 1};
    enum input_format found;
    assert_false(read_bytes(bytes.chars, bytes.length, INPUT_AUTO, &seen, &found));
    assert_non_null(strstr(seen.rows.chars, ";interrupted"));
    text_free(&seen.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_is_told_row_by_row),
        cmocka_unit_test(when_a_post_was_written_is_told_where_the_file_tells_it),
        cmocka_unit_test(a_bad_row_is_named_and_the_rest_goes_on),
        cmocka_unit_test(a_line_that_is_too_long_is_passed_over),
        cmocka_unit_test(a_quote_that_is_never_closed_takes_a_line_and_no_more),
        cmocka_unit_test(behind_a_quote_that_is_open_at_the_end_the_rows_are_read),
        cmocka_unit_test(what_is_unreadable_as_a_whole_is_refused),
        cmocka_unit_test(it_ends_when_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
