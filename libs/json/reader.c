#include "reader.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/scoped.h"
#include "json.h"

enum { MOST_DIGITS = 18, NUMBER_BYTES = 64 };

struct reader {
    const char *at, *end;
    char *unescaped; /* room for any string of the bytes, once one has escapes */
    size_t room;
    int depth;
    bool is_unsure;
};

/* Lent: by the bytes, or by reader.unescaped until the next string with escapes. */
struct string {
    const char *at;
    size_t length;
    bool is_ascii, has_escapes;
};

static json_t *read_value(struct reader *reader);

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

/* It may be JSON all the same. */
static json_t *leave(struct reader *reader)
{
    reader->is_unsure = true;
    return NULL;
}

static bool take(struct reader *reader, char wanted)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

/* ---- strings ---- */

static bool read_hex(struct reader *reader, uint32_t *code)
{
    if (reader->end - reader->at < 4)
        return false;
    *code = 0;
    for (const char *stop = reader->at + 4; reader->at < stop; reader->at++) {
        char c = *reader->at, small = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            *code = *code * 16 + (uint32_t)(c - '0');
        else if (small >= 'a' && small <= 'f')
            *code = *code * 16 + (uint32_t)(small - 'a' + 10);
        else
            return false;
    }
    return true;
}

static char *put_code_point(char *out, uint32_t code)
{
    static const unsigned char LEADS[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(LEADS[length] | code);
    return out + length;
}

/* Behind "\u"; NULL: it is none. What is written is shorter than what is read. */
static char *read_code_point(struct reader *reader, char *out)
{
    uint32_t code, second;
    if (!read_hex(reader, &code) || code == 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return NULL;
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u')
            return NULL;
        reader->at += 2;
        if (!read_hex(reader, &second) || second < 0xDC00 || second > 0xDFFF)
            return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
    }
    return put_code_point(out, code);
}

/* Behind the backslash; NULL: it is none. */
static char *read_escape(struct reader *reader, char *out)
{
    static const char NAMES[] = "\"\\/bfnrt", MEANINGS[] = "\"\\/\b\f\n\r\t";
    if (reader->at == reader->end)
        return NULL;
    char name = *reader->at++;
    if (name == 'u')
        return read_code_point(reader, out);
    const char *found = name != '\0' ? strchr(NAMES, name) : NULL;
    if (found == NULL)
        return NULL;
    *out = MEANINGS[found - NAMES];
    return out + 1;
}

/* From its first backslash on; what stands before it begins at `first`. */
static bool read_escaped(struct reader *reader, const char *first, struct string *string)
{
    if (reader->unescaped == NULL)
        reader->unescaped = malloc(reader->room);
    CHECK(reader->unescaped != NULL);
    size_t before = (size_t)(reader->at - first);
    memcpy(reader->unescaped, first, before);
    char *out = reader->unescaped + before;
    unsigned char c = 0, high = string->is_ascii ? 0 : 0x80;
    while (reader->at < reader->end && (c = (unsigned char)*reader->at++) != '"') {
        if (c < 0x20)
            return false;
        high |= c;
        if (c != '\\')
            *out++ = (char)c;
        else if ((out = read_escape(reader, out)) == NULL)
            return false;
    }
    *string =
        (struct string){reader->unescaped, (size_t)(out - reader->unescaped), high < 0x80, true};
    return c == '"'; /* else the bytes end before the string */
}

/* Behind the quote. What comes by escapes is UTF-8 by its making. */
static bool read_string(struct reader *reader, struct string *string)
{
    const char *first = reader->at;
    unsigned char high = 0;
    for (; reader->at < reader->end; reader->at++) {
        unsigned char c = (unsigned char)*reader->at;
        *string = (struct string){first, (size_t)(reader->at - first), high < 0x80, false};
        if (c == '\\')
            return read_escaped(reader, first, string);
        if (c < 0x20)
            return false;
        if (c == '"') {
            reader->at++;
            return true;
        }
        high |= c;
    }
    return false;
}

static json_t *read_string_value(struct reader *reader)
{
    struct string string;
    if (!read_string(reader, &string))
        return NULL;
    return string.is_ascii ? json_stringn_nocheck(string.at, string.length)
                           : json_stringn(string.at, string.length); /* checks the UTF-8 */
}

/* ---- numbers ---- */

static size_t skip_digits(struct reader *reader)
{
    const char *first = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return (size_t)(reader->at - first);
}

static bool skip_fraction(struct reader *reader, bool *is_real)
{
    if (reader->at < reader->end && *reader->at == '.') {
        *is_real = true;
        reader->at++;
        if (skip_digits(reader) == 0)
            return false;
    }
    if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
        *is_real = true;
        reader->at++;
        if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-'))
            reader->at++;
        return skip_digits(reader) > 0;
    }
    return true;
}

static json_t *real_of(struct reader *reader, const char *first)
{
    char number[NUMBER_BYTES], *end;
    size_t length = (size_t)(reader->at - first);
    if (length >= sizeof number)
        return leave(reader);
    memcpy(number, first, length);
    number[length] = '\0';
    double value = strtod(number, &end);
    return *end == '\0' && isfinite(value) ? json_real(value) : NULL;
}

static json_t *read_number(struct reader *reader)
{
    const char *first = reader->at;
    bool is_negative = *first == '-', is_real = false;
    reader->at += is_negative;
    const char *digits = reader->at;
    size_t count = skip_digits(reader);
    if (count == 0 || (count > 1 && *digits == '0') || !skip_fraction(reader, &is_real))
        return NULL;
    if (is_real)
        return real_of(reader, first);
    if (count > MOST_DIGITS)
        return leave(reader);
    json_int_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value * 10 + (digits[i] - '0');
    return json_integer(is_negative ? -value : value);
}

/* ---- the rest ---- */

static json_t *read_word(struct reader *reader, const char *word, json_t *value)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return NULL;
    reader->at += length;
    return value;
}

static bool read_member(struct reader *reader, json_t *object)
{
    struct string name;
    if (!take(reader, '"') || !read_string(reader, &name) || !take(reader, ':'))
        return false;
    if (name.has_escapes)
        return leave(reader) != NULL;
    json_t *value = read_value(reader);
    if (value == NULL)
        return false;
    size_t before = json_object_size(object);
    int failed = name.is_ascii ? json_object_setn_new_nocheck(object, name.at, name.length, value)
                               : json_object_setn_new(object, name.at, name.length, value);
    return failed == 0 && json_object_size(object) > before; /* else the name came before */
}

static json_t *read_object(struct reader *reader)
{
    SCOPED(json_free) json_t *object = json_object();
    if (take(reader, '}'))
        return TAKE(object);
    do
        if (!read_member(reader, object))
            return NULL;
    while (take(reader, ','));
    return take(reader, '}') ? TAKE(object) : NULL;
}

static json_t *read_array(struct reader *reader)
{
    SCOPED(json_free) json_t *array = json_array();
    if (take(reader, ']'))
        return TAKE(array);
    do {
        json_t *value = read_value(reader);
        if (value == NULL || json_array_append_new(array, value) != 0)
            return NULL;
    } while (take(reader, ','));
    return take(reader, ']') ? TAKE(array) : NULL;
}

static json_t *read_nested(struct reader *reader, char bracket)
{
    if (++reader->depth > JSON_MAX_DEPTH)
        return leave(reader);
    reader->at++;
    json_t *value = bracket == '{' ? read_object(reader) : read_array(reader);
    reader->depth--;
    return value;
}

static json_t *read_value(struct reader *reader)
{
    skip_blanks(reader);
    if (reader->at == reader->end)
        return NULL;
    char first = *reader->at;
    if (first == '{' || first == '[')
        return read_nested(reader, first);
    if (first == '"') {
        reader->at++;
        return read_string_value(reader);
    }
    if (first == '-' || (first >= '0' && first <= '9'))
        return read_number(reader);
    if (first == 't')
        return read_word(reader, "true", json_true());
    return first == 'f' ? read_word(reader, "false", json_false())
                        : read_word(reader, "null", json_null());
}

json_t *reader_read(const char *bytes, size_t length, bool *is_unsure)
{
    *is_unsure = false;
    if (length == 0)
        return NULL;
    struct reader reader = {.at = bytes, .end = bytes + length, .room = length};
    skip_blanks(&reader);
    bool is_document = reader.at < reader.end && (*reader.at == '{' || *reader.at == '[');
    SCOPED(json_free) json_t *document = is_document ? read_value(&reader) : NULL;
    free(reader.unescaped);
    *is_unsure = reader.is_unsure;
    skip_blanks(&reader);
    return reader.at == reader.end ? TAKE(document) : NULL;
}
