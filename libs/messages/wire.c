#include "messages/wire.h"

#include <math.h>
#include <string.h>

#include "messages/messages.h"
#include "messages/texts.h"

enum { WIRE_VARINT = 0, WIRE_64_BIT = 1, WIRE_LENGTH = 2, WIRE_32_BIT = 5 };

struct cursor {
    const uint8_t *at, *end;
};

/* One field as it stands on the wire. */
struct field {
    uint32_t number, wire_type;
    uint64_t varint;
    struct bytes bytes; /* of the other wire types */
};

static bool take_varint(struct cursor *cursor, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && cursor->at < cursor->end; shift += 7) {
        uint8_t byte = *cursor->at++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool take_bytes(struct cursor *cursor, uint64_t length, struct bytes *bytes)
{
    if (length > (uint64_t)(cursor->end - cursor->at))
        return false;
    *bytes = (struct bytes){cursor->at, (size_t)length};
    cursor->at += length;
    return true;
}

static bool take_field(struct cursor *cursor, struct field *field)
{
    uint64_t key, length;
    *field = (struct field){0};
    if (!take_varint(cursor, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3)
        return false;
    field->number = (uint32_t)(key >> 3);
    field->wire_type = (uint32_t)(key & 7);
    switch (field->wire_type) {
    case WIRE_VARINT:
        return take_varint(cursor, &field->varint);
    case WIRE_64_BIT:
        return take_bytes(cursor, 8, &field->bytes);
    case WIRE_LENGTH:
        return take_varint(cursor, &length) && take_bytes(cursor, length, &field->bytes);
    case WIRE_32_BIT:
        return take_bytes(cursor, 4, &field->bytes);
    default:
        return false;
    }
}

static bool is_known(const ProtobufCEnumDescriptor *type, uint64_t value)
{
    return value <= INT32_MAX &&
           protobuf_c_enum_descriptor_get_value(type, (int)(int64_t)value) != NULL;
}

static bool enum_is_known(const ProtobufCFieldDescriptor *known, const struct field *field)
{
    const ProtobufCEnumDescriptor *type = known->descriptor;
    if (field->wire_type == WIRE_VARINT)
        return is_known(type, field->varint);
    struct cursor packed = {field->bytes.at, field->bytes.at + field->bytes.length};
    while (packed.at < packed.end) {
        uint64_t value;
        if (!take_varint(&packed, &value) || !is_known(type, value))
            return false;
    }
    return true;
}

/* One double, or several packed. */
static bool doubles_are_finite(struct bytes bytes)
{
    for (size_t i = 0; i + sizeof(double) <= bytes.length; i += sizeof(double)) {
        double value;
        memcpy(&value, bytes.at + i, sizeof value);
        if (!isfinite(value))
            return false;
    }
    return true;
}

static bool check_field(const ProtobufCFieldDescriptor *known, const struct field *field,
                        struct error *why)
{
    if (known->type == PROTOBUF_C_TYPE_STRING &&
        !text_is_valid(field->bytes.at, field->bytes.length))
        return error_set(why, ERROR_INVALID, "%s: not UTF-8, or with a NUL", known->name);
    if (known->type == PROTOBUF_C_TYPE_ENUM && !enum_is_known(known, field))
        return error_set(why, ERROR_INVALID, "%s: no such value", known->name);
    if (known->type == PROTOBUF_C_TYPE_DOUBLE && !doubles_are_finite(field->bytes))
        return error_set(why, ERROR_INVALID, "%s: not a finite number", known->name);
    if (known->type == PROTOBUF_C_TYPE_MESSAGE && !wire_check(known->descriptor, field->bytes, why))
        return error_prefix(why, "%s", known->name);
    return true;
}

bool wire_check(const ProtobufCMessageDescriptor *type, struct bytes bytes, struct error *why)
{
    if (bytes.length == 0)
        return true;
    struct cursor cursor = {bytes.at, bytes.at + bytes.length};
    while (cursor.at < cursor.end) {
        struct field field;
        if (!take_field(&cursor, &field))
            return error_set(why, ERROR_INVALID, "malformed at byte %zu",
                             (size_t)(cursor.at - bytes.at));
        const ProtobufCFieldDescriptor *known =
            protobuf_c_message_descriptor_get_field(type, field.number);
        if (known != NULL && !check_field(known, &field, why))
            return false;
    }
    return true;
}
