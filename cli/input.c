#include "input.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "input_build.h"
#include "input_detect.h"
#include "json/json.h"

/* Room for one more element, by doubling. */
static void *grown(void *array, size_t count, size_t *capacity, size_t element_bytes)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : 64;
    void *larger = reallocarray(array, *capacity, element_bytes);
    CHECK(larger != NULL);
    return larger;
}

static struct input_batch *open_batch(struct input_builder *builder, size_t body_bytes)
{
    struct input *input = builder->input;
    if (input->batch_count > 0) {
        struct input_batch *last = &input->batches[input->batch_count - 1];
        if (last->posts < builder->options->max_posts &&
            last->body.length + body_bytes <= builder->options->max_bytes) {
            return last;
        }
    }
    input->batches =
        grown(input->batches, input->batch_count, &builder->batch_capacity, sizeof *input->batches);
    builder->line_capacity = 0;
    struct input_batch *batch = &input->batches[input->batch_count++];
    *batch = (struct input_batch){0};
    return batch;
}

static void preview(struct input *input, const char *id, const char *text)
{
    if (input->posts >= INPUT_PREVIEWS)
        return;
    struct input_preview *row = &input->preview[input->posts];
    snprintf(row->id, sizeof row->id, "%s", id);
    snprintf(row->text, sizeof row->text, "%s", text);
}

void builder_add(struct input_builder *builder, int64_t line, const char *id, const char *text,
                 size_t text_length)
{
    char number[24];
    if (!id || !*id) {
        snprintf(number, sizeof number, "%lld", (long long)line);
        id = number;
    }
    if (text_length == 0) {
        builder_reject(builder, line, "the text is empty");
        return;
    }
    if (memchr(text, '\0', text_length)) {
        builder_reject(builder, line, "the text holds a NUL byte");
        return;
    }
    SCOPED(json_free) json_t *post =
        json_pack("{s:o*, s:o*}", "id", json_string(id), "text", json_stringn(text, text_length));
    if (json_object_size(post) != 2) {
        builder_reject(builder, line, "not valid UTF-8");
        return;
    }
    SCOPED(free_chars) char *body = json_dumps(post, JSON_COMPACT);
    CHECK(body != NULL);
    struct input_batch *batch = open_batch(builder, strlen(body) + 1);
    batch->lines = grown(batch->lines, batch->posts, &builder->line_capacity, sizeof *batch->lines);
    batch->lines[batch->posts++] = line;
    text_add(&batch->body, body);
    text_add_char(&batch->body, '\n');
    preview(builder->input, id, text);
    builder->input->posts++;
}

void builder_reject(struct input_builder *builder, int64_t line, const char *format, ...)
{
    struct input *input = builder->input;
    input->rejects = grown(input->rejects, input->reject_count, &builder->reject_capacity,
                           sizeof *input->rejects);
    struct input_reject *reject = &input->rejects[input->reject_count++];
    reject->line = line;
    va_list values;
    va_start(values, format);
    vsnprintf(reject->reason, sizeof reject->reason, format, values);
    va_end(values);
}

static void read_plain(struct input_builder *builder, const char *bytes, size_t length)
{
    int64_t line = 0;
    for (size_t from = 0; from < length;) {
        const char *end = memchr(bytes + from, '\n', length - from);
        size_t to = end ? (size_t)(end - bytes) : length;
        size_t stop = to > from && bytes[to - 1] == '\r' ? to - 1 : to;
        line++;
        if (stop > from) {
            SCOPED(free_chars) char *text = strndup(bytes + from, stop - from);
            CHECK(text != NULL);
            builder_add(builder, line, NULL, text, stop - from);
        }
        from = to + 1;
    }
}

static bool read_as(struct input_builder *builder, const char *bytes, size_t length,
                    struct error *why)
{
    switch (builder->input->format) {
    case INPUT_AUTO:
        break;
    case INPUT_JSONL:
        input_read_jsonl(builder, bytes, length);
        return true;
    case INPUT_JSON:
        return input_read_json(builder, bytes, length, why);
    case INPUT_CSV:
        return input_read_csv(builder, bytes, length, why);
    case INPUT_PLAIN:
        read_plain(builder, bytes, length);
        return true;
    }
    CHECK_UNREACHABLE();
}

bool input_read(const char *bytes, size_t length, const struct input_options *options,
                struct input **input, struct error *why)
{
    static const char BOM[] = "\xEF\xBB\xBF";
    if (length >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        return error_set(why, ERROR_INVALID, "it is UTF-16; save it as UTF-8");
    if (length >= 3 && memcmp(bytes, BOM, 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    *input = calloc(1, sizeof **input);
    CHECK(*input != NULL);
    char delimiter = ',';
    enum input_format found = detect_format(bytes, length, options->text_column, &delimiter);
    (*input)->format = options->format == INPUT_AUTO ? found : options->format;
    (*input)->delimiter = delimiter;
    struct input_builder builder = {.options = options, .input = *input};
    if (read_as(&builder, bytes, length, why))
        return true;
    input_free(input);
    return false;
}

void input_free(struct input **input)
{
    if (!*input)
        return;
    for (size_t i = 0; i < (*input)->batch_count; i++) {
        text_free(&(*input)->batches[i].body);
        free((*input)->batches[i].lines);
    }
    free((*input)->batches);
    free((*input)->rejects);
    free(*input);
    *input = NULL;
}

static const char *describe_csv(char delimiter)
{
    switch (delimiter) {
    case ';':
        return "CSV with semicolons";
    case '\t':
        return "CSV with tabs";
    case '|':
        return "CSV with bars";
    default:
        return "CSV";
    }
}

const char *input_describe(const struct input *input)
{
    switch (input->format) {
    case INPUT_AUTO:
        break;
    case INPUT_JSONL:
        return "JSONL";
    case INPUT_JSON:
        return "JSON";
    case INPUT_CSV:
        return describe_csv(input->delimiter);
    case INPUT_PLAIN:
        return "plain text, one post a line";
    }
    CHECK_UNREACHABLE();
}

const char *input_unit(const struct input *input)
{
    return input->format == INPUT_JSON ? "post" : "line";
}

bool input_format_parse(const char *name, enum input_format *format)
{
    static const struct {
        const char *name;
        enum input_format format;
    } FORMATS[] = {{"auto", INPUT_AUTO},
                   {"jsonl", INPUT_JSONL},
                   {"json", INPUT_JSON},
                   {"csv", INPUT_CSV},
                   {"text", INPUT_PLAIN}};
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++) {
        if (strcmp(name, FORMATS[i].name) == 0) {
            *format = FORMATS[i].format;
            return true;
        }
    }
    return false;
}
