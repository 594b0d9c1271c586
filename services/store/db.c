#include "db.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "metrics.h"
#include "sqlstate.h"

enum {
    PREPARED_MAX = 40,
    REPEATS_MAX = 4,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 2000,
    BINARY = 1,
};

struct db {
    struct db_vitals *vitals;
    PGconn *connection; /* NULL = none */
    struct instant next_attempt;
    int64_t backoff_ms;
    size_t prepared_count;
    const struct statement *prepared[PREPARED_MAX];
};

struct db *db_new(struct db_vitals *vitals)
{
    struct db *db = calloc(1, sizeof *db);
    CHECK(db != NULL);
    db->vitals = vitals;
    db->backoff_ms = BACKOFF_FIRST_MS;
    return db;
}

void db_rest(struct db *db)
{
    PQfinish(db->connection);
    db->connection = NULL;
    db->prepared_count = 0;
}

void db_free(struct db **db)
{
    if (*db == NULL)
        return;
    db_rest(*db);
    free(*db);
    *db = NULL;
}

/* The first line of what libpq says: the rest is context and may quote data. */
enum { LINE_SIZE = 280 }; /* beside the statement's name in an error's message */

/* Cut between characters. */
static void first_line(const char *message, char line[LINE_SIZE])
{
    size_t length = strcspn(message, "\n");
    if (length >= LINE_SIZE) {
        length = LINE_SIZE - 1;
        while (length > 0 && ((unsigned char)message[length] & 0xC0) == 0x80)
            length--;
    }
    snprintf(line, LINE_SIZE, "%.*s", (int)length, message);
}

static bool fail_to_connect(struct db *db, const char *reason, struct error *why)
{
    error_set(why, ERROR_UNAVAILABLE, "postgres: %s", reason);
    db_rest(db);
    db->next_attempt = instant_plus_ms(clock_now(), db->backoff_ms);
    db->backoff_ms = db->backoff_ms * 2 < BACKOFF_MAX_MS ? db->backoff_ms * 2 : BACKOFF_MAX_MS;
    atomic_store(&db->vitals->is_up, false);
    metric_add(metrics_of_store()->db_error_connect, 1);
    return false;
}

/* libpq takes a word without "=" for the name of a database; here it is a mistake. What libpq says
 * of a bad URL may hold the URL, so it is not repeated. */
bool db_check_url(const char *url, struct error *why)
{
    PQconninfoOption *parts = PQconninfoParse(url, NULL);
    bool is_good = parts != NULL;
    PQconninfoFree(parts);
    return is_good || error_set(why, ERROR_INVALID,
                                "must be a postgresql:// URI or a libpq connection string");
}

/* Every statement is planned once per connection. Plans made while tables are still empty live on:
 * a sequential scan that is right then is not later, so it is only for what has no index. */
static PGconn *dial(const struct db_vitals *vitals)
{
    char options[400];
    snprintf(options, sizeof options,
             "-c search_path=tweetpulse -c statement_timeout=%lld -c lock_timeout=%lld"
             " -c idle_in_transaction_session_timeout=10s -c synchronous_commit=on"
             " -c client_min_messages=warning -c timezone=UTC -c jit=off -c enable_seqscan=off"
             " -c plan_cache_mode=force_generic_plan",
             (long long)vitals->statement_ms, (long long)vitals->statement_ms);
    const char *const names[] = {"dbname",
                                 "connect_timeout",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 "target_session_attrs",
                                 "client_encoding",
                                 "fallback_application_name",
                                 "options",
                                 NULL};
    const char *const values[] = {vitals->url,  "3",    "5",     "2",     "3", "8000",
                                  "read-write", "UTF8", "store", options, NULL};
    const int expand_url = 1;
    return PQconnectdbParams(names, values, expand_url);
}

/* What the server says of itself, such as that it is being stopped, shows as an error anyway. */
static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static int schema_version(PGconn *connection)
{
    PGresult *result = PQexec(connection, "select max(version) from schema_migrations");
    int version = 0;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && !PQgetisnull(result, 0, 0))
        version = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return version;
}

static bool check_schema(struct db *db, struct error *why)
{
    struct db_vitals *vitals = db->vitals;
    if (vitals->schema_wanted == 0)
        return true;
    int version = schema_version(db->connection);
    atomic_store(&vitals->schema, version);
    if (version == vitals->schema_wanted)
        return true;
    char reason[120];
    snprintf(reason, sizeof reason, "the schema has version %d, not %d: run store --migrate",
             version, vitals->schema_wanted);
    return fail_to_connect(db, reason, why);
}

bool db_connect(struct db *db, struct error *why)
{
    if (db->connection != NULL)
        return true;
    if (instant_is_before(clock_now(), db->next_attempt))
        return error_set(why, ERROR_UNAVAILABLE, "postgres is away");
    db->connection = dial(db->vitals);
    if (PQstatus(db->connection) != CONNECTION_OK) {
        char line[LINE_SIZE];
        first_line(PQerrorMessage(db->connection), line);
        return fail_to_connect(db, line, why);
    }
    PQsetNoticeProcessor(db->connection, ignore_notice, NULL);
    if (!check_schema(db, why))
        return false;
    db->backoff_ms = BACKOFF_FIRST_MS;
    atomic_store(&db->vitals->is_up, true);
    return true;
}

static bool is_prepared(const struct db *db, const struct statement *statement)
{
    for (size_t i = 0; i < db->prepared_count; i++) {
        if (db->prepared[i] == statement)
            return true;
    }
    return false;
}

static PGresult *execute(struct db *db, const struct statement *statement,
                         const struct params *params)
{
    if (!is_prepared(db, statement)) {
        CHECK(db->prepared_count < PREPARED_MAX);
        PGresult *result = PQprepare(db->connection, statement->name, statement->sql, 0, NULL);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            return result;
        PQclear(result);
        db->prepared[db->prepared_count++] = statement;
    }
    int formats[PARAMS_MAX];
    for (int i = 0; i < params->count; i++)
        formats[i] = BINARY;
    return PQexecPrepared(db->connection, statement->name, params->count, params->values,
                          params->lengths, formats, BINARY);
}

static bool is_fine(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static bool fail(const struct db *db, const struct statement *statement, const PGresult *result,
                 struct error *why)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    enum error_kind kind = sqlstate_kind(state);
    char line[LINE_SIZE];
    first_line(message != NULL ? message : PQerrorMessage(db->connection), line);
    bool is_ours = state != NULL && strncmp(state, "TP", 2) == 0;
    if (is_ours) /* a refusal, so the database is well */
        return error_set(why, kind, "%s", line);
    metric_add(metrics_of_db_error(kind), 1);
    return error_set(why, kind, "%s: %s (%s)", statement->name, line,
                     state != NULL ? state : "connection lost");
}

/* One try. `lost` says that the connection is gone and whether the call was carried out is
 * unknown, or that the server was stopping and it was not. */
static bool run_once(struct db *db, const struct statement *statement, const struct params *params,
                     struct rows *rows, bool *is_lost, struct error *why)
{
    *is_lost = false;
    for (int repeat = 0;; repeat++) {
        PGresult *result = execute(db, statement, params);
        if (is_fine(result)) {
            rows->result = result;
            rows->count = PQntuples(result);
            return true;
        }
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        bool again = repeat < REPEATS_MAX && sqlstate_is_worth_repeating(state);
        if (!again)
            fail(db, statement, result, why);
        PQclear(result);
        if (again)
            continue;
        *is_lost = PQstatus(db->connection) != CONNECTION_OK;
        if (*is_lost) {
            db_rest(db);
            atomic_store(&db->vitals->is_up, false);
        }
        return false;
    }
}

/* Between two calls the server says nothing, unless that it has gone. Seen before the next call,
 * it is certain that this one did not happen. */
static void drop_if_dead(struct db *db)
{
    while (db->connection != NULL) {
        struct pollfd socket = {.fd = PQsocket(db->connection), .events = POLLIN};
        if (poll(&socket, 1, 0) <= 0)
            return;
        if (PQconsumeInput(db->connection) == 0 || PQstatus(db->connection) != CONNECTION_OK)
            db_rest(db);
    }
}

bool db_run(struct db *db, const struct statement *statement, const struct params *params,
            struct rows *rows, struct error *why)
{
    drop_if_dead(db);
    if (!db_connect(db, why))
        return false;
    struct metric *in_use = metrics_of_store()->db_in_use;
    metric_add(in_use, 1);
    bool is_lost;
    bool is_done = run_once(db, statement, params, rows, &is_lost, why);
    struct error reconnecting;
    bool is_migrating = db->vitals->schema_wanted == 0; /* its transactions are several calls */
    if (is_lost && !is_migrating && db_connect(db, &reconnecting))
        is_done = run_once(db, statement, params, rows, &is_lost, why);
    metric_add(in_use, -1);
    return is_done;
}

bool db_script(struct db *db, const char *sql, struct error *why)
{
    if (!db_connect(db, why))
        return false;
    static const struct statement script = {"script", ""};
    PGresult *result = PQexec(db->connection, sql);
    bool is_done = is_fine(result) || fail(db, &script, result, why);
    PQclear(result);
    return is_done;
}

void rows_free(struct rows *rows)
{
    PQclear(rows->result);
    *rows = (struct rows){0};
}

struct cells rows_at(const struct rows *rows, int row, struct arena *arena)
{
    CHECK(row < rows->count);
    return (struct cells){.rows = rows, .row = row, .arena = arena};
}

bool cell_is_null(const struct cells *cells)
{
    return PQgetisnull(cells->rows->result, cells->row, cells->column) != 0;
}

void cell_skip(struct cells *cells, int count)
{
    cells->column += count;
}

static struct bytes next(struct cells *cells)
{
    const PGresult *result = cells->rows->result;
    int column = cells->column++;
    CHECK(column < PQnfields(result));
    return (struct bytes){(const uint8_t *)PQgetvalue(result, cells->row, column),
                          (size_t)PQgetlength(result, cells->row, column)};
}

int64_t cell_int(struct cells *cells)
{
    int64_t value = 0;
    bool is_null = cell_is_null(cells);
    struct bytes column = next(cells);
    CHECK(is_null || binary_int(column, &value));
    return value;
}

double cell_double(struct cells *cells)
{
    double value = 0;
    bool is_null = cell_is_null(cells);
    struct bytes column = next(cells);
    CHECK(is_null || binary_double(column, &value));
    return value;
}

struct bytes cell_bytes(struct cells *cells)
{
    struct bytes column = next(cells);
    return (struct bytes){(uint8_t *)arena_bytes(cells->arena, column.at, column.length),
                          column.length};
}

char *cell_text(struct cells *cells)
{
    struct bytes column = next(cells);
    return arena_bytes(cells->arena, column.at, column.length);
}

char *cell_uuid(struct cells *cells)
{
    char *text = arena_new(cells->arena, 37);
    bool is_null = cell_is_null(cells);
    struct bytes column = next(cells);
    CHECK(is_null || binary_uuid(column, text));
    return text;
}

static size_t next_elements(struct cells *cells, struct bytes **elements)
{
    size_t count = 0;
    bool is_null = cell_is_null(cells);
    struct bytes column = next(cells);
    CHECK(is_null || binary_array(cells->arena, column, elements, &count));
    return count;
}

size_t cell_ints(struct cells *cells, int64_t **values)
{
    struct bytes *elements = NULL;
    size_t count = next_elements(cells, &elements);
    *values = arena_array(cells->arena, int64_t, count);
    for (size_t i = 0; i < count; i++)
        CHECK(binary_int(elements[i], &(*values)[i]));
    return count;
}

size_t cell_texts(struct cells *cells, char ***texts)
{
    struct bytes *elements = NULL;
    size_t count = next_elements(cells, &elements);
    *texts = arena_array(cells->arena, char *, count);
    for (size_t i = 0; i < count; i++)
        (*texts)[i] = arena_bytes(cells->arena, elements[i].at, elements[i].length);
    return count;
}
