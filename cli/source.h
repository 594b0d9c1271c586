/* What the commands take that analyse by themselves: a file of posts, how it is to be read, and
 * whose topics count.
 *
 *   struct source source = {0};                      filled by SOURCE_PARSER
 *   source_open(&source, &end) && source_read(&source, post, context, &end); source_close(&source)
 *
 * They tell on stderr what is wrong and set the exit code `end`. One thread.
 */
#pragma once

#include <argp.h>
#include <stdbool.h>

#include "embedded/topics/topic_sets.h"
#include "input_stream.h"

struct source {
    const char *name, *topics_file, *tenant; /* of argv */
    struct input_options input;
    bool is_quiet;
    int file; /* from here on: source_open()'s */
    struct topic_sets *sets;
    const struct topic_set *topics; /* NULL: the built-in ones */
    size_t posts, rejects;
};

/* A child for the argp of each such command, whose args_doc is "FILE"; its input is a
 * struct source. */
extern const struct argp SOURCE_PARSER;

MUST_USE bool source_open(struct source *source, int *end);

/* Each post, and what is written to stdout flushed whenever the file has nothing more at the
 * moment. False: it was not read to its end, or stdout cannot be written. Rows that are no posts
 * only set the exit code. */
MUST_USE bool source_read(struct source *source,
                          void (*post)(void *context, const struct input_row *row), void *context,
                          int *end);
/* What was written to stdout goes out. False: it cannot be written. */
MUST_USE bool source_flush(int *end);

void source_close(struct source *source);
