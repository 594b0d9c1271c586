/* What a server says of its own limits, in the x-ratelimit-* headers of an answer. Pure.
 *
 * Servers differ, and some say absurd things: what cannot be believed counts as not said.
 * 1. A limit is a whole number from 1 to a billion.
 * 2. What is left is a whole number from 0 to a billion, and no more than the limit if that was
 *    said.
 * 3. A reset is a duration as Go writes it ("6m0s", "12ms", "1h2m3.5s") or plain seconds, over 0
 *    and up to a day; it counts from the answer.
 * 4. A limit reset later than in a minute is none per minute, but what is left of it counts.
 */
#pragma once

#include <stdbool.h>

#include "work.pb-c.h"

/* The headers' values, lent; NULL where one did not come. */
struct limit_headers {
    const char *limit_requests, *remaining_requests, *reset_requests;
    const char *limit_tokens, *remaining_tokens, *reset_tokens;
};

/* False: nothing was said. */
bool server_limits_read(const struct limit_headers *headers, Tp__ServerLimits *limits);
