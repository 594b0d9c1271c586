/* analyze: the embedded analysis over a file, here and now; no service, no key, no configuration.
 */
#include <stdio.h>

#include "base/arena.h"
#include "commands.h"
#include "embedded/embedded.h"
#include "outcome.h"
#include "source.h"

enum { POST_ARENA_BYTES = 16 << 20 };

static error_t take(int key, char *value, struct argp_state *state)
{
    (void)value;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

static const struct argp_child SOURCE[] = {{.argp = &SOURCE_PARSER}, {0}};

static const struct argp PARSER = {
    .parser = take,
    .args_doc = "FILE",
    .doc = "Analyses the posts of a file here, by the embedded analysis: no service, no key, no "
           "network. Reads JSONL, CSV with a header and plain text, one post a line, of any "
           "size, or a JSON document; - is standard input. Writes one JSON object a line: id, "
           "sentiment, entities, keywords, topics, language.\vA row that is no post is told on "
           "standard error with its line, and the rest goes on. Exit codes: 0 all analysed; 1 a "
           "row was no post, or the output could not be written; 2 usage, or the file is "
           "unreadable; 4 no such file; 130 interrupted.",
    .children = SOURCE,
};

struct analyzing {
    const struct topic_set *topics;
    struct arena *arena; /* of one post */
    struct text line;
};

/* The members of a result behind the id, and who made it. */
static void write_result(const struct input_row *row, const struct post_analysis *analysis,
                         struct text *out)
{
    text_add(out, "{");
    text_add_json_member(out, "id", row->id);
    size_t open = out->length;
    post_analysis_write_json(analysis, TASKS_ALL, out);
    out->chars[open] = ',';
    out->length--;
    text_add(out, ",\"provenance\":\"embedded\",\"version\":\"" EMBEDDED_VERSION "\"}\n");
}

static void analyze_row(void *context, const struct input_row *row)
{
    struct analyzing *analyzing = context;
    struct post_analysis analysis;
    arena_reset(analyzing->arena);
    embedded_analyze_for(analyzing->topics, (struct piece){row->text, row->text_length},
                         analyzing->arena, &analysis);
    text_clear(&analyzing->line);
    write_result(row, &analysis, &analyzing->line);
    fwrite(analyzing->line.chars, 1, analyzing->line.length, stdout);
}

static bool analyze(struct source *source, int *end)
{
    SCOPED(arena_close) struct arena *arena = arena_open(POST_ARENA_BYTES);
    struct analyzing analyzing = {.topics = source->topics, .arena = arena};
    bool is_read = source_read(source, analyze_row, &analyzing, end);
    text_free(&analyzing.line);
    return is_read;
}

int command_analyze(int argc, char **argv)
{
    struct source source = {0};
    if (argp_parse(&PARSER, argc, argv, 0, NULL, &source) != 0)
        return END_USAGE;
    int end = END_OK;
    if (source_open(&source, &end) && analyze(&source, &end) && !source.is_quiet)
        fprintf(stderr, "%zu posts analysed, %zu rows were no posts\n", source.posts,
                source.rejects);
    source_close(&source);
    return end;
}
