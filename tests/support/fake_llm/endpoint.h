/* One address of the fake model: calls come to /NAME/v1/..., or without a name to /v1/... Each has
 * counts, windows and limits of its own, as if it were a provider of its own.
 *
 *   endpoints_find() -> tally_begin(), endpoint_admit() -> tally_end()
 *
 * One thread.
 */
#pragma once

#include "script.h"
#include "tally.h"
#include "window.h"

enum { ENDPOINTS_MAX = 16 };

struct endpoint {
    char name[SCRIPT_ENDPOINT_SIZE];
    struct tally *tally;
    struct window seen;     /* all calls, with the tokens they used */
    struct window accepted; /* those that were not refused by a limit */
    int64_t limited;        /* refused by a limit */
};

struct endpoints {
    struct endpoint list[ENDPOINTS_MAX];
    size_t count;
};

/* "/NAME/v1/x" or "/v1/x": finds or makes the endpoint and answers the rest, "/v1/x"; NULL if that
 * is no name or there are too many. */
const char *endpoints_find(struct endpoints *endpoints, const char *path, int64_t now_ms,
                           struct endpoint **endpoint);
void endpoints_reset(struct endpoints *endpoints, int64_t now_ms);
void endpoints_free(struct endpoints *endpoints);

/* How long a call of so many tokens has to wait under the limits; 0 = it is accepted now. */
int64_t endpoint_admit(struct endpoint *endpoint, const struct window_limits *limits,
                       int64_t tokens, int64_t now_ms);

/* {"NAME": {members of tally_write(), "limited", "minute": {"calls", "tokens"}}, ...}: the most
 * within any sixty seconds. */
void endpoints_write(const struct endpoints *endpoints, struct text *out);
/* {"NAME": [[ms, tokens], ...], ...}: when each call came, by a clock that never jumps. */
void endpoints_write_calls(const struct endpoints *endpoints, struct text *out);

/* x-ratelimit-* lines, as OpenAI says them. */
void endpoint_write_limits(const struct endpoint *endpoint, const struct window_limits *limits,
                           int64_t wait_ms, struct text *headers);
