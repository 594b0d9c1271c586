#include "migrate.h"

#include "migrations.h"

/* Any fixed number, the same in all versions of this program. */
#define MIGRATION_LOCK "7253908131"

static const char WAIT_FOR_OTHERS[] = "set statement_timeout = 0; set lock_timeout = 0";
static const char PREPARE[] =
    "select pg_advisory_lock(" MIGRATION_LOCK ");"
    "create schema if not exists tweetpulse;"
    "create table if not exists schema_migrations ("
    "    version integer primary key, name text not null, checksum text not null,"
    "    applied_at timestamptz not null default clock_timestamp())";

static const struct statement CHECK_RECORD = {
    "check_migration", "select m.checksum = encode(sha256($2::bytea), 'hex')"
                       " from schema_migrations m where m.version = $1::integer"};
static const struct statement RECORD = {
    "record_migration", "insert into schema_migrations (version, name, checksum)"
                        " values ($1::integer, $2::text, encode(sha256($3::bytea), 'hex'))"};

static const struct embedded_file *migration_of(int version)
{
    return &MIGRATIONS[version - 1];
}

static struct bytes body_of(int version)
{
    const struct embedded_file *file = migration_of(version);
    return (struct bytes){(const uint8_t *)file->chars, file->length};
}

static bool is_applied(struct db *db, int version, struct arena *arena, bool *applied,
                       struct error *why)
{
    struct params params = params_begin(arena);
    params_int4(&params, version);
    params_bytes(&params, body_of(version));
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(db, &CHECK_RECORD, &params, &rows, why))
        return false;
    *applied = rows.count > 0;
    if (rows.count == 0)
        return true;
    struct cells cells = rows_at(&rows, 0, arena);
    return cell_int(&cells) == 1 ||
           error_set(why, ERROR_CONFLICT, "migration %s was applied and has changed since",
                     migration_of(version)->name);
}

static bool record(struct db *db, int version, struct arena *arena, struct error *why)
{
    struct params params = params_begin(arena);
    params_int4(&params, version);
    params_text(&params, migration_of(version)->name);
    params_bytes(&params, body_of(version));
    SCOPED(rows_free) struct rows rows = {0};
    return db_run(db, &RECORD, &params, &rows, why);
}

static bool apply(struct db *db, int version, struct arena *arena, struct error *why)
{
    if (db_script(db, "begin", why) && db_script(db, migration_of(version)->chars, why) &&
        record(db, version, arena, why) && db_script(db, "commit", why))
        return true;
    error_prefix(why, "migration %s", migration_of(version)->name);
    db_rest(db); /* rolls back and unlocks */
    return false;
}

bool migrate(struct db *db, int *applied, struct error *why)
{
    *applied = 0;
    SCOPED(arena_close) struct arena *arena = arena_open(8 << 20);
    if (!db_script(db, WAIT_FOR_OTHERS, why) || !db_script(db, PREPARE, why))
        return false;
    for (int version = 1; version <= MIGRATION_COUNT; version++) {
        bool is_there;
        if (!is_applied(db, version, arena, &is_there, why))
            return false;
        if (is_there)
            continue;
        if (!apply(db, version, arena, why))
            return false;
        (*applied)++;
    }
    return db_script(db, "select pg_advisory_unlock(" MIGRATION_LOCK ")", why);
}
