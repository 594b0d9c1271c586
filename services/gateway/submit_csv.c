/* Posts out of CSV (RFC 4180): the first row names the columns. */
#include <string.h>
#include <strings.h>

#include "submit.h"
#include "table/table.h"

enum { NO_COLUMN = TABLE_MAX_FIELDS };

struct reading {
    struct submission *submission;
    bool is_header_read;
    size_t id, text, language; /* columns */
};

static bool is_text_name(const char *name)
{
    static const char *const NAMES[] = {"text", "full_text", "tweet", "content", "body"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strcasecmp(NAMES[i], name) == 0)
            return true;
    }
    return false;
}

/* The first of several columns of one kind counts. */
static void take_header(struct reading *reading, const struct table_row *row)
{
    for (size_t i = row->count; i-- > 0;) {
        const char *name = row->fields[i].chars;
        if (is_text_name(name))
            reading->text = i;
        else if (strcasecmp(name, "id") == 0)
            reading->id = i;
        else if (strcasecmp(name, "lang") == 0 || strcasecmp(name, "language") == 0)
            reading->language = i;
    }
    reading->is_header_read = true;
    if (reading->text == NO_COLUMN) {
        submission_refuse_field(reading->submission, (uint32_t)row->line, "/posts",
                                "the first row must name a column \"text\"");
    }
}

/* A field copied into the submission; .at is NULL if the row has no such column. */
static struct bytes copied(const struct reading *reading, const struct table_row *row,
                           size_t column)
{
    if (column >= row->count)
        return (struct bytes){0};
    const struct table_field *field = &row->fields[column];
    const char *copy = arena_bytes(reading->submission->arena, field->chars, field->length);
    return (struct bytes){(const uint8_t *)copy, field->length};
}

static bool take_row(void *context, const struct table_row *row)
{
    struct reading *reading = context;
    if (!reading->is_header_read) {
        take_header(reading, row);
        return reading->text != NO_COLUMN;
    }
    if (!submission_has_room(reading->submission))
        return false;
    struct bytes id = copied(reading, row, reading->id);
    const struct raw_post post = {
        .line = (uint32_t)row->line,
        .id = id.length ? (const char *)id.at : NULL,
        .id_length = id.length,
        .text = copied(reading, row, reading->text),
        .language = (const char *)copied(reading, row, reading->language).at,
    };
    submission_add_post(reading->submission, &post);
    return true;
}

void submission_read_csv(struct submission *submission, const char *bytes, size_t length)
{
    struct reading reading = {
        .submission = submission, .id = NO_COLUMN, .text = NO_COLUMN, .language = NO_COLUMN};
    const struct table_reader reader = {
        .delimiter = ',', .is_strict = true, .row = take_row, .context = &reading};
    size_t mark = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    int64_t bad_line;
    struct error why;
    if (!table_read(&reader, bytes + mark, length - mark, &bad_line, &why))
        submission_refuse_field(submission, (uint32_t)bad_line, "/posts", why.message);
}
