/* What concerns a call: whom it asks for what, and what comes of it.
 *
 *   calls_begin(work)      FLOW_CALL: asks for what nobody knows
 *   calls_publish(work)    FLOW_PUBLISH: all of it is known
 *   calls_analyse(work)    FLOW_ANALYSE
 *   calls_go_on(work)      of its posts that others ask for one is known or lost
 *   calls_abort(work)      FLOW_ABORT
 *   calls_stored(work)     its outcome is stored: what it paid for may be used again
 *
 * A call goes out without the posts that other calls ask for at that moment, of this replica
 * (reuse/single_flight.h) or of others (inquiries.h), and its outcome waits for them. One of them
 * that is lost is asked for by the call itself if it may still be made; else it is missing, and
 * comes with the next attempt. Where others ask for all of them the permit is free and no call may
 * be made.
 */
#pragma once

#include "work.h"

void calls_begin(struct work *work);
void calls_publish(struct work *work);
void calls_analyse(struct work *work);
void calls_go_on(struct work *work);
void calls_abort(struct work *work);
void calls_stored(struct work *work);
