/* Answers in the shapes that LLMs give them. */
#include "answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GOOD_REST                                                                                  \
    "\"confidence\":0.8,\"entities\":[],\"keywords\":[],\"topics\":[],\"language\":\"en\"}"
#define ITEM(id, label, score)                                                                     \
    "{\"id\":" id ",\"sentiment\":\"" label "\",\"score\":" score "," GOOD_REST
#define ONE ITEM("1", "positive", "0.5")
#define TWO ITEM("2", "negative", "-0.5")
#define WHOLE "{\"results\":[" ONE "," TWO "],\"summary\":\"two posts\"}"

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(64 << 20);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static struct answer read_body(const char *body, size_t length)
{
    struct answer answer;
    answer_read((struct bytes){(const uint8_t *)body, length}, 2, arena, &answer);
    return answer;
}

static struct answer read_content(const char *content, const char *finish_reason)
{
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"content\":");
    text_add_json(&body, content, strlen(content));
    text_format(&body, "},\"finish_reason\":\"%s\"}],\"usage\":{\"prompt_tokens\":11,",
                finish_reason);
    text_add(&body, "\"completion_tokens\":22,\"prompt_tokens_details\":null},\"timings\":{}}");
    return read_body(body.chars, body.length);
}

static void expect(const char *content, Tp__OutcomeClass outcome_class,
                   enum post_answer_state first, enum post_answer_state second)
{
    struct answer answer = read_content(content, "stop");
    if (answer.outcome_class != outcome_class || answer.posts[0].state != first ||
        answer.posts[1].state != second)
        fail_msg("%s\nclass %d, posts %d %d", content, answer.outcome_class, answer.posts[0].state,
                 answer.posts[1].state);
}

#define CLASS(name) TP__OUTCOME_CLASS__##name

static void a_good_answer_brings_all_that_was_asked_for(void **state)
{
    (void)state;
    struct answer answer = read_content(
        "{\"results\":[{\"id\":2,\"sentiment\":\"negative\",\"score\":-0.25,\"confidence\":0.75,"
        "\"entities\":[{\"text\":\"Ann\",\"type\":\"person\"},{\"text\":\"X\",\"type\":\"thing\"}],"
        "\"keywords\":[\"tea\",\"\"],\"topics\":[\"food\"],\"language\":\"en-GB\"}," ONE
        "],\"summary\":\"tea\\nand more\"}",
        "stop");
    assert_int_equal(answer.outcome_class, CLASS(OK));
    const struct post_analysis *second = &answer.posts[1].analysis;
    assert_int_equal(second->label, SENTIMENT_NEGATIVE);
    assert_true(second->score == -0.25 && second->confidence == 0.75);
    assert_int_equal(second->names.count, 2);
    assert_int_equal(second->names.items[0].type, NAME_PERSON);
    assert_int_equal(second->names.items[1].type, NAME_OTHER);
    assert_int_equal(second->keywords.count, 1);
    assert_memory_equal(second->topics.items[0].at, "food", 4);
    assert_string_equal(second->language, "en");
    assert_string_equal(answer.summary, "tea and more");
    assert_true(answer.is_usage_known);
    assert_int_equal(answer.prompt_tokens, 11);
    assert_int_equal(answer.completion_tokens, 22);
}

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
    expect("{\"results\":[" ONE "," ITEM("2", "negative", "50.9e62554") "]}", CLASS(PARTIAL),
           POST_ANSWERED, POST_MISSING);
}

static void rule_1_what_was_said_before_the_cut_counts(void **state)
{
    (void)state;
    expect("{\"results\":[" ONE ",{\"id\":2,\"senti", CLASS(PARTIAL), POST_ANSWERED, POST_MISSING);
    expect("{\"results\":[{\"id\":1,\"keywords\":[\"}]}", CLASS(TRUNCATED), POST_MISSING,
           POST_MISSING);
    assert_int_equal(read_content("   \n\n   ", "length").outcome_class, CLASS(TRUNCATED));
}

static void rule_2_each_post_is_checked_by_itself(void **state)
{
    (void)state;
    const char *const bad[] = {
        ITEM("2", "happy", "0.5"),
        ITEM("2", "positive", "1.5"),
        ITEM("2", "positive", "-62666"),
        ITEM("2", "positive", "\"0.5\""),
        ITEM("2", "positive", "null"),
        "{\"id\":2}",
        "{\"id\":2,\"sentiment\":7,\"score\":0}",
        "{\"id\":2,\"sentiment\":\"neutral\",\"score\":0,\"confidence\":7,\"keywords\":[]}",
        "{\"id\":2,\"sentiment\":\"neutral\",\"score\":0,\"keywords\":\"tea\"}",
        "{\"id\":2,\"sentiment\":\"neutral\",\"score\":0,\"topics\":[1]}",
        "{\"id\":2,\"sentiment\":\"neutral\",\"score\":0,\"entities\":[\"Ann\"]}",
        "{\"id\":2,\"sentiment\":\"neutral\",\"score\":0,\"entities\":{\"text\":\"Ann\"}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char content[2000];
        snprintf(content, sizeof content, "{\"results\":[%s," ONE "]}", bad[i]);
        expect(content, CLASS(PARTIAL), POST_ANSWERED, POST_INVALID);
    }
}

static void rule_2_lists_and_confidence_may_be_left_out(void **state)
{
    (void)state;
    expect("{\"results\":[" ONE ",{\"id\":2,\"sentiment\":\"Neutral\",\"score\":0}]}", CLASS(OK),
           POST_ANSWERED, POST_ANSWERED);
}

static void rule_3_no_post_gets_another_posts_answer(void **state)
{
    (void)state;
    expect("{\"results\":[" ONE
           "," ITEM("3", "negative", "-1") "," ITEM("0", "negative", "-1") "," ITEM(
               "-1", "negative", "-1") "," ITEM("99999999999", "negative",
                                                "-1") "," ITEM("\"2\"", "negative",
                                                               "-1") "," ITEM("2.0", "negative",
                                                                              "-1") "]}",
           CLASS(PARTIAL), POST_ANSWERED, POST_MISSING);
    struct answer answer = read_content("{\"results\":[" ITEM("1", "happy", "0") "," ONE "," ITEM(
                                            "1", "negative", "-1") "," TWO "]}",
                                        "stop");
    assert_int_equal(answer.outcome_class, CLASS(OK));
    assert_int_equal(answer.posts[0].analysis.label, SENTIMENT_POSITIVE); /* the first valid one */
}

static void rule_4_nothing_valid_is_an_invalid_answer(void **state)
{
    (void)state;
    expect("I cannot do that.", CLASS(INVALID_ANSWER), POST_MISSING, POST_MISSING);
    expect("{\"results\":[]}", CLASS(INVALID_ANSWER), POST_MISSING, POST_MISSING);
    expect("{\"results\":{}}", CLASS(INVALID_ANSWER), POST_MISSING, POST_MISSING);
    const char *const bodies[] = {"",
                                  "null",
                                  "[]",
                                  "<html></html>",
                                  "{\"choices\":[]}",
                                  "{\"choices\":7}",
                                  "{\"choices\":[{\"message\":{\"content\":[1]}}]}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        assert_int_equal(read_body(bodies[i], strlen(bodies[i])).outcome_class,
                         CLASS(INVALID_ANSWER));
}

static void refusals_and_filters_are_told_apart(void **state)
{
    (void)state;
    const char refusal[] = "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"},"
                           "\"finish_reason\":\"stop\"}]}";
    assert_int_equal(read_body(refusal, sizeof refusal - 1).outcome_class, CLASS(CONTENT_FILTER));
    assert_int_equal(read_content("", "content_filter").outcome_class, CLASS(CONTENT_FILTER));
    assert_int_equal(read_content("", "length").outcome_class, CLASS(TRUNCATED));
}

static void bytes_that_are_not_utf8_spoil_only_their_own_post(void **state)
{
    (void)state;
    const char body[] = "{\"choices\":[{\"message\":{\"content\":\"{\\\"results\\\":["
                        "{\\\"id\\\":1,\\\"sentiment\\\":\\\"neutral\\\",\\\"score\\\":0},"
                        "{\\\"id\\\":2,\\\"sentiment\\\":\\\"neutral\\\",\\\"score\\\":0,"
                        "\\\"topics\\\":[\\\"\xFF\\\"]}"
                        "]}\"}}]}";
    struct answer answer = read_body(body, sizeof body - 1);
    assert_int_equal(answer.posts[0].state, POST_ANSWERED);
    assert_int_equal(answer.posts[1].state, POST_INVALID);
}

static void usage_that_is_no_number_is_unknown(void **state)
{
    (void)state;
    const char body[] = "{\"choices\":[],\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":2}}";
    assert_false(read_body(body, sizeof body - 1).is_usage_known);
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
    for (size_t i = 0; i < LENGTH; i++)
        content[i] = i % 2 == 0 ? '{' : '}';
    expect(content, CLASS(INVALID_ANSWER), POST_MISSING, POST_MISSING);
    free(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer_brings_all_that_was_asked_for),
        cmocka_unit_test(rule_1_the_json_is_found_whatever_stands_around_it),
        cmocka_unit_test(rule_1_what_was_said_before_the_cut_counts),
        cmocka_unit_test(rule_2_each_post_is_checked_by_itself),
        cmocka_unit_test(rule_2_lists_and_confidence_may_be_left_out),
        cmocka_unit_test(rule_3_no_post_gets_another_posts_answer),
        cmocka_unit_test(rule_4_nothing_valid_is_an_invalid_answer),
        cmocka_unit_test(refusals_and_filters_are_told_apart),
        cmocka_unit_test(bytes_that_are_not_utf8_spoil_only_their_own_post),
        cmocka_unit_test(usage_that_is_no_number_is_unknown),
        cmocka_unit_test(an_endless_row_of_brackets_costs_no_more_than_its_length),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
