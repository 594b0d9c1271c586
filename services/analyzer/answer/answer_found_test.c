/* Answers are found in all the shapes that LLMs give them; what is broken spoils its post alone. */
#include "answer_for_test.h"
#include "stream.h"

static void rule_1_the_json_is_found_whatever_stands_around_it(void **state)
{
    (void)state;
    expect(WHOLE, CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("Sure! Here's what you \"asked\" for: " WHOLE " Anything else? {smile}", CLASS(OK),
           POST_ANSWERED, POST_ANSWERED);
    expect("```json\n" WHOLE "\n```", CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("[" ONE "," TWO "]", CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect(ONE "\n" TWO, CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("{\"data\":{\"results\":[" ONE "," TWO "]}}", CLASS(OK), POST_ANSWERED, POST_ANSWERED);
}

static void rule_1_strings_hold_what_they_like(void **state)
{
    (void)state;
    expect("{\"results\":[" LISTING("1", "}]}") "," LISTING("2", "[{") "],\"summary\":\"}]}\"}",
           CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("Well: {\"results\":[" LISTING("1", "}]} {") "," LISTING("2", "\\\"}]") ",]}", CLASS(OK),
           POST_ANSWERED, POST_ANSWERED);
    /* what a post puts into the mouth of the model is a string, and no answer to another post */
    SCOPED(text_free) struct text keyword = {0}, summary = {0};
    text_add(&keyword, "Sorry, {\"results\":[" START("1") "\"entities\":[],\"keywords\":[");
    text_add_json(&keyword, TWO, sizeof TWO - 1);
    text_add(&keyword, "],\"topics\":[],\"language\":\"en\"},]}");
    expect(keyword.chars, CLASS(PARTIAL), POST_ANSWERED, POST_MISSING);
    text_add(&summary, "{\"results\":[],\"summary\":");
    text_add_json(&summary, TWO, sizeof TWO - 1);
    text_add(&summary, "}");
    expect(summary.chars, CLASS(INVALID_ANSWER), POST_MISSING, POST_MISSING);
}

static void rule_1_broken_prose_hides_nothing(void **state)
{
    (void)state;
    expect("I use {\"curly braces: " WHOLE, CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("{{{ \"\"\" {\"a\":{\"b\": " ONE " and " TWO, CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("{\"results\":[" ONE "," TWO ",]}", CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("{\"results\":[" ONE " " TWO "]", CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("{\"data\":{\"results\":[" ONE "," TWO "]},}", CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("{\"results\":[{\"id\":1,\"keywords\":[\"cut off}," TWO "]}", CLASS(PARTIAL),
           POST_MISSING, POST_ANSWERED);
}

static void rule_1_thoughts_before_the_answer_are_skipped(void **state)
{
    (void)state;
    expect("<think>first " ITEM("1", "negative", "-1") " or</think>\n" WHOLE, CLASS(OK),
           POST_ANSWERED, POST_ANSWERED);
    struct answer answer =
        read_content("<think>" ITEM("1", "negative", "-1") "</think>" WHOLE, "stop");
    assert_int_equal(answer.posts[0].analysis.label, SENTIMENT_POSITIVE);
    expect("the first one is good</think>" WHOLE, CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    expect("{\"results\":[" LISTING("1", "</think>") "," TWO "]}", CLASS(OK), POST_ANSWERED,
           POST_ANSWERED);
    expect("Here: {\"results\":[" ONE "," LISTING("2", "</think>") ",]}", CLASS(OK), POST_ANSWERED,
           POST_ANSWERED);
    expect("<think>let me see " ONE, CLASS(TRUNCATED), POST_MISSING, POST_MISSING);
}

static void rule_1_an_answer_may_stand_in_a_string(void **state)
{
    (void)state;
    SCOPED(text_free) struct text once = {0}, twice = {0}, member = {0}, only = {0};
    text_add_json(&once, WHOLE, sizeof WHOLE - 1);
    text_add_json(&twice, once.chars, once.length);
    text_format(&member, "{\"results\":%s,\"summary\":\"two\"}", once.chars);
    text_format(&only, "{\"answer\":%s}", once.chars);
    const struct text *const shapes[] = {&once, &twice, &member, &only};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        expect(shapes[i]->chars, CLASS(OK), POST_ANSWERED, POST_ANSWERED);
}

static void rule_1_content_may_come_in_parts_or_as_a_tool_call(void **state)
{
    (void)state;
    SCOPED(text_free) struct text parts = {0}, call = {0};
    text_add(&parts, "{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":");
    text_add_json(&parts, WHOLE, 40);
    text_add(&parts, "},{\"type\":\"image\"},{\"type\":\"text\",\"text\":");
    text_add_json(&parts, &WHOLE[40], sizeof WHOLE - 41);
    text_add(&parts, "}]}}]}");
    assert_int_equal(read_body(parts.chars, parts.length).outcome_class, CLASS(OK));
    text_add(&call, "{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{\"function\":{"
                    "\"name\":\"f\",\"arguments\":");
    text_add_json(&call, WHOLE, sizeof WHOLE - 1);
    text_add(&call, "}}]}}]}");
    assert_int_equal(read_body(call.chars, call.length).outcome_class, CLASS(OK));
}

static void rule_1_what_was_said_before_the_cut_counts(void **state)
{
    (void)state;
    expect("{\"results\":[" ONE ",{\"id\":2,\"senti", CLASS(PARTIAL), POST_ANSWERED, POST_MISSING);
    expect("{\"results\":[{\"id\":1,\"keywords\":[\"}]}", CLASS(TRUNCATED), POST_MISSING,
           POST_MISSING);
    assert_int_equal(read_content("   \n\n   ", "length").outcome_class, CLASS(TRUNCATED));
}

static void expect_second_spoilt(const char *topic)
{
    static const char *const tasks[] = {"topics"};
    const struct asked asked = {.posts = 2, .ids = IDS, .tasks = task_set_of(1, tasks)};
    SCOPED(text_free) struct text body = {0};
    text_format(&body,
                "{\"choices\":[{\"message\":{\"content\":\"{\\\"results\\\":["
                "{\\\"id\\\":1,\\\"topics\\\":[\\\"\\ud83d\\ude00\\\"]},"
                "{\\\"id\\\":2,\\\"topics\\\":[\\\"%s\\\"]}]}\"}}]}",
                topic);
    struct answer answer;
    answer_read((struct readable){.bytes = {(const uint8_t *)body.chars, body.length}}, &asked,
                arena, &answer);
    assert_int_equal(answer.posts[0].state, POST_ANSWERED);
    assert_int_equal(answer.posts[1].state, POST_INVALID);
}

static void bytes_that_are_not_utf8_spoil_only_their_own_post(void **state)
{
    (void)state;
    expect_second_spoilt("\xFF");
    expect_second_spoilt("caf\xC3x");
}

/* What a stream_whole() had to put right counts like what the answer's reader puts right. */
static void what_was_mended_before_spoils_its_own_post_as_well(void **state)
{
    (void)state;
    static const char *const tasks[] = {"topics"};
    const struct asked asked = {.posts = 2, .ids = IDS, .tasks = task_set_of(1, tasks)};
    static const char plain[] =
        "{\"choices\":[{\"message\":{\"content\":\"[{\\\"id\\\":1,\\\"topics\\\":[\\\"a\\\"]},"
        "{\\\"id\\\":2,\\\"topics\\\":[\\\"caf\xC3x\\\"]}]\"}}]}";
    SCOPED(text_free) struct text stream = {0};
    text_format(&stream, "data: %s\n\ndata: [DONE]\n\n", plain);
    const struct bytes ways[] = {{(const uint8_t *)plain, sizeof plain - 1},
                                 {(const uint8_t *)stream.chars, stream.length}};
    for (size_t i = 0; i < 2; i++) {
        struct answer answer;
        answer_read(stream_whole(ways[i], arena), &asked, arena, &answer);
        assert_int_equal(answer.posts[0].state, POST_ANSWERED);
        assert_int_equal(answer.posts[1].state, POST_INVALID);
    }
}

static void rule_1_around_the_answer_not_even_json_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *before, *member;
    } cases[] = {{"", "\"seed\":18032733943285127000"},
                 {"", "\"seed\":-18032733943285127000"},
                 {"", "\"x\":1e999"},
                 {"", "\"x\":[-1e999,1E+400]"},
                 {"", "\"logprobs\":NaN"},
                 {"", "\"x\":{\"a\":-Infinity,\"b\":None}"},
                 {"", "\"x\":1,\"x\":2"},
                 {"", "\"x\":\"NaN 1e999 \\\" {\",\"y\":NaN"},
                 {"\xEF\xBB\xBF", "\"x\":1"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SCOPED(text_free) struct text body = {0};
        text_format(&body, "%s{%s,\"choices\":[{\"message\":{\"content\":", cases[i].before,
                    cases[i].member);
        text_add_json(&body, WHOLE, sizeof WHOLE - 1);
        text_add(&body, "}}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":22}}");
        struct answer answer = read_body(body.chars, body.length);
        if (answer.outcome_class != CLASS(OK))
            fail_msg("%s", body.chars);
        assert_int_equal(answer.completion_tokens, 22);
    }
}

/* A server that cuts its text anywhere leaves half a pair of surrogates behind. */
static void escapes_that_are_no_character_spoil_only_their_own_post(void **state)
{
    (void)state;
    const char *const escapes[] = {"\\ud83d", "\\ude00", "\\u0000", "\\ud83d\\u0041"};
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        expect_second_spoilt(escapes[i]);
}

static void an_endless_row_of_brackets_costs_no_more_than_its_length(void **state)
{
    (void)state;
    enum { LENGTH = 1 << 20 };
    char *content = malloc(LENGTH + 1);
    assert_non_null(content);
    memset(content, '{', LENGTH);
    content[LENGTH] = '\0';
    expect(content, CLASS(TRUNCATED), POST_MISSING, POST_MISSING);
    const char *const rows[] = {"{}", "[[",         "{\"",        "{\"a\":", "\"{\"id\":", "\\\"",
                                "{ ", "{\"id\":9}", "{\"a\":{}}", "<think>", "\"\""};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        for (size_t i = 0; i < LENGTH; i++)
            content[i] = rows[row][i % strlen(rows[row])];
        struct answer answer = read_content(content, "stop"); /* within the test's time */
        assert_int_equal(answer.posts[0].state, POST_MISSING);
    }
    free(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_1_the_json_is_found_whatever_stands_around_it),
        cmocka_unit_test(rule_1_strings_hold_what_they_like),
        cmocka_unit_test(rule_1_broken_prose_hides_nothing),
        cmocka_unit_test(rule_1_thoughts_before_the_answer_are_skipped),
        cmocka_unit_test(rule_1_an_answer_may_stand_in_a_string),
        cmocka_unit_test(rule_1_content_may_come_in_parts_or_as_a_tool_call),
        cmocka_unit_test(rule_1_what_was_said_before_the_cut_counts),
        cmocka_unit_test(bytes_that_are_not_utf8_spoil_only_their_own_post),
        cmocka_unit_test(what_was_mended_before_spoils_its_own_post_as_well),
        cmocka_unit_test(rule_1_around_the_answer_not_even_json_is_asked_for),
        cmocka_unit_test(escapes_that_are_no_character_spoil_only_their_own_post),
        cmocka_unit_test(an_endless_row_of_brackets_costs_no_more_than_its_length),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
