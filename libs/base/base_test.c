#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "base/uuid.h"

static void an_arena_refuses_what_is_beyond_its_cap(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(10000);
    assert_non_null(arena_try(arena, 9000));
    assert_null(arena_try(arena, 1001));
    assert_null(arena_try(arena, SIZE_MAX));
    assert_non_null(arena_try(arena, 1000));
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_non_null(arena_try(arena, 10000));
}

static void arena_memory_is_zeroed_and_aligned_also_after_a_reset(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    for (int round = 0; round < 2; round++) {
        for (size_t size = 1; size < 300; size++) {
            unsigned char *bytes = arena_new(arena, size);
            assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(bytes[i], 0);
            memset(bytes, 0xAB, size);
        }
        arena_reset(arena);
    }
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    SCOPED(text_free) struct text text = {0};
    const char raw[] = "a\"b\\c\n\x01\xE2\x80\xA8z\x7F";
    text_add_json(&text, raw, sizeof raw - 1);
    assert_string_equal(text.chars, "\"a\\\"b\\\\c\\n\\u0001\\u2028z\\u007f\"");
    text_clear(&text);
    text_add_json(&text, "", 0);
    assert_string_equal(text.chars, "\"\"");
}

static void members_of_an_object_stand_behind_commas(void **state)
{
    (void)state;
    SCOPED(text_free) struct text text = {0};
    text_add_json_member(&text, "a", "1");
    assert_string_equal(text.chars, "\"a\":\"1\"");
    text_clear(&text);
    text_add(&text, "[{\"n\":7");
    text_add_json_member(&text, "a", "{");
    text_add_json_member(&text, "b", "\"");
    text_add(&text, "},{");
    text_add_json_member(&text, "c", "");
    text_add(&text, "}]");
    assert_string_equal(text.chars, "[{\"n\":7,\"a\":\"{\",\"b\":\"\\\"\"},{\"c\":\"\"}]");
}

static void formatting_adds_as_much_as_it_takes(void **state)
{
    (void)state;
    char expected[1200] = "";
    SCOPED(text_free) struct text text = {0};
    for (int width = 1; width < 150; width += 7) {
        char piece[160];
        snprintf(piece, sizeof piece, "%0*d;", width, width % 10);
        strcat(expected, strlen(expected) + strlen(piece) < sizeof expected ? piece : "");
        if (strlen(expected) > text.length)
            text_format(&text, "%0*d;", width, width % 10);
        assert_string_equal(text.chars, expected);
        assert_int_equal(text.length, strlen(expected));
    }
    text_clear(&text);
    text_add_count(&text, 0);
    text_add_char(&text, ' ');
    text_add_count(&text, UINT64_MAX);
    assert_string_equal(text.chars, "0 18446744073709551615");
    text_fit(&text);
    assert_int_equal(text.capacity, text.length + 1);
    text_add_char(&text, 'x');
    assert_int_equal(text.chars[text.length - 1], 'x');
    assert_int_equal(text.chars[text.length], 0);
}

static void an_error_keeps_its_kind_under_a_prefix(void **state)
{
    (void)state;
    struct error why;
    assert_false(error_set(&why, ERROR_BUSY, "%d waiting", 7));
    error_prefix(&why, "user %s", "u1");
    assert_int_equal(why.kind, ERROR_BUSY);
    assert_string_equal(why.message, "user u1: 7 waiting");
    for (int i = 0; i < ERROR_KINDS; i++) {
        enum error_kind kind;
        assert_true(error_kind_parse(error_kind_name((enum error_kind)i), &kind));
        assert_int_equal(kind, i);
    }
}

static void numbers_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    int64_t i;
    double d;
    assert_true(number_parse_int("-12", &i) && i == -12);
    assert_false(number_parse_int("12x", &i));
    assert_false(number_parse_int("", &i));
    assert_false(number_parse_int(" 1", &i));
    assert_false(number_parse_int("9223372036854775808", &i));
    assert_true(number_parse_double("0.5", &d) && d == 0.5);
    assert_false(number_parse_double("nan", &d));
    assert_false(number_parse_double("1e999", &d));
}

static void uuids_are_valid_distinct_and_sorted_by_age(void **state)
{
    (void)state;
    char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];
    uuid_new(a);
    uuid_new(b);
    assert_true(uuid_is_valid(a));
    assert_int_equal(a[14], '7');
    assert_string_not_equal(a, b);
    assert_true(memcmp(a, b, 13) <= 0);
    assert_false(uuid_is_valid("018f"));
    a[3] = 'G';
    assert_false(uuid_is_valid(a));
}

static void a_uuid_is_the_same_after_it_was_read_and_written(void **state)
{
    (void)state;
    struct uuid uuid;
    char text[UUID_TEXT_SIZE];
    assert_true(uuid_parse("01890a5d-ac96-774b-bcce-b302099a8057", &uuid));
    assert_int_equal(uuid.bytes[0], 0x01);
    assert_int_equal(uuid.bytes[15], 0x57);
    uuid_format(&uuid, text);
    assert_string_equal(text, "01890a5d-ac96-774b-bcce-b302099a8057");
    assert_false(uuid_parse("", &uuid));
    assert_false(uuid_parse("01890a5d-ac96-774b-bcce-b302099a805", &uuid));
    assert_false(uuid_parse("01890a5d-ac96-774b-bcce-b302099a8057a", &uuid));
    assert_false(uuid_parse("01890A5D-ac96-774b-bcce-b302099a8057", &uuid));
    assert_false(uuid_parse("01890a5dac96774bbcceb302099a80570000", &uuid));
}

static void wall_time_is_written_as_rfc3339(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_SIZE];
    clock_format_wall(1795318400007, text);
    assert_string_equal(text, "2026-11-22T03:33:20.007Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_refuses_what_is_beyond_its_cap),
        cmocka_unit_test(arena_memory_is_zeroed_and_aligned_also_after_a_reset),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(members_of_an_object_stand_behind_commas),
        cmocka_unit_test(formatting_adds_as_much_as_it_takes),
        cmocka_unit_test(an_error_keeps_its_kind_under_a_prefix),
        cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(uuids_are_valid_distinct_and_sorted_by_age),
        cmocka_unit_test(a_uuid_is_the_same_after_it_was_read_and_written),
        cmocka_unit_test(wall_time_is_written_as_rfc3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
