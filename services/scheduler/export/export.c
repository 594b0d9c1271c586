#include "export.h"

#include <errno.h>
#include <string.h>

#include "messages/messages.h"
#include "messages/subjects.h"

/* The first line of a trace (trace/reader.h); behind it each batch follows its length. */
#define HEADING "tweetpulse trace 1\n"

static bool write_batch(FILE *out, struct bytes batch)
{
    uint8_t length[4];
    for (int i = 0; i < 4; i++)
        length[i] = (uint8_t)(batch.length >> (8 * i));
    return fwrite(length, sizeof length, 1, out) == 1 &&
           fwrite(batch.at, 1, batch.length, out) == batch.length;
}

bool export_trace(struct bus *bus, FILE *out, struct exported *exported, struct error *why)
{
    uint64_t first, last;
    *exported = (struct exported){0};
    if (!bus_stream_span(bus, STREAM_TRACE, &first, &last, why))
        return false;
    bool is_written = fputs(HEADING, out) >= 0;
    SCOPED(arena_close) struct arena *arena = arena_open(4 * MESSAGE_MAX_BYTES);
    for (uint64_t i = first; i <= last && is_written; i++) {
        struct bytes batch;
        arena_reset(arena);
        if (bus_stream_read(bus, STREAM_TRACE, i, arena, &batch, why)) {
            is_written = write_batch(out, batch);
            exported->batches++;
            exported->bytes += batch.length;
        } else if (why->kind == ERROR_NOT_FOUND) {
            exported->missing++;
        } else {
            return false;
        }
    }
    if (is_written && fflush(out) == 0)
        return true;
    return error_set(why, ERROR_UNAVAILABLE, "the file cannot be written: %s", strerror(errno));
}
