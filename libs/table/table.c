#include "table/table.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

struct table {
    struct table_reader reader;
    struct csv_parser parser;
    int64_t line, row_line; /* where we are, and where the row began */
    size_t row_bytes;
    bool is_between_rows, is_ended;
    struct text chars; /* of the row's fields, each with its NUL */
    size_t offsets[TABLE_MAX_FIELDS], lengths[TABLE_MAX_FIELDS];
    size_t count;
};

static void take_field(void *field, size_t length, void *context)
{
    struct table *table = context;
    if (table->count == TABLE_MAX_FIELDS)
        return;
    table->offsets[table->count] = table->chars.length;
    table->lengths[table->count++] = length;
    text_add_bytes(&table->chars, field, length);
    text_add_char(&table->chars, '\0');
}

static void end_row(int terminator, void *context)
{
    (void)terminator;
    struct table *table = context;
    struct table_field fields[TABLE_MAX_FIELDS];
    for (size_t i = 0; i < table->count; i++) {
        fields[i].chars = table->chars.chars + table->offsets[i];
        fields[i].length = table->lengths[i];
    }
    const struct table_row row = {table->row_line, fields, table->count};
    table->is_ended = table->is_ended || !table->reader.row(table->reader.context, &row);
    text_clear(&table->chars);
    table->count = 0;
    table->is_between_rows = true;
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!memchr(" \t\r\n", line[i], 4))
            return false;
    }
    return true;
}

static void start_parser(struct table *table)
{
    unsigned char strict = table->reader.is_strict ? CSV_STRICT | CSV_STRICT_FINI : 0;
    CHECK(csv_init(&table->parser, strict) == 0);
    csv_set_delim(&table->parser, (unsigned char)table->reader.delimiter);
}

static void drop_row(struct table *table)
{
    csv_free(&table->parser);
    start_parser(table);
    text_clear(&table->chars);
    table->count = 0;
    table->is_between_rows = true;
    table->reader.too_long(table->reader.context, table->row_line);
}

struct table *table_open(const struct table_reader *reader)
{
    struct table *table = calloc(1, sizeof *table);
    CHECK(table != NULL);
    table->reader = *reader;
    table->is_between_rows = true;
    start_parser(table);
    return table;
}

static bool fail(struct error *why)
{
    return error_set(why, ERROR_INVALID, "its quotes are not closed, or text follows them");
}

/* libcsv does not say where a row began, so it is fed line by line. */
bool table_feed(struct table *table, const char *bytes, size_t length, struct error *why)
{
    for (size_t from = 0; from < length && !table->is_ended;) {
        const char *end = memchr(bytes + from, '\n', length - from);
        size_t to = end ? (size_t)(end - bytes) + 1 : length;
        table->line++;
        if (table->is_between_rows) {
            table->row_line = table->line;
            table->row_bytes = 0;
        }
        table->row_bytes += to - from;
        table->is_between_rows = table->is_between_rows && is_blank(bytes + from, to - from);
        size_t most = table->reader.max_row_bytes;
        if (most > 0 && table->row_bytes > most && !table->is_between_rows)
            drop_row(table);
        else if (csv_parse(&table->parser, bytes + from, to - from, take_field, end_row, table) !=
                 to - from)
            return fail(why);
        from = to;
    }
    return true;
}

bool table_end(struct table *table, struct error *why)
{
    return table->is_ended || csv_fini(&table->parser, take_field, end_row, table) == 0 ||
           fail(why);
}

int64_t table_row_line(const struct table *table)
{
    return table->row_line;
}

void table_close(struct table **table)
{
    if (*table == NULL)
        return;
    csv_free(&(*table)->parser);
    text_free(&(*table)->chars);
    free(*table);
    *table = NULL;
}

bool table_read(const struct table_reader *reader, const char *bytes, size_t length,
                int64_t *bad_line, struct error *why)
{
    SCOPED(table_close) struct table *table = table_open(reader);
    bool is_well_formed = table_feed(table, bytes, length, why) && table_end(table, why);
    *bad_line = table_row_line(table);
    return is_well_formed;
}
