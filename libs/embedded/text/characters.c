#include "characters.h"

#include <string.h>

enum { REPLACEMENT = 0xFFFD };

/* Length of the sequence that a first byte beyond ASCII announces; 0 if none can begin so. */
static size_t announced(uint8_t first)
{
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if ((first & 0xF0) == 0xE0)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

uint32_t character_next_wide(const char *bytes, size_t length, size_t *at)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = (uint8_t)bytes[*at];
    size_t size = announced(first);
    if (size == 0 || size > length - *at) {
        (*at)++;
        return REPLACEMENT;
    }
    uint32_t character = first & (0x7FU >> size);
    for (size_t i = 1; i < size; i++) {
        uint8_t byte = (uint8_t)bytes[*at + i];
        if ((byte & 0xC0) != 0x80) {
            (*at)++;
            return REPLACEMENT;
        }
        character = character << 6 | (byte & 0x3F);
    }
    bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
    if (character < least[size] || character > 0x10FFFF || is_surrogate) {
        (*at)++;
        return REPLACEMENT;
    }
    *at += size;
    return character;
}

size_t character_put(uint32_t character, char bytes[4])
{
    if (character < 0x80) {
        bytes[0] = (char)character;
        return 1;
    }
    size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    bytes[0] = (char)(marks[size] | character);
    return size;
}

static bool is_inside(char byte)
{
    return ((uint8_t)byte & 0xC0) == 0x80;
}

uint32_t character_before(const char *bytes, size_t at, size_t *begin)
{
    size_t first = at - 1;
    while (first > 0 && is_inside(bytes[first]))
        first--;
    *begin = first;
    return character_next(bytes, at, &first);
}

size_t character_count(const char *bytes, size_t length)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t count = 0, at = 0;
    for (; length - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t eight;
        memcpy(&eight, bytes + at, sizeof eight);
        /* A bit for each byte that goes on: its first bit is set and its second is not. */
        uint64_t inside = (eight >> 7) & ~(eight >> 6) & ones;
        count += sizeof eight - (size_t)((inside * ones) >> 56);
    }
    for (; at < length; at++)
        count += !is_inside(bytes[at]);
    return count;
}

size_t character_plain(const char *bytes, size_t length)
{
    size_t at = 0;
    for (; length - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t eight;
        memcpy(&eight, bytes + at, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (at < length && (uint8_t)bytes[at] < 0x80)
        at++;
    return at;
}
