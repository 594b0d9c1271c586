/* How a file of posts is to be read, from the command line: --format, --text-column, --id-column
 * and --no-header. One thread.
 */
#pragma once

#include <argp.h>

#include "input.h"

/* A child for the argp of each command that reads posts; its input is a struct input_options,
 * whose strings are those of argv. */
extern const struct argp INPUT_PARSER;
