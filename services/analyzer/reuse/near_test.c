/* Each rule of near.h by its number, and what near_text.h lets through: nothing wrong. */
#include "near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "near_pairs_for_test.h"
#include "near_posts_for_test.h"
#include "json/json.h"

enum { ROOM = 64 << 20, SMALL_ROOM = 200 * 1000 };

static const uint8_t SCOPE[CACHE_KEY_BYTES] = {7};
static struct near *near;
static struct arena *arena;

static void open_near_of(size_t bytes)
{
    near = near_new(bytes);
    arena = arena_open(4 << 20);
}

static int open_near(void **state)
{
    (void)state;
    open_near_of(ROOM);
    return 0;
}

static int close_near(void **state)
{
    (void)state;
    near_free(&near);
    arena_close(&arena);
    return 0;
}

static void forget_all(void)
{
    near_free(&near);
    near = near_new(ROOM);
}

static bool read_text(const char *text, struct near_text *read)
{
    arena_reset(arena);
    return near_text_read((struct piece){text, strlen(text)}, arena, read);
}

static const uint8_t *key_of(uint32_t number)
{
    static uint8_t key[CACHE_KEY_BYTES];
    memcpy(key, &number, sizeof number);
    return key;
}

static void keep(const char *text, uint32_t number)
{
    struct near_text read;
    assert_true(read_text(text, &read));
    near_keep(near, SCOPE, &read, key_of(number));
}

enum { NOBODY = UINT16_MAX };

/* The number of the post's source, or NOBODY. */
static uint32_t source_of(const char *text)
{
    struct near_text read;
    if (!read_text(text, &read))
        return NOBODY;
    const uint8_t *key = near_find(near, SCOPE, &read);
    uint32_t number = NOBODY;
    if (key != NULL)
        memcpy(&number, key, sizeof number);
    return number;
}

/* ---- pairs ---- */

static void copies_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SAME / sizeof SAME[0]; i++) {
        forget_all();
        keep(SAME[i].a, 1);
        if (source_of(SAME[i].b) != 1)
            fail_msg("no copy: %s | %s", SAME[i].a, SAME[i].b);
    }
}

static void must_not_stand_for(const char *source, const char *text)
{
    forget_all();
    keep(source, 1);
    assert_int_equal(source_of(source), 1);
    if (source_of(text) != NOBODY)
        fail_msg("a wrong hit: %s | %s", source, text);
}

static void nothing_that_only_looks_the_same_is_found(void **state)
{
    (void)state;
    size_t count = sizeof DIFFERENT / sizeof DIFFERENT[0];
    assert_true(count >= 60);
    for (size_t i = 0; i < count; i++) {
        must_not_stand_for(DIFFERENT[i].a, DIFFERENT[i].b);
        must_not_stand_for(DIFFERENT[i].b, DIFFERENT[i].a);
    }
    printf("%zu pairs that look the same, both ways: 0 wrong hits\n", count);
}

static void a_short_text_may_say_most_by_its_link(void **state)
{
    (void)state;
    struct near_text read;
    assert_false(read_text("Look at that https://t.co/a", &read));
    assert_false(read_text("", &read));
    assert_false(read_text("RT @name: https://t.co/a", &read));
}

static void what_is_no_utf_8_or_too_long_is_not_read(void **state)
{
    (void)state;
    struct near_text read;
    assert_false(read_text("the new ferry to the island is \xC3( wonderful", &read));
    static char text[NEAR_TEXT_MAX_BYTES + 2];
    memset(text, 'x', NEAR_TEXT_MAX_BYTES);
    assert_true(read_text(text, &read));
    text[NEAR_TEXT_MAX_BYTES] = 'x';
    assert_false(read_text(text, &read));
}

/* ---- rules of near.h ---- */

#define LONG_TEXT "the river rose by two metres over night and the market square is under water"

static void rule_1_another_scope_is_another_question(void **state)
{
    (void)state;
    static const uint8_t other[CACHE_KEY_BYTES] = {8};
    struct near_text read;
    keep(LONG_TEXT, 1);
    assert_true(read_text(LONG_TEXT, &read));
    assert_non_null(near_find(near, SCOPE, &read));
    assert_null(near_find(near, other, &read));
    assert_true(read_text("RT @a: " LONG_TEXT "\u2026", &read));
    assert_non_null(near_find(near, SCOPE, &read));
    assert_null(near_find(near, other, &read));
}

static void rule_1_the_later_of_two_sources_counts(void **state)
{
    (void)state;
    keep(LONG_TEXT, 1);
    size_t bytes = near_bytes(near);
    keep("RT @a: " LONG_TEXT, 2);
    assert_int_equal(source_of(LONG_TEXT), 2);
    assert_int_equal(near_count(near), 1);
    assert_int_equal(near_bytes(near), bytes);
}

static void rule_2_one_that_was_cut_never_stands_for_a_whole_one(void **state)
{
    (void)state;
    keep("RT @a: " LONG_TEXT " and mo\u2026", 1);
    assert_int_equal(source_of(LONG_TEXT " and more"), NOBODY);
    assert_int_equal(source_of(LONG_TEXT " and mo"), NOBODY);
    assert_int_equal(source_of("RT @b: " LONG_TEXT " and mo\u2026"), 1);
    assert_int_equal(source_of("RT @b: " LONG_TEXT " and\u2026"), NOBODY);
}

static void rule_2_of_two_that_may_have_been_cut_it_is_neither(void **state)
{
    (void)state;
    keep(LONG_TEXT " again", 1);
    assert_int_equal(source_of("RT @a: " LONG_TEXT "\u2026"), 1);
    keep(LONG_TEXT " not", 2);
    assert_int_equal(source_of("RT @a: " LONG_TEXT "\u2026"), NOBODY);
    assert_int_equal(source_of("RT @a: " LONG_TEXT " ag\u2026"), 1);
}

static void rule_4_the_bytes_never_exceed_the_room_and_the_oldest_goes(void **state)
{
    (void)state;
    near_free(&near);
    near = near_new(SMALL_ROOM);
    char text[200], wanted[200];
    snprintf(wanted, sizeof wanted, "2: %.32s", LONG_TEXT);
    for (uint32_t i = 0; i < 3000; i++) {
        snprintf(text, sizeof text, "%u: %.*s", i, (int)(30 + i % 45), LONG_TEXT);
        keep(text, i);
        assert_in_range(near_bytes(near), 1, SMALL_ROOM);
        assert_int_equal(source_of(wanted), i < 2 ? NOBODY : 2);
    }
    assert_true(near_bytes(near) > SMALL_ROOM * 9 / 10);
    snprintf(text, sizeof text, "%u: %.*s", 3, 33, LONG_TEXT);
    assert_int_equal(source_of(text), NOBODY);
}

static void rule_5_a_beginning_of_many_stands_for_none(void **state)
{
    (void)state;
    char text[200];
    for (uint32_t i = 0; i <= NEAR_SAME_BEGINNINGS; i++) {
        snprintf(text, sizeof text, "%.48s%u%s", LONG_TEXT, 100 + i, &LONG_TEXT[48]);
        keep(text, i);
        snprintf(text, sizeof text, "RT @a: %.48s100%.*s\u2026", LONG_TEXT, 25, &LONG_TEXT[48]);
        assert_int_equal(source_of(text), i < NEAR_SAME_BEGINNINGS ? 0 : NOBODY);
    }
}

static void without_room_nothing_is_kept(void **state)
{
    (void)state;
    near_free(&near);
    near = near_new(0);
    keep(LONG_TEXT, 1);
    assert_int_equal(source_of(LONG_TEXT), NOBODY);
    assert_int_equal(near_bytes(near), 0);
}

/* ---- posts by chance ---- */

/* One word becomes another, goes, comes, or changes places with the next. */
static struct post changed(struct post post)
{
    size_t nth = 1 + draw((uint32_t)post.count - 3);
    const char *old = post.words[nth];
    switch (draw(4)) {
    case 0:
        for (size_t i = nth; i + 1 < post.count; i++)
            post.words[i] = post.words[i + 1];
        post.count--;
        break;
    case 1:
        for (size_t i = post.count; i > nth; i--)
            post.words[i] = post.words[i - 1];
        post.words[nth] = WORDS[draw(WORD_COUNT)];
        post.count++;
        break;
    case 2:
        if (old != post.words[nth + 1]) {
            post.words[nth] = post.words[nth + 1];
            post.words[nth + 1] = old;
            break;
        } /* fall through */
    default:
        while (post.words[nth] == old)
            post.words[nth] = WORDS[draw(WORD_COUNT)];
    }
    return post;
}

static void a_post_with_one_word_changed_is_never_found(void **state)
{
    (void)state;
    enum { POSTS = 20000 };
    SCOPED(text_free) struct text text = {0};
    for (uint32_t i = 0; i < POSTS; i++) {
        struct post post = any_post(), other = changed(post);
        keep(written(&post, &text), i % 1000);
        assert_int_equal(source_of(text.chars), i % 1000);
        if (source_of(written(&other, &text)) != NOBODY)
            fail_msg("a wrong hit: %s", text.chars);
    }
    printf("%d posts by chance with one word changed: 0 wrong hits\n", POSTS);
}

#define WITH_NEAR(test) cmocka_unit_test_setup_teardown(test, open_near, close_near)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_NEAR(copies_are_found),
        WITH_NEAR(nothing_that_only_looks_the_same_is_found),
        WITH_NEAR(a_short_text_may_say_most_by_its_link),
        WITH_NEAR(what_is_no_utf_8_or_too_long_is_not_read),
        WITH_NEAR(rule_1_another_scope_is_another_question),
        WITH_NEAR(rule_1_the_later_of_two_sources_counts),
        WITH_NEAR(rule_2_one_that_was_cut_never_stands_for_a_whole_one),
        WITH_NEAR(rule_2_of_two_that_may_have_been_cut_it_is_neither),
        WITH_NEAR(rule_4_the_bytes_never_exceed_the_room_and_the_oldest_goes),
        WITH_NEAR(rule_5_a_beginning_of_many_stands_for_none),
        WITH_NEAR(without_room_nothing_is_kept),
        WITH_NEAR(a_post_with_one_word_changed_is_never_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
