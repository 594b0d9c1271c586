#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/clock.h"
#include "cache.h"
#include "redis_for_test.h"

static void an_url_says_where_redis_is(void **state)
{
    (void)state;
    struct cache_place place;
    struct error why;
    assert_true(cache_parse_url("redis://127.0.0.1:6380/2", &place, &why));
    assert_string_equal(place.host, "127.0.0.1");
    assert_int_equal(place.port, 6380);
    assert_int_equal(place.database, 2);
    assert_true(cache_parse_url("redis://:s@cr:et@cache", &place, &why));
    assert_string_equal(place.host, "cache");
    assert_string_equal(place.password, "s@cr:et");
    assert_int_equal(place.port, 6379);
    assert_int_equal(place.database, 0);
    assert_true(cache_parse_url("redis://user:pw@cache/", &place, &why));
    assert_string_equal(place.password, "pw");
}

static void a_wrong_url_is_refused_without_telling_the_password(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "127.0.0.1",
        "rediss://x",
        "redis://",
        "redis://:6",
        "redis://h:0",
        "redis://h:99999",
        "redis://h/x",
        "redis://h/-1",
        "redis://:hush@h:x/",
        "redis://:hush@/0",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cache_place place;
        struct error why;
        assert_false(cache_parse_url(wrong[i], &place, &why));
        assert_int_equal(why.kind, ERROR_INVALID);
        assert_null(strstr(why.message, "hush"));
    }
}

static void without_redis_everything_misses_quickly(void **state)
{
    (void)state;
    enum { TIMEOUT_MS = 50, OPERATIONS = 2000 };
    const struct cache_place nowhere = {.host = "127.0.0.1", .port = 1, .timeout_ms = TIMEOUT_MS};
    SCOPED(arena_close) struct arena *arena = arena_open(1000);
    struct bytes value = {0};
    SCOPED(cache_free) struct cache *none = cache_new(NULL);
    assert_false(cache_find(none, "k", arena, &value));
    SCOPED(cache_free) struct cache *away = cache_new(&nowhere);
    struct instant began = clock_now();
    for (int i = 0; i < OPERATIONS / 2; i++) {
        assert_false(cache_find(away, "k", arena, &value));
        cache_keep(away, "k", (struct bytes){(const uint8_t *)"v", 1}, 10);
    }
    assert_true(instant_ms_between(began, clock_now()) < OPERATIONS * TIMEOUT_MS / 10);
}

/* ---- with a Redis of the test's own ---- */

/* Keeps and finds until that works: a cache that found nobody rests for a while. */
static bool finds_within(struct cache *cache, int64_t limit_ms)
{
    struct instant until = instant_plus_ms(clock_now(), limit_ms);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    while (instant_is_before(clock_now(), until)) {
        struct bytes value;
        cache_keep(cache, "k", (struct bytes){(const uint8_t *)"a\0b", 3}, 10);
        if (cache_find(cache, "k", arena, &value))
            return value.length == 3 && memcmp(value.at, "a\0b", 3) == 0;
        const struct timespec pause = {.tv_nsec = 20000000};
        nanosleep(&pause, NULL);
    }
    return false;
}

static void what_was_kept_is_found_and_a_frozen_redis_costs_one_timeout(void **state)
{
    (void)state;
    enum { PATIENCE_MS = 60000, TIMEOUT_MS = 400, LOOKS = 100 };
    struct cache_place place;
    pid_t redis = test_redis_start(&place);
    place.timeout_ms = TIMEOUT_MS;
    place.database = 3;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    SCOPED(cache_free) struct cache *cache = cache_new(&place);
    bool was_found = finds_within(cache, PATIENCE_MS);
    struct bytes value;
    bool is_missed = !cache_find(cache, "nothing", arena, &value);
    kill(redis, SIGSTOP);
    waitid(P_PID, (id_t)redis, &(siginfo_t){0}, WSTOPPED);
    struct instant began = clock_now();
    for (int i = 0; i < LOOKS; i++)
        is_missed = is_missed && !cache_find(cache, "k", arena, &value);
    int64_t took_ms = instant_ms_between(began, clock_now());
    kill(redis, SIGCONT);
    bool came_back = finds_within(cache, PATIENCE_MS);
    test_redis_stop(redis);
    assert_true(was_found);
    assert_true(is_missed);
    assert_in_range(took_ms, TIMEOUT_MS - 10, LOOKS * TIMEOUT_MS / 4);
    assert_true(came_back);
}

static void what_was_dropped_is_gone_and_not_kept_again_by_who_read_before(void **state)
{
    (void)state;
    enum { PATIENCE_MS = 60000 };
    struct cache_place place;
    pid_t redis = test_redis_start(&place);
    SCOPED(cache_free) struct cache *cache = cache_new(&place);
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct bytes value;
    bool was_kept = finds_within(cache, PATIENCE_MS);
    cache_drop(cache, "k");
    bool is_gone = !cache_find(cache, "k", arena, &value);
    cache_keep(cache, "k", (struct bytes){(const uint8_t *)"stale", 5}, 10);
    bool stays_gone = !cache_find(cache, "k", arena, &value);
    cache_keep(cache, "other", (struct bytes){(const uint8_t *)"v", 1}, 10);
    bool others_stay = cache_find(cache, "other", arena, &value);
    test_redis_stop(redis);
    assert_true(was_kept);
    assert_true(is_gone);
    assert_true(stays_gone);
    assert_true(others_stay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_url_says_where_redis_is),
        cmocka_unit_test(a_wrong_url_is_refused_without_telling_the_password),
        cmocka_unit_test(without_redis_everything_misses_quickly),
        cmocka_unit_test(what_was_dropped_is_gone_and_not_kept_again_by_who_read_before),
        cmocka_unit_test(what_was_kept_is_found_and_a_frozen_redis_costs_one_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
