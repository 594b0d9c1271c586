#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "input_arguments.h"
#include "interrupt.h"
#include "messages/messages.h"
#include "outcome.h"

enum { KEY_TOPICS = 500, KEY_TENANT };

static const struct argp_option ROWS[] = {
    {.name = "topics",
     .key = KEY_TOPICS,
     .arg = "FILE",
     .doc = "topics of one's own, sets of words, as TP_TOPICS of the analyzers names them"},
    {.name = "tenant", .key = KEY_TENANT, .arg = "NAME", .doc = "whose topics of that file"},
    {.name = "quiet", .key = 'q', .doc = "no talk on stderr but errors"},
    {0},
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct source *source = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &source->input;
        return 0;
    case KEY_TOPICS:
        source->topics_file = value;
        return 0;
    case KEY_TENANT:
        source->tenant = value;
        return 0;
    case 'q':
        source->is_quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (source->name)
            argp_error(state, "one file at a time; what is %s?", value);
        source->name = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which file? - is standard input");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child INPUT[] = {{.argp = &INPUT_PARSER}, {0}};

const struct argp SOURCE_PARSER = {.options = ROWS, .parser = take, .children = INPUT};

static bool fail(int *end, int code, const char *what, const char *why)
{
    fprintf(stderr, "tweetpulse: %s: %s\n", what, why);
    *end = code;
    return false;
}

static bool load_topics(struct source *source, int *end)
{
    if (source->topics_file == NULL)
        return source->tenant == NULL ||
               fail(end, END_USAGE, "--tenant", "is of a file of --topics, which is missing");
    SCOPED(text_free) struct text faults = {0};
    if (!topic_sets_load("--topics", source->topics_file, &source->sets, &faults)) {
        fprintf(stderr, "%s", faults.chars);
        *end = END_USAGE;
        return false;
    }
    if (topic_sets_is_empty(source->sets))
        return fail(end, END_USAGE, source->topics_file, "names no topics");
    source->topics = topic_sets_find(source->sets, source->tenant ? source->tenant : "");
    return source->topics != NULL ||
           fail(end, END_USAGE, source->topics_file,
                source->tenant ? "has no topics of that tenant"
                               : "has topics of several tenants; --tenant names one");
}

bool source_open(struct source *source, int *end)
{
    source->file = -1;
    if (!load_topics(source, end))
        return false;
    bool is_stdin = strcmp(source->name, "-") == 0;
    source->file = is_stdin ? STDIN_FILENO : open(source->name, O_RDONLY | O_CLOEXEC);
    if (source->file < 0) {
        int code = errno == ENOENT ? END_NOT_FOUND : END_USAGE;
        return fail(end, code, source->name, strerror(errno));
    }
    source->input.name = source->name;
    return true;
}

void source_close(struct source *source)
{
    topic_sets_close(&source->sets);
    if (source->file > STDIN_FILENO)
        close(source->file);
}

/* ---- reading ---- */

struct reading {
    struct source *source;
    void (*post)(void *context, const struct input_row *row);
    void *context;
    enum input_format format;
};

static void begin(void *context, enum input_format format, char delimiter)
{
    struct reading *reading = context;
    reading->format = format;
    if (!reading->source->is_quiet)
        fprintf(stderr, "tweetpulse: %s: read as %s\n", reading->source->name,
                input_describe(format, delimiter));
}

static void reject_row(void *context, int64_t line, const char *reason)
{
    const struct reading *reading = context;
    reading->source->rejects++;
    fprintf(stderr, "tweetpulse: %s: %s %lld is no post: %s\n", reading->source->name,
            input_unit(reading->format), (long long)line, reason);
}

static void take_row(void *context, const struct input_row *row)
{
    const struct reading *reading = context;
    if (row->text_length > POST_MAX_TEXT_BYTES) {
        char reason[INPUT_REASON_SIZE];
        snprintf(reason, sizeof reason, "the text has %zu bytes, %d are allowed", row->text_length,
                 POST_MAX_TEXT_BYTES);
        reject_row(context, row->line, reason);
        return;
    }
    reading->source->posts++;
    reading->post(reading->context, row);
}

/* Whoever reads us line by line sees what there is. */
static void flush(void *context)
{
    (void)context;
    fflush(stdout);
}

/* If the disk is full, nothing is gained by going on. */
static bool should_stop(void *context)
{
    return ferror(stdout) != 0 || interrupt_is_asked(context);
}

bool source_flush(int *end)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    return fail(end, END_JOB_FAILED, "the output cannot be written",
                errno != 0 ? strerror(errno) : "it is closed or full");
}

bool source_read(struct source *source, void (*post)(void *context, const struct input_row *row),
                 void *context, int *end)
{
    struct reading reading = {.source = source, .post = post, .context = context};
    const struct input_reading how = {
        .options = source->input,
        .sink = {.post = take_row, .reject = reject_row, .context = &reading},
        .begin = begin,
        .pause = flush,
        .should_stop = should_stop};
    struct error why;
    bool is_read = input_stream(source->file, &how, &why);
    if (!source_flush(end))
        return false;
    if (!is_read)
        return fail(end, end_of_error(&why), source->name, why.message);
    *end = source->rejects > 0 ? END_JOB_FAILED : END_OK;
    return true;
}
