#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/clock.h"
#include "claims.h"
#include "redis_for_test.h"
#include "result_cache.h"
#include "threads.h"

enum { ARENA_BYTES = 32 << 20, PATIENCE_MS = 60000, LIFE_S = 100 };

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

/* ---- claims ---- */

enum { CLAIM_MS = 60000 };

/* What the store answers, as the asker reads it. */
static const Tp__CacheFound *asked_by(struct desk *desk, Tp__CacheFind ask)
{
    Tp__CacheFound found;
    const Tp__CacheFound *read;
    struct error why;
    if (ask.claim_ms == 0)
        ask.claim_ms = CLAIM_MS;
    ask.schema_version = SCHEMA_VERSION;
    const Tp__CacheFind *heard;
    if (!unpack_cache_find(desk->arena, pack_cache_find(desk->arena, &ask), &heard, &why))
        fail_msg("%s", why.message);
    result_cache_find(desk->cache, heard, desk->arena, desk->arena, &found);
    if (!unpack_cache_found(desk->arena, pack_cache_found(desk->arena, &found), &read, &why))
        fail_msg("%s", why.message);
    return read;
}

static ProtobufCBinaryData *keys_of(struct desk *desk, unsigned from, size_t count)
{
    ProtobufCBinaryData *keys = arena_array(desk->arena, ProtobufCBinaryData, count);
    for (size_t i = 0; i < count; i++)
        keys[i] = key_of(desk, from + (unsigned)i);
    return keys;
}

static const Tp__CacheFound *claim(struct desk *desk, const char *claimant, unsigned from,
                                   size_t count)
{
    Tp__CacheFind ask = TP__CACHE_FIND__INIT;
    ask.claimant = claimant;
    ask.n_keys = count;
    ask.keys = keys_of(desk, from, count);
    return asked_by(desk, ask);
}

static const Tp__CacheFound *watch(struct desk *desk, const char *claimant, unsigned key)
{
    Tp__CacheFind ask = TP__CACHE_FIND__INIT;
    ask.claimant = claimant;
    ask.n_watched = 1;
    ask.watched = keys_of(desk, key, 1);
    return asked_by(desk, ask);
}

static void release(struct desk *desk, const char *claimant, unsigned key)
{
    Tp__CacheFind ask = TP__CACHE_FIND__INIT;
    ask.claimant = claimant;
    ask.n_released = 1;
    ask.released = keys_of(desk, key, 1);
    asked_by(desk, ask);
}

/* Redis's own word on it. */
static int64_t life_of(struct desk *desk, const char *prefix, struct bytes rest)
{
    const struct cache_script life = {"life", "return {redis.call('PTTL', KEYS[1])}", NULL, 0};
    char name[64];
    size_t length = strlen(prefix);
    memcpy(name, prefix, length);
    memcpy(name + length, rest.at, rest.length);
    const struct bytes key = {(const uint8_t *)name, length + rest.length};
    int64_t life_ms;
    assert_true(cache_run(desk->cache, &life, &key, 1, &life_ms, desk->arena));
    return life_ms;
}

static int64_t claim_life_of(struct desk *desk, unsigned key)
{
    return life_of(desk, "tp:post:", (struct bytes){key_of(desk, key).data, CACHE_KEY_BYTES});
}

/* As if its life had ended. */
static void forget(struct desk *desk, const char *prefix, const void *rest, size_t length)
{
    char name[64];
    memcpy(name, prefix, strlen(prefix));
    memcpy(name + strlen(prefix), rest, length);
    const struct bytes key = {(const uint8_t *)name, strlen(prefix) + length};
    cache_remove_all(desk->cache, &key, 1, desk->arena);
}

/* Rules 1 and 3. */
static void the_first_claims_the_others_hear_of_it_and_who_watches_claims_nothing(void **state)
{
    struct desk *desk = *state;
    Tp__PostResult *results[] = {result_of(desk, 601, 40)};
    keep(desk, results, 1);
    const Tp__CacheFound *found = claim(desk, "a", 600, 3);
    assert_int_equal(found->n_results, 1);
    assert_int_equal(found->n_flying, 0);
    assert_int_equal(found->n_claimed, 2);
    assert_int_equal(found->claimed[0], 0);
    assert_int_equal(found->claimed[1], 2);

    found = claim(desk, "b", 599, 5); /* 599 to 603 */
    assert_int_equal(found->n_results, 1);
    assert_int_equal(found->n_flying, 2);
    assert_int_equal(found->flying[0], 1);
    assert_int_equal(found->flying[1], 3);
    assert_int_equal(found->n_claimed, 2);
    assert_int_equal(found->claimed[0], 0);
    assert_int_equal(found->claimed[1], 4);

    found = claim(desk, "a", 600, 3); /* its own, of before */
    assert_int_equal(found->n_flying + found->n_claimed, 0);
    assert_int_equal(watch(desk, "c", 610)->n_claimed, 0);
    assert_int_equal(claim(desk, "a", 610, 1)->n_claimed, 1);
    assert_int_equal(watch(desk, "c", 610)->n_flying, 1);
    assert_int_equal(found_of(desk, 600, 1)->n_flying, 0); /* an older asker */
}

/* Rule 2. */
static void a_claim_ends_when_its_result_is_kept(void **state)
{
    struct desk *desk = *state;
    claim(desk, "a", 620, 2);
    Tp__PostResult *results[] = {result_of(desk, 620, 40), result_of(desk, 621, 20000)};
    keep(desk, results, 2); /* the second one is too large to be kept */
    const Tp__CacheFound *found = claim(desk, "b", 620, 2);
    assert_int_equal(found->n_results, 1);
    assert_int_equal(found->n_flying, 0);
    assert_int_equal(found->n_claimed, 1);
    assert_int_equal(found->claimed[0], 1);
}

/* Rule 2. */
static void a_claim_is_released_by_its_claimant_alone(void **state)
{
    struct desk *desk = *state;
    claim(desk, "a", 630, 1);
    release(desk, "b", 630);
    assert_int_equal(watch(desk, "b", 630)->n_flying, 1);
    release(desk, "a", 630);
    assert_int_equal(watch(desk, "b", 630)->n_flying, 0);
    assert_int_equal(claim(desk, "b", 630, 1)->n_claimed, 1);
}

/* Rule 2. */
static void a_claim_has_the_life_that_it_was_given(void **state)
{
    struct desk *desk = *state;
    claim(desk, "a", 640, 1);
    assert_in_range(claim_life_of(desk, 640), CLAIM_MS / 2, CLAIM_MS);
    forget(desk, "tp:post:", key_of(desk, 640).data, CACHE_KEY_BYTES);
    assert_int_equal(claim(desk, "b", 640, 1)->n_claimed, 1);
}

/* Rule 2. */
static void the_claims_of_who_is_heard_no_more_hold_no_more(void **state)
{
    struct desk *desk = *state;
    claim(desk, "silent", 650, 1);
    assert_in_range(life_of(desk, "tp:heard:", (struct bytes){(const uint8_t *)"silent", 6}), 1,
                    CLAIMANT_HEARD_MS);
    forget(desk, "tp:heard:", "silent", 6);
    assert_int_equal(watch(desk, "b", 650)->n_flying, 0);
    assert_int_equal(claim(desk, "b", 650, 1)->n_claimed, 1);
    assert_int_equal(claim(desk, "silent", 650, 1)->n_flying, 1);
}

/* Rule 2. */
static void a_question_for_nothing_is_a_sign_of_life_and_the_last_one_a_farewell(void **state)
{
    struct desk *desk = *state;
    claim(desk, "a", 660, 1);
    forget(desk, "tp:heard:", "a", 1);
    Tp__CacheFind ask = TP__CACHE_FIND__INIT;
    ask.claimant = "a";
    asked_by(desk, ask);
    assert_int_equal(watch(desk, "b", 660)->n_flying, 1);
    ask.schema_version = SCHEMA_VERSION;
    Tp__CacheFound found;
    result_cache_find(desk->cache, &ask, desk->arena, desk->arena, &found);
    assert_int_equal(watch(desk, "b", 660)->n_flying, 0);
}

static struct cache_entry entry_of(struct desk *desk, unsigned key, const char *seen)
{
    uint8_t *name = arena_new(desk->arena, 8 + CACHE_KEY_BYTES);
    memcpy(name, "tp:post:", 8);
    memcpy(name + 8, key_of(desk, key).data, CACHE_KEY_BYTES);
    struct cache_entry entry = {.key = {name, 8 + CACHE_KEY_BYTES}};
    if (seen != NULL)
        entry.value = (struct bytes){(const uint8_t *)seen, strlen(seen)};
    return entry;
}

/* Between the look-up and the claim, as a commit or another's question may be. */
static void what_has_come_meanwhile_is_not_claimed(void **state)
{
    struct desk *desk = *state;
    Tp__PostResult *results[] = {result_of(desk, 670, 40), result_of(desk, 671, 40)};
    keep(desk, results, 2);
    claim(desk, "b", 672, 1);
    Tp__CacheFind ask = TP__CACHE_FIND__INIT;
    ask.claimant = "a";
    ask.claim_ms = CLAIM_MS;
    ask.n_keys = 5;
    ask.keys = keys_of(desk, 670, 5);
    struct cache_entry seen[] = {entry_of(desk, 670, NULL), entry_of(desk, 671, "?b"),
                                 entry_of(desk, 672, NULL), entry_of(desk, 673, "?b"),
                                 entry_of(desk, 674, NULL)};
    enum claim_state states[5];
    claims_make(desk->cache, &ask, seen, states, desk->arena);
    assert_int_equal(states[0], CLAIM_NONE); /* its result is there */
    assert_non_null(seen[0].value.at);
    assert_false(claims_is_mark(seen[0].value));
    assert_int_equal(states[1], CLAIM_FLIES); /* its result will be found when it is looked for */
    assert_int_equal(states[2], CLAIM_FLIES);
    assert_int_equal(states[3], CLAIM_MADE); /* it was released */
    assert_int_equal(states[4], CLAIM_MADE);
}

/* The failed call of one post and the question for the next may go together. */
static void what_is_released_may_be_claimed_by_the_same_question(void **state)
{
    struct desk *desk = *state;
    claim(desk, "a", 685, 1);
    Tp__CacheFind ask = TP__CACHE_FIND__INIT;
    ask.claimant = "a";
    ask.n_keys = ask.n_released = 1;
    ask.keys = ask.released = keys_of(desk, 685, 1);
    assert_int_equal(asked_by(desk, ask)->n_claimed, 1);
    assert_int_equal(watch(desk, "b", 685)->n_flying, 1);
}

/* Rule 4. */
static void without_redis_nothing_is_claimed_and_nothing_flies(void **state)
{
    struct desk *desk = *state;
    struct desk alone = {.arena = desk->arena, .cache = cache_new(NULL)};
    release(&alone, "a", 680);
    const Tp__CacheFound *found = claim(&alone, "a", 680, 2);
    assert_int_equal(found->n_claimed + found->n_flying + found->n_results, 0);
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
        cmocka_unit_test(the_first_claims_the_others_hear_of_it_and_who_watches_claims_nothing),
        cmocka_unit_test(a_claim_ends_when_its_result_is_kept),
        cmocka_unit_test(a_claim_is_released_by_its_claimant_alone),
        cmocka_unit_test(a_claim_has_the_life_that_it_was_given),
        cmocka_unit_test(the_claims_of_who_is_heard_no_more_hold_no_more),
        cmocka_unit_test(a_question_for_nothing_is_a_sign_of_life_and_the_last_one_a_farewell),
        cmocka_unit_test(what_has_come_meanwhile_is_not_claimed),
        cmocka_unit_test(what_is_released_may_be_claimed_by_the_same_question),
        cmocka_unit_test(without_redis_nothing_is_claimed_and_nothing_flies),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}
