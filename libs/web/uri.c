#include "web/uri.h"

#include <string.h>

static bool is_visible(char c)
{
    return c > 0x20 && c < 0x7f;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uri_is_clean(const char *raw_path)
{
    if (raw_path[0] != '/')
        return false;
    for (const char *c = raw_path; *c; c++)
        if (!is_visible(*c))
            return false;
    return true;
}

bool uri_decode(const char *raw, size_t length, enum uri_blank blank, char *decoded)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_visible(raw[i]))
            return false;
        int byte = (unsigned char)raw[i];
        if (raw[i] == '%') {
            int high = i + 2 < length ? hex_digit(raw[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(raw[i + 2]) : -1;
            if (low < 0)
                return false;
            byte = high * 16 + low;
            i += 2;
        } else if (raw[i] == '+' && blank == URI_PLUS_IS_BLANK) {
            byte = ' ';
        }
        if (byte < 0x20 || byte == 0x7f)
            return false;
        *decoded++ = (char)byte;
    }
    *decoded = '\0';
    return true;
}

bool uri_match(const char *pattern, const char *raw_path, struct uri_part values[URI_MAX_VALUES])
{
    int count = 0;
    while (*pattern && *raw_path) {
        if (*pattern != '{') {
            if (*pattern++ != *raw_path++)
                return false;
            continue;
        }
        size_t length = strcspn(raw_path, "/");
        if (length == 0 || count == URI_MAX_VALUES)
            return false;
        values[count++] = (struct uri_part){raw_path, length};
        raw_path += length;
        pattern += strcspn(pattern, "}") + 1;
    }
    return *pattern == '\0' && *raw_path == '\0';
}

bool uri_query(const char *query, const char *name, struct uri_part *value)
{
    size_t name_length = strlen(name);
    while (query && *query) {
        size_t length = strcspn(query, "&");
        size_t key_length = strcspn(query, "=&");
        if (key_length == name_length && memcmp(query, name, name_length) == 0) {
            size_t skip = key_length < length ? key_length + 1 : key_length;
            *value = (struct uri_part){query + skip, length - skip};
            return true;
        }
        query += length;
        if (*query == '&')
            query++;
    }
    return false;
}
