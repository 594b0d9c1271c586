/* CSV, row by row (RFC 4180): the one place that knows libcsv.
 *
 * A row is told with the line it began on; blank lines are passed over. Fields are trimmed of
 * blanks around them, NUL-terminated, and lent for the call. Fields beyond TABLE_MAX_FIELDS are
 * dropped. Strict: quotes must stand around a whole field; otherwise they are taken as well as they
 * can be. Pure; any thread.
 *
 * A row is bad if the file ends within its quotes, if text follows them in a later line than
 * they began in, or if it is longer than max_row_bytes. Where bad
 * rows are told, only the first line of one is lost: reading goes on behind it, for a quote that is
 * never closed must not take the rows that follow. Otherwise it ends the reading.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/scoped.h"

enum { TABLE_MAX_FIELDS = 256 };

struct table_field {
    const char *chars;
    size_t length;
};

struct table_row {
    int64_t line; /* from 1 */
    const struct table_field *fields;
    size_t count;
};

struct table_reader {
    char delimiter;
    bool is_strict;
    /* False ends the reading. */
    bool (*row)(void *context, const struct table_row *row);
    void *context;
    size_t max_row_bytes; /* 0: any length */
    /* NULL: a bad row is a failure. */
    void (*bad_row)(void *context, int64_t line, const char *reason);
};

/* False: the row that begins on *bad_line is not well-formed, or too many are bad to be read once
 * more. Being ended by `row` is no failure. */
MUST_USE bool table_read(const struct table_reader *reader, const char *bytes, size_t length,
                         int64_t *bad_line, struct error *why);

/* The same, piece by piece: each piece but the last is whole lines.
 *
 *   struct table *table = table_open(&reader);
 *   table_feed(table, bytes, length, &why) ... table_end(table, &why); table_close(&table);
 *
 * The caller owns the table; the reader is copied. */
struct table;

struct table *table_open(const struct table_reader *reader);
MUST_USE bool table_feed(struct table *table, const char *bytes, size_t length, struct error *why);
MUST_USE bool table_end(struct table *table, struct error *why);
/* Where the row began that was read last. */
int64_t table_row_line(const struct table *table);
void table_close(struct table **table);
