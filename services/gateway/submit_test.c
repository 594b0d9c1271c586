/* Rules 1 to 5 of submit.h, in each format. */
#include "submit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct submission *read_as(void (*read)(struct submission *, const char *, size_t),
                                  const char *bytes, size_t length)
{
    struct submission *s = submission_new(length);
    read(s, bytes, length);
    submission_finish(s, "key-1");
    return s;
}

#define JSON(text) read_as(submission_read_json, text, sizeof(text) - 1)
#define LINES(text) read_as(submission_read_lines, text, sizeof(text) - 1)
#define CSV(text) read_as(submission_read_csv, text, sizeof(text) - 1)
#define SUBMISSION SCOPED(submission_free) struct submission *s

static void assert_post(const struct submission *s, size_t index, const char *id, const char *text,
                        uint32_t line)
{
    assert_true(index < s->post_count);
    const struct post *post = &s->posts[index];
    assert_string_equal(post->id, id);
    assert_int_equal(post->text.length, strlen(text));
    assert_memory_equal(post->text.at, text, post->text.length);
    assert_int_equal(post->line, line);
}

/* The one fault there is. */
static void assert_fault(const struct submission *s, uint32_t line, const char *pointer)
{
    assert_int_equal(s->rejected_count + s->field_fault_count, 1);
    const struct post_fault *fault = s->rejected_count ? s->rejected : s->field_faults;
    assert_int_equal(fault->line, line);
    assert_string_equal(fault->pointer, pointer);
    assert_true(strlen(fault->detail) > 0);
    if (!s->skips_bad)
        assert_false(submission_is_acceptable(s));
}

static void json_is_read_with_all_its_fields(void **state)
{
    (void)state;
    SUBMISSION = JSON("{\"user\":\"alice\",\"class\":\"premium\",\"on_bad\":\"skip\","
                      "\"tasks\":[\"topics\",\"sentiment\",\"topics\"],\"deadline_seconds\":60,"
                      "\"queue_ttl_seconds\":30,"
                      "\"chunk_size\":7,\"posts\":[{\"id\":\"a\",\"text\":\"\\u00fc\","
                      "\"lang\":\"de\"},{\"id\":9007199254740993,\"text\":\"x\",\"more\":[1]}]}");
    assert_true(submission_is_acceptable(s));
    assert_string_equal(s->user, "alice");
    assert_int_equal(s->service_class, TP__SERVICE_CLASS__PREMIUM);
    assert_true(s->skips_bad);
    assert_int_equal(s->task_count, 2);
    assert_string_equal(s->tasks[0], "topics");
    assert_int_equal(s->deadline_seconds, 60);
    assert_int_equal(s->queue_ttl_seconds, 30);
    assert_int_equal(s->chunk_posts, 7);
    assert_int_equal(s->post_count, 2);
    assert_post(s, 0, "a", "\xc3\xbc", 1);
    assert_string_equal(s->posts[0].language, "de");
    assert_post(s, 1, "9007199254740993", "x", 2);
}

static void what_is_not_said_has_defaults(void **state)
{
    (void)state;
    SUBMISSION = JSON("{\"posts\":[{\"text\":\"a\"},{\"text\":\"b\"}]}");
    assert_true(submission_is_acceptable(s));
    assert_string_equal(s->user, "key-1");
    assert_int_equal(s->service_class, TP__SERVICE_CLASS__STANDARD);
    assert_int_equal(s->task_count, 6);
    assert_int_equal(s->chunk_posts, 100);
    assert_post(s, 0, "1", "a", 1);
    assert_post(s, 1, "2", "b", 2);
}

static void lines_may_have_a_mark_blanks_and_carriage_returns(void **state)
{
    (void)state;
    SUBMISSION = LINES("\xef\xbb\xbf{\"text\":\"a\"}\r\n\r\n  \n{\"id\":\"x\",\"text\":\"b\"}");
    assert_true(submission_is_acceptable(s));
    assert_int_equal(s->post_count, 2);
    assert_post(s, 0, "1", "a", 1);
    assert_post(s, 1, "x", "b", 4);
}

static void csv_rows_keep_their_first_line(void **state)
{
    (void)state;
    SUBMISSION = CSV("\xef\xbb\xbfID,Lang,Text\r\n1,en,\"two\r\nlines, \"\"quoted\"\"\"\r\n\r\n"
                     ",,last\r\n");
    assert_true(submission_is_acceptable(s));
    assert_int_equal(s->post_count, 2);
    assert_post(s, 0, "1", "two\r\nlines, \"quoted\"", 2);
    assert_string_equal(s->posts[0].language, "en");
    assert_post(s, 1, "2", "last", 5);
}

static void every_kind_of_bad_post_is_named_by_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *line, *pointer;
    } BAD[] = {
        {"{\"id\":\"x\"}", "/posts/1/text"},
        {"{\"text\":\"\"}", "/posts/1/text"},
        {"{\"text\":7}", "/posts/1/text"},
        {"{\"text\":null}", "/posts/1/text"},
        {"{\"text\":\"b\",\"id\":\"\"}", "/posts/1/id"},
        {"{\"text\":\"b\",\"id\":1.5}", "/posts/1/id"},
        {"{\"text\":\"b\",\"id\":\"a\\nb\"}", "/posts/1/id"},
        {"{\"text\":\"b\",\"lang\":7}", "/posts/1/lang"},
        {"{\"text\":\"\xff\"}", "/posts/1"},
        {"{\"text\":\"\\u0000\"}", "/posts/1"},
        {"{\"text\":\"\\ud800\"}", "/posts/1"},
        {"{\"text\":\"a\",\"text\":\"b\"}", "/posts/1"},
        {"{\"text\":\"a\"} x", "/posts/1"},
        {"[1]", "/posts/1"},
        {"7", "/posts/1"},
        {"{\"text\":", "/posts/1"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        SCOPED(text_free) struct text body = {0};
        text_format(&body, "{\"text\":\"good\"}\n\n%s\n{\"text\":\"good too\"}\n", BAD[i].line);
        SUBMISSION = read_as(submission_read_lines, body.chars, body.length);
        assert_fault(s, 3, BAD[i].pointer);
        assert_int_equal(s->post_count, 2);
    }
}

static void a_text_may_have_32_kilobytes_and_no_more(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        SCOPED(text_free) struct text body = {0};
        text_add(&body, "{\"text\":\"");
        for (int i = 0; i < POST_MAX_TEXT_BYTES + over; i++)
            text_add_char(&body, 'x');
        text_add(&body, "\"}\n");
        SUBMISSION = read_as(submission_read_lines, body.chars, body.length);
        assert_int_equal(submission_is_acceptable(s), !over);
        if (over)
            assert_fault(s, 1, "/posts/0/text");
    }
}

static void a_repeated_id_is_named_with_both_lines(void **state)
{
    (void)state;
    SUBMISSION = LINES("{\"id\":\"x\",\"text\":\"a\"}\n{\"id\":\"y\",\"text\":\"b\"}\n"
                       "{\"id\":\"x\",\"text\":\"c\"}\n");
    assert_fault(s, 3, "/posts/2/id");
    assert_non_null(strstr(s->rejected[0].detail, "\"x\" stands on line 1 too"));
    SCOPED(submission_free) struct submission *numbered =
        LINES("{\"id\":\"2\",\"text\":\"a\"}\n{\"text\":\"b\"}\n");
    assert_fault(numbered, 2, "/posts/1/id");
}

static void skipping_takes_the_good_and_lists_the_bad(void **state)
{
    (void)state;
    static const char body[] =
        "{\"id\":\"x\",\"text\":\"a\"}\n{\"text\":\"\"}\n{\"id\":\"x\",\"text\":\"c\"}\nnonsense\n";
    SUBMISSION = submission_new(sizeof body);
    submission_field(s, "on_bad", "skip");
    submission_read_lines(s, body, sizeof body - 1);
    submission_finish(s, "key-1");
    assert_true(submission_is_acceptable(s));
    assert_int_equal(s->post_count, 1);
    assert_int_equal(s->rejected_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(s->rejected[i].line, i + 2);
}

static void skipping_everything_is_refused(void **state)
{
    (void)state;
    SUBMISSION = JSON("{\"on_bad\":\"skip\",\"posts\":[{\"text\":\"\"}]}");
    assert_false(submission_is_acceptable(s));
}

static void bad_fields_refuse_even_when_skipping(void **state)
{
    (void)state;
    static const struct {
        const char *member, *pointer;
    } BAD[] = {
        {"\"user\":\"\"", "/user"},
        {"\"user\":7", "/user"},
        {"\"class\":\"gold\"", "/class"},
        {"\"on_bad\":\"ignore\"", "/on_bad"},
        {"\"tasks\":[\"magic\"]", "/tasks"},
        {"\"tasks\":[7]", "/tasks"},
        {"\"tasks\":[1,2,3,4,5,6,7,8,9,10,11]", "/tasks"},
        {"\"deadline_seconds\":0", "/deadline_seconds"},
        {"\"deadline_seconds\":1.5", "/deadline_seconds"},
        {"\"queue_ttl_seconds\":0", "/queue_ttl_seconds"},
        {"\"queue_ttl_seconds\":\"soon\"", "/queue_ttl_seconds"},
        {"\"deadline_seconds\":99999999999", "/deadline_seconds"},
        {"\"chunk_size\":101", "/chunk_size"},
        {"\"colour\":\"red\"", "/colour"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        SCOPED(text_free) struct text body = {0};
        text_format(&body, "{%s,\"posts\":[{\"text\":\"a\"}]}", BAD[i].member);
        SUBMISSION = read_as(submission_read_json, body.chars, body.length);
        assert_false(submission_is_acceptable(s));
        assert_true(s->field_fault_count > 0);
        assert_string_equal(s->field_faults[0].pointer, BAD[i].pointer);
    }
}

#define SCHEMA "{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"null\"}}}"

static void rule_6_an_instruction_asks_for_nothing_besides_it(void **state)
{
    (void)state;
    SUBMISSION = JSON("{\"instruction\":\"Is it\\nironic?\",\"schema\": " SCHEMA
                      " ,\"posts\":[{\"text\":\"a\"}]}");
    assert_true(submission_is_acceptable(s));
    assert_string_equal(s->instruction, "Is it\nironic?");
    assert_string_equal(s->schema_json, SCHEMA);
    assert_int_equal(s->task_count, 0);
    SCOPED(submission_free) struct submission *both =
        JSON("{\"instruction\":\"x\",\"schema\":" SCHEMA
             ",\"tasks\":[\"topics\"],\"posts\":[{\"text\":\"a\"}]}");
    assert_int_equal(both->task_count, 1);
    SCOPED(submission_free) struct submission *lines = submission_new(100);
    submission_field(lines, "instruction", "x");
    submission_field(lines, "schema", " " SCHEMA);
    submission_read_lines(lines, "{\"text\":\"a\"}", 12);
    submission_finish(lines, "key-1");
    assert_true(submission_is_acceptable(lines));
    assert_string_equal(lines->schema_json, SCHEMA);
    SCOPED(submission_free) struct submission *none =
        JSON("{\"instruction\":null,\"schema\":null,\"posts\":[{\"text\":\"a\"}]}");
    assert_int_equal(none->task_count, 6);
    assert_string_equal(none->instruction, "");
}

static void rule_6_a_fault_of_the_schema_is_named_by_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *members, *pointer;
    } BAD[] = {
        {"\"instruction\":\"\",\"schema\":" SCHEMA, "/instruction"},
        {"\"instruction\":7,\"schema\":" SCHEMA, "/instruction"},
        {"\"instruction\":\"x\"", "/schema"},
        {"\"schema\":" SCHEMA, "/instruction"},
        {"\"instruction\":\"x\",\"schema\":\""
         "{}"
         "\"",
         "/schema"},
        {"\"instruction\":\"x\",\"schema\":{}", "/schema"},
        {"\"instruction\":\"x\",\"schema\":{\"type\":\"string\"}", "/schema/type"},
        {"\"instruction\":\"x\",\"schema\":{\"type\":\"object\",\"properties\":{\"a\":"
         "{\"type\":\"string\",\"pattern\":\"x\"}}}",
         "/schema/properties/a/pattern"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        SCOPED(text_free) struct text body = {0};
        text_format(&body, "{%s,\"posts\":[{\"text\":\"a\"}]}", BAD[i].members);
        SUBMISSION = read_as(submission_read_json, body.chars, body.length);
        assert_fault(s, 0, BAD[i].pointer);
    }
    char longest[INSTRUCTION_MAX_BYTES + 2] = "";
    memset(longest, 'x', INSTRUCTION_MAX_BYTES);
    SCOPED(submission_free) struct submission *s = submission_new(100);
    submission_field(s, "instruction", longest);
    assert_int_equal(s->field_fault_count, 0);
    longest[INSTRUCTION_MAX_BYTES] = 'x';
    submission_field(s, "instruction", longest);
    submission_field(s, "schema", "{");
    assert_int_equal(s->field_fault_count, 2);
    assert_string_equal(s->field_faults[1].pointer, "/schema");
}

static void documents_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"posts\":{}}",
                                      "{\"posts\":[]}",
                                      "{\"posts\":[",
                                      "{\"posts\":[{\"text\":\"a\"}],\"posts\":[]}",
                                      "null"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        SUBMISSION = read_as(submission_read_json, BAD[i], strlen(BAD[i]));
        assert_false(submission_is_acceptable(s));
        assert_true(s->field_fault_count > 0);
    }
    SCOPED(text_free) struct text deep = {0};
    text_add(&deep, "{\"posts\":");
    for (int i = 0; i < 100000; i++)
        text_add_char(&deep, '[');
    SUBMISSION = read_as(submission_read_json, deep.chars, deep.length);
    assert_false(submission_is_acceptable(s));
}

static void broken_csv_is_named_by_its_row(void **state)
{
    (void)state;
    SCOPED(submission_free) struct submission *no_text = CSV("id,words\n1,a\n");
    assert_fault(no_text, 1, "/posts");
    SCOPED(submission_free) struct submission *open = CSV("text\ngood\n\"never\nclosed\n");
    assert_fault(open, 3, "/posts");
    assert_string_equal(open->field_faults[0].detail,
                        "the quote that begins in line 3 is not closed");
    SCOPED(submission_free) struct submission *empty = CSV("");
    assert_fault(empty, 0, "/posts");
    SCOPED(submission_free) struct submission *bytes = CSV("text\ngood\n\xff\n");
    assert_fault(bytes, 3, "/posts/1/text");
}

static void a_job_may_have_10000_posts_and_no_more(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        SCOPED(text_free) struct text body = {0};
        for (int i = 0; i < JOB_MAX_POSTS + over; i++)
            text_format(&body, "{\"id\":\"p%d\",\"text\":\"post %d\"}\n", i, i);
        SUBMISSION = read_as(submission_read_lines, body.chars, body.length);
        assert_int_equal(submission_is_acceptable(s), !over);
        assert_int_equal(s->post_count, JOB_MAX_POSTS);
        if (over)
            assert_fault(s, 0, "/posts");
    }
}

static void at_most_20_faults_are_written_and_all_are_counted(void **state)
{
    (void)state;
    SCOPED(text_free) struct text body = {0};
    SCOPED(text_free) struct text errors = {0};
    for (int i = 0; i < 30; i++)
        text_add(&body, "{\"text\":\"\"}\n");
    SUBMISSION = read_as(submission_read_lines, body.chars, body.length);
    submission_write_errors(s, &errors);
    size_t shown = 0;
    for (const char *at = errors.chars; (at = strstr(at, "\"line\"")); at++)
        shown++;
    assert_int_equal(shown, FAULTS_SHOWN);
    assert_non_null(strstr(errors.chars, "\"line\":1,\"pointer\":\"/posts/0/text\""));
    assert_non_null(strstr(errors.chars, "\"error_count\":30"));
}

static void hostile_members_cannot_exhaust_the_faults(void **state)
{
    (void)state;
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{");
    for (int i = 0; i < 100000; i++)
        text_format(&body, "\"k%d\":1,", i);
    text_add(&body, "\"posts\":[{\"text\":\"a\"}]}");
    SUBMISSION = read_as(submission_read_json, body.chars, body.length);
    assert_false(submission_is_acceptable(s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_read_with_all_its_fields),
        cmocka_unit_test(what_is_not_said_has_defaults),
        cmocka_unit_test(lines_may_have_a_mark_blanks_and_carriage_returns),
        cmocka_unit_test(csv_rows_keep_their_first_line),
        cmocka_unit_test(every_kind_of_bad_post_is_named_by_its_line),
        cmocka_unit_test(a_text_may_have_32_kilobytes_and_no_more),
        cmocka_unit_test(a_repeated_id_is_named_with_both_lines),
        cmocka_unit_test(skipping_takes_the_good_and_lists_the_bad),
        cmocka_unit_test(skipping_everything_is_refused),
        cmocka_unit_test(bad_fields_refuse_even_when_skipping),
        cmocka_unit_test(rule_6_an_instruction_asks_for_nothing_besides_it),
        cmocka_unit_test(rule_6_a_fault_of_the_schema_is_named_by_its_place),
        cmocka_unit_test(documents_that_are_none_are_refused),
        cmocka_unit_test(broken_csv_is_named_by_its_row),
        cmocka_unit_test(a_job_may_have_10000_posts_and_no_more),
        cmocka_unit_test(at_most_20_faults_are_written_and_all_are_counted),
        cmocka_unit_test(hostile_members_cannot_exhaust_the_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
