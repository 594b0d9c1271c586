#include "request.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

static bool copy_field(char *field, size_t size, const char *from, size_t length)
{
    if (length >= size)
        return false;
    memcpy(field, from, length);
    field[length] = '\0';
    return true;
}

static bool read_start_line(const char *line, size_t length, struct request *request)
{
    const char *end = line + length;
    const char *method_end = memchr(line, ' ', length);
    if (method_end == NULL)
        return false;
    const char *path = method_end + 1;
    const char *path_end = memchr(path, ' ', (size_t)(end - path));
    if (path_end == NULL || end - path_end != 9 || memcmp(path_end, " HTTP/1.", 8) != 0)
        return false;
    request->keeps_alive = end[-1] == '1';
    const char *query = memchr(path, '?', (size_t)(path_end - path));
    return copy_field(request->method, sizeof request->method, line, (size_t)(method_end - line)) &&
           copy_field(request->path, sizeof request->path, path,
                      (size_t)((query == NULL ? path_end : query) - path));
}

static bool is_header(const char *name, size_t length, const char *wanted)
{
    return length == strlen(wanted) && strncasecmp(name, wanted, length) == 0;
}

static enum request_state read_header(const char *line, size_t length, struct request *request)
{
    const char *colon = memchr(line, ':', length);
    if (colon == NULL)
        return REQUEST_MALFORMED;
    const char *value = colon + 1;
    value += strspn(value, " \t");
    size_t name_length = (size_t)(colon - line);
    const char *end = line + length;
    size_t value_length = value < end ? (size_t)(end - value) : 0;
    char text[REQUEST_FIELD_SIZE] = "";
    bool fits = copy_field(text, sizeof text, value, value_length);

    if (is_header(line, name_length, "Content-Length")) {
        int64_t size;
        if (!fits || !number_parse_int(text, &size) || size < 0)
            return REQUEST_MALFORMED;
        if (size > REQUEST_MAX_BODY)
            return REQUEST_TOO_LARGE;
        request->body_length = (size_t)size;
    } else if (is_header(line, name_length, "Transfer-Encoding")) {
        return REQUEST_LENGTH_MISSING;
    } else if (is_header(line, name_length, "Connection")) {
        request->keeps_alive = strcasecmp(text, "close") != 0;
    } else if (is_header(line, name_length, "Expect")) {
        request->expects_continue = strcasecmp(text, "100-continue") == 0;
    } else if (is_header(line, name_length, "X-User")) {
        memcpy(request->user, text, sizeof text);
        return fits ? REQUEST_COMPLETE : REQUEST_MALFORMED;
    } else if (is_header(line, name_length, "Authorization")) {
        memcpy(request->authorization, text, sizeof text);
    }
    return REQUEST_COMPLETE;
}

enum request_state request_read(const char *bytes, size_t length, struct request *request)
{
    *request = (struct request){.keeps_alive = true};
    const char *head_end = memmem(bytes, length, "\r\n\r\n", 4);
    if (head_end == NULL)
        return length > REQUEST_MAX_HEAD ? REQUEST_TOO_LARGE : REQUEST_PARTIAL;
    request->body_at = (size_t)(head_end - bytes) + 4;

    bool is_start = true;
    for (const char *line = bytes; line < head_end + 2;) {
        const char *line_end = memmem(line, (size_t)(head_end + 2 - line), "\r\n", 2);
        size_t line_length = (size_t)(line_end - line);
        if (is_start) {
            if (!read_start_line(line, line_length, request))
                return REQUEST_MALFORMED;
            is_start = false;
        } else {
            enum request_state state = read_header(line, line_length, request);
            if (state != REQUEST_COMPLETE)
                return state;
        }
        line = line_end + 2;
    }
    return length - request->body_at < request->body_length ? REQUEST_PARTIAL_BODY
                                                            : REQUEST_COMPLETE;
}
