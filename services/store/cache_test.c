#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after the headers that it needs */

#include "base/clock.h"
#include "cache.h"

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
    const struct cache_place nowhere = {.host = "127.0.0.1", .port = 1};
    SCOPED(arena_close)
    struct arena *arena = arena_open(1000);
    struct bytes value = {0};
    SCOPED(cache_free)
    struct cache *none = cache_new(NULL);
    assert_false(cache_find(none, "k", arena, &value));
    SCOPED(cache_free)
    struct cache *away = cache_new(&nowhere);
    struct instant began = clock_now();
    for (int i = 0; i < 1000; i++) {
        assert_false(cache_find(away, "k", arena, &value));
        cache_keep(away, "k", (struct bytes){(const uint8_t *)"v", 1}, 10);
    }
    assert_true(instant_ms_between(began, clock_now()) < 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_url_says_where_redis_is),
        cmocka_unit_test(a_wrong_url_is_refused_without_telling_the_password),
        cmocka_unit_test(without_redis_everything_misses_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
