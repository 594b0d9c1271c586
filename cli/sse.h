/* Server-sent events out of the bytes of a stream, however they are cut (WHATWG HTML, 9.2.6).
 *
 *   struct sse sse = {.heard = f, .context = x};  sse_feed(&sse, bytes, length) ...  sse_free(&sse)
 *
 * Pure. An event longer than SSE_MAX_BYTES is dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { SSE_MAX_BYTES = 1 << 20, SSE_ID_SIZE = 64 };

struct sse {
    /* Of each event with data. False from it ends the feeding. */
    bool (*heard)(void *context, const char *data, size_t length);
    void *context;
    char last_id[SSE_ID_SIZE]; /* of the last event heard; kept over a reconnection */
    struct text line, data;
    char id[SSE_ID_SIZE];
};

/* False as soon as `heard` says so. */
bool sse_feed(struct sse *sse, const char *bytes, size_t length);

/* Forgets a half-heard event: before a new connection. */
void sse_restart(struct sse *sse);
void sse_free(struct sse *sse);
