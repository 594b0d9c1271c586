#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "input_build.h"
#include "input_detect.h"
#include "json/json.h"

/* What was read so far, and room for more. */
struct gathering {
    const struct input_options *options;
    struct input *input;
    size_t batch_capacity, reject_capacity, line_capacity;
};

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

static struct input_batch *open_batch(struct gathering *gathering, size_t body_bytes)
{
    struct input *input = gathering->input;
    if (input->batch_count > 0) {
        struct input_batch *last = &input->batches[input->batch_count - 1];
        if (last->posts < gathering->options->max_posts &&
            last->body.length + body_bytes <= gathering->options->max_bytes) {
            return last;
        }
    }
    input->batches = grown(input->batches, input->batch_count, &gathering->batch_capacity,
                           sizeof *input->batches);
    gathering->line_capacity = 0;
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

static void take_post(void *context, const struct input_row *row)
{
    struct gathering *gathering = context;
    struct input *input = gathering->input;
    SCOPED(json_free) json_t *post =
        json_pack("{s:s, s:o}", "id", row->id, "text", json_stringn(row->text, row->text_length));
    SCOPED(free_chars) char *body = json_dumps(post, JSON_COMPACT);
    CHECK(body != NULL);
    struct input_batch *batch = open_batch(gathering, strlen(body) + 1);
    batch->lines =
        grown(batch->lines, batch->posts, &gathering->line_capacity, sizeof *batch->lines);
    batch->lines[batch->posts++] = row->line;
    text_add(&batch->body, body);
    text_add_char(&batch->body, '\n');
    preview(input, row->id, row->text);
    input->posts++;
}

static void take_reject(void *context, int64_t line, const char *reason)
{
    struct gathering *gathering = context;
    struct input *input = gathering->input;
    input->rejects = grown(input->rejects, input->reject_count, &gathering->reject_capacity,
                           sizeof *input->rejects);
    struct input_reject *reject = &input->rejects[input->reject_count++];
    reject->line = line;
    snprintf(reject->reason, sizeof reject->reason, "%s", reason);
}

static bool read_as(enum input_format format, struct input_builder *builder, const char *bytes,
                    size_t length, struct error *why)
{
    switch (format) {
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
        input_read_plain(builder, bytes, length);
        return true;
    }
    CHECK_UNREACHABLE();
}

bool input_read(const char *bytes, size_t length, const struct input_options *options,
                struct input **input, struct error *why)
{
    if (!input_skip_bom(&bytes, &length, why))
        return false;
    *input = calloc(1, sizeof **input);
    CHECK(*input != NULL);
    char delimiter = ',';
    (*input)->format = detect_format(bytes, length, options, &delimiter);
    (*input)->delimiter = delimiter;
    struct gathering gathering = {.options = options, .input = *input};
    const struct input_sink sink = {
        .post = take_post, .reject = take_reject, .context = &gathering};
    struct input_builder builder = {.options = options, .sink = &sink, .delimiter = delimiter};
    if (read_as((*input)->format, &builder, bytes, length, why))
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

const char *input_describe(enum input_format format, char delimiter)
{
    switch (format) {
    case INPUT_AUTO:
        break;
    case INPUT_JSONL:
        return "JSONL";
    case INPUT_JSON:
        return "JSON";
    case INPUT_CSV:
        return describe_csv(delimiter);
    case INPUT_PLAIN:
        return "plain text, one post a line";
    }
    CHECK_UNREACHABLE();
}

const char *input_unit(enum input_format format)
{
    return format == INPUT_JSON ? "post" : "line";
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
