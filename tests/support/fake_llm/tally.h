/* Counts of calls: in total and per user, now and at the peak. What stories check the limits by.
 *
 * tally_begin() when a call's request is complete, tally_end() when its answer has been written or
 * its client is gone. One thread.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"

struct tally;
struct tally_user;

struct tally *tally_new(int64_t now_ms);
void tally_free(struct tally **tally);

/* The answer belongs to the tally and is given back with tally_end(). */
struct tally_user *tally_begin(struct tally *tally, const char *user, int64_t posts,
                               int64_t now_ms);

enum call_end { CALL_ANSWERED, CALL_DROPPED_BY_CLIENT, CALL_BROKEN_BY_SCRIPT };
void tally_end(struct tally *tally, struct tally_user *user, enum call_end end, int64_t now_ms);

/* Begins anew; calls in flight stay counted as in flight. */
void tally_reset(struct tally *tally, int64_t now_ms);

/* The members of a JSON object, without its braces. */
void tally_write(const struct tally *tally, struct text *out);
