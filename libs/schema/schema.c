#include "schema/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bounds.h"
#include "kinds.h"
#include "place.h"

enum { NAME_MAX_BYTES = 64, MESSAGE_BYTES = 120 };

/* Rule 1: the members, and the types for which they mean something. */
static const struct {
    const char *name;
    unsigned kinds;
} MEMBERS[] = {
    {"type", ~0U},
    {"description", ~0U},
    {"enum", KIND_STRING | KIND_NUMBER | KIND_INTEGER | KIND_BOOLEAN | KIND_NULL},
    {"properties", KIND_OBJECT},
    {"required", KIND_OBJECT},
    {"additionalProperties", KIND_OBJECT},
    {"items", KIND_ARRAY},
    {"minItems", KIND_ARRAY},
    {"maxItems", KIND_ARRAY},
    {"minimum", KIND_NUMBER | KIND_INTEGER},
    {"maximum", KIND_NUMBER | KIND_INTEGER},
    {"minLength", KIND_STRING},
    {"maxLength", KIND_STRING},
};

static bool refuse_member(const struct place *place, const char *name, const char *message,
                          struct error *why)
{
    const struct place member = {.above = place, .name = name};
    return place_refuse(&member, why, message);
}

/* jansson's iteration wants it mutable; nothing is changed. */
static json_t *mutable(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

/* ---- rule 1 ---- */

static bool check_type(const json_t *schema, const struct place *place, struct error *why)
{
    const json_t *type = json_object_get(schema, "type");
    if (type == NULL)
        return place_refuse(place, why, "a schema needs a type");
    size_t count = json_is_array(type) ? json_array_size(type) : 1;
    unsigned kinds = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *name = json_is_array(type) ? json_array_get(type, i) : type;
        unsigned kind = json_is_string(name) ? kind_parse(json_string_value(name)) : 0;
        if (kind == 0)
            return refuse_member(place, "type",
                                 "must be string, number, integer, boolean, array, object or null",
                                 why);
        kinds |= kind;
    }
    bool is_good = count == 1 || (count == 2 && (kinds & KIND_NULL) != 0 && kinds != KIND_NULL);
    return is_good || refuse_member(place, "type", "a list has one type and perhaps null", why);
}

static bool check_member(const char *name, unsigned kinds, const struct place *place,
                         struct error *why)
{
    for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++)
        if (strcmp(MEMBERS[i].name, name) == 0)
            return (MEMBERS[i].kinds & kinds) != 0 ||
                   refuse_member(place, name, "means nothing for this type", why);
    return refuse_member(place, name, "is not supported", why);
}

static bool check_members(const json_t *schema, const struct place *place, struct error *why)
{
    unsigned kinds = kinds_of(schema);
    const char *name;
    json_t *value;
    json_object_foreach (mutable(schema), name, value) {
        if (!check_member(name, kinds, place, why))
            return false;
    }
    const json_t *description = json_object_get(schema, "description");
    return description == NULL || json_is_string(description) ||
           refuse_member(place, "description", "must be a string", why);
}

/* ---- rules 5 and 6 ---- */

static bool is_repeated(const json_t *list, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (kinds_same(json_array_get(list, i), json_array_get(list, index)))
            return true;
    return false;
}

static bool check_choices(const json_t *schema, const struct place *place, struct error *why)
{
    const json_t *choices = json_object_get(schema, "enum");
    const struct place here = {.above = place, .name = "enum"};
    if (choices == NULL)
        return true;
    size_t count = json_array_size(choices);
    if (count < 1 || count > SCHEMA_MAX_CHOICES)
        return place_refuse(&here, why, "must be a list of 1 to 100 values");
    for (size_t i = 0; i < count; i++) {
        const json_t *choice = json_array_get(choices, i);
        const struct place element = {.above = &here, .index = i};
        if (json_is_array(choice) || json_is_object(choice) ||
            !kinds_accept(kinds_of(schema), choice))
            return place_refuse(&element, why, "is not of the type");
        if (is_repeated(choices, i))
            return place_refuse(&element, why, "stands there twice");
        if (!bounds_check(schema, choice, &element, why))
            return false;
    }
    return true;
}

static bool check_sizes(const json_t *schema, const char *const names[2], const struct place *place,
                        struct error *why)
{
    static const json_int_t MOST[] = {SCHEMA_MAX_LEAST, INT32_MAX};
    json_int_t bounds[2] = {0, INT32_MAX};
    for (int i = 0; i < 2; i++) {
        const json_t *bound = json_object_get(schema, names[i]);
        if (bound == NULL)
            continue;
        bounds[i] = json_integer_value(bound);
        if (!json_is_integer(bound) || bounds[i] < 0 || bounds[i] > INT32_MAX)
            return refuse_member(place, names[i], "must be a whole number, not negative", why);
        if (bounds[i] > MOST[i])
            return refuse_member(place, names[i], "is more than an answer may hold: 1000", why);
    }
    return bounds[0] <= bounds[1] || refuse_member(place, names[0], "is above the most", why);
}

/* Between 1.2 and 1.8 there is no integer. */
static bool has_value(unsigned kinds, double least, double most)
{
    return least <= most && ((kinds & KIND_INTEGER) == 0 || ceil(least) <= floor(most));
}

static bool check_bounds(const json_t *schema, const struct place *place, struct error *why)
{
    static const char *const ITEMS[] = {"minItems", "maxItems"};
    static const char *const LENGTHS[] = {"minLength", "maxLength"};
    static const char *const LIMITS[] = {"minimum", "maximum"};
    const json_t *limits[2];
    for (int i = 0; i < 2; i++) {
        limits[i] = json_object_get(schema, LIMITS[i]);
        if (limits[i] != NULL && !json_is_number(limits[i]))
            return refuse_member(place, LIMITS[i], "must be a number", why);
    }
    if (limits[0] != NULL && limits[1] != NULL &&
        !has_value(kinds_of(schema), json_number_value(limits[0]), json_number_value(limits[1])))
        return refuse_member(place, LIMITS[0], "is above the maximum", why);
    return check_sizes(schema, ITEMS, place, why) && check_sizes(schema, LENGTHS, place, why);
}

/* ---- rules 3 and 4 ---- */

static bool check_required(const json_t *schema, const struct place *place, struct error *why)
{
    const json_t *required = json_object_get(schema, "required");
    const json_t *properties = json_object_get(schema, "properties");
    const struct place here = {.above = place, .name = "required"};
    if (required != NULL && !json_is_array(required))
        return place_refuse(&here, why, "must be a list of names");
    for (size_t i = 0; i < json_array_size(required); i++) {
        const char *name = json_string_value(json_array_get(required, i));
        const struct place element = {.above = &here, .index = i};
        if (name == NULL || json_object_get(properties, name) == NULL)
            return place_refuse(&element, why, "is the name of no property");
        if (is_repeated(required, i))
            return place_refuse(&element, why, "stands there twice");
    }
    return true;
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F)
            return false;
    return length >= 1 && length <= NAME_MAX_BYTES;
}

static bool check_one(const json_t *schema, const struct place *place, int depth,
                      struct error *why);

static bool check_object(const json_t *schema, const struct place *place, int depth,
                         struct error *why)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *additional = json_object_get(schema, "additionalProperties");
    const struct place here = {.above = place, .name = "properties"};
    if (!json_is_object(properties) || json_object_size(properties) == 0)
        return place_refuse(&here, why, "an object needs properties, one at least");
    if (additional != NULL && !json_is_false(additional))
        return refuse_member(place, "additionalProperties", "may only be false", why);
    const char *name;
    json_t *property;
    json_object_foreach (mutable(properties), name, property) {
        const struct place member = {.above = &here, .name = name};
        if (!is_name(name))
            return place_refuse(&here, why, "a name has 1 to 64 bytes without control characters");
        if (!check_one(property, &member, depth + 1, why))
            return false;
    }
    return check_required(schema, place, why);
}

static bool check_items(const json_t *schema, const struct place *place, int depth,
                        struct error *why)
{
    const json_t *items = json_object_get(schema, "items");
    const struct place here = {.above = place, .name = "items"};
    if (items == NULL)
        return place_refuse(&here, why, "an array needs them");
    return check_one(items, &here, depth + 1, why);
}

static bool check_one(const json_t *schema, const struct place *place, int depth, struct error *why)
{
    if (!json_is_object(schema))
        return place_refuse(place, why, "a schema is an object");
    if (depth > SCHEMA_MAX_DEPTH)
        return place_refuse(place, why, "schemas may stand 4 deep in each other");
    if (!check_type(schema, place, why) || !check_members(schema, place, why) ||
        !check_bounds(schema, place, why) || !check_choices(schema, place, why))
        return false;
    unsigned kinds = kinds_of(schema);
    if ((kinds & KIND_OBJECT) != 0)
        return check_object(schema, place, depth, why);
    return (kinds & KIND_ARRAY) == 0 || check_items(schema, place, depth, why);
}

bool schema_check(const json_t *schema, struct error *why)
{
    if (!check_one(schema, NULL, 1, why))
        return false;
    if (kinds_of(schema) != KIND_OBJECT)
        return refuse_member(NULL, "type", "must be object at the root", why);
    SCOPED(text_free) struct text written = {0};
    schema_write(schema, &written);
    if (written.length <= SCHEMA_MAX_BYTES)
        return true;
    char message[MESSAGE_BYTES];
    snprintf(message, sizeof message, "has %zu bytes, at most %d", written.length,
             SCHEMA_MAX_BYTES);
    return place_refuse(NULL, why, message);
}

bool schema_parse(const char *bytes, size_t length, json_t **schema, struct error *why)
{
    SCOPED(json_free) json_t *parsed = NULL;
    *schema = NULL;
    if (!json_parse(bytes, length, &parsed, why) || !schema_check(parsed, why))
        return false;
    *schema = TAKE(parsed);
    return true;
}
