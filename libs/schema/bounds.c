#include "bounds.h"

static size_t count_code_points(const json_t *string)
{
    const char *bytes = json_string_value(string);
    size_t count = 0;
    for (size_t i = 0; i < json_string_length(string); i++)
        count += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    return count;
}

static bool is_within(const json_t *schema, const char *least, const char *most, double number)
{
    const json_t *low = json_object_get(schema, least), *high = json_object_get(schema, most);
    return (low == NULL || number >= json_number_value(low)) &&
           (high == NULL || number <= json_number_value(high));
}

bool bounds_check(const json_t *schema, const json_t *value, const struct place *place,
                  struct error *why)
{
    if (json_is_number(value) && !is_within(schema, "minimum", "maximum", json_number_value(value)))
        return place_refuse(place, why, "is out of its bounds");
    if (json_is_string(value) &&
        !is_within(schema, "minLength", "maxLength", (double)count_code_points(value)))
        return place_refuse(place, why, "is too short or too long");
    if (json_is_array(value) &&
        !is_within(schema, "minItems", "maxItems", (double)json_array_size(value)))
        return place_refuse(place, why, "has too few or too many items");
    return true;
}
