#include "reuse.h"

#include <string.h>
#include <xxhash.h>

#include "embedded/embedded.h"
#include "names.h"
#include "json/json.h"

/* ---- a valid JSON document, byte by byte ---- */

/* Behind the string that begins at `at`. */
static size_t skip_string(struct piece json, size_t at)
{
    for (at++; at < json.length && json.at[at] != '"'; at++)
        at += json.at[at] == '\\';
    return at + 1;
}

/* The object that begins at or behind `at`. */
static struct piece object_at(struct piece json, size_t at)
{
    while (at < json.length && json.at[at] != '{')
        at++;
    size_t begin = at, depth = 0;
    while (at < json.length) {
        if (json.at[at] == '"') {
            at = skip_string(json, at);
            continue;
        }
        depth += json.at[at] == '{';
        depth -= json.at[at] == '}';
        at++;
        if (depth == 0)
            break;
    }
    return (struct piece){json.at + begin, at - begin};
}

/* The bytes of member `name`, an object, of the outermost object. */
static struct piece member_of(struct piece json, const char *name)
{
    size_t depth = 0, length = strlen(name);
    bool is_key = false;
    for (size_t at = 0; at < json.length;) {
        char c = json.at[at];
        if (c != '"') {
            depth += c == '{' || c == '[';
            depth -= c == '}' || c == ']';
            is_key = depth == 1 && (c == '{' || c == ',' || (is_key && c == ' '));
            at++;
            continue;
        }
        size_t end = skip_string(json, at);
        if (is_key && end - at - 2 == length && memcmp(json.at + at + 1, name, length) == 0)
            return object_at(json, end);
        is_key = false;
        at = end;
    }
    return (struct piece){json.at + json.length, 0};
}

/* ---- entities ---- */

static void read_names(const json_t *list, struct arena *arena, struct entities *names)
{
    names->items = arena_array(arena, struct entity, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *text = json_object_get(json_array_get(list, i), "text"),
                     *type = json_object_get(json_array_get(list, i), "type");
        struct entity name = {.text = {json_string_value(text), json_string_length(text)}};
        if (name.text.length > 0 && json_is_string(type) &&
            name_type_parse(json_string_value(type), &name.type))
            names->items[names->count++] = name;
    }
}

static void write_for(struct piece known, const json_t *entities, struct piece text,
                      struct arena *arena, struct text *out)
{
    struct piece old = member_of(known, "entities");
    struct post_analysis analysis = {0};
    embedded_find_entities(text, arena, &analysis);
    read_names(json_object_get(entities, "names"), arena, &analysis.names);
    names_place(&analysis.names, text);
    text_add_bytes(out, known.at, (size_t)(old.at - known.at));
    post_analysis_write_entities(&analysis, out);
    const char *rest = old.at + old.length;
    text_add_bytes(out, rest, (size_t)(known.at + known.length - rest));
}

uint64_t reuse_text_hash(const char *text, size_t length)
{
    XXH64_hash_t hash = XXH3_64bits(text, length);
    return hash > 0 ? hash : 1;
}

bool reuse(const Tp__PostResult *known, const Tp__Post *post, size_t max_bytes, struct arena *arena,
           Tp__PostResult **result)
{
    struct piece json = {(const char *)known->data_json.data, known->data_json.len};
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    if (!json_parse(json.at, json.length, &document, &why) || !json_is_object(document))
        return false;
    SCOPED(text_free) struct text written = {0};
    struct piece text = {(const char *)post->text.data, post->text.len};
    uint64_t text_hash = reuse_text_hash(text.at, text.length);
    const json_t *entities = json_object_get(document, "entities");
    if (json_is_object(entities) && known->text_hash != text_hash)
        write_for(json, entities, text, arena, &written);
    else
        text_add_bytes(&written, json.at, json.length);
    if (written.length > max_bytes)
        return false;
    Tp__PostResult *made = arena_new(arena, sizeof *made);
    tp__post_result__init(made);
    made->seq = post->seq;
    made->data_json.data = (uint8_t *)arena_bytes(arena, written.chars, written.length);
    made->data_json.len = written.length;
    made->provenance = known->provenance < TP__PROVENANCE__FROM_CACHE ? known->provenance
                                                                      : TP__PROVENANCE__FROM_CACHE;
    made->model = arena_string(arena, known->model);
    made->prompt_version = arena_string(arena, known->prompt_version);
    made->confidence = known->confidence;
    made->text_hash = text_hash;
    *result = made;
    return true;
}
