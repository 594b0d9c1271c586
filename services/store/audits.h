/* Quality audits: a share of the calls is asked again in another order, by hidden jobs of the same
 * tenant and user, and the model's answers are compared with each other. 0012_audits.sql.
 *
 *   audit_begin()      after a commit: makes an audit if one is drawn
 *   audits_settle()    now and then: compares those that are over, each once
 *
 * An audit costs what the call cost that it repeats. It is worth no trouble: one that cannot be
 * made now is not made, one that fails is not repeated, and one that is not over in an hour is
 * given up. What is drawn depends on nothing but the chunk, so it can be told again. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "views.h"

enum { AUDITS_MAX = 50 }; /* unfinished at once */

/* Is that chunk one of the share (0..1) that is audited? Pure. */
bool audit_is_drawn(const char *job_id, uint32_t chunk_number, double share);
/* Of its audit, never 0. Pure. */
int64_t audit_order_seed(const char *job_id, uint32_t chunk_number);

/* Of an outcome that has just been committed. The event of the new job is added, if there is one.
 */
MUST_USE bool audit_begin(struct db *db, struct arena *arena, const Tp__Outcome *outcome,
                          double share, struct made_events *made, struct error *why);

/* Counts what it finds in the metrics. */
MUST_USE bool audits_settle(struct db *db, struct arena *arena, struct error *why);
