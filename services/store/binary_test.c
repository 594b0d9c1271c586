#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "binary.h"

static struct bytes param(const struct params *params, int place)
{
    return (struct bytes){(const uint8_t *)params->values[place], (size_t)params->lengths[place]};
}

static void numbers_travel_in_network_order(void **state)
{
    SCOPED(arena_close) struct arena *arena = arena_open(10000);
    struct params params = params_begin(arena);
    params_int2(&params, -2);
    params_int4(&params, 0x01020304);
    params_int8(&params, INT64_MIN);
    params_bool(&params, true);
    assert_memory_equal(params.values[0], "\xFF\xFE", 2);
    assert_memory_equal(params.values[1], "\1\2\3\4", 4);
    static const int64_t wanted[] = {-2, 0x01020304, INT64_MIN, 1};
    for (int i = 0; i < params.count; i++) {
        int64_t value;
        assert_true(binary_int(param(&params, i), &value));
        assert_int_equal(value, wanted[i]);
    }
    (void)state;
}

static void a_uuid_is_sixteen_bytes_and_none_is_null(void **state)
{
    (void)state;
    static const char uuid[] = "0192f0c1-7a0e-7abc-8def-000000000001";
    SCOPED(arena_close) struct arena *arena = arena_open(10000);
    struct params params = params_begin(arena);
    params_uuid(&params, uuid);
    params_uuid(&params, "");
    assert_memory_equal(params.values[0], "\x01\x92\xF0\xC1\x7A\x0E\x7A\xBC\x8D\xEF", 10);
    assert_null(params.values[1]);
    char text[37];
    assert_true(binary_uuid(param(&params, 0), text));
    assert_string_equal(text, uuid);
}

static void an_array_comes_back_as_it_went(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct params params = params_begin(arena);
    struct array *texts = array_new(arena, ELEMENT_TEXT);
    for (int i = 0; i < 200; i++)
        array_add_text(texts, arena_format(arena, "text number %d", i));
    array_add_text(texts, "");
    params_array(&params, texts);
    struct bytes *elements;
    size_t count;
    assert_true(binary_array(arena, param(&params, 0), &elements, &count));
    assert_int_equal(count, 201);
    assert_memory_equal(elements[199].at, "text number 199", 15);
    assert_int_equal(elements[200].length, 0);
}

static void an_empty_array_has_no_dimension(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(10000);
    struct params params = params_begin(arena);
    params_array(&params, array_new(arena, ELEMENT_INT4));
    assert_int_equal(params.lengths[0], 12);
    struct bytes *elements;
    size_t count;
    assert_true(binary_array(arena, param(&params, 0), &elements, &count));
    assert_int_equal(count, 0);
}

static void json_bears_its_version(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(10000);
    struct params params = params_begin(arena);
    struct array *data = array_new(arena, ELEMENT_JSONB);
    array_add_bytes(data, (struct bytes){(const uint8_t *)"{}", 2});
    params_array(&params, data);
    assert_memory_equal(params.values[0] + 20, "\0\0\0\3\1{}", 7);
}

static void what_is_cut_or_lies_about_its_length_is_refused(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct params params = params_begin(arena);
    struct array *seqs = array_new(arena, ELEMENT_INT4);
    array_add_int(seqs, 7);
    array_add_int(seqs, 8);
    params_array(&params, seqs);
    struct bytes whole = param(&params, 0);
    struct bytes *elements;
    size_t count;
    for (size_t length = 0; length < whole.length; length++)
        assert_false(binary_array(arena, (struct bytes){whole.at, length}, &elements, &count));
    uint8_t lie[36];
    assert_int_equal(whole.length, sizeof lie);
    memcpy(lie, whole.at, sizeof lie);
    memset(lie + 12, 0x7F, 4); /* two thousand million elements */
    assert_false(binary_array(arena, (struct bytes){lie, sizeof lie}, &elements, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_travel_in_network_order),
        cmocka_unit_test(a_uuid_is_sixteen_bytes_and_none_is_null),
        cmocka_unit_test(an_array_comes_back_as_it_went),
        cmocka_unit_test(an_empty_array_has_no_dimension),
        cmocka_unit_test(json_bears_its_version),
        cmocka_unit_test(what_is_cut_or_lies_about_its_length_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
