/* The first byte chooses the message. What is accepted must pack, and be accepted again as it was
 * packed. */
#include "base/check.h"
#include "messages/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEFINE_TRY_(name, Type, lower)                                                             \
    static void try_##name(struct bytes bytes)                                                     \
    {                                                                                              \
        SCOPED(arena_close) struct arena *arena = arena_open(UNPACK_CAP_BYTES);                    \
        SCOPED(arena_close) struct arena *packed = arena_open(2 * UNPACK_CAP_BYTES);               \
        const Type *message;                                                                       \
        struct error why;                                                                          \
        if (unpack_##name(arena, bytes, &message, &why)) {                                         \
            struct bytes again = pack_##name(packed, message);                                     \
            CHECK(again.length > MESSAGE_MAX_BYTES ||                                              \
                  unpack_##name(packed, again, &message, &why));                                   \
        } else {                                                                                   \
            CHECK(why.kind == ERROR_INVALID);                                                      \
        }                                                                                          \
    }
TRAVELLING_MESSAGES(DEFINE_TRY_)

#define LIST_TRY_(name, Type, lower) try_##name,
static void (*const tries[])(struct bytes bytes) = {TRAVELLING_MESSAGES(LIST_TRY_)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    tries[data[0] % (sizeof tries / sizeof tries[0])]((struct bytes){data + 1, size - 1});
    return 0;
}
