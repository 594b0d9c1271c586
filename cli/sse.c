#include "sse.h"

#include <stdio.h>
#include <string.h>

static bool dispatch(struct sse *sse)
{
    bool goes_on = true;
    memcpy(sse->last_id, sse->id, sizeof sse->last_id);
    if (sse->data.length > 0 && sse->data.length <= SSE_MAX_BYTES)
        goes_on = sse->heard(sse->context, sse->data.chars, sse->data.length);
    text_clear(&sse->data);
    return goes_on;
}

/* The value of "name: value" if the line is that field; one blank after the colon is dropped. */
static const char *field(const char *line, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line[length + 1] == ' ' ? line + length + 2 : line + length + 1;
}

static bool take_line(struct sse *sse)
{
    if (sse->line.length == 0)
        return dispatch(sse);
    const char *data = field(sse->line.chars, "data");
    const char *id = field(sse->line.chars, "id");
    if (data && sse->data.length <= SSE_MAX_BYTES) {
        if (sse->data.length > 0)
            text_add_char(&sse->data, '\n');
        text_add(&sse->data, data);
    } else if (id) {
        snprintf(sse->id, sizeof sse->id, "%s", id);
    }
    text_clear(&sse->line);
    return true;
}

bool sse_feed(struct sse *sse, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            if (!take_line(sse))
                return false;
        } else if (bytes[i] != '\r' && sse->line.length <= SSE_MAX_BYTES) {
            text_add_char(&sse->line, bytes[i]);
        }
    }
    return true;
}

void sse_restart(struct sse *sse)
{
    text_clear(&sse->line);
    text_clear(&sse->data);
}

void sse_free(struct sse *sse)
{
    text_free(&sse->line);
    text_free(&sse->data);
}
