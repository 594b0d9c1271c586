/* Servers that answer an event stream though none was asked for: the document they would have sent.
 *
 * 1 The deltas of the first choice are joined; usage is the last one said, in whatever event, also
 *   in one without choices; comments, and events without choices, mean nothing.
 * 2 An error in any event is the answer, whatever the status and whatever came before.
 * 3 What has to be mended in one event is told of the whole: an answer must not depend on how it
 * was sent. 4 A stream that ends without [DONE] is an error, whatever came before, and so is an
 * event that is no JSON. Pure; any thread.
 */
#pragma once

#include "mend.h"

/* The body itself if it is no event stream, else a document in the arena. */
struct readable stream_whole(struct bytes body, struct arena *arena);
