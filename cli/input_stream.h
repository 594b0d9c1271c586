/* Posts out of a file of any size, in bounded memory, row by row.
 *
 * Reads what input.h does. JSONL, CSV and plain text are read block by block, each row told as soon
 * as it has come; a JSON document is read whole. A row that is too long is a reject, and the rest
 * goes on. One thread.
 */
#pragma once

#include <stdint.h>

#include "input.h"

enum {
    INPUT_MAX_ROW_BYTES = 1 << 20,       /* of JSONL, CSV and plain text */
    INPUT_MAX_DOCUMENT_BYTES = 64 << 20, /* of JSON */
};

struct input_row {
    int64_t line;
    const char *id, *text; /* valid UTF-8, NUL-terminated; lent for the call, as all of it */
    size_t text_length;
    const char *created_at; /* as the file has it; NULL: it does not tell */
};

struct input_sink {
    void (*post)(void *context, const struct input_row *row);
    void (*reject)(void *context, int64_t line, const char *reason);
    void *context;
};

struct input_reading {
    struct input_options options; /* max_posts and max_bytes are not looked at */
    struct input_sink sink;
    /* What the file is taken for, before the first row. */
    void (*begin)(void *context, enum input_format format, char delimiter);
    /* Of the sink's context: */
    void (*pause)(void *context); /* nothing more is there at the moment */
    bool (*should_stop)(void *context);
};

/* Until the file ends. False: it is unreadable as a whole, or ended by should_stop
 * (ERROR_CANCELLED). */
MUST_USE bool input_stream(int file, const struct input_reading *reading, struct error *why);
