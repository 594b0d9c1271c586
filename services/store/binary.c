#include "binary.h"

#include <string.h>

#include "base/check.h"
#include "base/uuid.h"

enum {
    UUID_BYTES = 16,
    ARRAY_HEADER_BYTES = 12,
    ARRAY_BOUNDS_BYTES = 8,
    DIMENSIONS_MAX = 2,
    JSONB_VERSION = 1,
};

/* The types' OIDs are fixed for ever (pg_type.dat). */
static const uint32_t ELEMENT_OIDS[] = {
    [ELEMENT_BOOL] = 16,    [ELEMENT_INT2] = 21, [ELEMENT_INT4] = 23,    [ELEMENT_INT8] = 20,
    [ELEMENT_DOUBLE] = 701, [ELEMENT_TEXT] = 25, [ELEMENT_JSONB] = 3802, [ELEMENT_UUID] = 2950,
};
static const size_t INTEGER_BYTES[] = {
    [ELEMENT_BOOL] = 1, [ELEMENT_INT2] = 2, [ELEMENT_INT4] = 4, [ELEMENT_INT8] = 8};

struct array {
    struct arena *arena;
    enum element element;
    uint32_t count;
    uint8_t *bytes; /* header and elements */
    size_t length, capacity;
};

static void put_integer(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

static uint64_t get_integer(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static int digit_of(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void put_uuid(uint8_t *at, const char *uuid)
{
    CHECK(uuid_is_valid(uuid));
    for (size_t i = 0; i < UUID_BYTES; i++) {
        while (*uuid == '-')
            uuid++;
        at[i] = (uint8_t)(digit_of(uuid[0]) << 4 | digit_of(uuid[1]));
        uuid += 2;
    }
}

struct params params_begin(struct arena *arena)
{
    return (struct params){.arena = arena};
}

static uint8_t *add_param(struct params *params, size_t size)
{
    CHECK(params->count < PARAMS_MAX);
    uint8_t *at = arena_new(params->arena, size + 1);
    params->values[params->count] = (const char *)at;
    params->lengths[params->count] = (int)size;
    params->count++;
    return at;
}

void params_bool(struct params *params, bool value)
{
    put_integer(add_param(params, 1), value, 1);
}

void params_int2(struct params *params, int64_t value)
{
    put_integer(add_param(params, 2), (uint64_t)value, 2);
}

void params_int4(struct params *params, int64_t value)
{
    put_integer(add_param(params, 4), (uint64_t)value, 4);
}

void params_int8(struct params *params, int64_t value)
{
    put_integer(add_param(params, 8), (uint64_t)value, 8);
}

void params_double(struct params *params, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_integer(add_param(params, sizeof bits), bits, sizeof bits);
}

void params_text(struct params *params, const char *text)
{
    params_bytes(params, (struct bytes){(const uint8_t *)text, strlen(text)});
}

void params_bytes(struct params *params, struct bytes bytes)
{
    uint8_t *at = add_param(params, bytes.length);
    if (bytes.length > 0)
        memcpy(at, bytes.at, bytes.length);
}

void params_uuid(struct params *params, const char *uuid)
{
    if (uuid != NULL && uuid[0] != '\0') {
        put_uuid(add_param(params, UUID_BYTES), uuid);
        return;
    }
    CHECK(params->count < PARAMS_MAX);
    params->values[params->count++] = NULL;
}

struct array *array_new(struct arena *arena, enum element element)
{
    struct array *array = arena_new(arena, sizeof *array);
    *array = (struct array){.arena = arena, .element = element, .capacity = 256};
    array->bytes = arena_new(arena, array->capacity);
    array->length = ARRAY_HEADER_BYTES + ARRAY_BOUNDS_BYTES;
    return array;
}

/* Room for one more element of `size` bytes, its length written before it. */
static uint8_t *add_element(struct array *array, size_t size)
{
    size_t needed = array->length + 4 + size;
    if (needed > array->capacity) {
        size_t capacity = needed > array->capacity * 2 ? needed : array->capacity * 2;
        uint8_t *larger = arena_new(array->arena, capacity);
        memcpy(larger, array->bytes, array->length);
        array->bytes = larger;
        array->capacity = capacity;
    }
    uint8_t *at = array->bytes + array->length;
    put_integer(at, size, 4);
    array->length = needed;
    array->count++;
    return at + 4;
}

void array_add_int(struct array *array, int64_t value)
{
    CHECK(array->element <= ELEMENT_INT8);
    size_t size = INTEGER_BYTES[array->element];
    put_integer(add_element(array, size), (uint64_t)value, size);
}

void array_add_double(struct array *array, double value)
{
    CHECK(array->element == ELEMENT_DOUBLE);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_integer(add_element(array, sizeof bits), bits, sizeof bits);
}

void array_add_text(struct array *array, const char *text)
{
    array_add_bytes(array, (struct bytes){(const uint8_t *)text, strlen(text)});
}

void array_add_bytes(struct array *array, struct bytes bytes)
{
    CHECK(array->element == ELEMENT_TEXT || array->element == ELEMENT_JSONB);
    size_t prefix = array->element == ELEMENT_JSONB ? 1 : 0;
    uint8_t *at = add_element(array, bytes.length + prefix);
    if (prefix > 0)
        at[0] = JSONB_VERSION;
    if (bytes.length > 0)
        memcpy(at + prefix, bytes.at, bytes.length);
}

void array_add_uuid(struct array *array, const char *uuid)
{
    CHECK(array->element == ELEMENT_UUID);
    put_uuid(add_element(array, UUID_BYTES), uuid);
}

void params_array(struct params *params, const struct array *array)
{
    CHECK(params->count < PARAMS_MAX);
    uint8_t *at = array->bytes;
    put_integer(at, array->count > 0 ? 1 : 0, 4); /* dimensions */
    put_integer(at + 4, 0, 4);                    /* no nulls */
    put_integer(at + 8, ELEMENT_OIDS[array->element], 4);
    put_integer(at + 12, array->count, 4);
    put_integer(at + 16, 1, 4); /* the first index */
    params->values[params->count] = (const char *)at;
    params->lengths[params->count] = array->count > 0 ? (int)array->length : ARRAY_HEADER_BYTES;
    params->count++;
}

bool binary_int(struct bytes column, int64_t *value)
{
    switch (column.length) {
    case 1:
        *value = column.at[0];
        return true;
    case 2:
        *value = (int16_t)get_integer(column.at, 2);
        return true;
    case 4:
        *value = (int32_t)get_integer(column.at, 4);
        return true;
    case 8:
        *value = (int64_t)get_integer(column.at, 8);
        return true;
    default:
        return false;
    }
}

bool binary_double(struct bytes column, double *value)
{
    if (column.length != sizeof *value)
        return false;
    uint64_t bits = get_integer(column.at, sizeof bits);
    memcpy(value, &bits, sizeof bits);
    return true;
}

bool binary_uuid(struct bytes column, char text[37])
{
    static const char digits[] = "0123456789abcdef";
    if (column.length != UUID_BYTES)
        return false;
    char *out = text;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[column.at[i] >> 4];
        *out++ = digits[column.at[i] & 15];
    }
    *out = '\0';
    return true;
}

/* The number of elements that the header announces, if the bytes can hold so many at all. */
static bool announced(struct bytes column, size_t *elements_at, size_t *count)
{
    if (column.length < ARRAY_HEADER_BYTES)
        return false;
    size_t dimensions = get_integer(column.at, 4);
    if (dimensions > DIMENSIONS_MAX)
        return false;
    *elements_at = ARRAY_HEADER_BYTES + dimensions * ARRAY_BOUNDS_BYTES;
    if (column.length < *elements_at)
        return false;
    *count = dimensions > 0 ? 1 : 0;
    for (size_t i = 0; i < dimensions; i++) {
        size_t length = get_integer(column.at + ARRAY_HEADER_BYTES + i * ARRAY_BOUNDS_BYTES, 4);
        *count *= length;
        if (*count > (column.length - *elements_at) / 4)
            return false;
    }
    return true;
}

bool binary_array(struct arena *arena, struct bytes column, struct bytes **elements, size_t *count)
{
    size_t at;
    if (!announced(column, &at, count))
        return false;
    *elements = arena_array(arena, struct bytes, *count);
    for (size_t i = 0; i < *count; i++) {
        if (column.length - at < 4)
            return false;
        int32_t length = (int32_t)get_integer(column.at + at, 4);
        at += 4;
        if (length < -1 || (length > 0 && (size_t)length > column.length - at))
            return false;
        (*elements)[i] = (struct bytes){column.at + at, length > 0 ? (size_t)length : 0};
        at += (*elements)[i].length;
    }
    return at == column.length;
}
