/* The rules of keywords.h, and what a summary says of a chunk. */
#include "keywords.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "embedded/embedded.h"

enum { POSTS_MAX = 200 };

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(256 << 20);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static struct piece piece_of(const char *chars)
{
    return (struct piece){chars, strlen(chars)};
}

/* With a comma behind each. */
static const char *listed(const struct pieces *pieces)
{
    char *list = arena_string(arena, "");
    for (size_t i = 0; i < pieces->count; i++)
        list =
            arena_format(arena, "%s%.*s,", list, (int)pieces->items[i].length, pieces->items[i].at);
    return list;
}

static const char *keywords_in(const char *text)
{
    struct post_analysis analysis;
    embedded_analyze(piece_of(text), arena, &analysis);
    return listed(&analysis.keywords);
}

static void assert_without(const char *text, const char *word)
{
    const char *keywords = keywords_in(text);
    if (strstr(keywords, word) != NULL)
        fail_msg("\"%s\" is a keyword of \"%s\": %s", word, text, keywords);
}

/* Rule 1 */
static void function_words_and_fillers_are_no_keywords(void **state)
{
    (void)state;
    assert_string_equal(keywords_in("Does anybody really know these three things already?"), "");
    assert_string_equal(keywords_in("lol hahaha yeah soooo gooood today, thanks!!!"), "");
    assert_string_equal(keywords_in("Das ist aber wirklich nicht schön heute"), "");
    assert_string_equal(keywords_in("Pero no puedo hacerlo ahora"), "hacerlo,");
    assert_string_equal(keywords_in("Сегодня это было очень хорошо"), "");
    assert_without("The battery does last three days", "does");
    assert_without("The battery does last three days", "three");
}

/* Rule 2 */
static void tags_come_first_then_what_is_rare(void **state)
{
    (void)state;
    assert_string_equal(keywords_in("The mayor reopens a bridge downtown #oslo"),
                        "oslo,mayor,reopens,bridge,downtown,");
    const char *keywords = keywords_in("our company sells xylophones");
    assert_memory_equal(keywords, "xylophones,", strlen("xylophones,"));
}

/* Rule 2 */
static void what_is_repeated_weighs_more(void **state)
{
    (void)state;
    assert_memory_equal(keywords_in("lantern teapot chimney chimney chimney"), "chimney,",
                        strlen("chimney,"));
}

/* Rule 2 */
static void short_words_count_if_capitals_say_so(void **state)
{
    (void)state;
    assert_non_null(strstr(keywords_in("new rules by the NHS for chips"), "nhs,"));
    assert_without("new rules by the nhs for chips", "nhs,");
}

static size_t analyse(const char *const *texts, struct piece *posts, struct post_analysis *analyses)
{
    size_t count = 0;
    for (; texts[count] != NULL; count++) {
        posts[count] = piece_of(texts[count]);
        embedded_analyze(posts[count], arena, &analyses[count]);
    }
    return count;
}

static const char *summary_of(const char *const *texts)
{
    struct piece posts[POSTS_MAX];
    struct post_analysis analyses[POSTS_MAX];
    size_t count = analyse(texts, posts, analyses);
    SCOPED(text_free) struct text line = {0};
    embedded_summary(posts, analyses, count, &line);
    return arena_bytes(arena, line.chars, line.length);
}
#define SUMMARY_OF(...) summary_of((const char *const[]){__VA_ARGS__, NULL})

/* Rule 3 */
static void chinese_and_japanese_keywords_are_runs_of_one_script(void **state)
{
    (void)state;
    assert_string_equal(keywords_in("外婆的饺子在上海很有名"), "外婆,饺子,上海,");
    assert_string_equal(keywords_in("祖母の梅干しとコーヒーが届いた"), "コーヒー,祖母,梅干,");
    assert_string_equal(keywords_in("我的 好"), "");
}

/* Rule 4 */
static void a_chunks_keywords_are_those_of_several_posts(void **state)
{
    (void)state;
    const char *const texts[] = {"the bridge is closed", "a bridge and a ferry",
                                 "the ferry left, says the bridge keeper", "lighthouse", NULL};
    struct piece posts[POSTS_MAX];
    struct post_analysis analyses[POSTS_MAX];
    size_t count = analyse(texts, posts, analyses);
    struct pieces keywords = keywords_of_chunk(analyses, count, arena);
    assert_string_equal(listed(&keywords), "bridge,ferry,");
}

static void a_summary_quotes_no_two_posts_that_say_the_same(void **state)
{
    (void)state;
    const char *line = SUMMARY_OF("The ferry to the island is late", "ferry late to the island!",
                                  "FERRY to island late again", "The bakery sells rye bread",
                                  "rye bread from the bakery", "hello");
    assert_non_null(strstr(line, "; such as: "));
    const char *first = strstr(line, "ferry") != NULL ? strstr(line, "; such as: ") : line;
    int ferries = 0, breads = 0;
    for (const char *at = first; *at != '\0'; at++) {
        ferries += strncmp(at, "island", 6) == 0;
        breads += strncmp(at, "bakery", 6) == 0;
    }
    assert_int_equal(ferries, 1);
    assert_int_equal(breads, 1);
    assert_null(strstr(first, "hello"));
}

static void a_summary_is_the_same_whenever_it_is_made(void **state)
{
    (void)state;
    const char *const texts[] = {"The ferry to the island is late", "The bakery sells rye bread",
                                 "bread on the ferry", "island bakery", NULL};
    assert_string_equal(summary_of(texts), summary_of(texts));
}

static void a_chunk_of_the_same_post_is_quoted_once(void **state)
{
    (void)state;
    const char *texts[POSTS_MAX + 1];
    for (int i = 0; i < POSTS_MAX; i++)
        texts[i] = "The ferry to the island is late";
    texts[POSTS_MAX] = NULL;
    const char *line = summary_of(texts);
    assert_non_null(strstr(line, "such as: The ferry to the island is late"));
    assert_null(strchr(line, '|'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function_words_and_fillers_are_no_keywords),
        cmocka_unit_test(tags_come_first_then_what_is_rare),
        cmocka_unit_test(what_is_repeated_weighs_more),
        cmocka_unit_test(short_words_count_if_capitals_say_so),
        cmocka_unit_test(chinese_and_japanese_keywords_are_runs_of_one_script),
        cmocka_unit_test(a_chunks_keywords_are_those_of_several_posts),
        cmocka_unit_test(a_summary_quotes_no_two_posts_that_say_the_same),
        cmocka_unit_test(a_summary_is_the_same_whenever_it_is_made),
        cmocka_unit_test(a_chunk_of_the_same_post_is_quoted_once),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
