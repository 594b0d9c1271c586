/* Which format is it? Looks at the name and the beginning of a file only. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "input.h"

/* By options->format, or else the name's ending, or else the bytes; *delimiter is that of CSV. */
enum input_format detect_format(const char *bytes, size_t length,
                                const struct input_options *options, char *delimiter);

/* Is it Excel's "sep=;", which stands before a header? */
bool detect_is_separator_line(const char *line, size_t length);

/* Is it a usual name of the column (or member) that bears the text, or the id? Case is ignored. */
bool detect_is_text_name(const char *name);
bool detect_is_id_name(const char *name);
