#include "embedded/topics/topic_sets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "embedded/embedded.h"

static struct topic_sets *parsed(const char *json)
{
    struct topic_sets *sets;
    SCOPED(text_free) struct text faults = {0};
    if (!topic_sets_parse("S", (struct bytes){(const uint8_t *)json, strlen(json)}, &sets, &faults))
        fail_msg("%s", faults.chars);
    return sets;
}

/* Refused, with each of these in what is said; ends with NULL. */
static void refused(const char *json, const char *const *said)
{
    struct topic_sets *sets;
    SCOPED(text_free) struct text faults = {0};
    if (topic_sets_parse("S", (struct bytes){(const uint8_t *)json, strlen(json)}, &sets, &faults))
        fail_msg("taken: %s", json);
    assert_null(sets);
    for (; *said != NULL; said++)
        if (strstr(faults.chars, *said) == NULL)
            fail_msg("\"%s\" is not in: %s", *said, faults.chars);
}
#define assert_refused(json, ...) refused(json, (const char *const[]){__VA_ARGS__, NULL})

/* The topics of a post, with a comma behind each. */
static void assert_topics(const struct topic_set *set, const char *post, const char *expected)
{
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    SCOPED(text_free) struct text found = {0};
    struct post_analysis analysis;
    embedded_analyze_for(set, (struct piece){post, strlen(post)}, arena, &analysis);
    text_add(&found, "");
    for (size_t i = 0; i < analysis.topics.count; i++) {
        text_add_bytes(&found, analysis.topics.items[i].at, analysis.topics.items[i].length);
        text_add_char(&found, ',');
    }
    assert_string_equal(found.length > 0 ? found.chars : "", expected);
}

static void a_tenants_topics_come_instead_of_the_built_in_ones(void **state)
{
    (void)state;
    SCOPED(topic_sets_close) struct topic_sets *sets =
        parsed("{\"acme\":{\"outage\":[\"down\"],\"bill\":[\"invoice\"]},\"b\":{\"t\":[\"x\"]}}");
    const struct topic_set *acme = topic_sets_find(sets, "acme");
    assert_topics(acme, "The football site is DOWN", "outage,");
    assert_topics(acme, "Football", "");
    assert_null(topic_sets_find(sets, "nobody"));
    assert_null(topic_sets_find(NULL, "acme"));
    assert_topics(topic_sets_find(sets, "nobody"), "The football match", "sports,");
}

static void a_word_is_found_whatever_its_case_and_as_a_tag(void **state)
{
    (void)state;
    SCOPED(topic_sets_close) struct topic_sets *sets =
        parsed("{\"a\":{\"t\":[\"Größe\",\"#Sale\",\"@Acme\",\"$ACM\",\"🔥\"]}}");
    const struct topic_set *set = topic_sets_find(sets, "a");
    const char *const posts[] = {"die GRÖSSE? größe!", "big sale",     "#SALE",
                                 "ask @acme",          "buy $acm now", "so 🔥"};
    for (size_t i = 0; i < sizeof posts / sizeof posts[0]; i++)
        assert_topics(set, posts[i], "t,");
    assert_topics(set, "acme and acm, wholesale", "");
}

static void a_phrase_is_found_where_its_words_follow_one_another(void **state)
{
    (void)state;
    SCOPED(topic_sets_close) struct topic_sets *sets =
        parsed("{\"a\":{\"card\":[\"credit card\",\"credit card debt\"],\"c\":[\"C++\",\"R&D\"]}}");
    const struct topic_set *set = topic_sets_find(sets, "a");
    assert_topics(set, "My Credit Card is lost", "card,");
    assert_topics(set, "credit, card", "");
    assert_topics(set, "credit where a card is", "");
    assert_topics(set, "credit", "");
    assert_topics(set, "I write C++ with my credit card", "card,c,");
    assert_topics(set, "our R&amp;D", "c,");
    assert_topics(set, "C++ and c++ and a credit card", "c,card,");
}

static void a_word_without_spaces_around_it_is_found_in_scripts_that_have_none(void **state)
{
    (void)state;
    SCOPED(topic_sets_close) struct topic_sets *sets =
        parsed("{\"weather\":[\"雨\",\"台風\"],\"phone\":[\"手机\",\"电池\"],"
               "\"family\":[\"ครอบครัว\"],\"city\":[\"서울\",\"york\"]}");
    const struct topic_set *set = topic_sets_find(sets, "acme");
    assert_topics(set, "今日は雨です", "weather,");
    assert_topics(set, "雨", "weather,");
    assert_topics(set, "台風が来る", "weather,");
    assert_topics(set, "这个手机的电池不好，雨", "phone,weather,");
    assert_topics(set, "กับครอบครัว", "family,");
    assert_topics(set, "서울에서 만나요", "city,");
    assert_topics(set, "yorkshire", "");
}

static void the_topics_with_most_words_come_first_then_those_first_in_the_file(void **state)
{
    (void)state;
    SCOPED(topic_sets_close) struct topic_sets *sets = parsed(
        "{\"a\":{\"one\":[\"w\"],\"two\":[\"x\",\"w\"],\"three\":[\"y\"],\"four\":[\"z\"]}}");
    assert_topics(topic_sets_find(sets, "a"), "z y x w", "two,one,three,");
}

static void a_file_without_tenants_is_everybodys(void **state)
{
    (void)state;
    SCOPED(topic_sets_close) struct topic_sets *sets = parsed("{\"mine\":[\"w\"]}");
    assert_topics(topic_sets_find(sets, ""), "w", "mine,");
    assert_topics(topic_sets_find(sets, "anybody"), "w", "mine,");
}

static void without_a_name_the_only_set_is_found(void **state)
{
    (void)state;
    SCOPED(topic_sets_close) struct topic_sets *one = parsed("{\"a\":{\"t\":[\"w\"]}}");
    SCOPED(topic_sets_close) struct topic_sets *two =
        parsed("{\"a\":{\"t\":[\"w\"]},\"b\":{\"t\":[\"w\"]}}");
    SCOPED(topic_sets_close) struct topic_sets *none = parsed("{}");
    assert_non_null(topic_sets_find(one, ""));
    assert_null(topic_sets_find(two, ""));
    assert_null(topic_sets_find(none, ""));
}

static void all_faults_are_told_together_each_with_its_place(void **state)
{
    (void)state;
    assert_refused(
        "{\"acme\":{\"outage\":[\"ok\",7,\"\"],\"bill\":{}},\"b\":[],\"\":{\"t\":[\"w\"]}}",
        "S: acme.outage: word 2 must be a text of 1 to 100 bytes\n",
        "S: acme.outage: word 3 must be", "S: acme.bill: must be a list of 1 to 1000",
        "S: b: must be an object of 1 to 64 topics", "S: a tenant's name must be");
    assert_refused("{\"a\":{\"b\\nc\":[\"http://x.org\",\"1 2 3 4 5 6 7 8 9\"]}}",
                   "S: a.b?c: a topic's name must be",
                   "S: a.b?c: word 1 must be a word or a phrase", "S: a.b?c: word 2 must be");
}

static void what_is_no_set_is_refused(void **state)
{
    (void)state;
    assert_refused("", "S: not valid JSON");
    assert_refused("[]", "S: must be a JSON object of at most 1000 tenants");
    assert_refused("{\"a\":{}}", "S: a: must be an object of 1 to 64 topics");
    assert_refused("{\"a\":{\"t\":[]}}", "S: a.t: must be a list of 1 to 1000 words");
    assert_refused("{\"a\":{\"t\":[\" \"]}}", "S: a.t: word 1 must be a word");
}

static void a_wrong_file_does_not_fill_the_screen(void **state)
{
    (void)state;
    SCOPED(text_free) struct text json = {0}, faults = {0};
    text_add(&json, "{\"a\":{\"t\":[1");
    for (int i = 0; i < 900; i++)
        text_add(&json, ",1");
    text_add(&json, "]}}");
    struct topic_sets *sets;
    assert_false(topic_sets_parse("S", (struct bytes){(const uint8_t *)json.chars, json.length},
                                  &sets, &faults));
    assert_true(faults.length < 4000);
    assert_non_null(strstr(faults.chars, "S: there are more faults\n"));
}

static void a_file_is_loaded_or_said_to_be_away(void **state)
{
    (void)state;
    char path[] = "/tmp/topic_sets_test.XXXXXX";
    const char *json = "{\"mine\":[\"w\"]}";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, json, strlen(json)), strlen(json));
    close(descriptor);
    SCOPED(topic_sets_close) struct topic_sets *sets = NULL;
    SCOPED(text_free) struct text faults = {0};
    assert_true(topic_sets_load("S", path, &sets, &faults));
    unlink(path);
    assert_non_null(topic_sets_find(sets, ""));
    struct topic_sets *none;
    assert_false(topic_sets_load("S", path, &none, &faults));
    assert_non_null(strstr(faults.chars, "S: cannot read \"/tmp/topic_sets_test."));
    assert_false(topic_sets_load("S", "/tmp", &none, &faults));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenants_topics_come_instead_of_the_built_in_ones),
        cmocka_unit_test(a_word_is_found_whatever_its_case_and_as_a_tag),
        cmocka_unit_test(a_phrase_is_found_where_its_words_follow_one_another),
        cmocka_unit_test(a_word_without_spaces_around_it_is_found_in_scripts_that_have_none),
        cmocka_unit_test(the_topics_with_most_words_come_first_then_those_first_in_the_file),
        cmocka_unit_test(a_file_without_tenants_is_everybodys),
        cmocka_unit_test(without_a_name_the_only_set_is_found),
        cmocka_unit_test(all_faults_are_told_together_each_with_its_place),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(a_wrong_file_does_not_fill_the_screen),
        cmocka_unit_test(a_file_is_loaded_or_said_to_be_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
