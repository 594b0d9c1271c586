#include "table/table.h"

#include <csv.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

struct reading {
    const struct table_reader *reader;
    struct csv_parser parser;
    int64_t line, row_line; /* where we are, and where the row began */
    bool is_between_rows, is_ended;
    struct text chars; /* of the row's fields, each with its NUL */
    size_t offsets[TABLE_MAX_FIELDS], lengths[TABLE_MAX_FIELDS];
    size_t count;
};

static void take_field(void *field, size_t length, void *context)
{
    struct reading *reading = context;
    if (reading->count == TABLE_MAX_FIELDS)
        return;
    reading->offsets[reading->count] = reading->chars.length;
    reading->lengths[reading->count++] = length;
    text_add_bytes(&reading->chars, field, length);
    text_add_char(&reading->chars, '\0');
}

static void end_row(int terminator, void *context)
{
    (void)terminator;
    struct reading *reading = context;
    struct table_field fields[TABLE_MAX_FIELDS];
    for (size_t i = 0; i < reading->count; i++) {
        fields[i].chars = reading->chars.chars + reading->offsets[i];
        fields[i].length = reading->lengths[i];
    }
    const struct table_row row = {reading->row_line, fields, reading->count};
    reading->is_ended = reading->is_ended || !reading->reader->row(reading->reader->context, &row);
    text_clear(&reading->chars);
    reading->count = 0;
    reading->is_between_rows = true;
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!memchr(" \t\r\n", line[i], 4))
            return false;
    }
    return true;
}

/* libcsv does not say where a row began, so it is fed line by line. */
static bool feed(struct reading *reading, const char *bytes, size_t length)
{
    for (size_t from = 0; from < length && !reading->is_ended;) {
        const char *end = memchr(bytes + from, '\n', length - from);
        size_t to = end ? (size_t)(end - bytes) + 1 : length;
        reading->line++;
        if (reading->is_between_rows)
            reading->row_line = reading->line;
        reading->is_between_rows = reading->is_between_rows && is_blank(bytes + from, to - from);
        if (csv_parse(&reading->parser, bytes + from, to - from, take_field, end_row, reading) !=
            to - from) {
            return false;
        }
        from = to;
    }
    return reading->is_ended || csv_fini(&reading->parser, take_field, end_row, reading) == 0;
}

bool table_read(const struct table_reader *reader, const char *bytes, size_t length,
                int64_t *bad_line, struct error *why)
{
    struct reading reading = {.reader = reader, .is_between_rows = true};
    unsigned char strict = reader->is_strict ? CSV_STRICT | CSV_STRICT_FINI : 0;
    CHECK(csv_init(&reading.parser, strict) == 0);
    csv_set_delim(&reading.parser, (unsigned char)reader->delimiter);
    bool is_well_formed = feed(&reading, bytes, length);
    csv_free(&reading.parser);
    text_free(&reading.chars);
    *bad_line = reading.row_line;
    return is_well_formed ||
           error_set(why, ERROR_INVALID, "its quotes are not closed, or text follows them");
}
