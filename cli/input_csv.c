#include <csv.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "input_build.h"
#include "input_detect.h"

enum { NO_COLUMN = -1 };

struct reader {
    struct input_builder *builder;
    int64_t line, row_line; /* where we are, where the row began */
    bool is_between_rows, is_header_read, has_fields;
    int column, text_column, id_column;
    struct text text, id, header;
};

static bool is_wanted(const char *name, const char *asked, bool (*is_usual)(const char *name))
{
    return asked ? strcmp(name, asked) == 0 : is_usual(name);
}

static void take_header_field(struct reader *reader, const char *name)
{
    const struct input_options *options = reader->builder->options;
    text_format(&reader->header, "%s%s", reader->header.length ? ", " : "", name);
    if (reader->text_column == NO_COLUMN &&
        is_wanted(name, options->text_column, detect_is_text_name)) {
        reader->text_column = reader->column;
    } else if (reader->id_column == NO_COLUMN &&
               is_wanted(name, options->id_column, detect_is_id_name)) {
        reader->id_column = reader->column;
    }
}

static void take_field(void *field, size_t length, void *context)
{
    struct reader *reader = context;
    reader->has_fields = reader->has_fields || length > 0;
    if (!reader->is_header_read)
        take_header_field(reader, field);
    else if (reader->column == reader->text_column)
        text_add_bytes(&reader->text, field, length);
    else if (reader->column == reader->id_column)
        text_add_bytes(&reader->id, field, length);
    reader->column++;
}

static void end_row(int terminator, void *context)
{
    (void)terminator;
    struct reader *reader = context;
    if (!reader->is_header_read) {
        reader->is_header_read = true;
    } else if (reader->column <= reader->text_column) {
        builder_reject(reader->builder, reader->row_line, "the row has only %d columns",
                       reader->column);
    } else if (reader->has_fields) {
        builder_add(reader->builder, reader->row_line, reader->id.chars,
                    reader->text.chars ? reader->text.chars : "", reader->text.length);
    }
    text_clear(&reader->text);
    text_clear(&reader->id);
    reader->column = 0;
    reader->has_fields = false;
    reader->is_between_rows = true;
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!memchr(" \t\r\n", line[i], 4))
            return false;
    }
    return true;
}

/* Physical line by physical line, so that a row is known by the line it began on. */
static void feed(struct csv_parser *parser, struct reader *reader, const char *bytes, size_t length)
{
    for (size_t from = 0; from < length;) {
        const char *end = memchr(bytes + from, '\n', length - from);
        size_t to = end ? (size_t)(end - bytes) + 1 : length;
        reader->line++;
        if (reader->is_between_rows)
            reader->row_line = reader->line;
        reader->is_between_rows = reader->is_between_rows && is_blank(bytes + from, to - from);
        size_t eaten = csv_parse(parser, bytes + from, to - from, take_field, end_row, reader);
        CHECK(eaten == to - from); /* only lack of memory stops a parser that is not strict */
        from = to;
    }
    csv_fini(parser, take_field, end_row, reader);
}

bool input_read_csv(struct input_builder *builder, const char *bytes, size_t length,
                    struct error *why)
{
    struct csv_parser parser;
    CHECK(csv_init(&parser, CSV_APPEND_NULL) == 0);
    csv_set_delim(&parser, (unsigned char)builder->input->delimiter);
    struct reader reader = {.builder = builder,
                            .text_column = NO_COLUMN,
                            .id_column = NO_COLUMN,
                            .is_between_rows = true};
    feed(&parser, &reader, bytes, length);
    csv_free(&parser);
    bool found = reader.text_column != NO_COLUMN;
    if (!found) {
        error_set(why, ERROR_INVALID,
                  "no column bears the text; name one of these with --text-column: %s",
                  reader.header.chars ? reader.header.chars : "");
    }
    text_free(&reader.text);
    text_free(&reader.id);
    text_free(&reader.header);
    return found;
}
