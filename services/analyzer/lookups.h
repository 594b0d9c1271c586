/* Looking a dispatch's posts up before anybody is asked for a permit: among themselves, in the
 * memory of this replica, by what they say (near_lookup.h), then in Redis by a question to the
 * store (inquiries.h).
 *
 *   lookups_begin(work)          FLOW_LOOK_UP
 *   lookups_conclude(work)       all that there is to know is known, or nobody was there to ask
 *
 * The core is told by flow_looked_up() exactly once. A dispatch without a post to be asked for asks
 * for a free permit, also if other replicas ask for some of its posts: it waits for them with that.
 */
#pragma once

#include "work.h"

void lookups_begin(struct work *work);
void lookups_conclude(struct work *work);
