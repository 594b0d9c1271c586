/* What all readers of files share: each row becomes a post or a reject, told to a sink. For the
 * readers of input.h and input_stream.h alone.
 */
#pragma once

#include "input.h"
#include "input_stream.h"

struct input_builder {
    const struct input_options *options;
    const struct input_sink *sink;
    char delimiter; /* of CSV */
    int64_t line;   /* that was read last */
};

/* Tells a post, or rejects the row if it is empty or not UTF-8. Its id may be NULL: the line's
 * number. */
void builder_add(struct input_builder *builder, const struct input_row *found);

void builder_reject(struct input_builder *builder, int64_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Past a UTF-8 BOM. False: it is UTF-16. */
MUST_USE bool input_skip_bom(const char **bytes, size_t *length, struct error *why);

/* ---- the readers; behind the bytes stands a NUL ---- */

MUST_USE bool input_read_json(struct input_builder *builder, const char *bytes, size_t length,
                              struct error *why);
/* Whole lines, which go on from builder->line. */
void input_read_jsonl(struct input_builder *builder, const char *bytes, size_t length);
void input_read_plain(struct input_builder *builder, const char *bytes, size_t length);
MUST_USE bool input_read_csv(struct input_builder *builder, const char *bytes, size_t length,
                             struct error *why);

/* CSV piece by piece, as of table.h. A row of INPUT_MAX_ROW_BYTES or more is a reject. */
struct input_csv;
struct input_csv *input_csv_open(struct input_builder *builder);
MUST_USE bool input_csv_feed(struct input_csv *csv, const char *bytes, size_t length,
                             struct error *why);
MUST_USE bool input_csv_end(struct input_csv *csv, struct error *why);
void input_csv_close(struct input_csv **csv);
