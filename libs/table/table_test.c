#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "table/table.h"

/* Rows as "<line>:<field>|<field>;". */
static bool note(void *context, const struct table_row *row)
{
    struct text *seen = context;
    text_format(seen, "%d:", (int)row->line);
    for (size_t i = 0; i < row->count; i++)
        text_format(seen, "%s%s", i ? "|" : "", row->fields[i].chars);
    text_add(seen, ";");
    return strstr(row->fields[0].chars, "enough") == NULL;
}

static void read_into(struct text *seen, char delimiter, const char *bytes)
{
    struct error why;
    int64_t bad_line;
    const struct table_reader reader = {.delimiter = delimiter, .row = note, .context = seen};
    assert_true(table_read(&reader, bytes, strlen(bytes), &bad_line, &why));
}

static void rows_are_told_with_the_line_they_began_on(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    read_into(&seen, ',', "a,b\r\n\r\n\"1\n2\",\"x \"\"y\"\"\"\n,\nlast,row");
    assert_string_equal(seen.chars, "1:a|b;3:1\n2|x \"y\";5:|;6:last|row;");
}

static void the_delimiter_is_the_callers(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    read_into(&seen, ';', "a,b;c\n");
    read_into(&seen, '\t', "a\tb\n");
    assert_string_equal(seen.chars, "1:a,b|c;1:a|b;");
}

static void the_caller_may_end_it(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    read_into(&seen, ',', "a\nenough\nb\n");
    assert_string_equal(seen.chars, "1:a;2:enough;");
}

static void strictly_open_quotes_are_a_fault_of_the_row_they_began_in(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    struct error why;
    int64_t bad_line;
    const struct table_reader reader = {
        .delimiter = ',', .is_strict = true, .row = note, .context = &seen};
    assert_false(table_read(&reader, "a,b\n1,\"open\nand on", 18, &bad_line, &why));
    assert_int_equal(bad_line, 2);
    assert_false(table_read(&reader, "a,\"b\"c\n", 7, &bad_line, &why));
    assert_true(table_read(&reader, "a,b\n", 4, &bad_line, &why));
}

static void fields_beyond_the_limit_are_dropped(void **state)
{
    (void)state;
    SCOPED(text_free) struct text line = {0};
    SCOPED(text_free) struct text seen = {0};
    for (int i = 0; i < 2 * TABLE_MAX_FIELDS; i++)
        text_add(&line, "x,");
    read_into(&seen, ',', line.chars);
    assert_int_equal(seen.length, strlen("1:") + 2 * TABLE_MAX_FIELDS - 1 + strlen(";"));
}

static void note_bad_row(void *context, int64_t line, const char *reason)
{
    text_format(context, "%d! %s;", (int)line, reason);
}

static void pieces_of_whole_lines_read_as_the_whole_does(void **state)
{
    (void)state;
    static const char *const PIECES[] = {"a,b\n\"1\n", "2\",x\n\n", "last,row"};
    SCOPED(text_free) struct text seen = {0};
    struct error why;
    const struct table_reader reader = {.delimiter = ',', .row = note, .context = &seen};
    SCOPED(table_close) struct table *table = table_open(&reader);
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++)
        assert_true(table_feed(table, PIECES[i], strlen(PIECES[i]), &why));
    assert_string_equal(seen.chars, "1:a|b;2:1\n2|x;");
    assert_true(table_end(table, &why));
    assert_string_equal(seen.chars, "1:a|b;2:1\n2|x;5:last|row;");
}

static void read_bad_into(struct text *seen, const char *bytes, size_t max_row_bytes)
{
    struct error why;
    int64_t bad_line;
    const struct table_reader reader = {.delimiter = ',',
                                        .row = note,
                                        .context = seen,
                                        .max_row_bytes = max_row_bytes,
                                        .bad_row = note_bad_row};
    assert_true(table_read(&reader, bytes, strlen(bytes), &bad_line, &why));
}

static void of_a_row_that_is_too_long_only_the_first_line_is_lost(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    read_bad_into(&seen, "a,b\n1,\"open\nwith more\nand more\nc,d\n", 20);
    read_bad_into(&seen, "a\na very long row indeed\nb\n", 20);
    assert_string_equal(seen.chars,
                        "1:a|b;2! the quote that begins in line 2 is not closed within 20 bytes;"
                        "3:with more;4:and more;5:c|d;"
                        "1:a;2! the row is longer than 20 bytes;3:b;");
}

static void of_a_quote_that_is_never_closed_only_the_first_line_is_lost(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    read_bad_into(&seen, "a,b\n1,\"open\n\n2,\"x\ny\",z\n3,fine", 0);
    assert_string_equal(
        seen.chars, "1:a|b;2! the quote that begins in line 2 is not closed, or text follows it;"
                    "4:2|x\ny|z;6:3|fine;");
}

static void each_of_many_open_quotes_is_told_with_its_line(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    read_bad_into(&seen, "\"a\n\"b\nc\n\"d", 0);
    assert_string_equal(seen.chars,
                        "1! the quote that begins in line 1 is not closed, or text "
                        "follows it;2! the quote that begins in line 2 is not closed, "
                        "or text follows it;3:c;4! the quote that begins in line 4 is not closed;");
}

static void the_line_of_an_open_quote_is_where_the_quote_is_not_where_the_row_began(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    struct error why;
    int64_t bad_line;
    const struct table_reader reader = {.delimiter = ',', .row = note, .context = &seen};
    static const char BYTES[] = "a,b\n\"1\n2\",\"open\nand on\n";
    assert_false(table_read(&reader, BYTES, sizeof BYTES - 1, &bad_line, &why));
    assert_int_equal(bad_line, 2);
    assert_string_equal(why.message, "the quote that begins in line 3 is not closed");
}

static void quotes_within_a_quoted_line_are_taken_as_they_stand(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    read_bad_into(&seen, "1,\"say \"hi\" now\"\n\"two\n\"\"lines\"\" x\" , \"y\"\n", 0);
    assert_string_equal(seen.chars, "1:1|say \"hi\" now;2:two\n\"lines\" x|y;");
}

/* Such a line opens a quote whether it begins a row or goes on with one, so that all of them would
 * be read again and again. */
static void more_open_quotes_than_can_be_read_again_end_the_reading(void **state)
{
    (void)state;
    enum { LINES = 300000 };
    SCOPED(text_free) struct text bytes = {0}, seen = {0};
    struct error why;
    int64_t bad_line;
    for (int i = 0; i < LINES; i++)
        text_add(&bytes, "a\",\"\n");
    const struct table_reader reader = {
        .delimiter = ',', .row = note, .context = &seen, .bad_row = note_bad_row};
    assert_false(table_read(&reader, bytes.chars, bytes.length, &bad_line, &why));
    assert_non_null(strstr(why.message, "too many rows are bad"));
}

static void pieces_of_a_row_that_is_never_closed_are_read_again(void **state)
{
    (void)state;
    static const char *const PIECES[] = {"a\n", "\"open\n", "b\n", "c\n\"two\n", "lines\"\n", "d"};
    SCOPED(text_free) struct text seen = {0};
    struct error why;
    const struct table_reader reader = {
        .delimiter = ',', .row = note, .context = &seen, .bad_row = note_bad_row};
    SCOPED(table_close) struct table *table = table_open(&reader);
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++)
        assert_true(table_feed(table, PIECES[i], strlen(PIECES[i]), &why));
    assert_true(table_end(table, &why));
    assert_string_equal(seen.chars, "1:a;2! the quote that begins in line 2 is not closed, or "
                                    "text follows it;3:b;4:c;5:two\nlines;7:d;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_told_with_the_line_they_began_on),
        cmocka_unit_test(the_delimiter_is_the_callers),
        cmocka_unit_test(the_caller_may_end_it),
        cmocka_unit_test(strictly_open_quotes_are_a_fault_of_the_row_they_began_in),
        cmocka_unit_test(pieces_of_whole_lines_read_as_the_whole_does),
        cmocka_unit_test(of_a_row_that_is_too_long_only_the_first_line_is_lost),
        cmocka_unit_test(of_a_quote_that_is_never_closed_only_the_first_line_is_lost),
        cmocka_unit_test(each_of_many_open_quotes_is_told_with_its_line),
        cmocka_unit_test(the_line_of_an_open_quote_is_where_the_quote_is_not_where_the_row_began),
        cmocka_unit_test(quotes_within_a_quoted_line_are_taken_as_they_stand),
        cmocka_unit_test(more_open_quotes_than_can_be_read_again_end_the_reading),
        cmocka_unit_test(pieces_of_a_row_that_is_never_closed_are_read_again),
        cmocka_unit_test(fields_beyond_the_limit_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
