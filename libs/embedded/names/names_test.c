#include "names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { POST_ARENA_BYTES = 4 << 20 };

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(POST_ARENA_BYTES);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static struct entities names_of(const char *text)
{
    arena_reset(arena);
    struct tokens tokens = tokens_cut((struct piece){text, strlen(text)}, arena);
    return names_find(&tokens, language_find(&tokens), arena);
}

static void assert_only(const char *text, const char *name, uint32_t start, enum name_type type)
{
    struct entities names = names_of(text);
    assert_int_equal(names.count, 1);
    const struct entity *found = &names.items[0];
    assert_int_equal(found->text.length, strlen(name));
    assert_memory_equal(found->text.at, name, strlen(name));
    assert_int_equal(found->start, start);
    assert_int_equal(found->type, type);
}

static void marks_around_a_name_are_none_of_it(void **state)
{
    (void)state;
    assert_only("happy birthday to Sarah!!! love you", "Sarah", 18, NAME_PERSON);
    assert_only("we moved (to Toronto), finally", "Toronto", 13, NAME_PLACE);
}

static void a_possessive_is_none_of_the_name(void **state)
{
    (void)state;
    assert_only("that is Angela Merkel's new office", "Angela Merkel", 8, NAME_PERSON);
    assert_only("that is Angela Merkel\xE2\x80\x99s new office", "Angela Merkel", 8, NAME_PERSON);
    assert_only("that is Angela Merkel&#39;s new office", "Angela Merkel", 8, NAME_PERSON);
    assert_only("that is Angela Merkel&apos;s new office", "Angela Merkel", 8, NAME_PERSON);
    struct entities two = names_of("I read that Elon Musk's Tesla is moving to Berlin");
    assert_true(two.count >= 2);
    assert_int_equal(two.items[0].text.length, strlen("Elon Musk"));
}

static void names_beside_an_and_are_two_where_nothing_was_learnt(void **state)
{
    (void)state;
    struct entities names = names_of("K\u00F6ln und D\u00FCsseldorf sind sch\u00F6ne St\u00E4dte");
    assert_int_equal(names.count, 2);
    assert_int_equal(names.items[0].end, 4);
    assert_int_equal(names.items[1].start, 9);
    names = names_of("Roma e Milano sono belle");
    assert_int_equal(names.count, 2);
    assert_int_equal(names.items[1].start, 7);
}

static void places_are_counted_in_code_points(void **state)
{
    (void)state;
    assert_only("\xF0\x9F\x98\x80 caf\xC3\xA9 in London", "London", 10, NAME_PLACE);
}

static void known_names_need_no_capital(void **state)
{
    (void)state;
    assert_only("i love taylor swift so much omg", "taylor swift", 7, NAME_PERSON);
}

static void points_of_an_abbreviation_belong_to_it(void **state)
{
    (void)state;
    assert_only("she left the U.S. last year", "U.S.", 13, NAME_PLACE);
}

static void german_nouns_are_no_names(void **state)
{
    (void)state;
    assert_only("Heute war ich mit Angela Merkel in der K\xC3\xBC"
                "che und der Hund schlief",
                "Angela Merkel", 18, NAME_PERSON);
}

static void headlines_and_small_talk_have_none(void **state)
{
    (void)state;
    assert_int_equal(names_of("The Weather Is Nice Today Isn't It").count, 0);
    assert_int_equal(names_of("Morning all. Coffee first, then work.").count, 0);
    assert_int_equal(names_of("").count, 0);
}

static void each_hashtag_is_a_name_of_its_own(void **state)
{
    (void)state;
    struct entities names = names_of("Is it doomsday today? #Gaza #Libya #Iraq #Syria");
    assert_int_equal(names.count, 4);
    assert_int_equal(names.items[1].start, 28);
    assert_int_equal(names.items[1].end, 34);
    assert_int_equal(names.items[3].type, NAME_PLACE);
}

static void no_post_has_more_names_than_are_told(void **state)
{
    (void)state;
    char text[8192] = "";
    while (strlen(text) + 16 < sizeof text)
        strcat(text, "Paris. London, ");
    assert_int_equal(names_of(text).count, MAX_NAMES);
    memset(text, 'A', sizeof text - 1); /* one run, longer than is looked at as a whole */
    for (size_t i = 1; i < sizeof text - 1; i += 2)
        text[i] = ' ';
    assert_true(names_of(text).count <= MAX_NAMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_around_a_name_are_none_of_it),
        cmocka_unit_test(a_possessive_is_none_of_the_name),
        cmocka_unit_test(names_beside_an_and_are_two_where_nothing_was_learnt),
        cmocka_unit_test(places_are_counted_in_code_points),
        cmocka_unit_test(known_names_need_no_capital),
        cmocka_unit_test(points_of_an_abbreviation_belong_to_it),
        cmocka_unit_test(german_nouns_are_no_names),
        cmocka_unit_test(headlines_and_small_talk_have_none),
        cmocka_unit_test(each_hashtag_is_a_name_of_its_own),
        cmocka_unit_test(no_post_has_more_names_than_are_told),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
