#include "cache_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/scoped.h"

#define SECRET "0123456789abcdef"

static const char *const TASKS[] = {"sentiment", "topics"};
static const struct cache_scope SCOPE = {.tenant_id = "acme",
                                         .task_count = 2,
                                         .tasks = TASKS,
                                         .instruction = "",
                                         .prompt_version = "posts-1",
                                         .model = "m"};

static void make_key(const struct cache_scope *scope, const char *secret, const char *text,
                     uint8_t key[CACHE_KEY_BYTES])
{
    uint8_t hash[CACHE_KEY_BYTES];
    cache_scope_hash(scope, secret, hash);
    cache_key(hash, secret, text, strlen(text), key);
}

static void assert_same(const char *a, const char *b)
{
    uint8_t first[CACHE_KEY_BYTES], second[CACHE_KEY_BYTES];
    make_key(&SCOPE, SECRET, a, first);
    make_key(&SCOPE, SECRET, b, second);
    assert_memory_equal(first, second, CACHE_KEY_BYTES);
}

static void assert_other(const char *a, const char *b)
{
    uint8_t first[CACHE_KEY_BYTES], second[CACHE_KEY_BYTES];
    make_key(&SCOPE, SECRET, a, first);
    make_key(&SCOPE, SECRET, b, second);
    assert_memory_not_equal(first, second, CACHE_KEY_BYTES);
}

static void white_space_and_ways_of_writing_a_letter_do_not_count(void **state)
{
    (void)state;
    assert_same("a b", "  a\t\n b\r\n");
    assert_same("a b", "a\xC2\xA0\xE2\x80\x83\xE3\x80\x80 b");
    assert_same("caf\xC3\xA9", "cafe\xCC\x81");
    assert_same("", " \n ");
}

static void case_punctuation_and_emoji_count(void **state)
{
    (void)state;
    assert_other("great", "GREAT");
    assert_other("great", "great!");
    assert_other("great", "great \xF0\x9F\x98\xA1");
    assert_other("\xF0\x9F\x91\x8D", "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD");
    assert_other("a b", "ab");
    assert_other("&amp;", "&");
    assert_other("\xEF\xAC\x81", "fi");
}

static void what_is_no_utf_8_counts_byte_by_byte(void **state)
{
    (void)state;
    assert_same("\xFF\xFE", "\xFF\xFE");
    assert_other("\xFF\xFE", "\xFF\xFD");
}

static void everything_that_changes_the_answer_changes_the_key(void **state)
{
    (void)state;
    static const char *const more[] = {"sentiment", "topics", "keywords"};
    static const char *const joined[] = {"sentimenttopics"};
    struct cache_scope scopes[10];
    for (size_t i = 0; i < 10; i++)
        scopes[i] = SCOPE;
    scopes[1].tenant_id = "other";
    scopes[2].tenant_id = NULL;
    scopes[3].task_count = 3;
    scopes[3].tasks = more;
    scopes[4].task_count = 1;
    scopes[5].instruction = "is it spam?";
    scopes[6].schema = (struct bytes){(const uint8_t *)"{}", 2};
    scopes[7].prompt_version = "posts-2";
    scopes[8].model = "n";
    scopes[9].task_count = 1;
    scopes[9].tasks = joined;
    uint8_t keys[11][CACHE_KEY_BYTES];
    for (size_t i = 0; i < 10; i++)
        make_key(&scopes[i], SECRET, "text", keys[i]);
    make_key(&SCOPE, "another secret..", "text", keys[10]);
    for (size_t i = 0; i < 11; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(keys[i], keys[k], CACHE_KEY_BYTES);
}

static void fields_do_not_run_into_each_other(void **state)
{
    (void)state;
    struct cache_scope a = SCOPE, b = SCOPE;
    a.prompt_version = "p1";
    a.model = "2";
    b.prompt_version = "p";
    b.model = "12";
    uint8_t first[CACHE_KEY_BYTES], second[CACHE_KEY_BYTES];
    make_key(&a, SECRET, "text", first);
    make_key(&b, SECRET, "text", second);
    assert_memory_not_equal(first, second, CACHE_KEY_BYTES);
}

static void the_order_of_tasks_does_not_count(void **state)
{
    (void)state;
    static const char *const turned[] = {"topics", "sentiment", "topics"};
    struct cache_scope other = SCOPE;
    other.task_count = 3;
    other.tasks = turned;
    uint8_t first[CACHE_KEY_BYTES], second[CACHE_KEY_BYTES];
    make_key(&SCOPE, SECRET, "text", first);
    make_key(&other, SECRET, "text", second);
    assert_memory_equal(first, second, CACHE_KEY_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_and_ways_of_writing_a_letter_do_not_count),
        cmocka_unit_test(case_punctuation_and_emoji_count),
        cmocka_unit_test(what_is_no_utf_8_counts_byte_by_byte),
        cmocka_unit_test(everything_that_changes_the_answer_changes_the_key),
        cmocka_unit_test(fields_do_not_run_into_each_other),
        cmocka_unit_test(the_order_of_tasks_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
