/* Looking a dispatch's posts up before anybody is asked for a permit: among themselves, in the
 * memory of this replica, by what they say (near_lookup.h), then in Redis by one question to the
 * store.
 *
 *   lookups_begin(work)                  FLOW_LOOK_UP
 *   lookups_tend(lookups)                in each turn: takes an answer of the store, or that nobody
 *                                        has answered in its time
 *
 * The core is told by flow_looked_up() exactly once. Nothing found, nobody there, too late: all the
 * same, the posts are asked for.
 */
#pragma once

#include "work.h"

struct analyzer;
struct lookups;

struct lookups *lookups_new(struct analyzer *analyzer);
/* Waits for what is under way. No work is looked up any more. */
void lookups_free(struct lookups **lookups);

void lookups_begin(struct work *work);
/* Nobody waits for its answer any more. */
void lookups_end(struct work *work);
void lookups_tend(struct lookups *lookups);
