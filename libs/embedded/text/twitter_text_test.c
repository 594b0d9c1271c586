/* The conformance cases of twitter-text, read from ../shared/data/twitter-text (not ours, so not
 * here); skipped where they are absent. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/scoped.h"
#include "base/text.h"
#include "characters.h"
#include "embedded/embedded.h"
#include "embedded/text/highlight.h"
#include "embedded/text/post_length.h"
#include "embedded/text/post_rules.h"
#include "tags.h"

#define FOLDER "../shared/data/twitter-text/"

enum { ARENA_BYTES = 64 << 20, MAX_HITS = 8 };

/* One case: what is asked, and the values of what is expected, a line each. */
struct test_case {
    struct text description, text, hits, expected;
};

typedef void answer_function(struct piece text, struct text *out);

static struct arena *arena;

static struct piece piece_of(const struct text *text)
{
    return (struct piece){text->chars != NULL ? text->chars : "", text->length};
}

static void add_line(struct text *out, struct piece piece)
{
    text_add_bytes(out, piece.at, piece.length);
    text_add_char(out, '\n');
}

static void add_number(struct text *out, size_t number)
{
    text_format(out, "%zu\n", number);
}

/* ---- a reader of as much YAML as these files use ---- */

static const char *read_escape(const char *at, struct text *out)
{
    if (*at != 'u' && *at != 'U') {
        text_add_char(out, *at == 'n' ? '\n' : *at);
        return at + 1;
    }
    char digits[9] = "", bytes[4];
    size_t count = *at == 'u' ? 4 : 8;
    memcpy(digits, at + 1, count);
    text_add_bytes(out, bytes, character_put((uint32_t)strtoul(digits, NULL, 16), bytes));
    return at + 1 + count;
}

/* The value at `at`, in quotes or bare; answers where it ends. */
static const char *read_value(const char *at, struct text *out)
{
    if (*at != '"') {
        size_t length = strcspn(at, ",]\n");
        text_add_bytes(out, at, length);
        return at + length;
    }
    for (at++; *at != '"' && *at != '\0';) {
        if (*at == '\\')
            at = read_escape(at + 1, out);
        else
            text_add_char(out, *at++);
    }
    return at + (*at == '"');
}

/* "key: " before a value. */
static const char *skip_key(const char *at)
{
    size_t name = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    bool is_key = name > 0 && at[name] == ':' && strchr(" \n", at[name + 1]) != NULL;
    return is_key ? at + name + 1 : at;
}

/* All values of a line, a line each: what is list and what is map is told by their order. */
static void read_values(const char *at, struct text *out)
{
    at = skip_key(at + strspn(at, " -"));
    for (at += strspn(at, " [],\n"); *at != '\0'; at += strspn(at, " [],\n")) {
        at = read_value(at, out);
        text_add_char(out, '\n');
    }
}

static const char *after(const char *line, const char *key)
{
    line += strspn(line, " -");
    size_t length = strlen(key);
    return strncmp(line, key, length) == 0 ? line + length : NULL;
}

static void free_case(struct test_case *test)
{
    text_free(&test->description);
    text_free(&test->text);
    text_free(&test->hits);
    text_free(&test->expected);
    *test = (struct test_case){0};
}

/* The next case of a section that ends where another begins. False at its end. */
static bool read_case(FILE *file, char **line, size_t *size, struct test_case *test)
{
    bool is_open = false;
    for (long begin = ftell(file); getline(line, size, file) > 0; begin = ftell(file)) {
        const char *value;
        bool begins = after(*line, "description: ") != NULL;
        bool is_section = (*line)[0] == ' ' && (*line)[1] == ' ' && (*line)[2] >= 'A';
        if (is_section || (begins && is_open)) {
            fseek(file, begin, SEEK_SET);
            return is_open;
        }
        is_open = is_open || begins;
        if ((*line)[strspn(*line, " ")] == '#')
            continue;
        if ((value = after(*line, "description: ")) != NULL)
            read_value(value, &test->description);
        else if ((value = after(*line, "text: ")) != NULL)
            read_value(value, &test->text);
        else if ((value = after(*line, "hits: ")) != NULL)
            read_values(value, &test->hits);
        else if (is_open)
            read_values(*line, &test->expected);
    }
    return is_open;
}

static bool find_section(FILE *file, char **line, size_t *size, const char *section)
{
    size_t length = strlen(section);
    while (getline(line, size, file) > 0)
        if (strncmp(*line, "  ", 2) == 0 && strncmp(*line + 2, section, length) == 0 &&
            strcmp(*line + 2 + length, ":\n") == 0)
            return true;
    return false;
}

static size_t check_case(const struct test_case *test, answer_function *answer)
{
    SCOPED(text_free) struct text actual = {0};
    struct piece expected = piece_of(&test->expected);
    arena_reset(arena);
    answer(piece_of(&test->text), &actual);
    if (actual.length == expected.length &&
        (expected.length == 0 || memcmp(actual.chars, expected.at, expected.length) == 0))
        return 0;
    print_message("%s\n  text: %.300s\n  expected: %s\n  got: %s\n", test->description.chars,
                  piece_of(&test->text).at, expected.at, piece_of(&actual).at);
    return 1;
}

/* The hits of the case at hand, for highlight(). */
static struct text hits_at_hand;

static void check_section(const char *name, const char *section, answer_function *answer)
{
    SCOPED(text_free) struct text path = {0};
    text_format(&path, FOLDER "%s", name);
    FILE *file = fopen(path.chars, "r");
    if (file == NULL) {
        print_message("skipped: %s: %s\n", path.chars, strerror(errno));
        text_free(&path);
        skip(); /* does not return */
    }
    char *line = NULL;
    size_t size = 0, cases = 0, failures = 0;
    assert_true(find_section(file, &line, &size, section));
    for (struct test_case test = {0}; read_case(file, &line, &size, &test); cases++) {
        hits_at_hand = test.hits;
        failures += check_case(&test, answer);
        free_case(&test);
    }
    free(line);
    fclose(file);
    print_message("%s, %s: %zu of %zu\n", name, section, cases - failures, cases);
    assert_true(cases > 0);
    assert_int_equal(failures, 0);
}

/* ---- what is asked of us ---- */

static struct post_analysis entities_of(struct piece text)
{
    struct post_analysis analysis = {0};
    embedded_find_entities(text, arena, &analysis);
    return analysis;
}

static void add_entities(const struct entities *entities, struct text *out)
{
    for (size_t i = 0; i < entities->count; i++)
        add_line(out, entities->items[i].text);
}

static void add_places(const struct entity *entity, struct text *out)
{
    add_number(out, entity->start);
    add_number(out, entity->end);
}

static void add_placed(const struct entities *entities, struct text *out)
{
    for (size_t i = 0; i < entities->count; i++) {
        add_line(out, entities->items[i].text);
        add_places(&entities->items[i], out);
    }
}

static void mentions(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    add_entities(&analysis.mentions, out);
}

static void placed_mentions(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    add_placed(&analysis.mentions, out);
}

static void placed_lists(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    for (size_t i = 0; i < analysis.mentions.count; i++) {
        const struct entity *mention = &analysis.mentions.items[i];
        add_line(out, mention->text);
        if (mention->list.length > 0)
            text_add_char(out, '/');
        add_line(out, mention->list);
        add_places(mention, out);
    }
}

static void reply(struct piece text, struct text *out)
{
    struct piece name = tags_reply(text);
    if (name.length > 0)
        add_line(out, name);
}

static void links(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    add_entities(&analysis.urls, out);
    for (size_t i = 0; i < analysis.urls.count; i++)
        assert_true(rules_allow_bare_link(analysis.urls.items[i].text));
}

static void placed_links(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    add_placed(&analysis.urls, out);
}

static void hashtags(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    add_entities(&analysis.hashtags, out);
}

static void placed_hashtags(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    add_placed(&analysis.hashtags, out);
}

static void cashtags(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    add_entities(&analysis.cashtags, out);
}

static void placed_cashtags(struct piece text, struct text *out)
{
    struct post_analysis analysis = entities_of(text);
    add_placed(&analysis.cashtags, out);
}

static void add_answer(struct text *out, bool is_valid)
{
    text_add(out, is_valid ? "true\n" : "false\n");
}

/* Before weights, a post had 140 characters. */
static struct length_rules unweighted(void)
{
    struct length_rules rules = POST_LENGTH_RULES;
    rules.most = 140;
    rules.default_weight = 100;
    rules.has_whole_emoji = false;
    return rules;
}

static void short_post(struct piece text, struct text *out)
{
    struct length_rules rules = unweighted();
    add_answer(out, post_length_measure(text, &rules, arena).is_valid);
}

static void username(struct piece text, struct text *out)
{
    add_answer(out, rules_allow_username(text, arena));
}

static void list(struct piece text, struct text *out)
{
    add_answer(out, rules_allow_list(text, arena));
}

static void hashtag(struct piece text, struct text *out)
{
    add_answer(out, rules_allow_hashtag(text, arena));
}

static void whole_link(struct piece text, struct text *out)
{
    add_answer(out, rules_allow_link(text));
}

static void bare_link(struct piece text, struct text *out)
{
    add_answer(out, rules_allow_bare_link(text));
}

static void add_length(struct piece text, const struct length_rules *rules, struct text *out)
{
    struct post_length length = post_length_measure(text, rules, arena);
    text_format(out, "%u\n%s\n%u\n0\n%zu\n0\n%zu\n", length.weighted,
                length.is_valid ? "true" : "false", length.permillage, length.display_end,
                length.valid_end);
}

/* config/v2.json: weights, but each character of an emoji by itself. */
static void weighted(struct piece text, struct text *out)
{
    struct length_rules rules = POST_LENGTH_RULES;
    rules.has_whole_emoji = false;
    add_length(text, &rules, out);
}

static void weighted_emoji(struct piece text, struct text *out)
{
    add_length(text, &POST_LENGTH_RULES, out);
}

static void highlighted(struct piece text, struct text *out)
{
    struct hit hits[MAX_HITS];
    size_t count = 0;
    const char *at = hits_at_hand.chars != NULL ? hits_at_hand.chars : "";
    while (*at != '\0' && count < MAX_HITS) {
        char *next;
        hits[count].start = strtoul(at, &next, 10);
        hits[count++].end = strtoul(next + 1, &next, 10);
        at = next + 1;
    }
    highlight_hits(text, hits, count, out);
    text_add_char(out, '\n');
}

/* ---- the files ---- */

#define SECTIONS(X)                                                                                \
    X(extract, mentions, mentions)                                                                 \
    X(extract, mentions_with_indices, placed_mentions)                                             \
    X(extract, mentions_or_lists_with_indices, placed_lists)                                       \
    X(extract, replies, reply)                                                                     \
    X(extract, urls, links)                                                                        \
    X(extract, urls_with_indices, placed_links)                                                    \
    X(extract, urls_with_directional_markers, placed_links)                                        \
    X(extract, tco_urls_with_params, links)                                                        \
    X(extract, hashtags, hashtags)                                                                 \
    X(extract, hashtags_from_astral, hashtags)                                                     \
    X(extract, hashtags_with_indices, placed_hashtags)                                             \
    X(extract, cashtags, cashtags)                                                                 \
    X(extract, cashtags_with_indices, placed_cashtags)                                             \
    X(validate, tweets, short_post)                                                                \
    X(validate, usernames, username)                                                               \
    X(validate, lists, list)                                                                       \
    X(validate, hashtags, hashtag)                                                                 \
    X(validate, urls, whole_link)                                                                  \
    X(validate, urls_without_protocol, bare_link)                                                  \
    X(validate, WeightedTweetsCounterTest, weighted)                                               \
    X(validate, WeightedTweetsWithDiscountedEmojiCounterTest, weighted_emoji)                      \
    X(validate, UnicodeDirectionalMarkerCounterTest, weighted_emoji)                               \
    X(hit_highlighting, plain_text, highlighted)                                                   \
    X(hit_highlighting, with_links, highlighted)                                                   \
    X(tlds, country, links)                                                                        \
    X(tlds, generic, links)

#define DEFINE(file, section, answer)                                                              \
    static void file##_##section(void **state)                                                     \
    {                                                                                              \
        (void)state;                                                                               \
        check_section(#file ".yml", #section, answer);                                             \
    }
SECTIONS(DEFINE)
#undef DEFINE

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(ARENA_BYTES);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

int main(void)
{
#define TEST(file, section, answer) cmocka_unit_test(file##_##section),
    const struct CMUnitTest tests[] = {SECTIONS(TEST)};
#undef TEST
    return cmocka_run_group_tests_name("twitter-text", tests, open_arena, close_arena);
}
