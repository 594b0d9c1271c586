/* What the commands that read a recorded trace take: its path, and --json. */
#pragma once

#include <argp.h>
#include <stdbool.h>

struct recording {
    const char *path; /* of a file that trace_export has written; of argv */
    bool is_json;
};

/* A child for the argp of each such command, whose args_doc is "TRACE"; its input is a
 * struct recording. */
extern const struct argp RECORDING_PARSER;
