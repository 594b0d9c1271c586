/* Server-sent events out of the bytes of a stream, however they are cut (WHATWG HTML, 9.2.6).
 *
 *   struct sse sse = {.heard = f, .context = x};  sse_feed(&sse, bytes, length) ...  sse_free(&sse)
 *
 * 1. A line ends with LF, CR LF or CR, and with nothing else.
 * 2. A line that begins with a colon is a comment.
 * 3. The lines of an event's data are joined by LF.
 * 4. An event without data is not told; one that the end of the stream cuts off neither.
 * 5. An event longer than SSE_MAX_BYTES is dropped.
 *
 * Pure. Linear in the bytes.
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
    bool has_data;    /* maybe an empty line of it */
    bool is_too_long; /* the event */
    bool is_after_cr; /* an LF that comes now ends no other line */
};

/* False as soon as `heard` says so. */
bool sse_feed(struct sse *sse, const char *bytes, size_t length);

/* Forgets a half-heard event: before a new connection. */
void sse_restart(struct sse *sse);
void sse_free(struct sse *sse);
