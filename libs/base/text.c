#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { USUAL_BYTES = 48 };

static void grow(struct text *text, size_t needed)
{
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    char *chars = realloc(text->chars, capacity);
    CHECK(chars != NULL);
    text->chars = chars;
    text->capacity = capacity;
}

/* Apart from growing, which is rare, so that it costs no call. */
static void reserve(struct text *text, size_t more)
{
    size_t needed = text->length + more + 1;
    if (needed > text->capacity)
        grow(text, needed);
}

void text_free(struct text *text)
{
    free(text->chars);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->chars != NULL)
        text->chars[0] = '\0';
}

void text_add_bytes(struct text *text, const void *bytes, size_t length)
{
    reserve(text, length);
    if (length > 0)
        memcpy(text->chars + text->length, bytes, length);
    text->length += length;
    text->chars[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_add_char(struct text *text, char c)
{
    reserve(text, 1);
    text->chars[text->length++] = c;
    text->chars[text->length] = '\0';
}

void text_add_count(struct text *text, uint64_t count)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + count % 10);
        count /= 10;
    } while (count > 0);
    text_add_bytes(text, digits + at, sizeof digits - at);
}

void text_format(struct text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    reserve(text, USUAL_BYTES); /* formatting is dear: once is mostly enough */
    size_t room = text->capacity - text->length;
    int length = vsnprintf(text->chars + text->length, room, format, args);
    va_end(args);
    CHECK(length >= 0);
    if ((size_t)length >= room) {
        reserve(text, (size_t)length);
        vsnprintf(text->chars + text->length, (size_t)length + 1, format, again);
    }
    va_end(again);
    text->length += (size_t)length;
}

static void add_escaped(struct text *text, unsigned char c)
{
    switch (c) {
    case '"':
        text_add(text, "\\\"");
        break;
    case '\\':
        text_add(text, "\\\\");
        break;
    case '\n':
        text_add(text, "\\n");
        break;
    case '\r':
        text_add(text, "\\r");
        break;
    case '\t':
        text_add(text, "\\t");
        break;
    default:
        text_format(text, "\\u%04x", c);
    }
}

/* U+2028 and U+2029 are E2 80 A8 and E2 80 A9. */
static int is_line_separator(const char *bytes, size_t left)
{
    return left >= 3 && memcmp(bytes, "\xE2\x80", 2) == 0 &&
           ((unsigned char)bytes[2] == 0xA8 || (unsigned char)bytes[2] == 0xA9);
}

void text_add_json(struct text *text, const char *bytes, size_t length)
{
    text_add_char(text, '"');
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        int separator = c == 0xE2 && is_line_separator(bytes + i, length - i);
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && !separator)
            continue;
        text_add_bytes(text, bytes + start, i - start);
        if (separator) {
            text_add(text, (unsigned char)bytes[i + 2] == 0xA8 ? "\\u2028" : "\\u2029");
            i += 2;
        } else {
            add_escaped(text, c);
        }
        start = i + 1;
    }
    text_add_bytes(text, bytes + start, length - start);
    text_add_char(text, '"');
}

void text_add_json_member(struct text *text, const char *name, const char *value)
{
    const char last = text->length > 0 ? text->chars[text->length - 1] : '{';
    text_format(text, last == '{' ? "\"%s\":" : ",\"%s\":", name);
    text_add_json(text, value, strlen(value));
}

void text_fit(struct text *text)
{
    if (text->chars == NULL)
        return;
    char *fitting = realloc(text->chars, text->length + 1);
    CHECK(fitting != NULL);
    text->chars = fitting;
    text->capacity = text->length + 1;
}

char *text_take(struct text *text)
{
    reserve(text, 0);
    text->chars[text->length] = '\0';
    char *chars = text->chars;
    *text = (struct text){0};
    return chars;
}
