#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "input.h"

static struct input *read_with(const char *bytes, const struct input_options *options)
{
    struct input *input = NULL;
    struct error why = {0};
    if (!input_read(bytes, strlen(bytes), options, &input, &why))
        fail_msg("%s", why.message);
    return input;
}

static struct input *read_input(const char *bytes)
{
    return read_with(bytes, &(struct input_options){.max_posts = 1000, .max_bytes = 1 << 20});
}

static void json_lines_keep_their_ids_and_lines(void **state)
{
    (void)state;
    SCOPED(input_free) struct input *input =
        read_input("{\"id\":\"a\",\"text\":\"one\",\"lang\":\"en\"}\n"
                   "\n"
                   "{\"id\":17,\"text\":\"zwei \\u2603\"}\r\n"
                   "{\"text\":\"no id\"}");
    assert_int_equal(input->format, INPUT_JSONL);
    assert_int_equal(input->posts, 3);
    assert_int_equal(input->batch_count, 1);
    assert_string_equal(input->batches[0].body.chars,
                        "{\"id\":\"a\",\"text\":\"one\"}\n"
                        "{\"id\":\"17\",\"text\":\"zwei \xE2\x98\x83\"}\n"
                        "{\"id\":\"4\",\"text\":\"no id\"}\n");
    assert_int_equal(input->batches[0].lines[1], 3);
}

static void bad_rows_are_named_by_line_and_the_rest_is_kept(void **state)
{
    (void)state;
    SCOPED(input_free) struct input *input = read_input("{\"id\":\"a\",\"text\":\"one\"}\n"
                                                        "{\"id\":\"b\",\"text\":\n"
                                                        "{\"id\":\"c\"}\n"
                                                        "{\"id\":\"d\",\"text\":\"\"}\n"
                                                        "7\n"
                                                        "{\"id\":\"e\",\"text\":\"two\"}\n");
    assert_int_equal(input->posts, 2);
    assert_int_equal(input->reject_count, 4);
    assert_int_equal(input->rejects[0].line, 2);
    assert_string_equal(input->rejects[1].reason, "no member \"text\"");
    assert_string_equal(input->rejects[2].reason, "the text is empty");
    assert_int_equal(input->rejects[3].line, 5);
}

static void json_documents_of_all_known_shapes_are_read(void **state)
{
    (void)state;
    static const char *const DOCUMENTS[] = {
        "{\"data\":{\"id\":\"1\",\"text\":\"x\"}}\n{\"data\":{\"id\":\"2\",\"text\":\"y\"}}",
        "{\"data\":[{\"id\":\"1\",\"text\":\"x\"}]}\n{\"data\":[{\"id\":\"2\",\"text\":\"y\"}]}",
        "[{\"id\":\"1\",\"text\":\"x\"},{\"id\":\"2\",\"text\":\"y\"}]",
        "{\"posts\":[{\"id\":\"1\",\"text\":\"x\"},{\"id\":\"2\",\"text\":\"y\"}]}",
        "{\n \"data\":[{\"id\":\"1\",\"text\":\"x\"},\n{\"id\":\"2\",\"text\":\"y\"}],\"meta\":{}}",
        ("window.YTD.tweets.part0 = [{\"tweet\":{\"id_str\":\"1\",\"full_text\":\"x\"}},"
         "{\"tweet\":{\"id_str\":\"2\",\"full_text\":\"y\"}}]"),
        "[\"x\",{\"id_str\":\"2\",\"text\":\"cut\",\"note_tweet\":{\"text\":\"y\"}}]",
    };
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++) {
        SCOPED(input_free) struct input *input = read_input(DOCUMENTS[i]);
        assert_true(input->format == INPUT_JSON || input->format == INPUT_JSONL);
        assert_int_equal(input->posts, 2);
        assert_string_equal(input->batches[0].body.chars,
                            "{\"id\":\"1\",\"text\":\"x\"}\n{\"id\":\"2\",\"text\":\"y\"}\n");
    }
}

static void csv_is_known_by_its_header_with_any_delimiter(void **state)
{
    (void)state;
    static const char DELIMITERS[] = {',', ';', '\t', '|'};
    for (size_t i = 0; i < sizeof DELIMITERS; i++) {
        char file[200];
        char d = DELIMITERS[i];
        snprintf(file, sizeof file,
                 "\xEF\xBB\xBFid%cdate%cTweet\r\n7%cmon%c\"said \"\"hi\"\"%c\nand "
                 "left\"\r\n8%ctue%cok\n",
                 d, d, d, d, d, d, d);
        SCOPED(input_free) struct input *input = read_input(file);
        assert_int_equal(input->format, INPUT_CSV);
        assert_int_equal(input->delimiter, d);
        assert_int_equal(input->posts, 2);
        assert_int_equal(input->batches[0].lines[0], 2);
        assert_int_equal(input->batches[0].lines[1], 4);
        assert_string_equal(input->preview[1].id, "8");
        assert_string_equal(input->preview[1].text, "ok");
    }
}

static void a_csv_row_that_is_too_short_is_rejected(void **state)
{
    (void)state;
    SCOPED(input_free) struct input *input = read_input("id,text\n1,a\n\n2\n3,b\n");
    assert_int_equal(input->posts, 2);
    assert_int_equal(input->reject_count, 1);
    assert_int_equal(input->rejects[0].line, 4);
}

static void columns_may_be_named(void **state)
{
    (void)state;
    SCOPED(input_free) struct input *input = read_with(
        "key;words;text\n1;yes;no\n",
        &(struct input_options){
            .max_posts = 10, .max_bytes = 1000, .text_column = "words", .id_column = "key"});
    assert_string_equal(input->batches[0].body.chars, "{\"id\":\"1\",\"text\":\"yes\"}\n");
}

static void csv_without_a_text_column_names_the_columns(void **state)
{
    (void)state;
    struct input *input = NULL;
    struct error why;
    const struct input_options options = {.format = INPUT_CSV, .max_posts = 10, .max_bytes = 1000};
    assert_false(input_read("a,b\n1,2\n", 8, &options, &input, &why));
    assert_non_null(strstr(why.message, "a, b"));
    assert_null(input);
}

static void anything_else_is_one_post_a_line(void **state)
{
    (void)state;
    SCOPED(input_free) struct input *input =
        read_input("Hello, world; it rains\r\n\nZweite Zeile\n");
    assert_int_equal(input->format, INPUT_PLAIN);
    assert_string_equal(input->batches[0].body.chars,
                        "{\"id\":\"1\",\"text\":\"Hello, world; it rains\"}\n"
                        "{\"id\":\"3\",\"text\":\"Zweite Zeile\"}\n");
}

static void text_that_is_not_utf8_is_rejected(void **state)
{
    (void)state;
    SCOPED(input_free) struct input *input = read_input("caf\xE9\nfine\n");
    assert_int_equal(input->posts, 1);
    assert_int_equal(input->reject_count, 1);
    assert_string_equal(input->rejects[0].reason, "not valid UTF-8");

    struct input *none = NULL;
    struct error why;
    const struct input_options options = {.max_posts = 10, .max_bytes = 1000};
    assert_false(input_read("\xFF\xFEh\0i\0", 6, &options, &none, &why));
    assert_non_null(strstr(why.message, "UTF-16"));
}

static void a_large_file_is_cut_by_posts_and_by_bytes(void **state)
{
    (void)state;
    SCOPED(input_free) struct input *by_posts =
        read_with("a\nb\nc\nd\ne\n", &(struct input_options){.max_posts = 2, .max_bytes = 1 << 20});
    assert_int_equal(by_posts->batch_count, 3);
    assert_int_equal(by_posts->batches[2].posts, 1);
    assert_int_equal(by_posts->batches[2].lines[0], 5);

    SCOPED(input_free) struct input *by_bytes =
        read_with("a\nb\nc\nd\ne\n", &(struct input_options){.max_posts = 100, .max_bytes = 50});
    assert_int_equal(by_bytes->batch_count, 3);
    assert_int_equal(by_bytes->posts, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_keep_their_ids_and_lines),
        cmocka_unit_test(bad_rows_are_named_by_line_and_the_rest_is_kept),
        cmocka_unit_test(json_documents_of_all_known_shapes_are_read),
        cmocka_unit_test(csv_is_known_by_its_header_with_any_delimiter),
        cmocka_unit_test(a_csv_row_that_is_too_short_is_rejected),
        cmocka_unit_test(columns_may_be_named),
        cmocka_unit_test(csv_without_a_text_column_names_the_columns),
        cmocka_unit_test(anything_else_is_one_post_a_line),
        cmocka_unit_test(text_that_is_not_utf8_is_rejected),
        cmocka_unit_test(a_large_file_is_cut_by_posts_and_by_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
