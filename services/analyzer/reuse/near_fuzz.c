/* Any two texts: no crash, bounded memory; one is found again, and whatever is found is the same
 * words in the same order, or begins with them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "near.h"

enum { ARENA_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_half(const uint8_t *data, size_t size, struct arena *arena, struct near_text *read)
{
    return near_text_read((struct piece){(const char *)data, size}, arena, read);
}

static void check_pair(const struct near_text *source, const struct near_text *text)
{
    static const uint8_t scope[CACHE_KEY_BYTES] = {1}, key[CACHE_KEY_BYTES] = {2};
    SCOPED(near_free) struct near *near = near_new(4 << 20);
    near_keep(near, scope, source, key);
    CHECK(near_count(near) == 1 && near_bytes(near) > source->words.length);
    CHECK(near_find(near, scope, source) != NULL);
    if (near_find(near, scope, text) == NULL)
        return;
    size_t length = text->words.length;
    CHECK(length <= source->words.length && 5 * length >= 4 * source->words.length);
    CHECK(memcmp(text->words.at, source->words.at, length) == 0);
    CHECK(length == source->words.length || text->is_cut);
}

/* The first line is one text, the rest the other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t length = end != NULL ? (size_t)(end - data) : size;
    SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
    struct near_text first, second;
    bool has_first = read_half(data, length, arena, &first);
    bool has_second = end != NULL && read_half(end + 1, size - length - 1, arena, &second);
    if (has_first)
        check_pair(&first, has_second ? &second : &first);
    if (has_first && has_second)
        check_pair(&second, &first);
    return 0;
}
