/* What is asked of the store about posts: which are known, and who asks the model for which of them
 * now (proto/cache.proto).
 *
 *   inquiries_look_up(work)          its posts that are unknown here; looked_up() follows,
 *                                    exactly once: nobody there, or too late, is an answer, too
 *   inquiries_watch(work, kind)      those that other replicas ask for, until they are known or
 *                                    lost, or patience.h ends; changed() follows each change
 *   inquiries_settle(work)           its outcome is made, or it comes to nothing: what it has
 *                                    claimed and not brought is free for others
 *   inquiries_end(work)              it is gone: nobody waits for its answer, and what it claimed
 *                                    is not held any longer by our being heard
 *
 * One question is under way at a time: what comes meanwhile goes together with the next. So where
 * there is much to do, many chunks share a question, and where there is little, none waits.
 *
 * Of the analyzer's thread. Posts of other replicas never wait for each other in a ring: whoever
 * has claimed posts calls for them first, and who has claimed none holds up nobody.
 */
#pragma once

#include "core/claims.h"
#include "core/patience.h"
#include "work.h"

struct analyzer;
struct inquiries;

/* Whom inquiries_tend() tells what came of a question. */
struct inquiry_ends {
    void (*looked_up)(struct work *work);
    void (*changed)(struct work *work);
};

struct inquiries *inquiries_new(struct analyzer *analyzer, const struct inquiry_ends *ends);
/* Waits for what is under way, and takes leave. No work is in hand any more. */
void inquiries_free(struct inquiries **inquiries);

void inquiries_look_up(struct work *work);
void inquiries_watch(struct work *work, enum patience_kind kind);
void inquiries_settle(struct work *work);
void inquiries_end(struct work *work);

/* In each turn of the loop: takes an answer, or that there is none, and asks what is due. */
void inquiries_tend(struct inquiries *inquiries);
struct instant inquiries_next_at(struct inquiries *inquiries);
