#include "input_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "messages/messages.h"
#include "messages/texts.h"

void builder_add(struct input_builder *builder, const struct input_row *found)
{
    struct input_row row = *found;
    char number[24];
    if (!row.id || !*row.id) {
        snprintf(number, sizeof number, "%lld", (long long)row.line);
        row.id = number;
    }
    if (row.text_length == 0) {
        builder_reject(builder, row.line, "the text is empty");
        return;
    }
    if (memchr(row.text, '\0', row.text_length)) {
        builder_reject(builder, row.line, "the text holds a NUL byte");
        return;
    }
    if (!text_is_valid((const uint8_t *)row.text, row.text_length) ||
        !text_is_valid((const uint8_t *)row.id, strlen(row.id))) {
        builder_reject(builder, row.line, "not valid UTF-8");
        return;
    }
    builder->sink->post(builder->sink->context, &row);
}

void builder_reject(struct input_builder *builder, int64_t line, const char *format, ...)
{
    char reason[INPUT_REASON_SIZE];
    va_list values;
    va_start(values, format);
    vsnprintf(reason, sizeof reason, format, values);
    va_end(values);
    builder->sink->reject(builder->sink->context, line, reason);
}

bool input_skip_bom(const char **bytes, size_t *length, struct error *why)
{
    static const char BOM[] = "\xEF\xBB\xBF";
    if (*length >= 2 && (memcmp(*bytes, "\xFF\xFE", 2) == 0 || memcmp(*bytes, "\xFE\xFF", 2) == 0))
        return error_set(why, ERROR_INVALID, "it is UTF-16; save it as UTF-8");
    if (*length >= 3 && memcmp(*bytes, BOM, 3) == 0) {
        *bytes += 3;
        *length -= 3;
    }
    return true;
}

void input_read_plain(struct input_builder *builder, const char *bytes, size_t length)
{
    for (size_t from = 0; from < length;) {
        const char *end = memchr(bytes + from, '\n', length - from);
        size_t to = end ? (size_t)(end - bytes) : length;
        size_t stop = to > from && bytes[to - 1] == '\r' ? to - 1 : to;
        builder->line++;
        if (stop > from) {
            SCOPED(free_chars) char *text = strndup(bytes + from, stop - from);
            CHECK(text != NULL);
            builder_add(builder, &(struct input_row){.line = builder->line,
                                                     .text = text,
                                                     .text_length = stop - from});
        }
        from = to + 1;
    }
}
