#include "json/node_string.h"

#include <ctype.h>
#include <string.h>

enum { HEX_DIGITS = 4 };

/* Bytes of the character beyond ASCII that begins there; 0 = none does. */
static size_t character(const uint8_t *at, size_t left)
{
    size_t size = at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : at[0] < 0xF5 ? 4 : 0;
    if (size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    bool is_longer_than_need = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    bool is_none = (at[0] == 0xED && at[1] >= 0xA0) || (at[0] == 0xF4 && at[1] >= 0x90);
    return is_longer_than_need || is_none ? 0 : size;
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Its closing quote, or NULL. Whatever stands behind a backslash counts for one. */
static const uint8_t *scan(const uint8_t *at, const uint8_t *end, bool *has_escape)
{
    *has_escape = false;
    while (at < end) {
        if (is_plain(*at)) {
            at++;
        } else if (*at == '"') {
            return at;
        } else if (*at == '\\' && end - at > 1) {
            *has_escape = true;
            at += 2;
        } else {
            size_t size = *at >= 0x80 ? character(at, (size_t)(end - at)) : 0;
            if (size == 0)
                return NULL;
            at += size;
        }
    }
    return NULL;
}

/* ---- escapes ---- */

/* Of \uXXXX; 0 = it is none, or U+0000. */
static uint32_t unit(const uint8_t *at, const uint8_t *end)
{
    uint32_t code = 0;
    if (end - at < 2 + HEX_DIGITS || at[0] != '\\' || at[1] != 'u')
        return 0;
    for (int i = 2; i < 2 + HEX_DIGITS; i++) {
        if (!isxdigit(at[i]))
            return 0;
        code = code * 16 + (uint32_t)(isdigit(at[i]) ? at[i] - '0' : tolower(at[i]) - 'a' + 10);
    }
    return code;
}

static uint8_t *put(uint8_t *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (uint8_t)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (uint8_t)(0xC0 | code >> 6);
    } else if (code < 0x10000) {
        *out++ = (uint8_t)(0xE0 | code >> 12);
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | code >> 18);
        *out++ = (uint8_t)(0x80 | (code >> 12 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    }
    *out++ = (uint8_t)(0x80 | (code & 0x3F));
    return out;
}

/* Answers what stands behind it, or NULL. */
static const uint8_t *add_unit(const uint8_t *at, const uint8_t *end, uint8_t **out)
{
    uint32_t code = unit(at, end);
    at += 2 + HEX_DIGITS;
    if (code == 0 || (code >= 0xDC00 && code < 0xE000))
        return NULL;
    if (code >= 0xD800 && code < 0xDC00) {
        uint32_t low = unit(at, end);
        at += 2 + HEX_DIGITS;
        if (low < 0xDC00 || low >= 0xE000)
            return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    *out = put(*out, code);
    return at;
}

/* The same, of any escape. There is a byte behind the backslash. */
static const uint8_t *add_escaped(const uint8_t *at, const uint8_t *end, uint8_t **out)
{
    static const char NAMES[] = "\"\\/bfnrt", MEANT[] = "\"\\/\b\f\n\r\t";
    if (at[1] == 'u')
        return add_unit(at, end, out);
    const char *name = memchr(NAMES, at[1], sizeof NAMES - 1);
    if (name == NULL)
        return NULL;
    *(*out)++ = (uint8_t)MEANT[name - NAMES];
    return at + 2;
}

/* No escape is shorter than what it stands for. */
static bool copy(const uint8_t *at, const uint8_t *end, struct arena *arena, struct bytes *string)
{
    uint8_t *out = arena_try(arena, (size_t)(end - at));
    *string = (struct bytes){.at = out};
    if (out == NULL)
        return false;
    while (at < end) {
        const uint8_t *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape != NULL ? escape : end) - at);
        memcpy(out, at, plain);
        out += plain;
        at += plain;
        if (escape != NULL && (at = add_escaped(at, end, &out)) == NULL)
            return false;
    }
    string->length = (size_t)(out - string->at);
    return true;
}

bool node_string_read(const uint8_t **at, const uint8_t *end, struct arena *arena,
                      struct bytes *string)
{
    if (*at == end || **at != '"')
        return false;
    const uint8_t *from = *at + 1;
    bool has_escape;
    const uint8_t *quote = scan(from, end, &has_escape);
    if (quote == NULL)
        return false;
    *at = quote + 1;
    *string = (struct bytes){from, (size_t)(quote - from)};
    return !has_escape || copy(from, quote, arena, string);
}
