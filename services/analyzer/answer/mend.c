#include "mend.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "messages/messages.h"
#include "messages/texts.h"

enum { ESCAPE_BYTES = 6 }; /* \uXXXX */

static const char REPLACEMENT[] = "\xEF\xBF\xBD";

/* Bytes of the character that begins there; 0 = none does. */
static size_t character(const uint8_t *at, size_t left)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    return size <= left && (size == 1 || text_is_valid(at, size)) ? size : 0;
}

/* Of \uXXXX; -1 = it is none. */
static int32_t code_of_escape(const uint8_t *at, size_t left)
{
    if (left < ESCAPE_BYTES || at[0] != '\\' || at[1] != 'u')
        return -1;
    int32_t code = 0;
    for (size_t i = 2; i < ESCAPE_BYTES; i++) {
        int digit = tolower(at[i]);
        if (!isxdigit(digit))
            return -1;
        code = code * 16 + (isdigit(digit) ? digit - '0' : digit - 'a' + 10);
    }
    return code;
}

/* Bytes of the escape that begins there; 0 = it cannot stay. */
static size_t escape(const uint8_t *at, size_t left)
{
    int32_t code = code_of_escape(at, left);
    if (code < 0)
        return left < 2 ? left : 2;
    if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return 0;
    if (code < 0xD800 || code > 0xDBFF)
        return ESCAPE_BYTES;
    int32_t second = code_of_escape(at + ESCAPE_BYTES, left - ESCAPE_BYTES);
    return second >= 0xDC00 && second <= 0xDFFF ? 2 * (size_t)ESCAPE_BYTES : 0;
}

struct readable mend(struct bytes bytes, struct arena *arena)
{
    SCOPED(text_free) struct text mended = {0};
    size_t kept = 0; /* up to here it has been copied */
    for (size_t at = 0; at < bytes.length;) {
        const uint8_t *here = bytes.at + at;
        size_t left = bytes.length - at;
        bool is_escape = *here == '\\' && (left < 2 || here[1] < 0x80);
        size_t size = is_escape ? escape(here, left) : character(here, left);
        if (size == 0) {
            text_add_bytes(&mended, bytes.at + kept, at - kept);
            text_add(&mended, REPLACEMENT);
            size = is_escape ? ESCAPE_BYTES : 1;
            kept = at + size;
        }
        at += size;
    }
    text_add_bytes(&mended, bytes.at + kept, bytes.length - kept);
    const char *copy = arena_bytes(arena, mended.chars, mended.length);
    return (struct readable){{(const uint8_t *)copy, mended.length}, kept > 0};
}

bool mend_has_replacement(const char *text, size_t length)
{
    return memmem(text, length, REPLACEMENT, sizeof REPLACEMENT - 1) != NULL;
}
