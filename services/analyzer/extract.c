#include "extract.h"

#include <string.h>

#include "base/text.h"
#include "messages/messages.h"
#include "json/json.h"

enum { MAX_DEPTH = 8 }; /* of objects; an answer has three */

static const char REPLACEMENT[] = "\xEF\xBF\xBD";

/* Length of the longest start of the bytes that is UTF-8. */
static size_t valid_length(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t size = bytes[i] < 0x80 ? 1 : bytes[i] < 0xE0 ? 2 : bytes[i] < 0xF0 ? 3 : 4;
        if (size > length - i || (size > 1 && !text_is_valid(bytes + i, size)))
            return i;
        i += size;
    }
    return length;
}

struct bytes extract_clean(struct bytes bytes, struct arena *arena, bool *is_clean)
{
    *is_clean = valid_length(bytes.at, bytes.length) == bytes.length;
    if (*is_clean)
        return bytes;
    SCOPED(text_free) struct text clean = {0};
    for (size_t at = 0; at < bytes.length;) {
        size_t valid = valid_length(bytes.at + at, bytes.length - at);
        text_add_bytes(&clean, bytes.at + at, valid);
        at += valid;
        if (at < bytes.length) {
            text_add(&clean, REPLACEMENT);
            at++;
        }
    }
    return (struct bytes){(const uint8_t *)arena_bytes(arena, clean.chars, clean.length),
                          clean.length};
}

/* Where text is being looked at, and whom to tell. */
struct search {
    bool is_clean;
    extract_item *item;
    extract_summary *summary;
    void *context;
};

static bool has_replacement(const char *text, size_t length)
{
    return memmem(text, length, REPLACEMENT, sizeof REPLACEMENT - 1) != NULL;
}

static void tell_summary(const struct search *search, const json_t *object)
{
    const json_t *summary = json_object_get(object, "summary");
    if (json_is_string(summary))
        search->summary(search->context, json_string_value(summary), json_string_length(summary));
}

/* A whole object, if it is JSON. */
static void look_at(const struct search *search, const char *text, size_t length)
{
    SCOPED(json_free) json_t *object = NULL;
    struct error why;
    if (!json_parse(text, length, &object, &why))
        return;
    bool is_clean = search->is_clean || !has_replacement(text, length);
    tell_summary(search, object);
    if (json_object_get(object, "id") != NULL)
        search->item(search->context, object, is_clean);
}

/* The document as it should be: {"results":[...],"summary":"..."} and nothing else. */
static bool look_at_whole(const struct search *search, const char *text, size_t length)
{
    if (!search->is_clean)
        return false;
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    if (!json_parse(text, length, &document, &why))
        return false;
    const json_t *results = json_object_get(document, "results");
    if (!json_is_array(results))
        return false;
    size_t i;
    const json_t *item;
    json_array_foreach (results, i, item)
        search->item(search->context, item, true);
    tell_summary(search, document);
    return true;
}

/* The end of a string that begins after `at`, or the end of the text. */
static size_t string_end(const char *text, size_t length, size_t at)
{
    while (at < length && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at < length ? at : length;
}

/* Looks at each whole object, innermost first. Quotes count within objects only: prose before them
 * may hold any. Every byte is parsed at most once per depth. */
static bool look_at_pieces(const struct search *search, const char *text, size_t length)
{
    size_t starts[MAX_DEPTH], depth = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"' && depth > 0) {
            i = string_end(text, length, i + 1);
        } else if (text[i] == '{') {
            if (depth == MAX_DEPTH) /* no answer of ours: the outermost ones are given up */
                memmove(starts, starts + 1, --depth * sizeof starts[0]);
            starts[depth++] = i;
        } else if (text[i] == '}' && depth > 0) {
            depth--;
            look_at(search, text + starts[depth], i + 1 - starts[depth]);
        }
    }
    return depth > 0;
}

bool extract_items(const char *text, size_t length, bool is_clean, extract_item *item,
                   extract_summary *summary, void *context)
{
    struct search search = {is_clean, item, summary, context};
    return !look_at_whole(&search, text, length) && look_at_pieces(&search, text, length);
}
