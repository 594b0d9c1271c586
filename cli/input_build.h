/* Gathers posts and rejects while a reader goes through a file. For the readers of input.h alone.
 */
#pragma once

#include "input.h"

struct input_builder {
    const struct input_options *options;
    struct input *input;
    size_t batch_capacity, reject_capacity, line_capacity;
};

/* Adds a post, or rejects the row if it is empty or not UTF-8. id NULL = the line's number. */
void builder_add(struct input_builder *builder, int64_t line, const char *id, const char *text,
                 size_t text_length);

void builder_reject(struct input_builder *builder, int64_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the readers ---- */
MUST_USE bool input_read_json(struct input_builder *builder, const char *bytes, size_t length,
                              struct error *why);
void input_read_jsonl(struct input_builder *builder, const char *bytes, size_t length);
MUST_USE bool input_read_csv(struct input_builder *builder, const char *bytes, size_t length,
                             struct error *why);
