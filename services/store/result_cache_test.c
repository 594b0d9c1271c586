#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/clock.h"
#include "redis_for_test.h"
#include "result_cache.h"
#include "threads.h"

enum { ARENA_BYTES = 32 << 20, PATIENCE_MS = 10000, LIFE_S = 100 };

struct desk {
    pid_t redis;
    struct cache *cache;
    struct arena *arena;
};

/* A cache that found nobody rests for a while. */
static void wait_for_redis(struct desk *desk)
{
    struct instant until = instant_plus_ms(clock_now(), PATIENCE_MS);
    struct bytes value;
    do {
        assert_true(instant_is_before(clock_now(), until));
        store_thread_sleep_ms(10);
        cache_keep(desk->cache, "there", (struct bytes){(const uint8_t *)"v", 1}, LIFE_S);
    } while (!cache_find(desk->cache, "there", desk->arena, &value));
}

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    struct cache_place place;
    desk->redis = test_redis_start(&place);
    desk->cache = cache_new(&place);
    desk->arena = arena_open(ARENA_BYTES);
    wait_for_redis(desk);
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    arena_close(&desk->arena);
    cache_free(&desk->cache);
    test_redis_stop(desk->redis);
    free(desk);
    return 0;
}

static ProtobufCBinaryData key_of(struct desk *desk, unsigned number)
{
    ProtobufCBinaryData key = {CACHE_KEY_BYTES, arena_new(desk->arena, CACHE_KEY_BYTES)};
    memcpy(key.data, &number, sizeof number);
    return key;
}

/* `key` 0: it bears none. */
static Tp__PostResult *result_of(struct desk *desk, unsigned key, size_t size_bytes)
{
    Tp__PostResult *result = arena_new(desk->arena, sizeof *result);
    tp__post_result__init(result);
    result->seq = 7000 + key;
    char *json = arena_new(desk->arena, size_bytes + 1);
    memset(json, ' ', size_bytes);
    snprintf(json, size_bytes, "{\"n\":%u}", key);
    result->data_json = (ProtobufCBinaryData){size_bytes, (uint8_t *)json};
    json[strlen(json)] = ' ';
    result->provenance = TP__PROVENANCE__FROM_LLM;
    result->model = "model-1";
    result->prompt_version = "p1";
    result->confidence = 0.5;
    if (key != 0)
        result->cache_key = key_of(desk, key);
    return result;
}

static void keep(struct desk *desk, Tp__PostResult **results, size_t count)
{
    Tp__Outcome outcome = TP__OUTCOME__INIT;
    outcome.n_results = count;
    outcome.results = results;
    const Tp__Outcome *outcomes[] = {&outcome};
    result_cache_keep(desk->cache, outcomes, 1, LIFE_S, desk->arena);
}

/* For the keys `from` up to `from` + `count` - 1; as the asker reads it. */
static const Tp__CacheFound *found_of(struct desk *desk, unsigned from, size_t count)
{
    Tp__CacheFind ask = TP__CACHE_FIND__INIT;
    ask.n_keys = count;
    ask.keys = arena_array(desk->arena, ProtobufCBinaryData, count);
    for (size_t i = 0; i < count; i++)
        ask.keys[i] = key_of(desk, from + (unsigned)i);
    Tp__CacheFound found;
    result_cache_find(desk->cache, &ask, desk->arena, desk->arena, &found);
    const Tp__CacheFound *read;
    struct error why;
    if (!unpack_cache_found(desk->arena, pack_cache_found(desk->arena, &found), &read, &why))
        fail_msg("%s", why.message);
    return read;
}

static void what_bears_a_key_is_found_by_it_and_nothing_else_is(void **state)
{
    struct desk *desk = *state;
    Tp__PostResult *results[] = {result_of(desk, 1, 40), result_of(desk, 0, 40),
                                 result_of(desk, 3, 40)};
    keep(desk, results, 3);
    const Tp__CacheFound *found = found_of(desk, 0, 5);
    assert_int_equal(found->n_results, 2);
    assert_int_equal(found->results[0]->nth, 1);
    assert_int_equal(found->results[1]->nth, 3);
    const Tp__PostResult *third = found->results[1]->result;
    assert_int_equal(third->data_json.len, 40);
    assert_memory_equal(third->data_json.data, results[2]->data_json.data, 40);
    assert_int_equal(third->provenance, TP__PROVENANCE__FROM_LLM);
    assert_string_equal(third->model, "model-1");
    assert_string_equal(third->prompt_version, "p1");
    assert_true(third->confidence == 0.5);
    assert_int_equal(third->seq, 0);
    assert_int_equal(third->cache_key.len, 0);
}

static void a_later_result_replaces_the_one_before(void **state)
{
    struct desk *desk = *state;
    Tp__PostResult *first[] = {result_of(desk, 10, 40)}, *later[] = {result_of(desk, 10, 60)};
    keep(desk, first, 1);
    keep(desk, later, 1);
    const Tp__CacheFound *found = found_of(desk, 10, 1);
    assert_int_equal(found->n_results, 1);
    assert_int_equal(found->results[0]->result->data_json.len, 60);
}

static void a_hundred_of_the_largest_fit_into_one_answer(void **state)
{
    enum { LARGEST = 9600, TOO_LARGE = 9900 };
    struct desk *desk = *state;
    Tp__PostResult *results[CHUNK_MAX_POSTS];
    for (unsigned i = 0; i < CHUNK_MAX_POSTS; i++)
        results[i] = result_of(desk, 100 + i, LARGEST);
    keep(desk, results, CHUNK_MAX_POSTS);
    assert_int_equal(found_of(desk, 100, CHUNK_MAX_POSTS)->n_results, CHUNK_MAX_POSTS);
    Tp__PostResult *large[] = {result_of(desk, 300, TOO_LARGE)};
    keep(desk, large, 1);
    assert_int_equal(found_of(desk, 300, 1)->n_results, 0);
}

static void what_cannot_be_read_is_a_miss(void **state)
{
    struct desk *desk = *state;
    Tp__PostResult *results[] = {result_of(desk, 401, 40)};
    keep(desk, results, 1);
    uint8_t name[8 + CACHE_KEY_BYTES] = "tp:post:";
    memcpy(name + 8, key_of(desk, 400).data, CACHE_KEY_BYTES);
    const struct cache_entry spoilt = {{name, sizeof name}, {(const uint8_t *)"\x08\x01\x12", 3}};
    cache_put_all(desk->cache, &spoilt, 1, LIFE_S);
    struct cache_entry there = {.key = spoilt.key};
    cache_find_all(desk->cache, &there, 1, desk->arena);
    assert_int_equal(there.value.length, 3);
    const Tp__CacheFound *found = found_of(desk, 400, 2);
    assert_int_equal(found->n_results, 1);
    assert_int_equal(found->results[0]->nth, 1);
}

static void without_redis_nothing_is_found_and_nothing_fails(void **state)
{
    struct desk *desk = *state;
    struct desk alone = {.arena = desk->arena, .cache = cache_new(NULL)};
    Tp__PostResult *results[] = {result_of(desk, 500, 40)};
    keep(&alone, results, 1);
    assert_int_equal(found_of(&alone, 500, 1)->n_results, 0);
    cache_free(&alone.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_bears_a_key_is_found_by_it_and_nothing_else_is),
        cmocka_unit_test(a_later_result_replaces_the_one_before),
        cmocka_unit_test(a_hundred_of_the_largest_fit_into_one_answer),
        cmocka_unit_test(what_cannot_be_read_is_a_miss),
        cmocka_unit_test(without_redis_nothing_is_found_and_nothing_fails),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}
