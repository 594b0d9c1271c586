/* How many copies are found, beside what a SimHash would find: mostly printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "near.h"
#include "near_posts_for_test.h"
#include "json/json.h"

enum { ROOM = 64 << 20, NAME = 10, MOST = 140 }; /* characters of an old retweet */

static const uint8_t SCOPE[CACHE_KEY_BYTES] = {7}, KEY[CACHE_KEY_BYTES] = {1};
static struct near *near;
static struct arena *arena;

static int open_near(void **state)
{
    (void)state;
    near = near_new(ROOM);
    arena = arena_open(4 << 20);
    return 0;
}

static int close_near(void **state)
{
    (void)state;
    near_free(&near);
    arena_close(&arena);
    return 0;
}

static bool read_text(const char *text, struct near_text *read)
{
    arena_reset(arena);
    return near_text_read((struct piece){text, strlen(text)}, arena, read);
}

/* For comparison: a SimHash over shingles of three words, every bit by majority. */
static uint64_t simhash(struct piece words)
{
    int votes[64] = {0};
    const char *end = words.at + words.length;
    for (const char *from = words.at; from < end;) {
        uint64_t hash = 14695981039346656037u;
        size_t spaces = 0;
        for (const char *at = from; at < end && (spaces += *at == ' ') < 3; at++)
            hash = (hash ^ (unsigned char)*at) * 1099511628211u;
        hash ^= hash >> 32;
        hash *= 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
        for (size_t bit = 0; bit < 64; bit++)
            votes[bit] += hash >> bit & 1 ? 1 : -1;
        const char *space = memchr(from, ' ', (size_t)(end - from));
        from = space != NULL ? space + 1 : end;
    }
    uint64_t value = 0;
    for (size_t bit = 0; bit < 64; bit++)
        value |= (uint64_t)(votes[bit] > 0) << bit;
    return value;
}

struct tally {
    size_t tried, found, by_simhash;
};

static void try_copy(const char *original, const char *copy, struct tally *tally)
{
    struct near_text read;
    near_free(&near);
    near = near_new(ROOM);
    if (!read_text(original, &read))
        return;
    near_keep(near, SCOPE, &read, KEY);
    uint64_t hash = simhash(read.words);
    tally->tried++;
    if (!read_text(copy, &read))
        return;
    tally->found += near_find(near, SCOPE, &read) != NULL;
    tally->by_simhash += __builtin_popcountll(hash ^ simhash(read.words)) <= 3;
}

/* So long that an old retweet, "RT @name: " and 140 characters in all, cuts off at most a fifth. */
static const char *cut_retweet(const char *original, struct text *copy)
{
    size_t keeps = MOST - NAME - strlen("\u2026");
    if (strlen(original) < keeps + 3 || strlen(original) * 8 > keeps * 9)
        return NULL;
    while (((unsigned char)original[keeps] & 0xC0) == 0x80)
        keeps--;
    text_clear(copy);
    text_format(copy, "RT @abcd: %.*s\u2026", (int)keeps, original);
    return copy->chars;
}

static void print_tally(const char *what, const struct tally *tally)
{
    printf("%s: %zu of %zu found; by SimHash within 3 bits %zu\n", what, tally->found, tally->tried,
           tally->by_simhash);
}

static void retweets_and_copies_of_posts_by_chance_are_found(void **state)
{
    (void)state;
    SCOPED(text_free) struct text text = {0}, copy = {0};
    struct tally whole = {0}, cut = {0};
    for (size_t i = 0; i < 4000; i++) {
        struct post post = any_post();
        const char *original = written(&post, &text);
        text_clear(&copy);
        switch (i % 5) {
        case 0:
            text_format(&copy, "RT @abcd: %s", original);
            break;
        case 1:
            text_format(&copy, "%s https://t.co/x", original);
            break;
        case 2:
            text_format(&copy, "\u201C%s\u201D", original);
            break;
        case 3:
            text_format(&copy, "%s. via @abcd", original);
            break;
        default:
            text_format(&copy, "  %s. ", original);
        }
        try_copy(original, copy.chars, &whole);
        if (cut_retweet(original, &copy) != NULL)
            try_copy(original, copy.chars, &cut);
    }
    print_tally("copies", &whole);
    print_tally("retweets cut at 140 characters", &cut);
    assert_int_equal(whole.found, whole.tried);
    assert_true(cut.tried > 50);
    assert_true(cut.found * 10 >= cut.tried * 9);
    assert_true(cut.found > cut.by_simhash);
}

/* ---- posts that others wrote ---- */

struct file_tally {
    size_t posts, read, copies;
    struct tally whole, cut;
};

static void take_post(const char *text, struct near *all, struct file_tally *tally)
{
    struct near_text read;
    tally->posts++;
    if (!read_text(text, &read))
        return;
    tally->read++;
    if (near_find(all, SCOPE, &read) != NULL)
        tally->copies++;
    else
        near_keep(all, SCOPE, &read, KEY);
    SCOPED(text_free) struct text copy = {0};
    text_format(&copy, "RT @abcd: %s", text);
    try_copy(text, copy.chars, &tally->whole);
    if (cut_retweet(text, &copy) != NULL)
        try_copy(text, copy.chars, &tally->cut);
}

static void count_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return;
    struct file_tally tally = {0};
    struct near *all = near_new(ROOM);
    static char line[64 * 1024];
    while (fgets(line, sizeof line, file) != NULL) {
        SCOPED(json_free) json_t *post = NULL;
        struct error why;
        if (json_parse(line, strlen(line), &post, &why) &&
            json_string_value(json_object_get(post, "text")))
            take_post(json_string_value(json_object_get(post, "text")), all, &tally);
    }
    printf("%s: %zu posts, %zu long enough, %zu copies of an earlier one\n", path, tally.posts,
           tally.read, tally.copies);
    print_tally("  retweeted whole", &tally.whole);
    print_tally("  retweeted and cut", &tally.cut);
    near_free(&all);
    fclose(file);
}

/* Printed: they are not ours, and need not be there. */
static void how_many_are_found_among_posts_of_others(void **state)
{
    (void)state;
    static const char *const names[] = {"btc-ner", "tweeteval-sentiment", "vader-tweets",
                                        "wnut17-ner"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[100];
        snprintf(path, sizeof path, "../shared/data/%s.jsonl", names[i]);
        count_file(path);
    }
}

#define WITH_NEAR(test) cmocka_unit_test_setup_teardown(test, open_near, close_near)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_NEAR(retweets_and_copies_of_posts_by_chance_are_found),
        WITH_NEAR(how_many_are_found_among_posts_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
