/* Rule 7. */
#include <string.h>

#include "base/check.h"
#include "kinds.h"

/* So many digits of a number that was written in decimals come back as they were. */
enum { DECIMAL_DIGITS = 15 };

void schema_write(const json_t *document, struct text *out)
{
    char *chars = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(DECIMAL_DIGITS));
    CHECK(chars != NULL);
    text_add(out, chars);
    free(chars);
}

static bool is_required(const json_t *object, const char *name)
{
    size_t i;
    const json_t *required;
    json_array_foreach (json_object_get(object, "required"), i, required)
        if (strcmp(json_string_value(required), name) == 0)
            return true;
    return false;
}

static json_t *strict_of(const json_t *schema, unsigned may_be_null);

static void copy_properties(const json_t *schema, json_t *strict)
{
    json_t *properties = json_object(), *required = json_array();
    const char *name;
    json_t *property;
    json_t *given = json_object_get(schema, "properties");
    json_object_foreach (given, name, property) {
        unsigned may_be_null = is_required(schema, name) ? 0 : KIND_NULL;
        json_object_set_new(properties, name, strict_of(property, may_be_null));
        json_array_append_new(required, json_string(name));
    }
    json_object_set_new(strict, "properties", properties);
    json_object_set_new(strict, "required", required);
    json_object_set_new(strict, "additionalProperties", json_false());
}

static json_t *choices_of(const json_t *schema, unsigned may_be_null)
{
    json_t *choices = json_copy(json_object_get(schema, "enum"));
    bool has_null = false;
    size_t i;
    const json_t *choice;
    json_array_foreach (choices, i, choice)
        has_null |= json_is_null(choice);
    if (may_be_null != 0 && !has_null)
        json_array_append_new(choices, json_null());
    return choices;
}

/* A new one. may_be_null: KIND_NULL, or 0. */
static json_t *strict_of(const json_t *schema, unsigned may_be_null)
{
    json_t *strict = json_object(), *type = json_object_get(schema, "type");
    json_t *description = json_object_get(schema, "description");
    if (may_be_null != 0 && (kinds_of(schema) & KIND_NULL) == 0) {
        json_t *name = json_is_array(type) ? json_array_get(type, 0) : type;
        json_object_set_new(strict, "type", json_pack("[O,s]", name, "null"));
    } else {
        json_object_set(strict, "type", type);
    }
    if (description != NULL)
        json_object_set(strict, "description", description);
    if (json_object_get(schema, "enum") != NULL)
        json_object_set_new(strict, "enum", choices_of(schema, may_be_null));
    if (json_object_get(schema, "properties") != NULL)
        copy_properties(schema, strict);
    if (json_object_get(schema, "items") != NULL)
        json_object_set_new(strict, "items", strict_of(json_object_get(schema, "items"), 0));
    return strict;
}

json_t *schema_strict(const json_t *schema)
{
    return strict_of(schema, 0);
}
