#include "usage_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "cursor.h"

static void a_time_is_a_day_or_a_time_of_it(void **state)
{
    (void)state;
    int64_t ms;
    assert_true(usage_time_parse("2026-07-01", &ms));
    assert_int_equal(ms, INT64_C(1782864000000));
    assert_true(usage_time_parse("2026-07-01T12:30:05Z", &ms));
    assert_int_equal(ms, INT64_C(1782909005000));
    assert_true(usage_time_parse("1970-01-01", &ms));
    assert_int_equal(ms, 0);
    assert_true(usage_time_parse("2028-02-29", &ms));
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "yesterday",
                                      "2026-02-29",
                                      "2026-13-01",
                                      "2026-07-01T12:30:05",
                                      "2026-07-01T25:00:00Z",
                                      "2026-07-01 12:00:00Z",
                                      "1969-12-31",
                                      "2200-01-01",
                                      "2026-07-01T12:30:05Z ",
                                      "2026-07"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms;
        assert_false(usage_time_parse(bad[i], &ms));
    }
}

static void groups_have_names_both_ways(void **state)
{
    (void)state;
    for (int i = TP__USAGE_GROUP__USAGE_BY_TENANT; i <= TP__USAGE_GROUP__USAGE_BY_HOUR; i++) {
        Tp__UsageGroup group;
        assert_true(usage_group_parse(usage_group_name((Tp__UsageGroup)i), &group));
        assert_int_equal(group, i);
    }
    Tp__UsageGroup group;
    assert_false(usage_group_parse("weekday", &group));
}

static void a_row_is_named_after_its_group(void **state)
{
    (void)state;
    Tp__UsageRow row = TP__USAGE_ROW__INIT;
    row.key = "a \"b\"";
    row.calls = 3;
    row.micros = 1234567;
    row.posts_from_cache = 4;
    SCOPED(text_free) struct text out = {0};
    view_usage_row(&row, TP__USAGE_GROUP__USAGE_BY_USER, &out);
    assert_string_equal(out.chars,
                        "{\"user\":\"a \\\"b\\\"\",\"llm_calls\":3,\"unknown_calls\":0,"
                        "\"prompt_tokens\":0,\"completion_tokens\":0,\"usd\":1.234567,"
                        "\"posts\":{\"llm\":0,\"cache\":4,\"near_duplicate\":0,\"repaired\":0,"
                        "\"embedded\":0}}");
    static const struct {
        Tp__UsageGroup group;
        const char *key, *shown;
    } cases[] = {
        {TP__USAGE_GROUP__USAGE_BY_CLASS, "3", "{\"class\":\"standard\","},
        {TP__USAGE_GROUP__USAGE_BY_HOUR, "2026-07-01T12", "{\"hour\":\"2026-07-01T12:00:00Z\","},
        {TP__USAGE_GROUP__USAGE_BY_ENDPOINT, "", "{\"endpoint\":null,"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_clear(&out);
        row.key = cases[i].key;
        view_usage_row(&row, cases[i].group, &out);
        assert_memory_equal(out.chars, cases[i].shown, strlen(cases[i].shown));
    }
}

static void a_chunk_tells_what_became_of_it_and_what_its_calls_used(void **state)
{
    (void)state;
    Tp__ChunkRow row = TP__CHUNK_ROW__INIT;
    row.chunk_number = 3;
    row.status = TP__CHUNK_STATUS__IN_FLIGHT;
    row.endpoint = "main";
    row.attempts = 2;
    row.llm_calls = 1;
    row.prompt_tokens = 100;
    row.micros = 27;
    SCOPED(text_free) struct text out = {0};
    view_chunk(&row, &out);
    assert_string_equal(out.chars,
                        "{\"number\":3,\"state\":\"in_flight\",\"open_posts\":0,\"attempts\":2,"
                        "\"tries\":0,\"depth\":0,\"endpoint\":\"main\",\"call_ms\":0,\"usage\":{"
                        "\"prompt_tokens\":100,\"completion_tokens\":0,\"llm_calls\":1,"
                        "\"usd\":0.000027}}");
}

static void a_cursor_of_any_key_comes_back_and_others_are_refused(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 16);
    static const char *const keys[] = {"", "ann", "bj\xC3\xB6rn &=?", "2026-07-01"};
    const char *key;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_true(cursor_read_key(cursor_of_key(keys[i], arena), arena, &key));
        assert_string_equal(key, keys[i]);
    }
    static const char *const bad[] = {"", "k1", "kzz", "k00", "s12", "kC3", "kc3", "k616"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(cursor_read_key(bad[i], arena, &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_a_day_or_a_time_of_it),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(groups_have_names_both_ways),
        cmocka_unit_test(a_chunk_tells_what_became_of_it_and_what_its_calls_used),
        cmocka_unit_test(a_cursor_of_any_key_comes_back_and_others_are_refused),
        cmocka_unit_test(a_row_is_named_after_its_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
