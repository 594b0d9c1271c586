/* Posts out of CSV (RFC 4180): the first row names the columns. */
#include <csv.h>
#include <string.h>
#include <strings.h>

#include "submit.h"

enum { COLUMNS_MAX = 256 };
enum column { COLUMN_OTHER, COLUMN_ID, COLUMN_TEXT, COLUMN_LANGUAGE };

struct reading {
    struct submission *submission;
    enum column columns[COLUMNS_MAX];
    size_t column_count, field;
    bool is_header_read, is_row_open, is_refused;
    uint32_t line, row_line; /* where we are, and where the row began */
    struct raw_post post;
};

static enum column column_of(const char *name, size_t length)
{
    static const struct {
        const char *name;
        enum column column;
    } NAMES[] = {
        {"id", COLUMN_ID},         {"text", COLUMN_TEXT},         {"full_text", COLUMN_TEXT},
        {"tweet", COLUMN_TEXT},    {"content", COLUMN_TEXT},      {"body", COLUMN_TEXT},
        {"lang", COLUMN_LANGUAGE}, {"language", COLUMN_LANGUAGE},
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strlen(NAMES[i].name) == length && strncasecmp(NAMES[i].name, name, length) == 0)
            return NAMES[i].column;
    return COLUMN_OTHER;
}

static bool has_column(const struct reading *reading, enum column column)
{
    for (size_t i = 0; i < reading->column_count; i++)
        if (reading->columns[i] == column)
            return true;
    return false;
}

/* The first of several columns of one kind counts. */
static void take_header_field(struct reading *reading, const char *name, size_t length)
{
    if (reading->column_count == COLUMNS_MAX)
        return;
    enum column column = column_of(name, length);
    if (has_column(reading, column))
        column = COLUMN_OTHER;
    reading->columns[reading->column_count++] = column;
}

static void take_post_field(struct reading *reading, const char *field, size_t length)
{
    struct arena *arena = reading->submission->arena;
    enum column column =
        reading->field < reading->column_count ? reading->columns[reading->field] : COLUMN_OTHER;
    switch (column) {
    case COLUMN_ID:
        reading->post.id = length ? arena_bytes(arena, field, length) : NULL;
        reading->post.id_length = length;
        break;
    case COLUMN_TEXT:
        reading->post.text =
            (struct bytes){(const uint8_t *)arena_bytes(arena, field, length), length};
        break;
    case COLUMN_LANGUAGE:
        reading->post.language = arena_bytes(arena, field, length);
        break;
    case COLUMN_OTHER:
        break;
    }
}

static void take_field(void *field, size_t length, void *context)
{
    struct reading *reading = context;
    if (!reading->is_header_read)
        take_header_field(reading, field, length);
    else
        take_post_field(reading, field, length);
    reading->field++;
}

static void end_row(int terminator, void *context)
{
    (void)terminator;
    struct reading *reading = context;
    reading->is_row_open = false;
    reading->field = 0;
    if (!reading->is_header_read) {
        reading->is_header_read = true;
        reading->is_refused = !has_column(reading, COLUMN_TEXT);
        if (reading->is_refused)
            submission_refuse_field(reading->submission, reading->row_line, "/posts",
                                    "the first row must name a column \"text\"");
        return;
    }
    reading->post.line = reading->row_line;
    if (!reading->is_refused && submission_has_room(reading->submission))
        submission_add_post(reading->submission, &reading->post);
    reading->post = (struct raw_post){0};
}

static bool is_blank(const char *bytes, size_t length)
{
    return length == 0 || (length == 1 && (bytes[0] == '\n' || bytes[0] == '\r')) ||
           (length == 2 && memcmp(bytes, "\r\n", 2) == 0);
}

/* libcsv does not say where a row began, so it is fed line by line. */
static bool feed(struct reading *reading, struct csv_parser *parser, const char *bytes,
                 size_t length)
{
    size_t at = 0;
    while (at < length && !reading->is_refused && !reading->submission->is_oversized) {
        const char *end = memchr(bytes + at, '\n', length - at);
        size_t line_length = end ? (size_t)(end - bytes) + 1 - at : length - at;
        reading->line++;
        if (!reading->is_row_open && !is_blank(bytes + at, line_length)) {
            reading->is_row_open = true;
            reading->row_line = reading->line;
        }
        if (csv_parse(parser, bytes + at, line_length, take_field, end_row, reading) != line_length)
            return false;
        at += line_length;
    }
    return reading->is_refused || csv_fini(parser, take_field, end_row, reading) == 0;
}

void submission_read_csv(struct submission *s, const char *bytes, size_t length)
{
    struct reading reading = {.submission = s};
    struct csv_parser parser;
    size_t mark = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return;
    if (!feed(&reading, &parser, bytes + mark, length - mark))
        submission_refuse_field(s, reading.row_line, "/posts",
                                "this row's quotes are not closed, or text follows them");
    csv_free(&parser);
}
