#include "reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/text.h"
#include "codes.h"
#include "marks.h"
#include "messages/messages.h"

enum { LENGTH_BYTES = 4, ARENA_BYTES = 128 << 20, READ_BYTES = 1 << 16 };

/* Where a batch stands in the file. */
struct place {
    size_t writer; /* schedulers, by their first appearance */
    uint64_t number;
    struct bytes packed;
};

struct trace {
    struct text file;
    struct arena *names; /* of the schedulers */
    const char **writers;
    size_t writer_count;
    struct place *places;
    size_t count, next;
    /* the batch that is being read */
    struct arena *arena;
    const Tp__TraceBatch *batch;
    struct coder coder;
    uint32_t steps_left;
    struct instant now;
    bool is_batch_start, is_chapter_start, has_ended;
};

static bool add_place(struct trace *trace, struct bytes packed, struct error *why)
{
    const Tp__TraceBatch *batch;
    arena_reset(trace->arena);
    if (!unpack_trace_batch(trace->arena, packed, &batch, why))
        return false;
    size_t writer = 0;
    while (writer < trace->writer_count && strcmp(trace->writers[writer], batch->instance_id) != 0)
        writer++;
    if (writer == trace->writer_count) {
        trace->writers =
            reallocarray((void *)trace->writers, ++trace->writer_count, sizeof *trace->writers);
        CHECK(trace->writers);
        trace->writers[writer] = arena_string(trace->names, batch->instance_id);
    }
    if ((trace->count & (trace->count - 1)) == 0) {
        size_t capacity = trace->count ? trace->count * 2 : 1;
        trace->places = reallocarray(trace->places, capacity, sizeof *trace->places);
        CHECK(trace->places);
    }
    trace->places[trace->count++] = (struct place){writer, batch->number, packed};
    return true;
}

static int by_place(const void *a_, const void *b_)
{
    const struct place *a = a_, *b = b_;
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->packed.at < b->packed.at ? -1 : a->packed.at > b->packed.at;
}

/* In order, and each once. */
static void put_in_order(struct trace *trace)
{
    size_t kept = 0;
    if (trace->count > 0)
        qsort(trace->places, trace->count, sizeof *trace->places, by_place);
    for (size_t i = 0; i < trace->count; i++) {
        const struct place *last = kept > 0 ? &trace->places[kept - 1] : NULL;
        if (!last || last->writer != trace->places[i].writer ||
            last->number != trace->places[i].number)
            trace->places[kept++] = trace->places[i];
    }
    trace->count = kept;
}

static bool index_file(struct trace *trace, struct error *why)
{
    const uint8_t *bytes = (const uint8_t *)trace->file.chars;
    size_t at = strlen(TRACE_HEADING), length = trace->file.length;
    if (length < at || memcmp(bytes, TRACE_HEADING, at) != 0)
        return error_set(why, ERROR_INVALID, "this is no trace: it does not begin with \"%.*s\"",
                         (int)at - 1, TRACE_HEADING);
    while (at < length) {
        size_t size = 0, begin = at;
        if (length - at < LENGTH_BYTES)
            return error_set(why, ERROR_INVALID, "it is cut off at byte %zu; export it again", at);
        for (int i = LENGTH_BYTES; i > 0; i--)
            size = size << 8 | bytes[at + (size_t)i - 1];
        at += LENGTH_BYTES;
        if (size > length - at)
            return error_set(why, ERROR_INVALID, "it is cut off at byte %zu; export it again",
                             begin);
        if (!add_place(trace, (struct bytes){bytes + at, size}, why))
            return error_prefix(why, "at byte %zu", begin);
        at += size;
    }
    put_in_order(trace);
    return true;
}

void trace_close(struct trace **trace_)
{
    struct trace *trace = *trace_;
    *trace_ = NULL;
    if (!trace)
        return;
    arena_close(&trace->arena);
    arena_close(&trace->names);
    free((void *)trace->writers);
    free(trace->places);
    text_free(&trace->file);
    free(trace);
}

static struct trace *new_trace(void)
{
    struct trace *trace = calloc(1, sizeof *trace);
    CHECK(trace);
    trace->arena = arena_open(ARENA_BYTES);
    trace->names = arena_open(ARENA_BYTES);
    return trace;
}

bool trace_open_bytes(const void *bytes, size_t length, struct trace **out, struct error *why)
{
    SCOPED(trace_close) struct trace *trace = new_trace();
    text_add_bytes(&trace->file, bytes, length);
    if (!index_file(trace, why))
        return false;
    trace_rewind(trace);
    *out = TAKE(trace);
    return true;
}

static bool read_file(FILE *file, struct text *into)
{
    char bytes[READ_BYTES];
    size_t length;
    while ((length = fread(bytes, 1, sizeof bytes, file)) > 0)
        text_add_bytes(into, bytes, length);
    return !ferror(file);
}

bool trace_open(const char *path, struct trace **out, struct error *why)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return error_set(why, ERROR_NOT_FOUND, "%s: %s", path, strerror(errno));
    SCOPED(trace_close) struct trace *trace = new_trace();
    bool is_read = read_file(file, &trace->file);
    fclose(file);
    if (!is_read)
        return error_set(why, ERROR_UNAVAILABLE, "%s: cannot be read", path);
    if (!index_file(trace, why))
        return error_prefix(why, "%s", path);
    trace_rewind(trace);
    *out = TAKE(trace);
    return true;
}

void trace_rewind(struct trace *trace)
{
    trace->next = 0;
    trace->steps_left = 0;
    trace->has_ended = false;
}

/* The next batch; says what is missing before it. */
static bool open_batch(struct trace *trace, struct trace_record *record, struct error *why)
{
    const struct place *place = &trace->places[trace->next];
    const struct place *last = trace->next > 0 ? place - 1 : NULL;
    arena_reset(trace->arena);
    if (!unpack_trace_batch(trace->arena, place->packed, &trace->batch, why))
        return false;
    if (trace->batch->format != TRACE_FORMAT)
        return error_set(why, ERROR_INVALID, "its format is %u, and this program reads %d",
                         trace->batch->format, TRACE_FORMAT);
    bool is_same = last && last->writer == place->writer;
    uint64_t before = is_same ? last->number : 0;
    record->lost_steps = trace->batch->lost_steps;
    record->lost_batches = place->number - before - 1;
    trace->next++;
    trace->steps_left = trace->batch->step_count;
    trace->is_batch_start = true;
    trace->coder =
        coder_of((struct bytes){trace->batch->steps.data, trace->batch->steps.len}, trace->arena);
    if (!is_same || record->lost_steps > 0 || record->lost_batches > 0)
        record->kind = TRACE_GAP;
    return true;
}

static bool read_record(struct trace *trace, struct trace_record *record, struct error *why)
{
    struct coder *coder = &trace->coder;
    enum trace_mark what = MARK_STEP;
    int64_t passed_ns = 0;
    CODE_ENUM(coder, what, TRACE_MARKS);
    code_i64(coder, &passed_ns);
    struct instant now = {passed_ns};
    if (!trace->is_batch_start && passed_ns >= 0 && passed_ns < INT64_MAX / 4)
        now.ns += trace->now.ns;
    coder->has_failed |= now.ns < 0 || now.ns > INT64_MAX / 4 || passed_ns < 0;
    record->is_first = trace->is_chapter_start;
    trace->is_batch_start = false;
    trace->is_chapter_start = what == MARK_START;
    if (what == MARK_START) {
        record->kind = TRACE_START;
        code_start(coder, &record->config, &record->start);
    } else {
        record->kind = TRACE_STEP;
        code_event(coder, &record->event);
        code_actions(coder, &record->actions);
    }
    record->now = trace->now = now;
    if (--trace->steps_left == 0 && coder->unread.length > 0)
        coder->has_failed = true;
    return !coder->has_failed || error_set(why, ERROR_INVALID, "batch %" PRIu64 " of %s is damaged",
                                           trace->batch->number, trace->batch->instance_id);
}

bool trace_next(struct trace *trace, struct trace_record *record, struct error *why)
{
    *record = (struct trace_record){.kind = TRACE_END};
    if (trace->has_ended)
        return true;
    trace->has_ended = true; /* unless all goes well */
    if (trace->steps_left == 0) {
        if (trace->next == trace->count)
            return true;
        if (!open_batch(trace, record, why))
            return false;
    }
    record->instance_id = trace->writers[trace->places[trace->next - 1].writer];
    record->at_ms = trace->batch->at_ms;
    trace->has_ended = false;
    if (record->kind == TRACE_GAP)
        return true;
    bool is_read = read_record(trace, record, why);
    trace->has_ended = !is_read;
    return is_read;
}
