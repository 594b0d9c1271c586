/* One connection to Postgres, for one thread.
 *
 *   struct db *db = db_new(&options, &vitals);        connects when first used
 *   static const struct statement CANCEL = {"cancel", "select * from cancel_job($1, $2)"};
 *   SCOPED(rows_free) struct rows rows = {0};
 *   if (!db_run(db, &CANCEL, &params, &rows, &why)) ...
 *   struct cells cells = rows_at(&rows, 0, arena);  cell_int(&cells);  cell_text(&cells);
 *
 * A statement is one function call and one transaction. Conflicts with other transactions are
 * repeated a few times; a lost connection is made again and the call repeated once, since all our
 * calls may be. ERROR_TIMEOUT: it may have happened. While Postgres is away calls fail at once with
 * ERROR_UNAVAILABLE, and the next attempt to connect waits 0.1 to 2 s. A connection whose schema
 * has not the version of this program's last migration counts as away.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "binary.h"

struct db;

/* How all connections of the process fare; shared by its threads. */
struct db_vitals {
    atomic_bool is_up;    /* the last attempt of anybody succeeded */
    atomic_int schema;    /* version last seen; 0 = none */
    int64_t statement_ms; /* statements are cut off after that */
    const char *url;      /* URI or connection string */
    int schema_wanted;    /* 0 = any: for migrations */
};

struct statement {
    const char *name, *sql; /* constants */
};

/* Can the URL or connection string be read at all? Its password does not get into *why. */
MUST_USE bool db_check_url(const char *url, struct error *why);

struct db *db_new(struct db_vitals *vitals);
void db_free(struct db **db);

/* Connects if need be; for whoever wants to know before taking work. */
MUST_USE bool db_connect(struct db *db, struct error *why);
/* Closes the connection until it is needed again. */
void db_rest(struct db *db);

struct rows {
    void *result;
    int count;
};
void rows_free(struct rows *rows);

MUST_USE bool db_run(struct db *db, const struct statement *statement, const struct params *params,
                     struct rows *rows, struct error *why);

/* Several statements of our own, constant text: migrations alone. */
MUST_USE bool db_script(struct db *db, const char *sql, struct error *why);

/* The columns of one row, from left to right. What is read lives in the arena. Null reads as 0,
 * "" or empty. Types must be as the statement has them. */
struct cells {
    const struct rows *rows;
    int row, column;
    struct arena *arena;
};
struct cells rows_at(const struct rows *rows, int row, struct arena *arena);
bool cell_is_null(const struct cells *cells); /* the next one */
void cell_skip(struct cells *cells, int count);
int64_t cell_int(struct cells *cells);
double cell_double(struct cells *cells);
char *cell_text(struct cells *cells);
char *cell_uuid(struct cells *cells);
struct bytes cell_bytes(struct cells *cells);
size_t cell_ints(struct cells *cells, int64_t **values);
size_t cell_texts(struct cells *cells, char ***texts);
