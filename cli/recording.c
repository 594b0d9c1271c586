#include "recording.h"

static error_t take(int key, char *value, struct argp_state *state)
{
    struct recording *recording = state->input;
    switch (key) {
    case 'j':
        recording->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (recording->path)
            argp_error(state, "one trace at a time; what is %s?", value);
        recording->path = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which trace? trace_export writes one");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option ROWS[] = {
    {.name = "json", .key = 'j', .doc = "one JSON document on stdout"},
    {0},
};

const struct argp RECORDING_PARSER = {.options = ROWS, .parser = take};
