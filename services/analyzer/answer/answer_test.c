/* Which answers count for which posts, and as what. */
#include "answer_for_test.h"

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
    assert_true(answer.posts[1].bytes > answer.posts[0].bytes && answer.posts[0].bytes > 0);
    assert_string_equal(answer.summary, "tea and more");
    assert_true(answer.is_usage_known);
    assert_int_equal(answer.prompt_tokens, 11);
    assert_int_equal(answer.completion_tokens, 22);
}

static void rule_5_white_space_without_end_is_truncated(void **state)
{
    (void)state;
    enum { FLOOD = 250 * 1000 };
    const char *const starts[] = {"", "{\"results\":[", "{\"results\":[]}", "{}"};
    char *content = malloc(FLOOD + 2000);
    assert_non_null(content);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        int length = snprintf(content, FLOOD, "%s", starts[i]);
        memset(content + length, i % 2 == 0 ? ' ' : '\n', FLOOD);
        content[length + FLOOD] = '\0';
        expect(content, CLASS(TRUNCATED), POST_MISSING, POST_MISSING);
    }
    int length = snprintf(content, FLOOD, "%s", WHOLE);
    memset(content + length, ' ', FLOOD);
    content[length + FLOOD] = '\0';
    expect(content, CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    free(content);
}

static void rule_6_a_shortened_prompt_is_not_believed(void **state)
{
    (void)state;
    SCOPED(text_free) struct text body = {0};
    text_add(&body, "{\"choices\":[{\"message\":{\"content\":");
    text_add_json(&body, WHOLE, sizeof WHOLE - 1);
    text_add(&body, "}}],\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":9,"
                    "\"prompt_tokens_details\":{\"cached_tokens\":24}}}");
    const struct readable bytes = {.bytes = {(const uint8_t *)body.chars, body.length}};
    struct answer answer;
    answer_read(
        bytes,
        &(struct asked){.posts = 2, .ids = IDS, .least_prompt_tokens = 1001, .tasks = TASKS_ALL},
        arena, &answer);
    assert_int_equal(answer.outcome_class, CLASS(TOO_LARGE));
    assert_int_equal(answer.posts[0].state, POST_MISSING);
    assert_true(answer.is_usage_known); /* it is paid all the same */
    answer_read(
        bytes,
        &(struct asked){.posts = 2, .ids = IDS, .least_prompt_tokens = 1000, .tasks = TASKS_ALL},
        arena, &answer);
    assert_int_equal(answer.outcome_class, CLASS(OK));
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
        ITEM("2", "positive", "50.9e62554"),
        ITEM("2", "positive", "NaN"),
        ITEM("2", "positive", "0.1,\"score\":0.2"),
        ITEM("2", "positive", "0.1,\"id\":1"),
        ITEM("2", "positive", "0.1,\"topics\":[\"\\ud83d\"]"),
        "{\"id\":2}",
        "{\"id\":2,\"sentiment\":7,\"score\":0," GOOD_REST,
        "{\"id\":2,\"sentiment\":\"neutral\",\"score\":0,\"confidence\":7," LISTS("[]", "[]", "[]"),
        START("2") LISTS("[]", "\"tea\"", "[]"),
        START("2") LISTS("[]", "[]", "[1]"),
        START("2") LISTS("[\"Ann\"]", "[]", "[]"),
        START("2") LISTS("{\"text\":\"Ann\"}", "[]", "[]"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char content[2000];
        snprintf(content, sizeof content, "{\"results\":[%s," ONE "]}", bad[i]);
        expect(content, CLASS(PARTIAL), POST_ANSWERED, POST_INVALID);
    }
}

/* Each member by itself: left out of the second item, or null there. */
static void rule_2_what_was_asked_for_must_be_there(void **state)
{
    (void)state;
    static const char *const members[] = {"sentiment", "score",  "confidence", "entities",
                                          "keywords",  "topics", "language"};
    static const char *const values[] = {"\"neutral\"", "0", "0.5", "[]", "[]", "[]", "\"en\""};
    for (size_t left_out = 0; left_out < sizeof members / sizeof members[0]; left_out++) {
        for (int is_null = 0; is_null < 2; is_null++) {
            SCOPED(text_free) struct text content = {0};
            text_add(&content, "{\"results\":[" ONE ",{\"id\":2");
            for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
                if (i != left_out || is_null)
                    text_format(&content, ",\"%s\":%s", members[i],
                                i == left_out ? "null" : values[i]);
            text_add(&content, "}]}");
            expect(content.chars, CLASS(PARTIAL), POST_ANSWERED, POST_INVALID);
        }
    }
    expect("{\"results\":[" ONE "," ITEM_WITH("2", "", "") "]}", CLASS(OK), POST_ANSWERED,
           POST_ANSWERED);
}

static void rule_2_a_language_is_a_code(void **state)
{
    (void)state;
    static const struct {
        const char *said, *code; /* NULL = none */
    } cases[] = {{"\"en\"", "en"},      {"\"EN\"", "en"},   {"\"pt-BR\"", "pt"},
                 {"\"und\"", "und"},    {"\"gsw\"", "gsw"}, {"\"English\"", NULL},
                 {"\"e\"", NULL},       {"\"\"", NULL},     {"\"en_GB\"", NULL},
                 {"\"d\u00e9\"", NULL}, {"7", NULL},        {"[\"en\"]", NULL}};
    static const char *const asked[] = {"language"};
    const struct asked question = {.posts = 1, .ids = IDS, .tasks = task_set_of(1, asked)};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char content[200];
        snprintf(content, sizeof content, "[{\"id\":1,\"language\":%s}]", cases[i].said);
        struct answer answer = read_for(&question, content);
        assert_int_equal(answer.posts[0].state,
                         cases[i].code != NULL ? POST_ANSWERED : POST_INVALID);
        if (cases[i].code != NULL)
            assert_string_equal(answer.posts[0].analysis.language, cases[i].code);
    }
}

/* Some models say the question again before they answer it, or instead. */
static void rule_2_an_echo_of_the_question_is_no_answer(void **state)
{
    (void)state;
    static const char question[] =
        "{\"posts\":[{\"id\":1,\"text\":\"a\"},{\"id\":2,\"text\":\"b\"}]}";
    for (int i = 0; i < TASK_COUNT; i++) {
        const char *const tasks[] = {task_name((enum task)i)};
        const struct asked asked = {.posts = 2, .ids = IDS, .tasks = task_set_of(1, tasks)};
        assert_int_equal(read_for(&asked, question).outcome_class, CLASS(INVALID_ANSWER));
    }
    static const char *const keywords[] = {"keywords"};
    const struct asked asked = {.posts = 2, .ids = IDS, .tasks = task_set_of(1, keywords)};
    char content[500];
    snprintf(content, sizeof content,
             "%s\n[{\"id\":1,\"keywords\":[\"tea\"]},{\"id\":2,\"keywords\":[]}]", question);
    struct answer answer = read_for(&asked, content);
    assert_int_equal(answer.outcome_class, CLASS(OK));
    assert_int_equal(answer.posts[0].analysis.keywords.count, 1);
}

static void rule_2_what_had_to_be_repaired_says_so(void **state)
{
    (void)state;
    struct answer answer = read_content(
        "{\"results\":[" ITEM("1", "Positive", "0.5") "," ITEM("2", "positive", "1.0005") "]}",
        "stop");
    assert_true(answer.posts[0].is_repaired && answer.posts[1].is_repaired);
    assert_true(answer.posts[1].analysis.score == 1);
    assert_false(read_content(WHOLE, "stop").posts[0].is_repaired);
}

static void rule_3_what_stands_within_an_answer_is_no_answer(void **state)
{
    (void)state;
    const char inner[] =
        START("1") LISTS("[{\"text\":\"a\",\"type\":\"b\",\"c\":" TWO "}]", "[]", "[]");
    char content[2000];
    expect(inner, CLASS(PARTIAL), POST_ANSWERED, POST_MISSING);
    snprintf(content, sizeof content, "{\"results\":[%s,]}", inner);
    expect(content, CLASS(PARTIAL), POST_ANSWERED, POST_MISSING);
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
}

/* A model that quotes what it reads, or has drafts, may write two answers for one post. */
static void rule_3_answers_to_one_post_count_unless_they_differ(void **state)
{
    (void)state;
    expect("{\"results\":[" ITEM("1", "happy", "0") "," ONE "," ITEM("1", "sad", "0") "," ONE
                                                                                      "," TWO "]}",
           CLASS(OK), POST_ANSWERED, POST_ANSWERED);
    const char *const others[] = {
        ITEM("1", "negative", "0.5"), ITEM("1", "positive", "0.25"),
        "{\"id\":1,\"sentiment\":\"positive\",\"score\":0.5,"
        "\"confidence\":0.8,\"entities\":[],\"keywords\":[\"a\"],"
        "\"topics\":[],\"language\":\"en\"}",
        "{\"id\":1,\"sentiment\":\"positive\",\"score\":0.5,"
        "\"confidence\":0.8,\"entities\":[],\"keywords\":[],"
        "\"topics\":[],\"language\":\"de\"}",
        "{\"id\":1,\"sentiment\":\"positive\",\"score\":0.5,"
        "\"confidence\":0.8,\"entities\":[{\"text\":\"a\",\"type\":\"x\"}],"
        "\"keywords\":[],\"topics\":[],\"language\":\"en\"}"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char content[2000];
        snprintf(content, sizeof content, "Post 2 says %s, so:\n" WHOLE, others[i]);
        expect(content, CLASS(PARTIAL), POST_INVALID, POST_ANSWERED);
        snprintf(content, sizeof content, WHOLE " %s " ONE, others[i]);
        expect(content, CLASS(PARTIAL), POST_INVALID, POST_ANSWERED);
    }
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
    const char *const bodies[] = {
        "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"stop\","
        "\"content_filter_results\":{\"hate\":{\"filtered\":true,\"severity\":\"high\"}}}]}",
        "{\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":"
        "{"
        "\"hate\":{\"filtered\":false},\"violence\":{\"filtered\":true}}}]}",
        "{\"choices\":[{\"message\":{\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}}]}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        assert_int_equal(read_body(bodies[i], strlen(bodies[i])).outcome_class,
                         CLASS(CONTENT_FILTER));
    const char empty[] = "{\"choices\":[{\"message\":{\"content\":\"?\",\"refusal\":\"\"},"
                         "\"content_filter_results\":{\"hate\":{\"filtered\":false}}}]}";
    assert_int_equal(read_body(empty, sizeof empty - 1).outcome_class, CLASS(INVALID_ANSWER));
}

static void rule_4_a_post_may_be_refused_alone(void **state)
{
    (void)state;
    expect("{\"results\":[" ONE ",{\"id\":2,\"refusal\":\"I will not\"}]}", CLASS(PARTIAL),
           POST_ANSWERED, POST_REFUSED);
    expect("[{\"id\":1,\"refused\":true},{\"id\":2,\"sentiment\":null,\"error\":\"policy\"}]",
           CLASS(CONTENT_FILTER), POST_REFUSED, POST_REFUSED);
    struct answer answer = read_content(ONE, "stop");
    assert_string_equal(answer.detail, "of 2 posts 1 missing, 0 invalid, 0 refused");
}

static void rule_8_usage_that_cannot_be_is_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *usage;
        bool is_known, is_absurd;
    } cases[] = {
        {"{\"prompt_tokens\":300,\"completion_tokens\":200}", true, false},
        {"{\"prompt_tokens\":301,\"completion_tokens\":200}", false, true},
        {"{\"prompt_tokens\":300,\"completion_tokens\":201}", false, true},
        {"{\"prompt_tokens\":4294967295,\"completion_tokens\":4294967295}", false, true},
        {"{\"prompt_tokens\":-1,\"completion_tokens\":2}", false, true},
        {"{\"prompt_tokens\":1,\"completion_tokens\":-2}", false, true},
        {"{\"prompt_tokens\":1e3,\"completion_tokens\":2}", false, true},
        {"{\"prompt_tokens\":\"1\",\"completion_tokens\":2}", false, true},
        {"{\"prompt_tokens\":0,\"completion_tokens\":0}", true, false},
        {"{\"prompt_tokens\":1}", false, false},
        {"{\"prompt_tokens\":1,\"completion_tokens\":null}", false, false},
        {"null", false, false},
    };
    const struct asked asked = {.posts = 2,
                                .ids = IDS,
                                .most_prompt_tokens = 300,
                                .most_completion_tokens = 200,
                                .tasks = TASKS_ALL};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SCOPED(text_free) struct text body = {0};
        text_format(&body, "{\"choices\":[],\"usage\":%s}", cases[i].usage);
        struct answer answer;
        answer_read((struct readable){.bytes = {(const uint8_t *)body.chars, body.length}}, &asked,
                    arena, &answer);
        assert_int_equal(answer.is_usage_known, cases[i].is_known);
        assert_int_equal(answer.is_usage_absurd, cases[i].is_absurd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer_brings_all_that_was_asked_for),
        cmocka_unit_test(rule_5_white_space_without_end_is_truncated),
        cmocka_unit_test(rule_6_a_shortened_prompt_is_not_believed),
        cmocka_unit_test(rule_2_each_post_is_checked_by_itself),
        cmocka_unit_test(rule_2_what_was_asked_for_must_be_there),
        cmocka_unit_test(rule_2_a_language_is_a_code),
        cmocka_unit_test(rule_2_an_echo_of_the_question_is_no_answer),
        cmocka_unit_test(rule_2_what_had_to_be_repaired_says_so),
        cmocka_unit_test(rule_3_what_stands_within_an_answer_is_no_answer),
        cmocka_unit_test(rule_3_no_post_gets_another_posts_answer),
        cmocka_unit_test(rule_3_answers_to_one_post_count_unless_they_differ),
        cmocka_unit_test(rule_4_nothing_valid_is_an_invalid_answer),
        cmocka_unit_test(refusals_and_filters_are_told_apart),
        cmocka_unit_test(rule_4_a_post_may_be_refused_alone),
        cmocka_unit_test(rule_8_usage_that_cannot_be_is_unknown),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
