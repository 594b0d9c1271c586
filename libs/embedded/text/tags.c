#include "tags.h"

#include <string.h>

#include "characters.h"
#include "found_tags.h"
#include "links.h"

enum { MENTION_MAX = 20, LIST_MAX = 25, CASHTAG_MAX = 6, CASHTAG_SUFFIX_MAX = 2 };

/* How far each kind has come: what one has taken is no neighbour to the next of its kind. */
struct search {
    struct piece text;
    struct tags tags;
    struct link_search links;
    size_t hashtag_from, mention_from;
    struct arena *arena;
};

static bool is_name(uint32_t c)
{
    return character_is_ascii_alnum(c) || c == '_';
}

static uint32_t at_place(struct piece text, size_t at)
{
    return character_at(text.at, text.length, at);
}

static bool is_at_sign(uint32_t c)
{
    return c == '@' || c == 0xFF20;
}

static bool is_hash_sign(uint32_t c)
{
    return c == '#' || c == 0xFF03;
}

static bool begins_link(struct piece text, size_t at)
{
    return text.length - at >= 3 && memcmp(text.at + at, "://", 3) == 0;
}

/* What overlaps an earlier one is none. */
static void add(struct search *search, struct tag tag)
{
    const struct tags *tags = &search->tags;
    if (tags->count == 0 || tags->items[tags->count - 1].end <= tag.begin)
        tags_add(&search->tags, tag, search->arena);
}

/* ---- hashtags ---- */

enum { OF_HASHTAG = CHARACTER_LETTER | CHARACTER_DIGIT | CHARACTER_TAG_SIGN };

static bool may_stand_before_hashtag(const struct search *search, size_t at)
{
    if (at == 0)
        return true;
    size_t begin;
    uint32_t before = character_before(search->text.at, at, &begin);
    if (before == 0xFE0E || before == 0xFE0F)
        return begin >= search->hashtag_from;
    return before != '&' && !character_is(before, OF_HASHTAG);
}

static void take_hashtag(struct search *search, size_t at, size_t name)
{
    struct piece text = search->text;
    uint32_t next = at_place(text, name);
    if (next == 0xFE0F || next == 0x20E3 || !may_stand_before_hashtag(search, at))
        return;
    size_t end = name;
    bool has_letter = false;
    while (end < text.length) {
        size_t after = end;
        uint32_t c = character_next(text.at, text.length, &after);
        if (!character_is(c, OF_HASHTAG))
            break;
        has_letter = has_letter || character_is(c, CHARACTER_LETTER);
        end = after;
    }
    if (!has_letter)
        return;
    search->hashtag_from = end;
    if (!is_hash_sign(at_place(text, end)) && !begins_link(text, end))
        add(search, tag_spanning(TAG_HASHTAG, at, name, end));
}

/* ---- mentions and lists ---- */

static bool is_rt(struct piece text, size_t end)
{
    if (end < 2 || (text.at[end - 2] | 0x20) != 'r' || (text.at[end - 1] | 0x20) != 't')
        return false;
    return end == 2 || !(character_is_ascii_alnum((uint8_t)text.at[end - 3]) ||
                         character_is_among((uint8_t)text.at[end - 3], "_+~.-"));
}

static bool may_stand_before_mention(const struct search *search, size_t at)
{
    if (at == 0)
        return true;
    size_t begin;
    uint32_t before = character_before(search->text.at, at, &begin);
    if (is_name(before) || character_is_among(before, "!#$%&*") || is_at_sign(before))
        return is_rt(search->text, at);
    return begin >= search->mention_from;
}

static size_t name_end(struct piece text, size_t name)
{
    size_t end = name;
    while (end < text.length && end - name < MENTION_MAX && is_name((uint8_t)text.at[end]))
        end++;
    return end;
}

/* End of "/list-name", or `at` if there is none. */
static size_t list_end(struct piece text, size_t at)
{
    if (at_place(text, at) != '/')
        return at;
    uint32_t first = at_place(text, at + 1);
    if (!character_is_ascii_alnum(first) || character_is_digit(first))
        return at;
    size_t end = at + 1;
    while (end < text.length && end - at - 1 < LIST_MAX &&
           (is_name((uint8_t)text.at[end]) || text.at[end] == '-'))
        end++;
    return end;
}

/* "@a@b" is an address, "@aé" another name, "@http://" a link. */
static bool may_stand_after_mention(struct piece text, size_t end)
{
    uint32_t after = at_place(text, end);
    return !is_at_sign(after) && !character_is(after, CHARACTER_LATIN_ACCENT) &&
           !begins_link(text, end);
}

static void take_mention(struct search *search, size_t at, size_t name)
{
    size_t end_of_name = name_end(search->text, name);
    if (end_of_name == name || !may_stand_before_mention(search, at))
        return;
    size_t end = list_end(search->text, end_of_name);
    search->mention_from = end;
    if (!may_stand_after_mention(search->text, end))
        return;
    struct tag tag = tag_spanning(TAG_MENTION, at, name, end);
    tag.name_end = (uint32_t)end_of_name;
    add(search, tag);
}

struct piece tags_reply(struct piece text)
{
    size_t at = 0, name;
    while (at < text.length) {
        name = at;
        uint32_t c = character_next(text.at, text.length, &name);
        if (is_at_sign(c)) {
            size_t end = name_end(text, name);
            bool is_reply = end > name && may_stand_after_mention(text, end);
            return (struct piece){text.at + name, is_reply ? end - name : 0};
        }
        if (!character_is(c, CHARACTER_SPACE | CHARACTER_DIRECTIONAL))
            break;
        at = name;
    }
    return (struct piece){text.at, 0};
}

struct piece tag_list(const struct tag *tag, struct piece text)
{
    bool is_list = tag->kind == TAG_MENTION && tag->end > tag->name_end;
    size_t begin = is_list ? tag->name_end + 1 : tag->end;
    return (struct piece){text.at + begin, tag->end - begin};
}

/* ---- cashtags ---- */

static size_t letters_end(struct piece text, size_t at, size_t most)
{
    size_t end = at;
    while (end < text.length && end - at < most &&
           character_is_ascii_alnum((uint8_t)text.at[end]) &&
           !character_is_digit((uint8_t)text.at[end]))
        end++;
    return end;
}

static bool may_stand_after_cashtag(struct piece text, size_t end)
{
    uint32_t c = at_place(text, end);
    return end == text.length || (c >= 9 && c <= 13) || c == ' ' ||
           character_is_among(c, "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~");
}

static size_t cashtag_end(struct piece text, size_t name)
{
    size_t end = letters_end(text, name, CASHTAG_MAX);
    if (end == name)
        return 0;
    if (end < text.length && (text.at[end] == '.' || text.at[end] == '_'))
        for (size_t most = CASHTAG_SUFFIX_MAX; most > 0; most--) {
            size_t longer = letters_end(text, end + 1, most);
            if (longer > end + 1 && may_stand_after_cashtag(text, longer))
                return longer;
        }
    return may_stand_after_cashtag(text, end) ? end : 0;
}

static void take_cashtag(struct search *search, size_t at)
{
    size_t before;
    if (at > 0 && !character_is(character_before(search->text.at, at, &before),
                                CHARACTER_SPACE | CHARACTER_DIRECTIONAL))
        return;
    size_t end = cashtag_end(search->text, at + 1);
    if (end > 0)
        add(search, tag_spanning(TAG_CASHTAG, at, at + 1, end));
}

/* ---- all of them ---- */

/* A sign of three bytes: the full-width forms. */
static void take_wide(struct search *search, size_t at)
{
    if (search->text.length - at < 3 || (uint8_t)search->text.at[at + 1] != 0xBC)
        return;
    if ((uint8_t)search->text.at[at + 2] == 0x83)
        take_hashtag(search, at, at + 3);
    else if ((uint8_t)search->text.at[at + 2] == 0xA0)
        take_mention(search, at, at + 3);
}

/* What any of them has in it. */
static bool is_telling(char byte)
{
    static const bool TELLING[256] = {
        ['#'] = true, ['$'] = true, ['.'] = true, ['@'] = true, [0xEF] = true};
    return TELLING[(uint8_t)byte];
}

struct tags tags_find(struct piece text, struct arena *arena)
{
    struct search search = {.text = text, .links = {.text = text}, .arena = arena};
    for (size_t at = 0; at < text.length; at++) {
        if (!is_telling(text.at[at]))
            continue;
        if (text.at[at] == '.')
            links_take(&search.links, at, &search.tags, arena);
        else if (text.at[at] == '#')
            take_hashtag(&search, at, at + 1);
        else if (text.at[at] == '@')
            take_mention(&search, at, at + 1);
        else if (text.at[at] == '$')
            take_cashtag(&search, at);
        else
            take_wide(&search, at);
    }
    return search.tags;
}
