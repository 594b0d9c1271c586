#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "input_build.h"
#include "input_detect.h"
#include "table/table.h"

enum { NO_COLUMN = TABLE_MAX_FIELDS };

struct columns {
    struct input_builder *builder;
    bool are_known;
    size_t text, id;
    struct text names;
};

static bool is_wanted(const char *name, const char *asked, bool (*is_usual)(const char *name))
{
    return asked ? strcmp(name, asked) == 0 : is_usual(name);
}

static void take_header(struct columns *columns, const struct table_row *row)
{
    const struct input_options *options = columns->builder->options;
    for (size_t i = 0; i < row->count; i++) {
        const char *name = row->fields[i].chars;
        text_format(&columns->names, "%s%s", i ? ", " : "", name);
        if (columns->text == NO_COLUMN &&
            is_wanted(name, options->text_column, detect_is_text_name)) {
            columns->text = i;
        } else if (columns->id == NO_COLUMN &&
                   is_wanted(name, options->id_column, detect_is_id_name)) {
            columns->id = i;
        }
    }
    columns->are_known = true;
}

static bool take_row(void *context, const struct table_row *row)
{
    struct columns *columns = context;
    if (!columns->are_known) {
        take_header(columns, row);
        return columns->text != NO_COLUMN;
    }
    if (row->count <= columns->text) {
        builder_reject(columns->builder, row->line, "the row has only %zu columns", row->count);
        return true;
    }
    const char *id = columns->id < row->count ? row->fields[columns->id].chars : NULL;
    const struct table_field *text = &row->fields[columns->text];
    builder_add(columns->builder, row->line, id, text->chars, text->length);
    return true;
}

bool input_read_csv(struct input_builder *builder, const char *bytes, size_t length,
                    struct error *why)
{
    struct columns columns = {.builder = builder, .text = NO_COLUMN, .id = NO_COLUMN};
    const struct table_reader reader = {
        .delimiter = builder->input->delimiter, .row = take_row, .context = &columns};
    int64_t bad_line;
    bool ok = table_read(&reader, bytes, length, &bad_line, why);
    if (!ok)
        error_prefix(why, "line %lld", (long long)bad_line);
    else if (columns.text == NO_COLUMN) {
        ok = error_set(why, ERROR_INVALID,
                       "no column bears the text; name one of these with --text-column: %s",
                       columns.names.chars ? columns.names.chars : "");
    }
    text_free(&columns.names);
    return ok;
}
