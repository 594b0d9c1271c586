#include "input_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "input_build.h"
#include "input_detect.h"

enum { FIRST_LINES = 2 }; /* by which the format is known */

/* What was read of the file and not yet told. */
struct stream {
    const struct input_reading *reading;
    int file;
    char *bytes; /* a NUL stands behind them */
    size_t length, capacity;
    bool is_at_end;
    bool is_skipping; /* what is left of a line that is too long */
    struct input_builder builder;
    enum input_format format;
    struct input_csv *csv;
};

/* Some more bytes; at the end of the file none. */
static bool fill(struct stream *stream, struct error *why)
{
    const struct input_reading *reading = stream->reading;
    for (;;) {
        if (reading->should_stop(reading->sink.context))
            return error_set(why, ERROR_CANCELLED, "interrupted");
        ssize_t got =
            read(stream->file, stream->bytes + stream->length, stream->capacity - stream->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(why, ERROR_INVALID, "%s", strerror(errno));
        stream->is_at_end = got == 0;
        stream->length += (size_t)got;
        stream->bytes[stream->length] = '\0';
        return true;
    }
}

static bool is_full(const struct stream *stream)
{
    return stream->length == stream->capacity;
}

static size_t lines_of(const struct stream *stream)
{
    size_t lines = 0;
    for (size_t i = 0; i < stream->length; i++)
        lines += stream->bytes[i] == '\n';
    return lines;
}

static void drop(struct stream *stream, size_t bytes)
{
    stream->length -= bytes;
    memmove(stream->bytes, stream->bytes + bytes, stream->length + 1);
}

static bool begin(struct stream *stream, struct error *why)
{
    while (!stream->is_at_end && !is_full(stream) && lines_of(stream) < FIRST_LINES)
        if (!fill(stream, why))
            return false;
    const struct input_options *options = &stream->reading->options;
    const char *bytes = stream->bytes;
    size_t length = stream->length;
    if (!input_skip_bom(&bytes, &length, why))
        return false;
    drop(stream, stream->length - length);
    stream->builder = (struct input_builder){
        .options = options, .sink = &stream->reading->sink, .delimiter = ','};
    char *delimiter = &stream->builder.delimiter;
    stream->format = detect_format(stream->bytes, stream->length, options, delimiter);
    stream->reading->begin(stream->reading->sink.context, stream->format, *delimiter);
    if (stream->format == INPUT_CSV)
        stream->csv = input_csv_open(&stream->builder);
    return true;
}

static bool read_document(struct stream *stream, struct error *why)
{
    while (!stream->is_at_end) {
        if (is_full(stream)) {
            if (stream->capacity >= INPUT_MAX_DOCUMENT_BYTES)
                return error_set(
                    why, ERROR_INVALID,
                    "a JSON document of more than %d MB; one object a line (JSONL) may "
                    "be of any size",
                    INPUT_MAX_DOCUMENT_BYTES >> 20);
            char *larger = realloc(stream->bytes, 2 * stream->capacity + 1);
            CHECK(larger != NULL);
            stream->bytes = larger;
            stream->capacity *= 2;
        }
        if (!fill(stream, why))
            return false;
    }
    return input_read_json(&stream->builder, stream->bytes, stream->length, why);
}

static bool tell_lines(struct stream *stream, size_t length, struct error *why)
{
    char after = stream->bytes[length];
    stream->bytes[length] = '\0';
    bool is_read = true;
    if (stream->format == INPUT_CSV)
        is_read = input_csv_feed(stream->csv, stream->bytes, length, why);
    else if (stream->format == INPUT_JSONL)
        input_read_jsonl(&stream->builder, stream->bytes, length);
    else
        input_read_plain(&stream->builder, stream->bytes, length);
    stream->bytes[length] = after;
    drop(stream, length);
    return is_read;
}

/* A line of CSV that is too long is too long a row: the table says so itself. */
static bool drop_line(struct stream *stream, struct error *why)
{
    if (stream->format == INPUT_CSV) {
        stream->bytes[stream->length - 1] = '\n';
        if (!tell_lines(stream, stream->length, why))
            return false;
    } else {
        builder_reject(&stream->builder, ++stream->builder.line, "the line is longer than %d bytes",
                       INPUT_MAX_ROW_BYTES);
        drop(stream, stream->length);
    }
    stream->is_skipping = true;
    return true;
}

static void skip_line(struct stream *stream)
{
    const char *end = memchr(stream->bytes, '\n', stream->length);
    drop(stream, end ? (size_t)(end - stream->bytes) + 1 : stream->length);
    stream->is_skipping = end == NULL;
}

static bool read_lines(struct stream *stream, struct error *why)
{
    for (;;) {
        if (stream->is_skipping)
            skip_line(stream);
        const char *last = memrchr(stream->bytes, '\n', stream->length);
        if (last != NULL) {
            if (!tell_lines(stream, (size_t)(last - stream->bytes) + 1, why))
                return false;
        } else if (is_full(stream) && !drop_line(stream, why)) {
            return false;
        }
        if (stream->is_at_end)
            break;
        stream->reading->pause(stream->reading->sink.context);
        if (!fill(stream, why))
            return false;
    }
    if (stream->length > 0 && !tell_lines(stream, stream->length, why))
        return false;
    return stream->csv == NULL || input_csv_end(stream->csv, why);
}

bool input_stream(int file, const struct input_reading *reading, struct error *why)
{
    struct stream stream = {.reading = reading,
                            .file = file,
                            .bytes = malloc(INPUT_MAX_ROW_BYTES + 1),
                            .capacity = INPUT_MAX_ROW_BYTES};
    CHECK(stream.bytes != NULL);
    stream.bytes[0] = '\0';
    bool is_read = begin(&stream, why);
    if (is_read)
        is_read =
            stream.format == INPUT_JSON ? read_document(&stream, why) : read_lines(&stream, why);
    input_csv_close(&stream.csv);
    free(stream.bytes);
    return is_read;
}
