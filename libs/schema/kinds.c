#include "kinds.h"

#include <math.h>
#include <string.h>

static const char *const NAMES[] = {"string", "number", "integer", "boolean",
                                    "array",  "object", "null"};

unsigned kind_parse(const char *name)
{
    for (unsigned i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (strcmp(NAMES[i], name) == 0)
            return 1U << i;
    return 0;
}

unsigned kinds_of(const json_t *schema)
{
    const json_t *type = json_object_get(schema, "type");
    if (json_is_string(type))
        return kind_parse(json_string_value(type));
    unsigned kinds = 0;
    size_t i;
    const json_t *name;
    json_array_foreach (type, i, name)
        kinds |= kind_parse(json_string_value(name));
    return kinds;
}

static bool is_whole(const json_t *value)
{
    double number = json_number_value(value);
    return json_is_integer(value) || (json_is_real(value) && floor(number) == number);
}

bool kinds_accept(unsigned kinds, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return (kinds & KIND_STRING) != 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return (kinds & KIND_NUMBER) != 0 || ((kinds & KIND_INTEGER) != 0 && is_whole(value));
    case JSON_TRUE:
    case JSON_FALSE:
        return (kinds & KIND_BOOLEAN) != 0;
    case JSON_ARRAY:
        return (kinds & KIND_ARRAY) != 0;
    case JSON_OBJECT:
        return (kinds & KIND_OBJECT) != 0;
    case JSON_NULL:
        return (kinds & KIND_NULL) != 0;
    }
    return false;
}

bool kinds_same(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}
