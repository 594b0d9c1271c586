/* What concerns a call: whom it asks for what, and what comes of it.
 *
 *   calls_begin(work)      FLOW_CALL: asks for what nobody knows
 *   calls_publish(work)    FLOW_PUBLISH: all of it is known
 *   calls_analyse(work)    FLOW_ANALYSE
 *   calls_abort(work)      FLOW_ABORT
 *   calls_stored(work)     its outcome is stored: what it paid for may be used again
 *
 * A call goes out without the posts that other calls of this replica ask for at that moment, and
 * its outcome waits for them. One of them that is lost is asked for by the call itself if none has
 * been made yet; else it is missing, and comes with the next attempt.
 */
#pragma once

#include "work.h"

struct analyzer;

void calls_begin(struct work *work);
void calls_publish(struct work *work);
void calls_analyse(struct work *work);
void calls_abort(struct work *work);
void calls_stored(struct work *work);

/* The endpoint that was granted; without a name the first one. NULL = there is none of that name.
 */
struct llm *calls_llm_of(const struct analyzer *analyzer, const Tp__Dispatch *dispatch);
