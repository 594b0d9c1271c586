#include "table/table.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

/* Bytes that may be read once more, behind the first lines of bad rows: so many, and so many times
 * those that were fed. */
enum { MOST_REREAD_BYTES = 16 << 20, MOST_REREADS = 16 };

struct table {
    struct table_reader reader;
    struct csv_parser parser;
    int64_t line, row_line, quote_line; /* where we are; where the row and its last quote began */
    size_t row_bytes;
    bool is_between_rows, is_ended;
    size_t new_bytes, reread_bytes;
    struct text row;   /* as it was fed, if it goes on behind that and may turn out to be bad */
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

struct table *table_open(const struct table_reader *reader)
{
    struct table *table = calloc(1, sizeof *table);
    CHECK(table != NULL);
    table->reader = *reader;
    table->is_between_rows = true;
    start_parser(table);
    return table;
}

static size_t line_length(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    return end ? (size_t)(end - bytes) + 1 : length;
}

/* ---- bad rows ---- */

static bool describe_doubtful(const struct table *table, struct error *why)
{
    return error_set(why, ERROR_INVALID,
                     "the quote that begins in line %lld is not closed, or text follows it",
                     (long long)table->quote_line);
}

static bool fail(const struct table *table, struct error *why)
{
    if (table->quote_line > 0)
        return describe_doubtful(table, why);
    return error_set(why, ERROR_INVALID,
                     "a quote stands within a field without quotes, or text follows a quoted one");
}

static bool describe_unclosed(const struct table *table, struct error *why)
{
    return error_set(why, ERROR_INVALID, "the quote that begins in line %lld is not closed",
                     (long long)table->quote_line);
}

static bool describe_too_long(const struct table *table, struct error *why)
{
    if (table->quote_line == 0)
        return error_set(why, ERROR_INVALID, "the row is longer than %zu bytes",
                         table->reader.max_row_bytes);
    return error_set(why, ERROR_INVALID,
                     "the quote that begins in line %lld is not closed within %zu bytes",
                     (long long)table->quote_line, table->reader.max_row_bytes);
}

/* `why` says what is wrong with the row in hand, `left` bytes of which stand behind its first line.
 * False: it ends the reading. */
static bool drop_row(struct table *table, size_t left, struct error *why)
{
    table->reread_bytes += left;
    if (table->reader.bad_row == NULL)
        return false;
    if (left > 0 && table->reread_bytes > MOST_REREADS * table->new_bytes + MOST_REREAD_BYTES)
        return error_prefix(why, "too many rows are bad; of the last one");
    csv_free(&table->parser);
    start_parser(table);
    text_clear(&table->chars);
    table->count = 0;
    table->is_between_rows = true;
    table->line = table->row_line;
    table->reader.bad_row(table->reader.context, table->row_line, why->message);
    return true;
}

/* ---- lines ---- */

static void begin_line(struct table *table, const char *line, size_t length)
{
    table->line++;
    if (table->is_between_rows) {
        table->row_line = table->line;
        table->row_bytes = 0;
        table->quote_line = 0;
    }
    table->row_bytes += length;
    table->is_between_rows = table->is_between_rows && is_blank(line, length);
}

/* Where the field that begins at `at` ends: its delimiter, or the end of the line. */
static size_t field_end(const struct table *table, const char *line, size_t length, size_t at)
{
    const char *end = memchr(line + at, table->reader.delimiter, length - at);
    return end ? (size_t)(end - line) : length;
}

/* In a line that begins within quotes: does text follow a quote that closes? Then most likely it
 * opens a field of another row, and it is the row in hand that lacks its own. */
static bool has_text_behind_quote(const struct table *table, const char *line, size_t length)
{
    bool is_quoted = true;
    for (size_t i = 0; i < length; i++) {
        if (is_quoted) {
            const char *quote = memchr(line + i, '"', length - i);
            if (quote == NULL)
                return false;
            i = (size_t)(quote - line) + 1;
            if (i < length && line[i] == '"')
                continue;
            size_t end = field_end(table, line, length, i);
            if (!is_blank(line + i, end - i))
                return true;
            i = end;
            is_quoted = false;
        } else {
            size_t end = field_end(table, line, length, i);
            i += strspn(line + i, " ");
            is_quoted = i < end && line[i] == '"';
            i = is_quoted ? i : end;
        }
    }
    return false;
}

/* Of the row in hand with the line that is to come next. */
static bool is_bad(const struct table *table, const char *line, size_t length, struct error *why)
{
    size_t most = table->reader.max_row_bytes;
    if (table->is_between_rows)
        return false;
    if (most > 0 && table->row_bytes > most)
        return !describe_too_long(table, why);
    bool goes_on = table->quote_line > 0;
    return goes_on && !table->reader.is_strict && has_text_behind_quote(table, line, length) &&
           !describe_doubtful(table, why);
}

/* Behind the end of a line a row goes on only within quotes: those that it went on in before, or
 * of another field, which began since. */
static bool parse_line(struct table *table, const char *line, size_t length, struct error *why)
{
    size_t fields = table->count;
    if (csv_parse(&table->parser, line, length, take_field, end_row, table) != length)
        return fail(table, why);
    if (!table->is_between_rows && (table->quote_line == 0 || table->count != fields))
        table->quote_line = table->line;
    return true;
}

/* libcsv does not say where a row began, so it is fed line by line; the first `read` bytes, with
 * which the row in hand begins, it has had. What goes on behind the bytes is kept. */
static bool read_lines(struct table *table, const char *bytes, size_t length, size_t read,
                       struct error *why)
{
    size_t row = 0;
    for (size_t from = read; from < length && !table->is_ended;) {
        size_t line = line_length(bytes + from, length - from);
        row = table->is_between_rows ? from : row;
        begin_line(table, bytes + from, line);
        from += line;
        if (is_bad(table, bytes + from - line, line, why)) {
            size_t first = line_length(bytes + row, length - row);
            if (!drop_row(table, from - row - first, why))
                return false;
            from = row + first;
        } else if (!parse_line(table, bytes + from - line, line, why)) {
            return false;
        }
    }
    if (!table->is_between_rows && table->reader.bad_row != NULL)
        text_add_bytes(&table->row, bytes + row, length - row);
    return true;
}

bool table_feed(struct table *table, const char *bytes, size_t length, struct error *why)
{
    table->new_bytes += length;
    if (table->row.length == 0)
        return read_lines(table, bytes, length, 0, why);
    SCOPED(text_free) struct text row = table->row;
    size_t read = row.length;
    table->row = (struct text){0};
    text_add_bytes(&row, bytes, length);
    return read_lines(table, row.chars, row.length, read, why);
}

/* The row in hand ends with the file, unless that is within quotes. */
static bool close_row(struct table *table, struct error *why)
{
    return csv_parse(&table->parser, "\n", 1, take_field, end_row, table) == 1 || fail(table, why);
}

bool table_end(struct table *table, struct error *why)
{
    while (!table->is_between_rows && !table->is_ended) {
        if (!close_row(table, why))
            return false;
        if (table->is_between_rows)
            break;
        SCOPED(text_free) struct text row = table->row;
        size_t first = row.length > 0 ? line_length(row.chars, row.length) : 0;
        table->row = (struct text){0};
        describe_unclosed(table, why);
        if (!drop_row(table, row.length - first, why) ||
            !read_lines(table, row.chars + first, row.length - first, 0, why))
            return false;
    }
    return true;
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
    text_free(&(*table)->row);
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
