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

static void note_too_long(void *context, int64_t line)
{
    text_format(context, "too long:%d;", (int)line);
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

static void a_row_that_is_too_long_is_dropped_and_the_next_line_begins_one(void **state)
{
    (void)state;
    SCOPED(text_free) struct text seen = {0};
    struct error why;
    int64_t bad_line;
    static const char BYTES[] = "a,b\n1,\"open\nwith more\nand more\nc,d\n";
    const struct table_reader reader = {.delimiter = ',',
                                        .row = note,
                                        .context = &seen,
                                        .max_row_bytes = 20,
                                        .too_long = note_too_long};
    assert_true(table_read(&reader, BYTES, sizeof BYTES - 1, &bad_line, &why));
    assert_string_equal(seen.chars, "1:a|b;too long:2;5:c|d;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_told_with_the_line_they_began_on),
        cmocka_unit_test(the_delimiter_is_the_callers),
        cmocka_unit_test(the_caller_may_end_it),
        cmocka_unit_test(strictly_open_quotes_are_a_fault_of_the_row_they_began_in),
        cmocka_unit_test(pieces_of_whole_lines_read_as_the_whole_does),
        cmocka_unit_test(a_row_that_is_too_long_is_dropped_and_the_next_line_begins_one),
        cmocka_unit_test(fields_beyond_the_limit_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
