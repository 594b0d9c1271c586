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
    enum input_format format;
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

static void take_format(void *context, enum input_format format, char delimiter)
{
    struct seen *seen = context;
    assert_int_not_equal(delimiter, '\0');
    seen->format = format;
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

static bool read_bytes(const char *bytes, size_t length, const struct input_options *options,
                       struct seen *seen)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    const struct input_reading reading = {.options = *options,
                                          .sink = {take_post, take_reject, seen},
                                          .begin = take_format,
                                          .pause = take_pause,
                                          .should_stop = should_stop};
    struct error why = {0};
    bool is_read = input_stream(fileno(file), &reading, &why);
    if (!is_read)
        text_format(&seen->rows, "%s", why.message);
    fclose(file);
    return is_read;
}

static void check_with(const struct input_options *options, const char *bytes,
                       enum input_format format, const char *rows)
{
    struct seen seen = {0};
    assert_true(read_bytes(bytes, strlen(bytes), options, &seen));
    assert_int_equal(seen.format, format);
    assert_string_equal(seen.rows.chars ? seen.rows.chars : "", rows);
    text_free(&seen.rows);
}

static void check(const char *bytes, enum input_format format, const char *rows)
{
    check_with(&(struct input_options){0}, bytes, format, rows);
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

static void a_post_that_begins_as_json_or_a_header_does_is_still_a_post(void **state)
{
    (void)state;
    static const struct {
        const char *file, *rows;
    } PLAIN[] = {
        {"[breaking] the news\nsecond", "1 1:[breaking] the news;2 2:second;"},
        {"{hello} world\nsecond", "1 1:{hello} world;2 2:second;"},
        {"[2024] my year", "1 1:[2024] my year;"},
        {"[\"a\" and \"b\"] x", "1 1:[\"a\" and \"b\"] x;"},
        {"{\"so\"} he said", "1 1:{\"so\"} he said;"},
        {"[] [] []", "1 1:[] [] [];"},
        {"Post, of my life\nThis is the second", "1 1:Post, of my life;2 2:This is the second;"},
    };
    for (size_t i = 0; i < sizeof PLAIN / sizeof PLAIN[0]; i++)
        check(PLAIN[i].file, INPUT_PLAIN, PLAIN[i].rows);
    check("[\n\"one\",\n{\"text\":\"two\"}]", INPUT_JSON, "1 1:one;2 2:two;");
}

static void the_ending_of_the_name_tells_the_format(void **state)
{
    (void)state;
    check_with(&(struct input_options){.name = "my posts.TXT"}, "text\n{\"text\":1}", INPUT_PLAIN,
               "1 1:text;2 2:{\"text\":1};");
    check_with(&(struct input_options){.name = "x.tsv"}, "id\ttext\n1\ta, b, c\n", INPUT_CSV,
               "2 1:a, b, c;");
    check_with(&(struct input_options){.name = "x.json"}, "{\"text\":\"a\"}\n{\"text\":\"b\"}",
               INPUT_JSONL, "1 1:a;2 2:b;");
    check_with(&(struct input_options){.name = "x.csv"}, "", INPUT_PLAIN, "");
    check_with(&(struct input_options){.name = "x", .format = INPUT_CSV}, "", INPUT_CSV, "");
    struct seen seen = {0};
    assert_false(read_bytes("[oops]", 6, &(struct input_options){.name = "x.json"}, &seen));
    assert_int_equal(seen.format, INPUT_JSON);
    text_free(&seen.rows);
}

static void a_table_without_a_header_is_read_by_numbers_of_columns(void **state)
{
    (void)state;
    const struct input_options numbered = {
        .has_no_header = true, .text_column = "2", .id_column = "1"};
    check_with(&numbered, "7;one;x\n8;two;y\n", INPUT_CSV, "1 7:one;2 8:two;");
    struct seen seen = {0};
    assert_false(read_bytes("a,b\n", 4, &(struct input_options){.has_no_header = true}, &seen));
    assert_non_null(strstr(seen.rows.chars, "--text-column is the number"));
    text_free(&seen.rows);
}

static void excels_line_that_names_the_separator_is_passed_over(void **state)
{
    (void)state;
    check("sep=;\nid;text\n1;a, b\n", INPUT_CSV, "3 1:a, b;");
    check_with(&(struct input_options){.has_no_header = true, .text_column = "1"}, "sep=,\none,x\n",
               INPUT_CSV, "2 2:one;");
}

static void what_the_x_api_answers_is_read_however_it_is_printed(void **state)
{
    (void)state;
    check("{\n \"data\": {\n  \"id\": \"7\",\n  \"text\": \"one\"\n }\n}", INPUT_JSON, "1 7:one;");
    check("{\n \"id_str\": \"7\",\n \"text\": \"one\"\n}\n", INPUT_JSON, "1 7:one;");
    check("{\"statuses\":[{\"id_str\":\"7\",\"text\":\"one\"}],\"search_metadata\":{}}",
          INPUT_JSONL, "1 7:one;");
    check("{\"meta\":{\"result_count\":0}}", INPUT_JSONL, "");
    check("{\n\"meta\":{\n\"result_count\":0}\n}", INPUT_JSON, "");
    check("{\"meta\":{\"result_count\":1}}", INPUT_JSONL, "1! no member \"text\";");
}

static void a_text_that_was_cut_is_told_whole_where_the_file_has_it(void **state)
{
    (void)state;
    check("{\"id\":\"1\",\"text\":\"one\xE2\x80\xA6\",\"truncated\":true,"
          "\"extended_tweet\":{\"full_text\":\"one two\"}}",
          INPUT_JSONL, "1 1:one two;");
    check("{\"id\":\"1\",\"text\":\"RT @a: one t\xE2\x80\xA6\","
          "\"retweeted_status\":{\"text\":\"x\",\"extended_tweet\":{\"full_text\":\"one two\"}}}",
          INPUT_JSONL, "1 1:RT @a: one two;");
    check("{\"id\":\"1\",\"text\":\"RT @a: one\",\"retweeted_status\":{\"text\":\"one two\"}}",
          INPUT_JSONL, "1 1:RT @a: one;");
}

static void when_a_post_was_written_is_told_where_the_file_tells_it(void **state)
{
    (void)state;
    check("{\"id\":\"a\",\"text\":\"one \",\"created_at\":\"2024\"}\n"
          "{\"id\":\"b\",\"text\":\"two\",\"created_at\":-7}\n"
          "{\"id\":\"c\",\"text\":\"three\",\"created_at\":[]}",
          INPUT_JSONL, "1 a:one 2024;2 b:two-7;3 c:three;");
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
        const struct input_options options = {.format = FORMATS[i]};
        text_add(&bytes, BEGIN[i]);
        for (int k = 0; k < 3 << 20; k++)
            text_add_char(&bytes, k == 7 ? '"' : 'y');
        text_add(&bytes, END[i]);
        assert_true(read_bytes(bytes.chars, bytes.length, &options, &seen));
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
    assert_true(
        read_bytes(bytes.chars, bytes.length, &(struct input_options){.format = INPUT_CSV}, &seen));
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
        assert_false(read_bytes(FILES[i], strlen(FILES[i]), &(struct input_options){0}, &seen));
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
    assert_false(read_bytes(bytes.chars, bytes.length, &(struct input_options){0}, &seen));
    assert_non_null(strstr(seen.rows.chars, ";interrupted"));
    text_free(&seen.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_is_told_row_by_row),
        cmocka_unit_test(a_post_that_begins_as_json_or_a_header_does_is_still_a_post),
        cmocka_unit_test(the_ending_of_the_name_tells_the_format),
        cmocka_unit_test(a_table_without_a_header_is_read_by_numbers_of_columns),
        cmocka_unit_test(excels_line_that_names_the_separator_is_passed_over),
        cmocka_unit_test(what_the_x_api_answers_is_read_however_it_is_printed),
        cmocka_unit_test(a_text_that_was_cut_is_told_whole_where_the_file_has_it),
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
