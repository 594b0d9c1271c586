#include "log/line.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Kept free for what line_end() puts behind the fields. */
enum { TAIL_BYTES = sizeof ",\"cut\":true}\n" };

enum { REPLACEMENT = 0xFFFD };

static void put_bytes(struct log_line *line, const char *bytes, size_t length)
{
    if (length > sizeof line->chars - TAIL_BYTES - line->length) {
        line->is_overfull = true;
        return;
    }
    memcpy(line->chars + line->length, bytes, length);
    line->length += length;
}

static void put(struct log_line *line, const char *string)
{
    put_bytes(line, string, strlen(string));
}

/* Length of the well-formed UTF-8 sequence at `at` (RFC 3629: shortest form, no surrogates), or 0
 * if there is none. */
static size_t decode(const unsigned char *at, size_t left, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (at[0] < 0x80) {
        *point = at[0];
        return 1;
    }
    size_t length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || length > left)
        return 0;
    *point = at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        *point = *point << 6 | (at[i] & 0x3Fu);
    }
    bool is_surrogate = *point >= 0xD800 && *point <= 0xDFFF;
    return *point < least[length] || *point > 0x10FFFF || is_surrogate ? 0 : length;
}

/* Controls (C0, DEL, C1), line separators, and what reorders text on a terminal. */
static bool is_unprintable(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) ||
           (point >= 0x200E && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

static void put_escaped(struct log_line *line, uint32_t point)
{
    char code[7];
    switch (point) {
    case '"':
        put(line, "\\\"");
        break;
    case '\\':
        put(line, "\\\\");
        break;
    case '\n':
        put(line, "\\n");
        break;
    case '\r':
        put(line, "\\r");
        break;
    case '\t':
        put(line, "\\t");
        break;
    default:
        snprintf(code, sizeof code, "\\u%04x", (unsigned)(point & 0xFFFF));
        put(line, code);
    }
}

static void put_quoted(struct log_line *line, const char *text)
{
    size_t length = strnlen(text, LINE_VALUE_MAX_BYTES + 1);
    bool is_long = length > LINE_VALUE_MAX_BYTES;
    put(line, "\"");
    for (size_t i = 0, step; i < length; i += step) {
        const unsigned char *at = (const unsigned char *)text + i;
        uint32_t point = REPLACEMENT;
        step = decode(at, strnlen(text + i, 4), &point);
        if (is_long && i + step > LINE_VALUE_MAX_BYTES)
            break;
        if (step == 0) {
            put(line, "\xEF\xBF\xBD");
            step = 1;
        } else if (is_unprintable(point) || point == '"' || point == '\\') {
            put_escaped(line, point);
        } else {
            put_bytes(line, text + i, step);
        }
    }
    put(line, is_long ? "...\"" : "\"");
}

/* May it stand in logfmt without quotes? */
static bool is_bare(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        char c = text[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\' || i >= LINE_VALUE_MAX_BYTES)
            return false;
    }
    return text[0] != '\0';
}

static void put_text(struct log_line *line, const char *text)
{
    if (!line->is_json && is_bare(text))
        put(line, text);
    else
        put_quoted(line, text);
}

static void put_value(struct log_line *line, const struct log_field *field)
{
    char number[32];
    switch (field->type) {
    case LOG_FIELD_TEXT:
        put_text(line, field->text != NULL ? field->text : "");
        break;
    case LOG_FIELD_INT:
        snprintf(number, sizeof number, "%lld", (long long)field->integer);
        put(line, number);
        break;
    case LOG_FIELD_DOUBLE:
        if (!isfinite(field->real)) {
            put(line, "null");
            break;
        }
        snprintf(number, sizeof number, "%.9g", field->real);
        put(line, number);
        break;
    case LOG_FIELD_END:
        break;
    }
}

void line_begin(struct log_line *line, bool is_json)
{
    line->length = 0;
    line->is_json = is_json;
    line->is_cut = false;
    line->is_overfull = false;
    if (is_json)
        put(line, "{");
}

void line_add(struct log_line *line, const struct log_field *field)
{
    size_t before = line->length;
    bool is_first = before <= 1;
    if (line->is_json) {
        put(line, is_first ? "\"" : ",\"");
        put(line, field->key);
        put(line, "\":");
    } else {
        put(line, is_first ? "" : " ");
        put(line, field->key);
        put(line, "=");
    }
    put_value(line, field);
    if (line->is_overfull) {
        line->length = before;
        line->is_overfull = false;
        line->is_cut = true;
    }
}

void line_end(struct log_line *line)
{
    const char *cut = line->is_json ? ",\"cut\":true" : " cut=true";
    const char *end = line->is_json ? "}\n" : "\n";
    int added =
        snprintf(line->chars + line->length, TAIL_BYTES, "%s%s", line->is_cut ? cut : "", end);
    line->length += (size_t)added;
}
