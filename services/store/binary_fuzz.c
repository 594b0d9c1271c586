/* Whatever bytes a column has, reading it as an array stays inside them. */
#include "binary.h"

enum { ARENA_BYTES = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_open(ARENA_BYTES);
    struct bytes *elements;
    size_t count;
    if (binary_array(arena, (struct bytes){data, size}, &elements, &count)) {
        for (size_t i = 0; i < count; i++)
            arena_bytes(arena, elements[i].at, elements[i].length);
    }
    arena_close(&arena);
    return 0;
}
