#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool parses(const char *text, size_t length)
{
    SCOPED(json_free) json_t *document = NULL;
    struct error why = {.kind = ERROR_INTERNAL};
    bool is_good = json_parse(text, length, &document, &why);
    assert_int_equal(is_good, document != NULL);
    if (!is_good)
        assert_int_equal(why.kind, ERROR_INVALID);
    return is_good;
}

static void a_document_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_true(parses("{\"a\":[1,2]}", 11));
    assert_true(parses(" {} \r\n", 6));
    assert_false(parses("", 0));
    assert_false(parses("{\"a\":1} x", 9));
    assert_false(parses("{\"a\":1}{}", 9));
    assert_false(parses("{\"a\":1", 6));
    assert_false(parses("\"alone\"", 7));
}

static void what_is_ambiguous_is_refused(void **state)
{
    (void)state;
    assert_false(parses("{\"a\":1,\"a\":2}", 13));
    assert_false(parses("{\"a\":\"\xff\"}", 9));
    assert_false(parses("{\"a\":\"\\ud800\"}", 14));
    assert_false(parses("{\"a\":\"\\u0000\"}", 14));
    assert_false(parses("{\"a\":\"\0\"}", 9));
    assert_false(parses("{\"a\":1e999}", 11));
    assert_false(parses("{\"a\":123456789012345678901234567890}", 36));
    assert_false(parses("{\"a\":NaN}", 9));
}

static void of_members_with_one_name_the_last_one_counts_if_that_is_wanted(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"a\":2}", bad[] = "{\"a\":1,\"a\":}";
    SCOPED(json_free) json_t *document = NULL, *none = NULL;
    struct error why;
    assert_true(json_parse_loosely(text, sizeof text - 1, &document, &why));
    assert_int_equal(json_integer_value(json_object_get(document, "a")), 2);
    assert_false(json_parse_loosely(bad, sizeof bad - 1, &none, &why));
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char deep[2 * (JSON_MAX_DEPTH + 1)];
    memset(deep, '[', JSON_MAX_DEPTH);
    memset(deep + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    assert_true(parses(deep, 2 * JSON_MAX_DEPTH));
    memset(deep, '[', JSON_MAX_DEPTH + 1);
    memset(deep + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
    assert_false(parses(deep, sizeof deep));
    assert_true(
        parses("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"]", 72));
}

static void a_fault_names_its_line(void **state)
{
    (void)state;
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    assert_false(json_parse("{\n\"a\": ?}", 9, &document, &why));
    assert_non_null(strstr(why.message, "line 2"));
}

static void members_are_read_by_type(void **state)
{
    (void)state;
    static const char text[] = "{\"s\":\"abc\",\"n\":7,\"b\":true,\"z\":null,\"f\":1.5}";
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    const char *string;
    int64_t number;
    bool flag;
    assert_true(json_parse(text, sizeof text - 1, &document, &why));
    assert_true(json_text(document, "s", NULL, 3, &string, &why));
    assert_string_equal(string, "abc");
    assert_false(json_text(document, "s", NULL, 2, &string, &why));
    assert_false(json_text(document, "n", NULL, 9, &string, &why));
    assert_true(json_text(document, "z", "none", 9, &string, &why));
    assert_string_equal(string, "none");
    assert_true(json_int(document, "n", 0, 1, 7, &number, &why));
    assert_int_equal(number, 7);
    assert_false(json_int(document, "n", 0, 1, 6, &number, &why));
    assert_false(json_int(document, "f", 0, 1, 6, &number, &why));
    assert_true(json_int(document, "absent", 42, 1, 6, &number, &why));
    assert_int_equal(number, 42);
    assert_true(json_bool(document, "b", false, &flag, &why));
    assert_true(flag);
    assert_false(json_bool(document, "s", false, &flag, &why));
    assert_string_equal(why.message, "s must be true or false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_taken_whole_or_not_at_all),
        cmocka_unit_test(what_is_ambiguous_is_refused),
        cmocka_unit_test(of_members_with_one_name_the_last_one_counts_if_that_is_wanted),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(a_fault_names_its_line),
        cmocka_unit_test(members_are_read_by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
