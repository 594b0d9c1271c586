/* analyze: the embedded analysis over a file, here and now; no service, no key, no configuration.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "commands.h"
#include "embedded/embedded.h"
#include "input_stream.h"
#include "interrupt.h"
#include "messages/messages.h"
#include "outcome.h"

enum { POST_ARENA_BYTES = 16 << 20 };

struct arguments {
    const char *file;
    struct input_options input;
    bool is_quiet;
};

enum { KEY_FORMAT = 300, KEY_TEXT, KEY_ID };

static const struct argp_option ROWS[] = {
    {.name = "format", .key = KEY_FORMAT, .arg = "NAME", .doc = "auto, jsonl, json, csv, text"},
    {.name = "text-column", .key = KEY_TEXT, .arg = "NAME", .doc = "the CSV column of the text"},
    {.name = "id-column", .key = KEY_ID, .arg = "NAME", .doc = "the CSV column of the id"},
    {.name = "quiet", .key = 'q', .doc = "no talk on stderr but errors"},
    {0},
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_FORMAT:
        if (!input_format_parse(value, &arguments->input.format))
            argp_error(state, "--format is auto, jsonl, json, csv or text, not %s", value);
        return 0;
    case KEY_TEXT:
        arguments->input.text_column = value;
        return 0;
    case KEY_ID:
        arguments->input.id_column = value;
        return 0;
    case 'q':
        arguments->is_quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->file)
            argp_error(state, "one file at a time");
        arguments->file = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->file)
            argp_error(state, "FILE is missing; - is standard input");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp PARSER = {
    .options = ROWS,
    .parser = take,
    .args_doc = "FILE",
    .doc = "Analyses the posts of a file here, by the embedded analysis: no service, no key, no "
           "network. Reads JSONL, CSV with a header and plain text, one post a line, of any "
           "size, or a JSON document; - is standard input. Writes one JSON object a line: id, "
           "sentiment, entities, keywords, topics, language.\vA row that is no post is told on "
           "standard error with its line, and the rest goes on. Exit codes: 0 all analysed; 1 a "
           "row was no post, or the output could not be written; 2 usage, or the file is "
           "unreadable; 4 no such file; 130 interrupted.",
};

struct analyzing {
    const char *file;
    struct arena *arena; /* of one post */
    struct text line;
    size_t posts, rejects;
};

static void reject_row(void *context, int64_t line, const char *reason)
{
    struct analyzing *analyzing = context;
    analyzing->rejects++;
    fprintf(stderr, "tweetpulse: %s: line %lld is no post: %s\n", analyzing->file, (long long)line,
            reason);
}

/* The members of a result behind the id, and who made it. */
static void write_result(const struct input_row *row, const struct post_analysis *analysis,
                         struct text *out)
{
    text_add(out, "{\"id\":");
    text_add_json(out, row->id, strlen(row->id));
    size_t open = out->length;
    post_analysis_write_json(analysis, TASKS_ALL, out);
    out->chars[open] = ',';
    out->length--;
    text_add(out, ",\"provenance\":\"embedded\",\"version\":\"" EMBEDDED_VERSION "\"}\n");
}

static void analyze_row(void *context, const struct input_row *row)
{
    struct analyzing *analyzing = context;
    if (row->text_length > POST_MAX_TEXT_BYTES) {
        reject_row(context, row->line, "the text is longer than 32768 bytes");
        return;
    }
    struct post_analysis analysis;
    arena_reset(analyzing->arena);
    embedded_analyze((struct piece){row->text, row->text_length}, analyzing->arena, &analysis);
    text_clear(&analyzing->line);
    write_result(row, &analysis, &analyzing->line);
    fwrite(analyzing->line.chars, 1, analyzing->line.length, stdout);
    analyzing->posts++;
}

/* Whoever reads us line by line sees what there is. */
static void flush(void *context)
{
    (void)context;
    fflush(stdout);
}

/* Nobody reads on, or the disk is full: nothing is gained by going on either. */
static bool should_stop(void *context)
{
    return ferror(stdout) != 0 || interrupt_is_asked(context);
}

static void guess_format(const char *file, enum input_format *format)
{
    static const struct {
        const char *ending;
        enum input_format format;
    } ENDINGS[] = {{".jsonl", INPUT_JSONL}, {".ndjson", INPUT_JSONL}, {".csv", INPUT_CSV}};
    size_t length = strlen(file);
    for (size_t i = 0; *format == INPUT_AUTO && i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        size_t ending = strlen(ENDINGS[i].ending);
        if (length > ending && strcasecmp(file + length - ending, ENDINGS[i].ending) == 0)
            *format = ENDINGS[i].format;
    }
}

static int end_of(const struct analyzing *analyzing, bool is_read, const struct error *why)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "tweetpulse: the output cannot be written: %s\n", strerror(errno));
        return END_JOB_FAILED;
    }
    if (!is_read) {
        fprintf(stderr, "tweetpulse: %s: %s\n", analyzing->file, why->message);
        return end_of_error(why);
    }
    return analyzing->rejects > 0 ? END_JOB_FAILED : END_OK;
}

static int analyze(int file, struct arguments *arguments)
{
    struct analyzing analyzing = {.file = arguments->file, .arena = arena_open(POST_ARENA_BYTES)};
    guess_format(arguments->file, &arguments->input.format);
    const struct input_reading reading = {
        .options = arguments->input,
        .sink = {.post = analyze_row, .reject = reject_row, .context = &analyzing},
        .pause = flush,
        .should_stop = should_stop};
    enum input_format format;
    struct error why;
    bool is_read = input_stream(file, &reading, &format, &why);
    int end = end_of(&analyzing, is_read, &why);
    if (is_read && !arguments->is_quiet)
        fprintf(stderr, "%zu posts analysed, %zu rows were no posts\n", analyzing.posts,
                analyzing.rejects);
    text_free(&analyzing.line);
    arena_close(&analyzing.arena);
    return end;
}

int command_analyze(int argc, char **argv)
{
    struct arguments arguments = {0};
    if (argp_parse(&PARSER, argc, argv, 0, NULL, &arguments) != 0)
        return END_USAGE;
    bool is_stdin = strcmp(arguments.file, "-") == 0;
    int file = is_stdin ? STDIN_FILENO : open(arguments.file, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        int reason = errno;
        fprintf(stderr, "tweetpulse: %s: %s\n", arguments.file, strerror(reason));
        return reason == ENOENT ? END_NOT_FOUND : END_USAGE;
    }
    int end = analyze(file, &arguments);
    if (!is_stdin)
        close(file);
    return end;
}
