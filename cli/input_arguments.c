#include "input_arguments.h"

enum { KEY_FORMAT = 400, KEY_TEXT, KEY_ID, KEY_NO_HEADER };

static const struct argp_option ROWS[] = {
    {.name = "format", .key = KEY_FORMAT, .arg = "NAME", .doc = "auto, jsonl, json, csv, text"},
    {.name = "text-column", .key = KEY_TEXT, .arg = "NAME", .doc = "the CSV column of the text"},
    {.name = "id-column", .key = KEY_ID, .arg = "NAME", .doc = "the CSV column of the id"},
    {.name = "no-header",
     .key = KEY_NO_HEADER,
     .doc = "the CSV begins with a post; its columns are told by numbers from 1"},
    {0},
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct input_options *input = state->input;
    switch (key) {
    case KEY_FORMAT:
        if (!input_format_parse(value, &input->format))
            argp_error(state, "--format is auto, jsonl, json, csv or text, not %s", value);
        return 0;
    case KEY_TEXT:
        input->text_column = value;
        return 0;
    case KEY_ID:
        input->id_column = value;
        return 0;
    case KEY_NO_HEADER:
        input->has_no_header = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp INPUT_PARSER = {.options = ROWS, .parser = take};
