#include "reuse.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/check.h"
#include "embedded/embedded.h"
#include "names.h"
#include "json/json.h"

enum { DECIMAL_DIGITS = 15 }; /* as many as every decimal number keeps */

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

/* The document with its entities as they stand in the text. */
static void write_for(json_t *document, struct piece text, struct arena *arena, struct text *out)
{
    const json_t *old = json_object_get(document, "entities");
    struct post_analysis analysis = {0};
    embedded_find_entities(text, arena, &analysis);
    read_names(json_object_get(old, "names"), arena, &analysis.names);
    names_place(&analysis.names, text);
    SCOPED(text_free) struct text written = {0};
    post_analysis_write_entities(&analysis, &written);
    json_t *entities;
    struct error why;
    CHECK(json_parse(written.chars, written.length, &entities, &why) &&
          json_object_set_new(document, "entities", entities) == 0);
    char *dumped = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(DECIMAL_DIGITS));
    CHECK(dumped != NULL);
    text_add(out, dumped);
    free(dumped);
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
    if (json_is_object(json_object_get(document, "entities")) && known->text_hash != text_hash)
        write_for(document, text, arena, &written);
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
