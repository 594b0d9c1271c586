/* Posts out of whatever file a person has.
 *
 *   struct input *input;
 *   input_read(bytes, length, &options, &input, &why) ... input_free(&input)
 *
 * Knows JSONL, JSON (an array, {"posts": [...]}, one post, what the X API answers, an X archive's
 * tweets.js), CSV (comma, semicolon, tab or bar; quoted line breaks; Excel's "sep=;") and plain
 * text, one post a line; a UTF-8 BOM is skipped. What comes out are bodies for POST /v1/jobs as
 * NDJSON, cut so that each is one job, and the rows that are no posts, by line and reason. Pure; no
 * I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scoped.h"
#include "base/text.h"

enum input_format { INPUT_AUTO, INPUT_JSONL, INPUT_JSON, INPUT_CSV, INPUT_PLAIN };

enum { INPUT_PREVIEWS = 3, INPUT_PREVIEW_SIZE = 200, INPUT_REASON_SIZE = 160 };

struct input_options {
    enum input_format format;
    const char *name;   /* of the file, whose ending tells the format; NULL: unknown */
    bool has_no_header; /* of CSV: its columns are told by numbers from 1 */
    const char *text_column, *id_column; /* of CSV; NULL = known by their usual names */
    size_t max_posts, max_bytes;         /* of one batch */
};

struct input_batch {
    struct text body; /* {"id": "...", "text": "..."} a line */
    size_t posts;
    int64_t *lines; /* where each of them stood in the file */
};

struct input_reject {
    int64_t line;
    char reason[INPUT_REASON_SIZE];
};

struct input_preview {
    char id[INPUT_PREVIEW_SIZE], text[INPUT_PREVIEW_SIZE];
};

struct input {
    enum input_format format;
    char delimiter; /* of CSV */
    size_t posts;
    struct input_batch *batches;
    size_t batch_count;
    struct input_reject *rejects;
    size_t reject_count;
    struct input_preview preview[INPUT_PREVIEWS];
};

/* A NUL stands behind the bytes. False only if the whole is unreadable; single bad rows become
 * rejects. */
MUST_USE bool input_read(const char *bytes, size_t length, const struct input_options *options,
                         struct input **input, struct error *why);
void input_free(struct input **input);

/* "JSONL", "CSV with semicolons", ...: for people. */
const char *input_describe(enum input_format format, char delimiter);

/* "line" or, in a JSON document, "post": what the number of a reject counts. */
const char *input_unit(enum input_format format);

/* Of --format: jsonl, json, csv, text. */
bool input_format_parse(const char *name, enum input_format *format);
