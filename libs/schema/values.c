/* Rules 3 to 7, of values. */
#include <string.h>

#include "bounds.h"
#include "kinds.h"
#include "place.h"

static bool check_choice(const json_t *schema, const json_t *value, const struct place *place,
                         struct error *why)
{
    const json_t *choices = json_object_get(schema, "enum"), *choice;
    size_t i;
    json_array_foreach (choices, i, choice)
        if (kinds_same(choice, value))
            return true;
    return choices == NULL || place_refuse(place, why, "is none of the choices");
}

static bool check_value(const json_t *schema, json_t *value, const struct place *place,
                        struct error *why);

/* Rule 7: a null of a property that may be left out, and may not be null. */
static bool stands_for_nothing(const json_t *schema, const char *name, const json_t *value)
{
    const json_t *property = json_object_get(json_object_get(schema, "properties"), name);
    if (!json_is_null(value) || property == NULL || (kinds_of(property) & KIND_NULL) != 0)
        return false;
    size_t i;
    const json_t *required;
    json_array_foreach (json_object_get(schema, "required"), i, required)
        if (strcmp(json_string_value(required), name) == 0)
            return false;
    return true;
}

static bool check_members(const json_t *schema, json_t *value, const struct place *place,
                          struct error *why)
{
    const json_t *properties = json_object_get(schema, "properties");
    const char *name;
    json_t *member;
    void *next;
    json_object_foreach_safe(value, next, name, member)
    {
        const struct place here = {.above = place, .name = name};
        const json_t *property = json_object_get(properties, name);
        if (property == NULL)
            return place_refuse(&here, why, "is no property");
        if (stands_for_nothing(schema, name, member)) {
            json_object_del(value, name);
            continue;
        }
        if (!check_value(property, member, &here, why))
            return false;
    }
    size_t i;
    const json_t *required;
    json_array_foreach (json_object_get(schema, "required"), i, required) {
        const struct place here = {.above = place, .name = json_string_value(required)};
        if (json_object_get(value, here.name) == NULL)
            return place_refuse(&here, why, "is missing");
    }
    return true;
}

static bool check_elements(const json_t *schema, const json_t *value, const struct place *place,
                           struct error *why)
{
    const json_t *items = json_object_get(schema, "items");
    size_t i;
    json_t *element;
    json_array_foreach (value, i, element) {
        const struct place here = {.above = place, .index = i};
        if (!check_value(items, element, &here, why))
            return false;
    }
    return true;
}

static bool check_value(const json_t *schema, json_t *value, const struct place *place,
                        struct error *why)
{
    if (!kinds_accept(kinds_of(schema), value))
        return place_refuse(place, why, "is not of the type");
    if (!check_choice(schema, value, place, why) || !bounds_check(schema, value, place, why))
        return false;
    if (json_is_object(value))
        return check_members(schema, value, place, why);
    return !json_is_array(value) || check_elements(schema, value, place, why);
}

bool schema_take(const json_t *schema, const json_t *answer, json_t **value, struct error *why)
{
    *value = NULL;
    if (!json_is_object(answer))
        return place_refuse(NULL, why, "is no object");
    SCOPED(json_free) json_t *copy = json_deep_copy(answer);
    if (!check_value(schema, copy, NULL, why))
        return false;
    *value = TAKE(copy);
    return true;
}
