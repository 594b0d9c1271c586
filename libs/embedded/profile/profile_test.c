#include "embedded/profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "embedded/text/characters.h"
#include "profile_state.h"
#include "speech.h"
#include "stamp.h"
#include "json/json.h"

static struct piece piece_of(const char *chars)
{
    return (struct piece){chars, strlen(chars)};
}

static void add(struct profile *profile, const char *text, const char *created_at)
{
    profile_add(profile,
                &(struct profile_post){.text = piece_of(text), .created_at = piece_of(created_at)});
}

/* Of a gardener with a few things to say, who has not yet put all of them together. */
static struct profile *gardener(void)
{
    static const char *const WHO[] = {"My tomatoes", "The old roses", "Our runner beans"},
                             *const WHAT[] = {"love", "hate", "cannot stand"},
                             *const WHY[] = {"the rain in spring", "this dry summer heat",
                                             "a cold wet night in May"},
                             *const TAGS[] = {"#garden", "#allotment", "#garden #growyourown"};
    struct profile *profile = profile_open(NULL);
    for (int i = 0; i < 81; i++) {
        char text[200];
        if ((i + i / 3 + i / 9) % 3 == 0)
            continue;
        snprintf(text, sizeof text, "%s %s %s! %s", WHO[i % 3], WHAT[i / 3 % 3], WHY[i / 9 % 3],
                 TAGS[i / 27 % 3]);
        add(profile, text, "2024-05-01T10:00:00Z");
    }
    return profile;
}

static json_t *json_of(const struct profile *profile)
{
    SCOPED(text_free) struct text json = {0};
    json_t *document;
    struct error why;
    profile_write_json(profile, &json);
    if (!json_parse(json.chars, json.length, &document, &why))
        fail_msg("%s: %s", why.message, json.chars);
    return document;
}

static double number_at(const json_t *document, const char *object, const char *member)
{
    const json_t *found = json_object_get(json_object_get(document, object), member);
    if (!json_is_number(found))
        fail_msg("%s.%s is not there", object, member);
    return json_number_value(found);
}

static uint32_t traits_of(const char *text)
{
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct tokens tokens = tokens_cut(piece_of(text), arena);
    return traits_find(&tokens, piece_of(text));
}

static bool has(const char *text, enum trait trait)
{
    return (traits_of(text) >> trait & 1) != 0;
}

static void lengths_are_told_with_their_spread(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    add(profile, "äöü", "");
    add(profile, "one two three", "");
    add(profile, "abcde", "");
    SCOPED(json_free) json_t *json = json_of(profile);
    assert_float_equal(number_at(json, "length", "mean"), 7, 0.001);
    assert_float_equal(number_at(json, "length", "shortest"), 3, 0);
    assert_float_equal(number_at(json, "length", "median"), 5, 0);
    assert_float_equal(number_at(json, "length", "longest"), 13, 0);
    assert_float_equal(number_at(json, "words", "longest"), 3, 0);
    assert_int_equal(json_integer_value(json_object_get(json, "posts")), 3);
}

static void hours_and_weekdays_come_from_any_way_to_write_a_date(void **state)
{
    (void)state;
    const struct {
        const char *written;
        int hour, weekday;
    } good[] = {{"2024-05-01T10:00:00.000Z", 10, 2},
                {"2024-02-29 23:59", 23, 3},
                {"Wed Oct 10 20:19:24 +0000 2018", 20, 2},
                {"Wed Oct 10 20:19:24 -0530 2018", 1, 3},
                {"1970-01-01T00:00:00Z", 0, 3},
                {"2000-01-01T05", 5, 5},
                {"2026-01-01T23:30:00+02:00", 21, 3},
                {"2026-01-05T00:30:00.5+0200", 22, 6},
                {"2026-01-04 23:30-01", 0, 0},
                {"2018-10-10", STAMP_NO_HOUR, 2},
                {"1539202764", 20, 2},
                {"1539202764000", 20, 2},
                {"999999999", 1, 6},
                {"Sun Mar 01 00:00:00 +0000 2020", 0, 6}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct stamp stamp;
        if (!stamp_read(piece_of(good[i].written), &stamp) || stamp.hour != good[i].hour ||
            stamp.weekday != good[i].weekday)
            fail_msg("\"%s\": %d on %d", good[i].written, stamp.hour, stamp.weekday);
    }
    const char *const bad[] = {"",
                               "yesterday",
                               "2024-13-01T10:00",
                               "2024-05-01T24:00",
                               "2024-05-01x",
                               "2024-02-31T10:00",
                               "2023-02-29",
                               "2024-04-31",
                               "12345678",
                               "15392027641",
                               "Wed Oct 10 99:19:24 +0000 2018",
                               "2024-05-0xT10"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct stamp stamp;
        if (stamp_read(piece_of(bad[i]), &stamp))
            fail_msg("\"%s\" was read", bad[i]);
    }
}

static void the_rhythm_counts_dated_posts_only(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    add(profile, "a", "2024-05-01T10:00:00Z");
    add(profile, "b", "2024-05-02T10:30:00Z");
    add(profile, "c", "");
    add(profile, "d", "2024-05-03");
    SCOPED(json_free) json_t *json = json_of(profile);
    const json_t *rhythm = json_object_get(json, "rhythm");
    assert_int_equal(json_integer_value(json_object_get(rhythm, "dated")), 3);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(rhythm, "hours"), 10)), 2);
    const json_t *days = json_object_get(rhythm, "weekdays");
    assert_int_equal(json_integer_value(json_object_get(days, "wednesday")), 1);
    assert_int_equal(json_integer_value(json_object_get(days, "thursday")), 1);
    assert_int_equal(json_integer_value(json_object_get(days, "friday")), 1);
}

static void hooks_draw_the_reader_on(void **state)
{
    (void)state;
    assert_true(has("How do you grow roses? Read this", TRAIT_HOOK));
    assert_true(has("Three things I learnt:\nfirst, wait", TRAIT_HOOK));
    assert_true(has("BREAKING the mayor resigns", TRAIT_HOOK));
    assert_true(has("I quit my job\n\nHere is why I did that", TRAIT_HOOK));
    assert_false(has("I like roses. Do you?", TRAIT_HOOK));
    assert_false(has("Do you like roses?", TRAIT_HOOK));
    assert_false(has("", TRAIT_HOOK));
    assert_false(has("RT @anna: a fine day for roses", TRAIT_HOOK));
    assert_true(has("RT @anna: how do you grow roses? Read this", TRAIT_HOOK));
}

static void lists_have_two_lines_that_begin_alike(void **state)
{
    (void)state;
    assert_true(has("Buy\n- milk\n- eggs", TRAIT_LIST));
    assert_true(has("1. milk\n2. eggs", TRAIT_LIST));
    assert_true(has("🥛 milk\n🥚 eggs", TRAIT_LIST));
    assert_false(has("- milk", TRAIT_LIST));
    assert_false(has("milk - eggs - bread", TRAIT_LIST));
}

static void threads_are_known_by_their_numbers(void **state)
{
    (void)state;
    assert_true(has("1/7 How it began", TRAIT_THREAD));
    assert_true(has("How it went on 2/7", TRAIT_THREAD));
    assert_true(has("3/ and then", TRAIT_THREAD));
    assert_true(has("Roses, a thread", TRAIT_THREAD));
    assert_true(has("All of it 🧵", TRAIT_THREAD));
    assert_true(has("(2/25) and so on", TRAIT_THREAD));
    assert_true(has("and so on [25/25]", TRAIT_THREAD));
    assert_true(has("and then 3/", TRAIT_THREAD));
    static const char *const FRACTIONS[] = {"I give it 7/10 for the looks of it",
                                            "open 24/7",
                                            "24/7 open",
                                            "9/11 never forget",
                                            "4/5 stars",
                                            "4/5 playing tonight",
                                            "10/10",
                                            "would buy again 10/10",
                                            "7/2 of them",
                                            "1/1",
                                            "0/3",
                                            "on 1/7/24",
                                            "1/7/24 it was",
                                            "3/26 of the votes",
                                            "half of it 1/2 of it",
                                            "26/"};
    for (size_t i = 0; i < sizeof FRACTIONS / sizeof FRACTIONS[0]; i++)
        if (has(FRACTIONS[i], TRAIT_THREAD))
            fail_msg("\"%s\" is a thread", FRACTIONS[i]);
    assert_false(has("a needle and thread for me", TRAIT_THREAD));
}

static void calls_to_action_ask_for_something(void **state)
{
    (void)state;
    assert_true(has("Follow me for more", TRAIT_CALL_TO_ACTION));
    assert_true(has("New roses are in. Check them out!", TRAIT_CALL_TO_ACTION));
    assert_true(has("so please retweet", TRAIT_CALL_TO_ACTION));
    assert_true(has("more of it: link in bio", TRAIT_CALL_TO_ACTION));
    assert_false(has("I follow the news and watch it", TRAIT_CALL_TO_ACTION));
}

static void replies_retweets_and_marks_are_seen(void **state)
{
    (void)state;
    assert_true(has("@anna yes", TRAIT_REPLY));
    assert_false(has("yes @anna", TRAIT_REPLY));
    assert_true(has("RT @anna: yes", TRAIT_RETWEET));
    assert_true(has("STOP it", TRAIT_SHOUTING));
    assert_false(has("a BBC film", TRAIT_SHOUTING));
    assert_true(has("really?", TRAIT_QUESTION));
    assert_true(has("really!", TRAIT_EXCLAMATION));
    assert_true(has("a\nb", TRAIT_LINES));
}

static void tags_are_counted_whatever_their_case(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    add(profile, "#Garden 🌹 with @anna https://www.example.org/a", "");
    add(profile, "#garden #rain https://example.org/b?c", "");
    SCOPED(json_free) json_t *json = json_of(profile);
    const json_t *top = json_object_get(json_object_get(json, "hashtags"), "top");
    assert_string_equal(json_string_value(json_object_get(json_array_get(top, 0), "text")),
                        "Garden");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(top, 0), "count")), 2);
    assert_float_equal(number_at(json, "hashtags", "per_post"), 1.5, 0.001);
    assert_float_equal(number_at(json, "mentions", "share"), 0.5, 0.001);
    assert_float_equal(number_at(json, "emoji", "share"), 0.5, 0.001);
    top = json_object_get(json_object_get(json, "urls"), "top");
    assert_string_equal(json_string_value(json_object_get(json_array_get(top, 0), "text")),
                        "example.org");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(top, 0), "count")), 2);
}

static void of_a_retweet_only_its_time_and_that_it_is_one_are_counted(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    add(profile, "roses love the rain", "2024-05-01T10:00:00Z");
    add(profile, "RT @anna: BREAKING why? #news \U0001F339 terrible https://example.org",
        "2024-05-01T11:00:00Z");
    SCOPED(json_free) json_t *json = json_of(profile);
    assert_int_equal(json_integer_value(json_object_get(json, "posts")), 2);
    assert_int_equal(json_integer_value(json_object_get(json, "own")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "rhythm"), "dated")),
                     2);
    assert_float_equal(number_at(json, "structure", "retweet"), 0.5, 0);
    static const char *const OTHERS[] = {"hook", "question", "shouting"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        assert_float_equal(number_at(json, "structure", OTHERS[i]), 0, 0);
    assert_float_equal(number_at(json, "length", "mean"), 19, 0);
    assert_float_equal(number_at(json, "words", "mean"), 4, 0);
    static const char *const NAMED[] = {"hashtags", "mentions", "emoji", "urls"};
    for (size_t i = 0; i < sizeof NAMED / sizeof NAMED[0]; i++)
        assert_float_equal(number_at(json, NAMED[i], "share"), 0, 0);
    assert_float_equal(number_at(json, "sentiment", "negative"), 0, 0);
    assert_int_equal(profile->text_count, 1);
}

static void a_profile_of_nobody_is_empty_and_fits_nothing(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    SCOPED(json_free) json_t *json = json_of(profile);
    assert_int_equal(json_integer_value(json_object_get(json, "posts")), 0);
    assert_float_equal(profile_fit(profile, piece_of("My tomatoes")), 0, 0);
    SCOPED(text_free) struct text made = {0};
    struct error why;
    double fit;
    assert_false(profile_generate(profile, 1, &made, &fit, &why));
    assert_int_equal(why.kind, ERROR_NOT_FOUND);
}

static void what_the_author_might_have_written_fits_better(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = gardener();
    double own =
        profile_fit(profile, piece_of("My tomatoes hate a cold wet night in May! #garden"));
    double other = profile_fit(profile, piece_of("lol who else is watching the game tonight?"));
    assert_true(own > 0.7 && own <= 1);
    assert_true(other < 0.3 && other >= 0);
}

static void the_same_seed_makes_the_same_post_and_another_another(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = gardener(), *again = gardener();
    SCOPED(text_free) struct text first = {0}, second = {0};
    struct error why;
    double fit, fit_again;
    assert_true(profile_generate(profile, 7, &first, &fit, &why));
    assert_true(profile_generate(again, 7, &second, &fit_again, &why));
    assert_string_equal(first.chars, second.chars);
    assert_true(fit == fit_again);
    bool is_another = false;
    for (uint64_t seed = 8; seed < 16; seed++) {
        text_clear(&second);
        assert_true(profile_generate(profile, seed, &second, &fit, &why));
        is_another = is_another || strcmp(first.chars, second.chars) != 0;
    }
    assert_true(is_another);
}

static void new_posts_are_no_copies_and_no_longer_than_a_post(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = gardener();
    for (uint64_t seed = 0; seed < 50; seed++) {
        SCOPED(text_free) struct text made = {0};
        SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
        struct error why;
        double fit;
        assert_true(profile_generate(profile, seed, &made, &fit, &why));
        struct tokens tokens = tokens_cut((struct piece){made.chars, made.length}, arena);
        assert_false(chain_is_copy(&profile->chain, &tokens));
        assert_true(character_count(made.chars, made.length) <= 280);
        assert_true(fit > 0.3 && fit <= 1);
    }
}

static void new_posts_name_nobody_and_link_to_nothing(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    char text[200];
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof text, "@friend%d the %s rose %s today https://example.org/%d", i,
                 i % 2 == 0 ? "red" : "white", i % 3 == 0 ? "blooms" : "fades", i);
        add(profile, text, "");
    }
    add(profile, "the rose of the garden fades and blooms again and blooms today", "");
    for (uint64_t seed = 0; seed < 20; seed++) {
        SCOPED(text_free) struct text made = {0};
        struct error why;
        double fit;
        if (!profile_generate(profile, seed, &made, &fit, &why))
            continue;
        assert_null(strchr(made.chars, '@'));
        assert_null(strstr(made.chars, "://"));
    }
}

static void one_post_is_too_little_to_make_another_of(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    add(profile, "The old roses love the rain in spring", "");
    add(profile, "the old roses LOVE the rain in spring!", "");
    SCOPED(text_free) struct text made = {0};
    struct error why;
    double fit;
    assert_false(profile_generate(profile, 1, &made, &fit, &why));
    assert_non_null(strstr(why.message, "too few"));
}

static void a_post_within_another_text_is_a_copy_too(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct chain chain = chain_new(arena);
    struct tokens post = tokens_cut(piece_of("The old roses love rain"), arena);
    chain_add(&chain, &post);
    post = tokens_cut(piece_of("Good morning"), arena);
    chain_add(&chain, &post);
    const struct {
        const char *text;
        bool is_copy;
    } cases[] = {{"the OLD roses, love rain", true},
                 {"I say: the old roses love rain, and sun", true},
                 {"the old roses love sun", false},
                 {"good morning!", true},
                 {"good morning roses", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tokens tokens = tokens_cut(piece_of(cases[i].text), arena);
        assert_int_equal(chain_is_copy(&chain, &tokens), cases[i].is_copy);
    }
}

static void a_text_that_is_mostly_a_run_of_one_post_is_a_piece_of_it(void **state)
{
    (void)state;
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct chain chain = chain_new(arena);
    static const char *const POSTS[] = {"One two three, four @anna five six seven eight nine ten!",
                                        "Ten nine eight two", "never ever two"};
    for (size_t i = 0; i < sizeof POSTS / sizeof POSTS[0]; i++) {
        struct tokens post = tokens_cut(piece_of(POSTS[i]), arena);
        chain_add(&chain, &post);
    }
    chain_settle(&chain, arena);
    const struct {
        const char *text;
        bool is_piece;
    } cases[] = {{"three four five", true}, /* all of it, whatever was left out between */
                 {"TWO; three (four)", true},
                 {"nine eight", true},
                 {"x one two three four five six seven eight", true}, /* eight of nine */
                 {"x y z one two three four five six seven", false},  /* seven of ten */
                 {"x y one two three four five six seven z", false},
                 {"x y one two three four five six seven eight", true}, /* eight of ten */
                 {"one two nine ten", false},
                 {"ten nine eight nine ten", false},
                 {"two one", false},
                 {"eleven", false},
                 {"never", true},
                 {"!", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tokens tokens = tokens_cut(piece_of(cases[i].text), arena);
        if (chain_is_piece(&chain, &tokens) != cases[i].is_piece)
            fail_msg("\"%s\"", cases[i].text);
    }
}

static void new_posts_are_no_pieces_and_fit_as_the_authors_own_do(void **state)
{
    (void)state;
    SCOPED(profile_close) struct profile *profile = gardener();
    static const double POSTS = 50;
    double fits = 0;
    for (uint64_t seed = 0; (double)seed < POSTS; seed++) {
        SCOPED(text_free) struct text made = {0};
        SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
        struct error why;
        double fit;
        assert_true(profile_generate(profile, seed, &made, &fit, &why));
        struct tokens tokens = tokens_cut((struct piece){made.chars, made.length}, arena);
        assert_false(chain_is_piece(&profile->chain, &tokens));
        fits += fit;
    }
    double mean = fits / POSTS;
    assert_true(mean > profile->usual_fit - 0.1 && mean < profile->usual_fit + 0.1);
}

/* Words as "<word>|", those that are neither word nor tag in brackets. */
static void check_speech(const char *text, const char *words)
{
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    SCOPED(text_free) struct text seen = {0};
    struct tokens tokens = tokens_cut(piece_of(text), arena);
    struct speech speech = speech_of(&tokens);
    struct spoken spoken;
    while (speech_next(&speech, &spoken))
        text_format(&seen, spoken.hash != 0 ? "%.*s|" : "(%.*s)|", (int)spoken.raw.length,
                    spoken.raw.at);
    assert_string_equal(seen.chars, words);
}

static void what_is_written_without_spaces_is_cut_where_its_script_tells(void **state)
{
    (void)state;
    check_speech("It's fine, #all", "It's|fine|(,)|#all|");
    check_speech("昨日はラーメンを食べました。", "昨|日|は|ラーメン|を|食|べました|(。)|");
    check_speech("今天累死了", "今|天|累|死|了|");
    check_speech("เมื่อวานไป", "เมื่|อ|วา|น|ไป|");
    SCOPED(arena_close) struct arena *arena = arena_open(1 << 20);
    struct tokens tokens = tokens_cut(piece_of("今天累 #死了!"), arena);
    assert_int_equal(speech_words(&tokens), 4);
}

static void new_posts_are_made_of_posts_without_spaces_too(void **state)
{
    (void)state;
    static const char *const WHEN[] = {"昨日は", "今日は", "朝から"},
                             *const WHO[] = {"一人で", "家族と", "友達と"},
                             *const WHAT[] = {"本を読みました", "カレーを作りました",
                                              "映画を見ました"},
                             *const HOW[] = {"最高", "楽しかったです", "また行きたい"};
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    for (int i = 0; i < 81; i++) {
        char text[200];
        if ((i * i + i / 9) % 4 != 0)
            continue;
        snprintf(text, sizeof text, "%s%s%s。%s!", WHEN[i % 3], WHO[i / 27], WHAT[i / 3 % 3],
                 HOW[i / 9 % 3]);
        add(profile, text, "");
    }
    int made = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        SCOPED(text_free) struct text text = {0};
        struct error why;
        double fit;
        made += profile_generate(profile, seed, &text, &fit, &why);
    }
    assert_true(made >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_told_with_their_spread),
        cmocka_unit_test(hours_and_weekdays_come_from_any_way_to_write_a_date),
        cmocka_unit_test(the_rhythm_counts_dated_posts_only),
        cmocka_unit_test(hooks_draw_the_reader_on),
        cmocka_unit_test(lists_have_two_lines_that_begin_alike),
        cmocka_unit_test(threads_are_known_by_their_numbers),
        cmocka_unit_test(calls_to_action_ask_for_something),
        cmocka_unit_test(replies_retweets_and_marks_are_seen),
        cmocka_unit_test(tags_are_counted_whatever_their_case),
        cmocka_unit_test(of_a_retweet_only_its_time_and_that_it_is_one_are_counted),
        cmocka_unit_test(a_profile_of_nobody_is_empty_and_fits_nothing),
        cmocka_unit_test(what_the_author_might_have_written_fits_better),
        cmocka_unit_test(the_same_seed_makes_the_same_post_and_another_another),
        cmocka_unit_test(new_posts_are_no_copies_and_no_longer_than_a_post),
        cmocka_unit_test(new_posts_name_nobody_and_link_to_nothing),
        cmocka_unit_test(one_post_is_too_little_to_make_another_of),
        cmocka_unit_test(a_post_within_another_text_is_a_copy_too),
        cmocka_unit_test(a_text_that_is_mostly_a_run_of_one_post_is_a_piece_of_it),
        cmocka_unit_test(new_posts_are_no_pieces_and_fit_as_the_authors_own_do),
        cmocka_unit_test(what_is_written_without_spaces_is_cut_where_its_script_tells),
        cmocka_unit_test(new_posts_are_made_of_posts_without_spaces_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
