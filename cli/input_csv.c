#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"
#include "input_build.h"
#include "input_detect.h"
#include "table/table.h"

enum { NO_COLUMN = TABLE_MAX_FIELDS };

struct input_csv {
    struct input_builder *builder;
    struct table *table;
    bool are_known;
    size_t text, id, created_at;
    struct text names;
};

static bool is_wanted(const char *name, const char *asked, bool (*is_usual)(const char *name))
{
    return asked ? strcmp(name, asked) == 0 : is_usual(name);
}

static void take_header(struct input_csv *csv, const struct table_row *row)
{
    const struct input_options *options = csv->builder->options;
    for (size_t i = 0; i < row->count; i++) {
        const char *name = row->fields[i].chars;
        text_format(&csv->names, "%s%s", i ? ", " : "", name);
        if (csv->text == NO_COLUMN && is_wanted(name, options->text_column, detect_is_text_name)) {
            csv->text = i;
        } else if (csv->id == NO_COLUMN && is_wanted(name, options->id_column, detect_is_id_name)) {
            csv->id = i;
        } else if (csv->created_at == NO_COLUMN && strcasecmp(name, "created_at") == 0) {
            csv->created_at = i;
        }
    }
    csv->are_known = true;
}

/* From 1, as --text-column tells it without a header. */
static size_t column_of_number(const char *written)
{
    int64_t number;
    bool is_column = written != NULL && number_parse_int(written, &number) && number >= 1 &&
                     number <= TABLE_MAX_FIELDS;
    return is_column ? (size_t)number - 1 : NO_COLUMN;
}

/* Whatever separates: "sep=" and nothing behind it. */
static bool is_separator_row(const struct table_row *row)
{
    return row->line == 1 && row->count == 2 && strcasecmp(row->fields[0].chars, "sep=") == 0 &&
           row->fields[1].length == 0;
}

static const char *field_of(const struct table_row *row, size_t column)
{
    return column < row->count ? row->fields[column].chars : NULL;
}

static bool take_row(void *context, const struct table_row *row)
{
    struct input_csv *csv = context;
    if (is_separator_row(row))
        return true;
    if (!csv->are_known) {
        take_header(csv, row);
        return csv->text != NO_COLUMN;
    }
    if (csv->text == NO_COLUMN)
        return false;
    if (row->count <= csv->text) {
        builder_reject(csv->builder, row->line, "the row has only %zu columns", row->count);
        return true;
    }
    const struct table_field *text = &row->fields[csv->text];
    const struct input_row found = {.line = row->line,
                                    .id = field_of(row, csv->id),
                                    .text = text->chars,
                                    .text_length = text->length,
                                    .created_at = field_of(row, csv->created_at)};
    builder_add(csv->builder, &found);
    return true;
}

static void reject_row(void *context, int64_t line, const char *reason)
{
    struct input_csv *csv = context;
    builder_reject(csv->builder, line, "%s", reason);
}

struct input_csv *input_csv_open(struct input_builder *builder)
{
    struct input_csv *csv = malloc(sizeof *csv);
    CHECK(csv != NULL);
    *csv = (struct input_csv){
        .builder = builder, .text = NO_COLUMN, .id = NO_COLUMN, .created_at = NO_COLUMN};
    const struct input_options *options = builder->options;
    if (options->has_no_header) {
        csv->text = column_of_number(options->text_column);
        csv->id = column_of_number(options->id_column);
        csv->are_known = true;
    }
    csv->table = table_open(&(struct table_reader){.delimiter = builder->delimiter,
                                                   .row = take_row,
                                                   .context = csv,
                                                   .max_row_bytes = INPUT_MAX_ROW_BYTES - 1,
                                                   .bad_row = reject_row});
    return csv;
}

static bool is_good(struct input_csv *csv, bool is_well_formed, struct error *why)
{
    if (!is_well_formed)
        return error_prefix(why, "line %lld", (long long)table_row_line(csv->table));
    if (!csv->are_known || csv->text != NO_COLUMN)
        return true;
    if (csv->builder->options->has_no_header)
        return error_set(why, ERROR_INVALID,
                         "without a header, --text-column is the number of the text's column");
    return error_set(why, ERROR_INVALID,
                     "no column bears the text; name one with --text-column (with --no-header by "
                     "its number): %s",
                     csv->names.chars ? csv->names.chars : "");
}

bool input_csv_feed(struct input_csv *csv, const char *bytes, size_t length, struct error *why)
{
    return is_good(csv, table_feed(csv->table, bytes, length, why), why);
}

bool input_csv_end(struct input_csv *csv, struct error *why)
{
    return is_good(csv, table_end(csv->table, why), why);
}

void input_csv_close(struct input_csv **csv)
{
    if (*csv == NULL)
        return;
    table_close(&(*csv)->table);
    text_free(&(*csv)->names);
    free(*csv);
    *csv = NULL;
}

bool input_read_csv(struct input_builder *builder, const char *bytes, size_t length,
                    struct error *why)
{
    SCOPED(input_csv_close) struct input_csv *csv = input_csv_open(builder);
    return input_csv_feed(csv, bytes, length, why) && input_csv_end(csv, why);
}
