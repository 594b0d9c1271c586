#include "custom.h"

#include <inttypes.h>
#include <string.h>

static bool may_be(const json_t *schema, const char *wanted)
{
    const json_t *type = json_object_get(schema, "type");
    if (json_is_string(type))
        return strcmp(json_string_value(type), wanted) == 0;
    size_t i;
    const json_t *name;
    json_array_foreach (type, i, name)
        if (json_is_string(name) && strcmp(json_string_value(name), wanted) == 0)
            return true;
    return false;
}

static json_t *number_of(const json_t *schema, const char *name)
{
    json_t *number = json_object_get(schema, name);
    return json_is_number(number) ? number : NULL;
}

static void write_object(const json_t *schema, uint64_t hash, struct text *out)
{
    json_t *properties = json_object_get(schema, "properties"), *property;
    const char *name, *comma = "";
    text_add_char(out, '{');
    json_object_foreach (properties, name, property) {
        text_add(out, comma);
        text_add_json(out, name, strlen(name));
        text_add_char(out, ':');
        custom_write(property, hash, out);
        comma = ",";
    }
    text_add_char(out, '}');
}

static void write_number(const json_t *schema, uint64_t hash, struct text *out)
{
    const json_t *least = number_of(schema, "minimum");
    if (least != NULL)
        text_format(out, "%.15g", json_number_value(least));
    else if (may_be(schema, "integer"))
        text_format(out, "%" PRIu64, 1 + hash % 3);
    else
        text_add(out, "0.5");
}

static void write_choice(const json_t *choices, uint64_t hash, struct text *out)
{
    const json_t *choice = json_array_get(choices, hash % json_array_size(choices));
    char *chars = json_dumps(choice, JSON_ENCODE_ANY);
    text_add(out, chars);
    free(chars);
}

void custom_write(const json_t *schema, uint64_t hash, struct text *out)
{
    const json_t *choices = json_object_get(schema, "enum");
    if (json_array_size(choices) > 0) {
        write_choice(choices, hash, out);
    } else if (may_be(schema, "object")) {
        write_object(schema, hash, out);
    } else if (may_be(schema, "array")) {
        text_add_char(out, '[');
        custom_write(json_object_get(schema, "items"), hash, out);
        text_add_char(out, ']');
    } else if (may_be(schema, "string")) {
        text_format(out, "\"echo-%016" PRIx64 "\"", hash);
    } else if (may_be(schema, "integer") || may_be(schema, "number")) {
        write_number(schema, hash, out);
    } else if (may_be(schema, "boolean")) {
        text_add(out, hash % 2 == 0 ? "true" : "false");
    } else {
        text_add(out, "null");
    }
}
