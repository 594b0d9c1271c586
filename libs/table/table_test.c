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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_told_with_the_line_they_began_on),
        cmocka_unit_test(the_delimiter_is_the_callers),
        cmocka_unit_test(the_caller_may_end_it),
        cmocka_unit_test(strictly_open_quotes_are_a_fault_of_the_row_they_began_in),
        cmocka_unit_test(fields_beyond_the_limit_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
