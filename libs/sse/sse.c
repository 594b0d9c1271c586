#include "sse/sse.h"

#include <stdio.h>
#include <string.h>

/* What is lent may be a part of what was fed. */
struct line {
    const char *at;
    size_t length;
};

static void forget_event(struct sse *sse)
{
    text_clear(&sse->data);
    sse->has_data = false;
    sse->is_too_long = false;
}

static bool dispatch(struct sse *sse)
{
    bool goes_on = true;
    memcpy(sse->last_id, sse->id, sizeof sse->last_id);
    if (sse->has_data && sse->data.length > 0 && !sse->is_too_long)
        goes_on = sse->heard(sse->context, sse->data.chars, sse->data.length);
    forget_event(sse);
    return goes_on;
}

/* Whether the line is that field: `value` is what follows the colon and one blank. */
static bool is_field(struct line line, const char *name, struct line *value)
{
    size_t length = strlen(name);
    if (line.length < length || memcmp(line.at, name, length) != 0)
        return false;
    *value = (struct line){line.at + length, line.length - length};
    if (value->length == 0)
        return true; /* a name alone has an empty value */
    if (*value->at != ':')
        return false;
    size_t skipped = value->length > 1 && value->at[1] == ' ' ? 2 : 1;
    *value = (struct line){value->at + skipped, value->length - skipped};
    return true;
}

static void add_data(struct sse *sse, struct line value)
{
    if (sse->data.length + value.length >= SSE_MAX_BYTES) {
        sse->is_too_long = true;
        return;
    }
    if (sse->has_data)
        text_add_char(&sse->data, '\n');
    text_add_bytes(&sse->data, value.at, value.length);
    sse->has_data = true;
}

static bool take_line(struct sse *sse, struct line line)
{
    struct line value;
    if (line.length == 0)
        return dispatch(sse);
    if (is_field(line, "data", &value))
        add_data(sse, value);
    else if (is_field(line, "id", &value) && memchr(value.at, '\0', value.length) == NULL)
        snprintf(sse->id, sizeof sse->id, "%.*s", (int)value.length, value.at);
    return true;
}

/* One pass for both ends: two searches would each run to the end of what holds only the other. */
static size_t line_end(const char *bytes, size_t length)
{
    size_t end = 0;
    while (end < length && bytes[end] != '\n' && bytes[end] != '\r')
        end++;
    return end;
}

/* The rest of a line of which some was fed before. */
static void keep_part(struct sse *sse, const char *bytes, size_t length)
{
    if (sse->line.length + length >= SSE_MAX_BYTES)
        sse->is_too_long = true;
    else
        text_add_bytes(&sse->line, bytes, length);
}

bool sse_feed(struct sse *sse, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        if (sse->is_after_cr && bytes[at] == '\n')
            at++;
        sse->is_after_cr = false;
        size_t end = line_end(bytes + at, length - at);
        struct line line = {bytes + at, end};
        bool is_whole = at + end < length;
        if (!is_whole || sse->line.length > 0) {
            keep_part(sse, line.at, line.length);
            line = (struct line){sse->line.chars, sse->line.length};
        }
        at += end;
        if (!is_whole)
            return true;
        sse->is_after_cr = bytes[at++] == '\r';
        bool goes_on = take_line(sse, line);
        text_clear(&sse->line);
        if (!goes_on)
            return false;
    }
    return true;
}

void sse_restart(struct sse *sse)
{
    text_clear(&sse->line);
    forget_event(sse);
    sse->is_after_cr = false;
}

void sse_free(struct sse *sse)
{
    text_free(&sse->line);
    text_free(&sse->data);
}
