#include "reuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROOMY = 10000 };

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(16 << 20);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static Tp__PostResult known_of(const char *json)
{
    Tp__PostResult known = TP__POST_RESULT__INIT;
    known.seq = 3;
    known.data_json.data = (uint8_t *)arena_string(arena, json);
    known.data_json.len = strlen(json);
    known.provenance = TP__PROVENANCE__FROM_LLM;
    known.model = "m";
    known.prompt_version = "p";
    known.confidence = 0.75;
    known.cache_key = known.data_json;
    return known;
}

static Tp__Post post_of(const char *text)
{
    Tp__Post post = TP__POST__INIT;
    post.seq = 8;
    post.text.data = (uint8_t *)arena_string(arena, text);
    post.text.len = strlen(text);
    return post;
}

/* The JSON for the text, or NULL. */
static const char *reused(const char *json, const char *text)
{
    Tp__PostResult known = known_of(json), *result;
    Tp__Post post = post_of(text);
    if (!reuse(&known, &post, ROOMY, arena, &result))
        return NULL;
    return arena_bytes(arena, result->data_json.data, result->data_json.len);
}

static void entities_are_found_where_they_stand_in_the_other_text(void **state)
{
    (void)state;
    assert_string_equal(
        reused("{\"a\":\"entities\",\"b\":{\"entities\":{}},\"entities\":{\"hashtags\":[{\"text\":"
               "\"x\",\"indices\":[0,2]}],\"names\":[{\"text\":\"Oslo\",\"type\":\"place\","
               "\"indices\":[3,7]},{\"text\":\"Rome\",\"type\":\"place\"}]},\"score\":0.125}",
               "#x  \xC3\xA9 Oslo"),
        "{\"a\":\"entities\",\"b\":{\"entities\":{}},\"entities\":{\"hashtags\":[{\"text\":\"x\","
        "\"indices\":[0,2]}],\"mentions\":[],\"cashtags\":[],\"urls\":[],\"names\":[{\"text\":"
        "\"Oslo\",\"type\":\"place\",\"indices\":[6,10]}]},\"score\":0.125}");
}

static void for_the_very_same_text_all_of_it_stays(void **state)
{
    (void)state;
    static const char json[] = "{\"entities\":{\"hashtags\":[{\"text\":\"x\",\"indices\":[0,2]}]}}";
    Tp__PostResult known = known_of(json), *same, *other;
    Tp__Post post = post_of("a  #y");
    known.text_hash = reuse_text_hash("a  #y", 5);
    assert_true(reuse(&known, &post, ROOMY, arena, &same));
    assert_int_equal(same->data_json.len, strlen(json));
    assert_memory_equal(same->data_json.data, json, strlen(json));
    assert_true(same->text_hash == known.text_hash);
    post = post_of("a #y");
    assert_true(reuse(same, &post, ROOMY, arena, &other));
    assert_non_null(strstr(arena_bytes(arena, other->data_json.data, other->data_json.len),
                           "\"indices\":[2,4]"));
}

static void all_the_rest_stays(void **state)
{
    (void)state;
    static const char json[] = "{ \"n\" : 1.2500, \"t\":\"a\\\"}{\\u00e9\\\\\",\"l\":[{\"q\":1}] }";
    assert_string_equal(reused(json, "anything #at all"), json);
    assert_string_equal(
        reused("{ \"t\":\"{\\\"\", \"n\":0.1, \"entities\" : {\"x\":\"}\"} , \"z\":[-0.125]}", "a"),
        "{\"t\":\"{\\\"\",\"n\":0.1,\"entities\":{\"hashtags\":[],\"mentions\":[],\"cashtags\":[],"
        "\"urls\":[],\"names\":[]},\"z\":[-0.125]}");
}

static void it_says_where_it_comes_from_and_whose_it_is(void **state)
{
    (void)state;
    Tp__PostResult known = known_of("{}"), *result;
    Tp__Post post = post_of("a");
    assert_true(reuse(&known, &post, ROOMY, arena, &result));
    assert_int_equal(result->seq, 8);
    assert_int_equal(result->provenance, TP__PROVENANCE__FROM_CACHE);
    assert_string_equal(result->model, "m");
    assert_string_equal(result->prompt_version, "p");
    assert_true(result->confidence == 0.75);
    assert_int_equal(result->cache_key.len, 0);
    known.provenance = TP__PROVENANCE__FROM_REPAIR;
    assert_true(reuse(&known, &post, ROOMY, arena, &result));
    assert_int_equal(result->provenance, TP__PROVENANCE__FROM_REPAIR);
}

static void what_is_no_object_or_too_long_is_not_used(void **state)
{
    (void)state;
    assert_null(reused("[1]", "a"));
    assert_null(reused("{\"entities\":{\"names\":[", "a"));
    assert_null(reused("", "a"));
    Tp__PostResult known = known_of("{\"k\":\"0123456789\"}"), *result;
    Tp__Post post = post_of("a");
    assert_false(reuse(&known, &post, known.data_json.len - 1, arena, &result));
    assert_true(reuse(&known, &post, known.data_json.len, arena, &result));
}

static void names_of_odd_shapes_are_left_out(void **state)
{
    (void)state;
    const char *json = reused("{\"entities\":{\"names\":[1,{},{\"text\":5},{\"text\":\"a\"},"
                              "{\"text\":\"a\",\"type\":\"planet\"},{\"text\":\"\",\"type\":"
                              "\"person\"}]}}",
                              "a b");
    assert_non_null(json);
    assert_non_null(strstr(json, "\"names\":[]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entities_are_found_where_they_stand_in_the_other_text),
        cmocka_unit_test(for_the_very_same_text_all_of_it_stays),
        cmocka_unit_test(all_the_rest_stays),
        cmocka_unit_test(it_says_where_it_comes_from_and_whose_it_is),
        cmocka_unit_test(what_is_no_object_or_too_long_is_not_used),
        cmocka_unit_test(names_of_odd_shapes_are_left_out),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
