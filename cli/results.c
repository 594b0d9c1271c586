#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "job.h"
#include "outcome.h"
#include "session.h"

enum { PATIENCE_MS = 60000 };

struct arguments {
    struct options common;
    const char *job, *format;
};

static const struct argp_option ROWS[] = {
    {.name = "format", .key = 'f', .arg = "NAME", .doc = "jsonl (default), json or csv"},
    {0},
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        return 0;
    case 'f':
        if (strcmp(value, "jsonl") != 0 && strcmp(value, "json") != 0 && strcmp(value, "csv") != 0)
            argp_error(state, "--format is jsonl, json or csv, not %s", value);
        arguments->format = value;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->job)
            argp_error(state, "one job at a time");
        arguments->job = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which job?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Writes the stream as it comes; as JSON, the lines become the elements of one array. */
struct writer {
    bool is_array, is_begun, is_line_open;
};

static void write_element_bytes(struct writer *writer, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            writer->is_line_open = false;
        } else {
            if (!writer->is_line_open)
                fputs(writer->is_begun ? ",\n" : "", stdout);
            writer->is_line_open = writer->is_begun = true;
            fputc(bytes[i], stdout);
        }
    }
}

static bool write_bytes(void *context, const char *bytes, size_t length)
{
    struct writer *writer = context;
    if (writer->is_array)
        write_element_bytes(writer, bytes, length);
    else
        fwrite(bytes, 1, length, stdout);
    return !ferror(stdout);
}

static int results(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    struct job_view job = {0};
    struct error why;
    if (!job_fetch(session->api, arguments->job, &job, NULL, &why))
        return console_fail(&session->console, &why);
    if (!job_is_over(&job)) {
        console_say(&session->console, "the job is %s: these are the results so far (%lld of %lld)",
                    job.state, (long long)job.processed, (long long)job.total);
    }
    bool is_csv = strcmp(arguments->format, "csv") == 0;
    struct writer writer = {.is_array = strcmp(arguments->format, "json") == 0};
    SCOPED(text_free) struct text path = {0};
    text_format(&path, "/v1/jobs/%s/results", job.id);
    const struct api_call call = {
        .method = "GET",
        .path = path.chars,
        .accept = is_csv ? "text/csv" : "application/x-ndjson",
        .patience_ms = PATIENCE_MS,
        .sink = write_bytes,
        .sink_context = &writer,
    };
    json_t *none;
    if (writer.is_array)
        fputc('[', stdout);
    bool ok = api_send(session->api, &call, &none, &why);
    if (writer.is_array)
        fputs("]\n", stdout);
    if (fflush(stdout) != 0 || ferror(stdout))
        return END_JOB_FAILED;
    if (ok)
        return END_OK;
    error_prefix(&why, "the results are incomplete");
    return console_fail(&session->console, &why);
}

int command_results(int argc, char **argv)
{
    static const struct argp_child COMMON[] = {{.argp = &OPTIONS_PARSER}, {0}};
    static const struct argp PARSER = {
        .options = ROWS,
        .parser = take,
        .args_doc = "JOB",
        .doc = "Print the results of a job, in the order of its posts.",
        .children = COMMON,
    };
    struct arguments arguments = {.format = "jsonl"};
    argp_parse(&PARSER, argc, argv, 0, NULL, &arguments);
    return session_run(&arguments.common, results, &arguments);
}
