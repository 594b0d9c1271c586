#include "escapes.h"

#include <stdbool.h>
#include <string.h>

#include "characters.h"

enum { MAX_DIGITS = 7 };

static const struct {
    const char *name;
    uint32_t character;
} NAMED[] = {{"amp;", '&'},  {"lt;", '<'},    {"gt;", '>'},
             {"quot;", '"'}, {"apos;", '\''}, {"nbsp;", 0xA0}};

static uint32_t digit_value(char c, uint32_t base)
{
    uint32_t value = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                            : base;
    return value < base ? value : base;
}

static bool is_character(uint32_t c)
{
    return c > 0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

/* "#8217;" and "#x2019;", from behind the "&#". */
static uint32_t read_number(const char *bytes, size_t length, size_t *at)
{
    size_t place = *at;
    bool is_hexadecimal = place < length && (bytes[place] | 0x20) == 'x';
    uint32_t base = is_hexadecimal ? 16 : 10, character = 0;
    place += is_hexadecimal;
    size_t first = place;
    while (place < length && place - first < MAX_DIGITS && digit_value(bytes[place], base) < base)
        character = character * base + digit_value(bytes[place++], base);
    if (place == first || place >= length || bytes[place] != ';' || !is_character(character))
        return 0;
    *at = place + 1;
    return character;
}

uint32_t escape_read(const char *bytes, size_t length, size_t *at)
{
    size_t place = *at + 1;
    if (place < length && bytes[place] == '#') {
        place++;
        uint32_t character = read_number(bytes, length, &place);
        if (character != 0)
            *at = place;
        return character;
    }
    for (size_t i = 0; i < sizeof NAMED / sizeof NAMED[0]; i++) {
        size_t size = strlen(NAMED[i].name);
        if (length - place >= size && memcmp(bytes + place, NAMED[i].name, size) == 0) {
            *at = place + size;
            return NAMED[i].character;
        }
    }
    return 0;
}

uint32_t escape_next(const char *bytes, size_t length, size_t *at)
{
    uint32_t escaped = bytes[*at] == '&' ? escape_read(bytes, length, at) : 0;
    return escaped != 0 ? escaped : character_next(bytes, length, at);
}
