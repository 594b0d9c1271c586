#include "embedded/text/post_length.h"

#include <utf8proc.h>

#include "base/check.h"
#include "characters.h"
#include "tags.h"

enum { JOINER = 0x200D, AS_TEXT = 0xFE0E, AS_PICTURE = 0xFE0F, KEYCAP = 0x20E3 };

static const struct weight_range RANGES[] = {
    {0, 4351, 100}, {8192, 8205, 100}, {8208, 8223, 100}, {8242, 8247, 100}};

const struct length_rules POST_LENGTH_RULES = {
    .most = 280,
    .scale = 100,
    .default_weight = 200,
    .link_length = 23,
    .ranges = RANGES,
    .range_count = sizeof RANGES / sizeof RANGES[0],
    .has_whole_emoji = true,
};

/* The text in its composed form. */
static struct piece composed(struct piece text, struct arena *arena)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.at;
    utf8proc_ssize_t length = (utf8proc_ssize_t)text.length;
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    if (character_plain(text.at, text.length) == text.length)
        return text;
    utf8proc_ssize_t count = utf8proc_decompose(bytes, length, NULL, 0, options);
    CHECK(count >= 0); /* the text is valid UTF-8 */
    utf8proc_int32_t *points = arena_array(arena, utf8proc_int32_t, (size_t)count);
    utf8proc_decompose(bytes, length, points, count, options);
    count = utf8proc_normalize_utf32(points, count, options);
    char *made = arena_new(arena, (size_t)count * 4);
    size_t written = 0;
    for (utf8proc_ssize_t i = 0; i < count; i++)
        written += character_put((uint32_t)points[i], made + written);
    return (struct piece){made, written};
}

static size_t units_of(struct piece text, size_t begin, size_t end)
{
    size_t units = 0;
    while (begin < end)
        units += character_next(text.at, end, &begin) > 0xFFFF ? 2 : 1;
    return units;
}

static bool is_character(uint32_t c)
{
    return c != 0xFEFF && c != 0xFFFE && c != 0xFFFF;
}

static uint32_t weight_of(uint32_t c, const struct length_rules *rules)
{
    for (size_t i = 0; i < rules->range_count; i++)
        if (c >= rules->ranges[i].first && c <= rules->ranges[i].last)
            return rules->ranges[i].weight;
    return rules->default_weight;
}

/* ---- emoji of several characters ---- */

static uint32_t at_place(struct piece text, size_t at)
{
    return character_at(text.at, text.length, at);
}

static bool is_regional(uint32_t c)
{
    return c >= 0x1F1E6 && c <= 0x1F1FF;
}

static bool is_colour(uint32_t c)
{
    return c >= 0x1F3FB && c <= 0x1F3FF;
}

/* What is a picture only where U+FE0F says so. */
static bool may_be_picture(uint32_t c)
{
    return c == 0xA9 || c == 0xAE || c == 0x203C || c == 0x2049 || c == 0x2122 || c == 0x2139;
}

/* The end of one picture with its colour or tags; `at` if none begins there. */
static size_t picture_end(struct piece text, size_t at)
{
    size_t end = at;
    uint32_t c = character_next(text.at, text.length, &end), next = at_place(text, end);
    bool is_picture =
        character_is_emoji(c) ? next != AS_TEXT : may_be_picture(c) && next == AS_PICTURE;
    if (!is_picture)
        return at;
    if (next == AS_PICTURE || (is_colour(next) && !is_colour(c)))
        character_next(text.at, text.length, &end);
    while (c == 0x1F3F4 && end < text.length && at_place(text, end) >= 0xE0020 &&
           at_place(text, end) <= 0xE007F)
        character_next(text.at, text.length, &end);
    return end;
}

/* The end of the emoji that begins at `at`; `at` if none does. */
static size_t emoji_end(struct piece text, size_t at)
{
    size_t end = at;
    uint32_t c = character_next(text.at, text.length, &end);
    if (character_is_digit(c) || c == '#' || c == '*') {
        if (at_place(text, end) == AS_PICTURE)
            character_next(text.at, text.length, &end);
        bool is_key = at_place(text, end) == KEYCAP;
        return is_key ? end + 3 : at;
    }
    if (is_regional(c)) {
        if (is_regional(at_place(text, end)))
            character_next(text.at, text.length, &end);
        return end;
    }
    end = picture_end(text, at);
    while (end > at && at_place(text, end) == JOINER) {
        size_t next = end + 3; /* the joiner's bytes */
        size_t next_end = next < text.length ? picture_end(text, next) : next;
        if (next_end == next)
            break;
        end = next_end;
    }
    return end;
}

/* ---- the count ---- */

/* What is counted at once: a link, an emoji, or a character. */
static size_t step(struct piece text, size_t at, const struct tag *link,
                   const struct length_rules *rules, uint32_t *weight)
{
    if (link != NULL && link->begin == at) {
        *weight = rules->link_length * rules->scale;
        return link->end;
    }
    size_t end = rules->has_whole_emoji ? emoji_end(text, at) : at;
    if (end > at) {
        *weight = rules->default_weight;
        return end;
    }
    *weight = weight_of(character_next(text.at, text.length, &end), rules);
    return end;
}

static const struct tag *next_link(const struct tags *tags, size_t at)
{
    for (size_t i = 0; i < tags->count; i++)
        if (tags->items[i].kind == TAG_LINK && tags->items[i].begin >= at)
            return &tags->items[i];
    return NULL;
}

struct post_length post_length_measure(struct piece text, const struct length_rules *rules,
                                       struct arena *arena)
{
    struct piece whole = composed(text, arena);
    struct tags tags = tags_find(whole, arena);
    const struct tag *link = next_link(&tags, 0);
    uint64_t weighted = 0, most = (uint64_t)rules->most * rules->scale;
    size_t units = 0, last_valid = 0;
    bool has_only_characters = true;
    for (size_t at = 0; at < whole.length;) {
        uint32_t weight;
        size_t end = step(whole, at, link, rules, &weight);
        has_only_characters = has_only_characters && is_character(at_place(whole, at));
        weighted += weight;
        units += units_of(whole, at, end);
        if (has_only_characters && weighted <= most)
            last_valid = units - 1;
        if (link != NULL && link->begin == at)
            link = next_link(&tags, end);
        at = end;
    }
    size_t written = units_of(text, 0, text.length);
    return (struct post_length){
        .weighted = (uint32_t)(weighted / rules->scale),
        .permillage = (uint32_t)(weighted * 1000 / most),
        .is_valid = has_only_characters && weighted > 0 && weighted <= most,
        .valid_end = last_valid + written - units,
        .display_end = written > 0 ? written - 1 : 0,
    };
}
