#include "json/json.h"

/* Brackets outside of strings, counted without parsing. */
static bool is_shallow(const char *bytes, size_t length)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_MAX_DEPTH)
                return false;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

/* jansson quotes the input, which need not be text. */
static void make_printable(char *text)
{
    for (char *c = text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
}

static bool parse(const char *bytes, size_t length, size_t flags, json_t **document,
                  struct error *why)
{
    json_error_t fault;
    *document = NULL;
    if (!is_shallow(bytes, length))
        return error_set(why, ERROR_INVALID, "not valid JSON: nested deeper than %d",
                         JSON_MAX_DEPTH);
    *document = json_loadb(bytes, length, flags, &fault);
    if (*document)
        return true;
    make_printable(fault.text);
    return error_set(why, ERROR_INVALID, "not valid JSON at line %d column %d: %s", fault.line,
                     fault.column, fault.text);
}

bool json_parse(const char *bytes, size_t length, json_t **document, struct error *why)
{
    return parse(bytes, length, JSON_REJECT_DUPLICATES, document, why);
}

bool json_parse_loosely(const char *bytes, size_t length, json_t **document, struct error *why)
{
    return parse(bytes, length, 0, document, why);
}

void json_free(json_t **document)
{
    json_decref(*document);
    *document = NULL;
}

/* The member, or NULL if it is absent or null. */
static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

bool json_text(const json_t *object, const char *name, const char *fallback, size_t max_bytes,
               const char **value, struct error *why)
{
    const json_t *found = member(object, name);
    *value = fallback;
    if (!found)
        return true;
    if (!json_is_string(found))
        return error_set(why, ERROR_INVALID, "%s must be a string", name);
    if (json_string_length(found) > max_bytes)
        return error_set(why, ERROR_INVALID, "%s is longer than %zu bytes", name, max_bytes);
    *value = json_string_value(found);
    return true;
}

bool json_int(const json_t *object, const char *name, int64_t fallback, int64_t min, int64_t max,
              int64_t *value, struct error *why)
{
    const json_t *found = member(object, name);
    *value = fallback;
    if (!found)
        return true;
    if (!json_is_integer(found) || json_integer_value(found) < min ||
        json_integer_value(found) > max)
        return error_set(why, ERROR_INVALID, "%s must be a whole number from %lld to %lld", name,
                         (long long)min, (long long)max);
    *value = json_integer_value(found);
    return true;
}

bool json_bool(const json_t *object, const char *name, bool fallback, bool *value,
               struct error *why)
{
    const json_t *found = member(object, name);
    *value = fallback;
    if (!found)
        return true;
    if (!json_is_boolean(found))
        return error_set(why, ERROR_INVALID, "%s must be true or false", name);
    *value = json_is_true(found);
    return true;
}
