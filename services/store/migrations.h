/* The schema, step by step, as it is embedded in the binary from migrations/NNNN_name.sql.
 * The version of the schema is the number of the last step. */
#pragma once

struct migration {
    int version; /* 1, 2, ... */
    const char *name, *sql;
};
extern const struct migration MIGRATIONS[];
extern const int MIGRATION_COUNT;
