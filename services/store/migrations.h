/* The schema, step by step, as it is embedded in the binary from migrations/NNNN_name.sql.
 * The version of the schema is the number of the last step. */
#pragma once

#include "base/embedded_file.h"

extern const struct embedded_file MIGRATIONS[]; /* of version 1, 2, ... */
extern const size_t MIGRATIONS_COUNT;
#define MIGRATION_COUNT ((int)MIGRATIONS_COUNT)
