#include "messages/messages.h"

#include "messages/checks.h"
#include "messages/wire.h"

static void *take_from_arena(void *arena, size_t size)
{
    return arena_try(arena, size);
}

/* What an arena holds goes all at once. */
static void leave_in_arena(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

static const void *unpack(const ProtobufCMessageDescriptor *type, struct arena *arena,
                          struct bytes bytes, struct error *why)
{
    if (bytes.length > MESSAGE_MAX_BYTES) {
        error_set(why, ERROR_INVALID, "%zu bytes, at most %d", bytes.length, MESSAGE_MAX_BYTES);
        return NULL;
    }
    if (!wire_check(type, bytes, why))
        return NULL;
    ProtobufCAllocator allocator = {
        .alloc = take_from_arena, .free = leave_in_arena, .allocator_data = arena};
    const void *message = protobuf_c_message_unpack(type, &allocator, bytes.length, bytes.at);
    if (message == NULL)
        error_set(why, ERROR_INVALID, "cannot be unpacked: malformed, or too large in memory");
    return message;
}

static struct bytes pack(struct arena *arena, const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = arena_new(arena, length);
    protobuf_c_message_pack(message, bytes);
    return (struct bytes){bytes, length};
}

#define DEFINE_MESSAGE_(name, Type, lower)                                                         \
    bool unpack_##name(struct arena *arena, struct bytes bytes, const Type **message,              \
                       struct error *why)                                                          \
    {                                                                                              \
        const Type *unpacked = unpack(&lower##__descriptor, arena, bytes, why);                    \
        if (unpacked == NULL || !check_version(unpacked->schema_version, why) ||                   \
            !check_##name(unpacked, why))                                                          \
            return error_prefix(why, #name);                                                       \
        *message = unpacked;                                                                       \
        return true;                                                                               \
    }                                                                                              \
    struct bytes pack_##name(struct arena *arena, const Type *message)                             \
    {                                                                                              \
        return pack(arena, &message->base);                                                        \
    }
TRAVELLING_MESSAGES(DEFINE_MESSAGE_)
