/* Any bytes in: no crash, what comes out is valid UTF-8, the same each time, and stands where it
 * says that it stands. The bytes are a post, and each of their lines is one of a chunk.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "embedded/embedded.h"
#include "embedded/text/characters.h"
#include "embedded/text/highlight.h"
#include "embedded/text/post_length.h"
#include "embedded/text/post_rules.h"
#include "embedded/text/tokens.h"
#include "embedded/text/utf8_for_test.h"

enum { MOST_BYTES = 32 * 1024, MOST_POSTS = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes from one code point to another; a byte that is no UTF-8 counts as one. */
static struct piece slice(struct piece text, uint32_t start, uint32_t end)
{
    size_t at = 0;
    uint32_t place = 0;
    for (; place < start && at < text.length; place++)
        character_next(text.at, text.length, &at);
    size_t from = at;
    for (; place < end && at < text.length; place++)
        character_next(text.at, text.length, &at);
    CHECK(place == end);
    return (struct piece){text.at + from, at - from};
}

/* A sign at most before it, and at most a list behind. */
static bool is_of(struct piece raw, const struct entity *entity)
{
    size_t behind = entity->list.length > 0 ? entity->list.length + 1 : 0; /* and its slash */
    size_t length = entity->text.length;
    if (raw.length < length + behind)
        return false;
    size_t sign = raw.length - length - behind;
    return sign <= 3 && memcmp(raw.at + sign, entity->text.at, length) == 0;
}

/* In order and apart, and each text stands in the slice that its indices name. */
static void check_entities(struct piece text, const struct entities *entities)
{
    uint32_t before = 0;
    for (size_t i = 0; i < entities->count; i++) {
        const struct entity *entity = &entities->items[i];
        CHECK(entity->is_placed && entity->start >= before && entity->end > entity->start);
        before = entity->end;
        struct piece raw = slice(text, entity->start, entity->end);
        /* U+FFFD takes the place of what is no UTF-8: then only the place can be checked. */
        if (memchr(entity->text.at, 0xEF, entity->text.length) == NULL)
            CHECK(is_of(raw, entity));
    }
}

static bool are_same(const struct entities *a, const struct entities *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].start != b->items[i].start || a->items[i].end != b->items[i].end)
            return false;
    return true;
}

static void check_post(struct piece text, struct arena *arena, struct post_analysis *analysis)
{
    embedded_analyze(text, arena, analysis);
    CHECK(analysis->score >= -1 && analysis->score <= 1);
    CHECK(analysis->confidence >= 0 && analysis->confidence <= 1);
    const struct entities *all[] = {&analysis->hashtags, &analysis->mentions, &analysis->cashtags,
                                    &analysis->urls, &analysis->names};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        check_entities(text, all[i]);
    struct post_analysis tags = {0};
    embedded_find_entities(text, arena, &tags);
    CHECK(are_same(&tags.hashtags, &analysis->hashtags) && are_same(&tags.urls, &analysis->urls) &&
          are_same(&tags.mentions, &analysis->mentions) &&
          are_same(&tags.cashtags, &analysis->cashtags));
}

/* What twitter-text says of a text as a whole, and a mark around its middle. */
static void check_whole(struct piece bytes, struct arena *arena, struct text *out)
{
    struct piece text = tokens_clean(bytes, arena);
    struct post_length length = post_length_measure(text, &POST_LENGTH_RULES, arena);
    CHECK(!length.is_valid || length.weighted <= POST_LENGTH_RULES.most);
    bool is_any = rules_allow_username(text, arena) || rules_allow_list(text, arena) ||
                  rules_allow_hashtag(text, arena);
    CHECK(!is_any || text.length > 1);
    CHECK(!rules_allow_link(text) || rules_allow_bare_link(text));
    const struct hit hits[] = {{text.length / 8, text.length / 4}, {text.length / 3, text.length}};
    highlight_hits(text, hits, sizeof hits / sizeof hits[0], out);
}

static void check_chunk(struct piece bytes, struct arena *arena, struct text *out)
{
    struct piece posts[MOST_POSTS];
    struct post_analysis analyses[MOST_POSTS];
    size_t count = 0;
    for (size_t from = 0; from < bytes.length && count < MOST_POSTS; count++) {
        const char *end = memchr(bytes.at + from, '\n', bytes.length - from);
        size_t to = end ? (size_t)(end - bytes.at) : bytes.length;
        posts[count] = (struct piece){bytes.at + from, to - from};
        check_post(posts[count], arena, &analyses[count]);
        from = to + 1;
    }
    embedded_summary(posts, analyses, count, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MOST_BYTES)
        return 0;
    SCOPED(arena_close) struct arena *arena = arena_open(64 << 20);
    struct piece text = {(const char *)data, size};
    struct post_analysis analysis;
    SCOPED(text_free) struct text json = {0}, again = {0};
    check_post(text, arena, &analysis);
    post_analysis_write_json(&analysis, TASKS_ALL, &json);
    embedded_analyze(text, arena, &analysis);
    post_analysis_write_json(&analysis, TASKS_ALL, &again);
    CHECK(json.length == again.length && memcmp(json.chars, again.chars, json.length) == 0);
    check_chunk(text, arena, &json);
    check_whole(text, arena, &json);
    CHECK(test_is_utf8(&json));
    return 0;
}
