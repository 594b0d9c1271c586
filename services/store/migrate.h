/* Brings the schema to this program's version, and makes API keys: what an operator runs.
 *
 * Migrations run one at a time over all replicas (advisory lock), each in a transaction, and are
 * recorded with a checksum; one that was applied and has changed since is refused.
 */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "db.h"

/* vitals->schema_wanted must be 0. `applied` counts those that were new. */
MUST_USE bool migrate(struct db *db, int *applied, struct error *why);
