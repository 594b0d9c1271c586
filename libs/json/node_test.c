#include "json/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "json/json.h"
#include "json/same_for_test.h"

enum { CAP_BYTES = 1 << 20 };

static const struct node *read_loosely(const char *text, struct arena *arena)
{
    const struct node *root;
    struct error why;
    return node_parse_loosely(text, strlen(text), arena, &root, &why) ? root : NULL;
}

static const struct node *read(const char *text, struct arena *arena)
{
    const struct node *root;
    struct error why = {.kind = ERROR_INTERNAL};
    if (node_parse(text, strlen(text), arena, &root, &why))
        return root;
    assert_int_equal(why.kind, ERROR_INVALID);
    return NULL;
}

static void a_tree_says_what_the_document_says(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(CAP_BYTES);
    const struct node *root =
        read(" {\"s\": \"abc\", \"n\": -7, \"f\": 1.5e1, \"t\": true, \"u\": false, \"z\": null,"
             "\"list\": [1, [], {}], \"o\": {\"in\": \"x\"}} ",
             arena);
    assert_int_equal(root->count, 8);
    assert_true(node_is_word(node_member(root, "s"), "abc"));
    assert_false(node_is_word(node_member(root, "s"), "ab"));
    assert_int_equal(node_member(root, "n")->integer, -7);
    assert_true(node_number(node_member(root, "n")) + 7 == 0);
    assert_true(node_is(node_member(root, "f"), NODE_REAL));
    assert_true(node_number(node_member(root, "f")) - 15 == 0);
    assert_true(node_is_number(node_member(root, "f")));
    assert_true(node_is(node_member(root, "t"), NODE_TRUE));
    assert_true(node_is(node_member(root, "u"), NODE_FALSE));
    assert_true(node_is(node_member(root, "z"), NODE_NULL));
    const struct node *list = node_member(root, "list");
    assert_int_equal(list->count, 3);
    assert_memory_equal(list->source.at, "[1, [], {}]", list->source.length);
    assert_int_equal(list->source.length, 11);
    assert_int_equal(node_elements(list)->integer, 1);
    assert_true(node_is(node_elements(list)->next, NODE_ARRAY));
    assert_true(node_is(node_elements(list)->next->next, NODE_OBJECT));
    assert_null(node_elements(list)->next->next->next);
    const struct node *inner = node_members(node_member(root, "o"));
    assert_memory_equal(inner->name.at, "in", inner->name.length);
    assert_null(inner->next);
}

static void of_what_is_not_there_anything_may_be_asked(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(CAP_BYTES);
    const struct node *list = read("[\"x\"]", arena), *word = node_elements(list);
    const struct node *const none[] = {NULL, node_member(list, "x"), node_members(list),
                                       node_elements(word), node_member(word, "x")};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_null(none[i]);
        assert_null(node_member(none[i], "x"));
        assert_null(node_string(none[i]).at);
        assert_false(node_is_word(none[i], ""));
        assert_false(node_is_number(none[i]));
        assert_true(node_number(none[i]) + 0 == 0);
    }
    assert_null(node_string(list).at);
    assert_true(node_number(word) + 0 == 0);
}

static void escapes_stand_for_their_characters(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(CAP_BYTES);
    const struct node *root = read(
        "[\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\", \"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\", \"\"]", arena);
    const struct node *word = node_elements(root);
    assert_true(node_is_word(word, "a\"\\/\b\f\n\r\tz"));
    assert_true(node_is_word(word->next, "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
    assert_true(node_is_word(word->next->next, ""));
    assert_non_null(node_string(word->next->next).at);
}

static void a_name_may_stand_twice_only_where_that_is_wanted(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(CAP_BYTES);
    static const char TWICE[] = "{\"a\":1,\"b\":2,\"a\":3}";
    assert_null(read(TWICE, arena));
    assert_int_equal(node_member(read_loosely(TWICE, arena), "a")->integer, 3);
    SCOPED(text_free) struct text many = {0};
    for (int i = 0; i < 300; i++)
        text_format(&many, "%s\"n%d\":%d", i == 0 ? "{" : ",", i, i);
    SCOPED(text_free) struct text again = {0};
    text_format(&again, "%s,\"\\u006e17\":0}", many.chars);
    text_add_char(&many, '}');
    assert_int_equal(node_member(read(many.chars, arena), "n299")->integer, 299);
    assert_null(read(again.chars, arena));
}

static void what_does_not_fit_into_the_arena_is_refused(void **state)
{
    (void)state;
    static const char *const LARGE[] = {"[1,2,3,4,5,6,7]", "[\"an escape \\n is copied\"]",
                                        "[1.00000000000000000001]"};
    for (size_t i = 0; i < sizeof LARGE / sizeof LARGE[0]; i++) {
        size_t cap = 0;
        for (const struct node *root = NULL; root == NULL; cap++) {
            SCOPED(arena_close) struct arena *arena = arena_open(cap);
            root = read(LARGE[i], arena);
        }
        assert_in_range(cap, 2 * sizeof(struct node) + 1, 9 * sizeof(struct node));
    }
}

/* ---- the same as json_parse() ---- */

static void expect_the_same(const char *text, size_t length)
{
    SCOPED(arena_close) struct arena *arena = arena_open(CAP_BYTES);
    SCOPED(json_free) json_t *document = NULL;
    const struct node *root;
    struct error why;
    bool is_json = json_parse(text, length, &document, &why);
    if (node_parse(text, length, arena, &root, &why) != is_json ||
        (is_json && !says_same(root, document)))
        fail_msg("not the same: %.*s", (int)length, text);
}

static const char *const DOCUMENTS[] = {
    "",
    " ",
    "1",
    "\"a\"",
    "{}",
    "[ ]",
    " \t\r\n[\n]\n ",
    "[1,]",
    "[,1]",
    "{\"a\":1,}",
    "{a:1}",
    "{\"a\" : 1 , \"b\":[true,false,null]}",
    "[0,-0,1.0,-1.5e-3,1E5,2e+2,9223372036854775807,-9223372036854775808,5e-324,1e-999]",
    "[9223372036854775808]",
    "[-9223372036854775809]",
    "[99999999999999999999]",
    "[18446744073709551617]",
    "[1e999]",
    "[01]",
    "[-]",
    "[+1]",
    "[.5]",
    "[1.]",
    "[1e]",
    "[0x1]",
    "[1 2]",
    "[tru]",
    "[truex]",
    "[NaN]",
    "{\"a\":\"\\u0000\"}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\ud800\\u0041\"}",
    "{\"a\":\"\\udc00\\ud800\"}",
    "[\"\\ud83d\\ude00\\uD83D\\uDE00\\u007f\\u0080\\u07ff\\u0800\\uffff\\ue000\"]",
    "[\"\\x\"]",
    "[\"\\u12\"]",
    "[\"\\u12g4\"]",
    "[\"\\",
    "[\"a\nb\"]",
    "[\"\x7f\"]",
    "[\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBF\xF4\x8F\xBF\xBF\"]",
    "[\"\xC0\x80\"]",
    "[\"\xC1\xBF\"]",
    "[\"\xE0\x9F\xBF\"]",
    "[\"\xED\xA0\x80\"]",
    "[\"\xF0\x8F\xBF\xBF\"]",
    "[\"\xF4\x90\x80\x80\"]",
    "[\"\xF5\x80\x80\x80\"]",
    "[\"\x80\"]",
    "[\"\xC3\"]",
    "[\"\xE2\x82\"]",
    "[\xC3\xA9]",
    "\xEF\xBB\xBF[]",
    "{\"results\":[{\"id\":4711,\"sentiment\":\"neutral\",\"score\":-0.25,\"confidence\":0.875,"
    "\"entities\":[{\"text\":\"Sk\\u00f6ne \xE2\x82\xAC\",\"type\":\"place\"}],\"keywords\":"
    "[\"a \\\"quoted\\\" word\",\"\"],\"refusal\":null}],\"summary\":\"\xF0\x9F\x98\x80\"}",
};

static void a_document_is_taken_and_read_as_json_parse_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof DOCUMENTS[0]; i++)
        expect_the_same(DOCUMENTS[i], strlen(DOCUMENTS[i]));
}

/* json_parse() overlooks one behind a number. */
static void a_nul_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(CAP_BYTES);
    static const char TEXT[] = "{ \"a\" : [ 1 , true , \"b\" ] } ";
    char text[sizeof TEXT];
    const struct node *root;
    struct error why;
    for (size_t at = 0; at < sizeof TEXT; at++) {
        memcpy(text, TEXT, sizeof TEXT);
        text[at] = '\0';
        assert_false(node_parse(text, sizeof TEXT, arena, &root, &why));
    }
}

/* Each document with each of its bytes replaced, left out, or as the last one. */
static void so_is_a_document_that_is_spoilt(void **state)
{
    (void)state;
    static const char SPOILS[] = "\"\\{}[],:0 9.-eut\x01\x7f\x80\xBF\xC3\xED\xF0n";
    char text[512];
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof DOCUMENTS[0]; i++) {
        size_t length = strlen(DOCUMENTS[i]);
        assert_true(length < sizeof text);
        for (size_t at = 0; at < length; at++) {
            memcpy(text, DOCUMENTS[i], length);
            for (size_t k = 0; k < sizeof SPOILS - 1; k++) {
                text[at] = SPOILS[k];
                expect_the_same(text, length);
            }
            memmove(text + at, DOCUMENTS[i] + at + 1, length - at - 1);
            expect_the_same(text, length - 1);
            expect_the_same(DOCUMENTS[i], at);
        }
    }
}

static void nesting_is_bounded_as_there(void **state)
{
    (void)state;
    char deep[2 * (JSON_MAX_DEPTH + 1)];
    for (size_t depth = JSON_MAX_DEPTH - 1; depth <= JSON_MAX_DEPTH + 1; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        expect_the_same(deep, 2 * depth);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_says_what_the_document_says),
        cmocka_unit_test(of_what_is_not_there_anything_may_be_asked),
        cmocka_unit_test(escapes_stand_for_their_characters),
        cmocka_unit_test(a_name_may_stand_twice_only_where_that_is_wanted),
        cmocka_unit_test(what_does_not_fit_into_the_arena_is_refused),
        cmocka_unit_test(a_document_is_taken_and_read_as_json_parse_does),
        cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
        cmocka_unit_test(so_is_a_document_that_is_spoilt),
        cmocka_unit_test(nesting_is_bounded_as_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
