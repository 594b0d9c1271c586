#include "characters.h"

enum { REPLACEMENT = 0xFFFD };

/* Length of the sequence that a first byte announces, 0 if none can begin with it. */
static size_t announced(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if ((first & 0xF0) == 0xE0)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

uint32_t character_next(const char *bytes, size_t length, size_t *at)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = (uint8_t)bytes[*at];
    if (first < 0x80) {
        (*at)++;
        return first;
    }
    size_t size = announced(first);
    if (size == 0 || size > length - *at) {
        (*at)++;
        return REPLACEMENT;
    }
    uint32_t character = size == 1 ? first : first & (0x7FU >> size);
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

static bool is_within(uint32_t character, uint32_t first, uint32_t last)
{
    return character >= first && character <= last;
}

bool character_is_space(uint32_t c)
{
    return c == ' ' || is_within(c, 9, 13) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           is_within(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

bool character_is_digit(uint32_t c)
{
    return is_within(c, '0', '9');
}

bool character_is_emoji(uint32_t c)
{
    return is_within(c, 0x1F300, 0x1FAFF) || is_within(c, 0x2600, 0x27BF) ||
           is_within(c, 0x1F1E6, 0x1F1FF) || is_within(c, 0x2B05, 0x2B55) ||
           is_within(c, 0x231A, 0x23FF);
}

bool character_is_emoji_part(uint32_t c)
{
    return c == 0x200D || is_within(c, 0xFE00, 0xFE0F) || is_within(c, 0x1F3FB, 0x1F3FF) ||
           c == 0x20E3 || is_within(c, 0xE0020, 0xE007F);
}

bool character_is_word(uint32_t c)
{
    if (c < 0x80)
        return is_within(c, 'a', 'z') || is_within(c, 'A', 'Z') || character_is_digit(c) ||
               c == '_';
    if (c < 0xC0)
        return c == 0xAA || c == 0xB5 || c == 0xBA;
    if (c == 0xD7 || c == 0xF7 || c == REPLACEMENT || character_is_space(c))
        return false;
    if (is_within(c, 0x2000, 0x2BFF) || is_within(c, 0x3001, 0x3004) ||
        is_within(c, 0x3008, 0x3020) || c == 0x30FB || is_within(c, 0xFE00, 0xFE6F) ||
        is_within(c, 0xFF01, 0xFF0F) || is_within(c, 0xFF1A, 0xFF20) ||
        is_within(c, 0xFF3B, 0xFF40) || is_within(c, 0xFF5B, 0xFF65))
        return false;
    return !character_is_emoji(c) && !character_is_emoji_part(c) && c < 0xE0000;
}

/* Latin Extended-A pairs capital and small letters, but changes parity twice. */
static bool is_upper_of_pair(uint32_t c)
{
    if (is_within(c, 0x139, 0x148) || is_within(c, 0x179, 0x17E))
        return c % 2 == 1;
    return is_within(c, 0x100, 0x177) && c != 0x130 && c != 0x138 && c % 2 == 0;
}

uint32_t character_lower(uint32_t c)
{
    if (is_within(c, 'A', 'Z') || (is_within(c, 0xC0, 0xDE) && c != 0xD7))
        return c + 32;
    if (c < 0x100)
        return c;
    if (is_upper_of_pair(c))
        return c + 1;
    if (c == 0x130)
        return 'i';
    if (c == 0x178)
        return 0xFF;
    if (is_within(c, 0x391, 0x3A9) || is_within(c, 0x410, 0x42F))
        return c + 32;
    if (is_within(c, 0x400, 0x40F))
        return c + 80;
    return c;
}

bool character_is_upper(uint32_t c)
{
    return character_lower(c) != c;
}
