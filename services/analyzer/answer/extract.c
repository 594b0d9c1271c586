#include "extract.h"

#include <string.h>

#include "base/text.h"
#include "mend.h"

enum {
    MAX_LEVEL = 5,    /* of objects within broken ones; a broken answer needs three */
    MAX_UNWRAPS = 2,  /* strings within strings */
    FLOOD_BYTES = 512 /* of white space at the end */
};

struct span {
    const char *at;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t skip_blanks(const char *text, size_t length, size_t at)
{
    while (at < length && is_blank(text[at]))
        at++;
    return at;
}

/* ---- what is JSON ---- */

static bool find_in(const struct extract_listener *listener, struct span text, int unwraps);

static void tell_object(const struct extract_listener *listener, const json_t *object)
{
    const json_t *summary = json_object_get(object, "summary");
    if (json_is_string(summary))
        listener->summary(listener->context, json_string_value(summary),
                          json_string_length(summary));
}

/* Rule 1: what should be the results, or all there is. */
static bool may_wrap(const json_t *object, const char *name)
{
    return strcmp(name, "results") == 0 ||
           (json_object_size(object) == 1 && strcmp(name, "summary") != 0);
}

static void walk(const struct extract_listener *listener, const json_t *value, int unwraps)
{
    size_t i;
    const json_t *element;
    json_array_foreach (value, i, element)
        walk(listener, element, unwraps);
    if (!json_is_object(value))
        return;
    if (json_object_get(value, "id") != NULL) {
        listener->item(listener->context, value); /* rule 3 */
        return;
    }
    tell_object(listener, value);
    json_t *object = (json_t *)(uintptr_t)value; /* jansson's iteration wants it mutable */
    const char *name;
    json_t *member;
    json_object_foreach (object, name, member) {
        struct span text = {json_string_value(member), json_string_length(member)};
        if (text.at != NULL && unwraps < MAX_UNWRAPS && may_wrap(value, name))
            (void)find_in(listener, text, unwraps + 1);
        else
            walk(listener, member, unwraps);
    }
}

static bool look_at(const struct extract_listener *listener, struct span text, int unwraps)
{
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    if (listener->is_mended && mend_has_replacement(text.at, text.length))
        return false;
    if (!json_parse(text.at, text.length, &document, &why))
        return false;
    walk(listener, document, unwraps);
    return true;
}

/* ---- what is not ---- */

/* Whether {"id": begins there. */
static bool begins_item(const char *text, size_t length, size_t at)
{
    static const char KEY[] = "\"id\"";
    at = skip_blanks(text, length, at + 1);
    if (length - at < sizeof KEY || memcmp(text + at, KEY, sizeof KEY - 1) != 0)
        return false;
    at = skip_blanks(text, length, at + sizeof KEY - 1);
    return at < length && text[at] == ':';
}

/* Whether the string that begins before `at` ends, and with it *end is at its quote. Else it is no
 * string, and *end is where an object begins that cannot stand in one (rule 2), or the text's end.
 */
static bool string_ends(const char *text, size_t length, size_t at, size_t *end)
{
    for (; at < length; at += text[at] == '\\' ? 2 : 1) {
        *end = at;
        if (text[at] == '"')
            return true;
        if (text[at] == '{' && begins_item(text, length, at))
            return false;
    }
    *end = length;
    return false;
}

/* An object as far as it can be told without parsing it. */
struct shape {
    size_t end; /* behind it, where it is broken, or the text's */
    bool is_closed, has_inner, has_id, has_summary;
    int64_t id; /* 0 = none, or no whole number */
};

static int64_t whole_number(const char *text, size_t length, size_t at)
{
    int64_t number = 0;
    for (size_t digits = 0; at < length && text[at] >= '0' && text[at] <= '9'; at++)
        if (++digits <= 9)
            number = number * 10 + (text[at] - '0');
        else
            return 0;
    return number;
}

/* A string of the object itself, which may be the name of a member. */
static void note_name(const char *text, size_t length, struct span string, struct shape *shape)
{
    size_t end = (size_t)(string.at - text) + string.length + 1;
    size_t colon = skip_blanks(text, length, end);
    if (colon >= length || text[colon] != ':')
        return;
    if (string.length == 2 && memcmp(string.at, "id", 2) == 0) {
        if (!shape->has_id)
            shape->id = whole_number(text, length, skip_blanks(text, length, colon + 1));
        shape->has_id = true;
    } else if (string.length == 7 && memcmp(string.at, "summary", 7) == 0) {
        shape->has_summary = true;
    }
}

static struct shape shape_of(const char *text, size_t length, size_t start)
{
    struct shape shape = {.end = length};
    size_t depth = 0;
    for (size_t i = start; i < length; i++) {
        if (text[i] == '"') {
            size_t end;
            if (!string_ends(text, length, i + 1, &end)) {
                shape.end = end; /* whatever it is, it is broken here */
                return shape;
            }
            if (depth == 1)
                note_name(text, length, (struct span){text + i + 1, end - i - 1}, &shape);
            i = end;
        } else if (text[i] == '{') {
            shape.has_inner |= depth++ > 0;
        } else if (text[i] == '}' && --depth == 0) {
            shape.end = i + 1;
            shape.is_closed = true;
            return shape;
        }
    }
    return shape;
}

static bool look_within(const struct extract_listener *listener, struct span text, int level);

/* Answers whether it breaks off. */
static bool look_at_object(const struct extract_listener *listener, struct span text,
                           const struct shape *shape, int level)
{
    bool may_tell = shape->has_id || shape->has_summary || shape->has_inner;
    if (shape->is_closed && (!may_tell || look_at(listener, text, MAX_UNWRAPS)))
        return false;
    if (shape->is_closed && shape->has_id)
        listener->broken(listener->context, shape->id);
    else if (shape->has_inner && !shape->has_id && level < MAX_LEVEL)
        (void)look_within(listener, (struct span){text.at + 1, text.length - 1}, level + 1);
    return !shape->is_closed;
}

/* Rule 2: each object of the text, at level 0 of prose, else of the inside of an object. */
static bool look_within(const struct extract_listener *listener, struct span text, int level)
{
    bool breaks_off = false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == '"' && level > 0) {
            size_t end;
            i = string_ends(text.at, text.length, i + 1, &end) ? end : end - 1;
            continue;
        }
        size_t next = i + 1;
        if (text.at[i] != '{' ||
            (level == 0 && (next = skip_blanks(text.at, text.length, next)) < text.length &&
             text.at[next] != '"'))
            continue;
        struct shape shape = shape_of(text.at, text.length, i);
        struct span object = {text.at + i, shape.end - i};
        breaks_off |= look_at_object(listener, object, &shape, level);
        i = shape.end - 1;
    }
    return breaks_off;
}

/* ---- what stands around it ---- */

/* Behind a block of thoughts; *is_endless: there is nothing behind it. A block lacks its beginning
 * where a server has put that into the prompt: then it is one only if no object stands before its
 * end, since a post may speak of </think> too. */
static struct span skip_thoughts(struct span text, bool *is_endless)
{
    static const char BEGIN[] = "<think>", END[] = "</think>";
    bool has_begin =
        text.length >= sizeof BEGIN - 1 && memcmp(text.at, BEGIN, sizeof BEGIN - 1) == 0;
    const char *object = has_begin ? NULL : memchr(text.at, '{', text.length);
    size_t before = object != NULL ? (size_t)(object - text.at) : text.length;
    const char *end = memmem(text.at, before, END, sizeof END - 1);
    *is_endless = has_begin && end == NULL;
    if (end == NULL)
        return text;
    size_t skipped = (size_t)(end - text.at) + sizeof END - 1;
    skipped = skip_blanks(text.at, text.length, skipped);
    return (struct span){text.at + skipped, text.length - skipped};
}

/* A document that is one string: with brackets around it, since a document is no bare value. */
static bool find_in_string(const struct extract_listener *listener, struct span text, int unwraps)
{
    SCOPED(text_free) struct text list = {0};
    text_add_char(&list, '[');
    text_add_bytes(&list, text.at, text.length);
    text_add_char(&list, ']');
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    if (!json_parse(list.chars, list.length, &document, &why) || json_array_size(document) != 1)
        return false;
    const json_t *string = json_array_get(document, 0);
    struct span inner = {json_string_value(string), json_string_length(string)};
    (void)find_in(listener, inner, unwraps + 1);
    return true;
}

static bool find_in(const struct extract_listener *listener, struct span text, int unwraps)
{
    size_t skipped = skip_blanks(text.at, text.length, 0), end = text.length;
    while (end > skipped && is_blank(text.at[end - 1]))
        end--;
    bool is_flooded = text.length - end > FLOOD_BYTES || skipped > FLOOD_BYTES, is_endless;
    text = skip_thoughts((struct span){text.at + skipped, end - skipped}, &is_endless);
    if (text.length < 2 || is_endless)
        return is_flooded || is_endless;
    char first = text.at[0], last = text.at[text.length - 1];
    bool may_be_json = (first == '{' && last == '}') || (first == '[' && last == ']');
    if (may_be_json && look_at(listener, text, unwraps))
        return is_flooded;
    if (first == '"' && last == '"' && unwraps < MAX_UNWRAPS &&
        find_in_string(listener, text, unwraps))
        return is_flooded;
    return look_within(listener, text, 0) || is_flooded;
}

bool extract_items(const char *text, size_t length, const struct extract_listener *listener)
{
    return find_in(listener, (struct span){text, length}, 0);
}
