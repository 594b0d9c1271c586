/* Which format is it? Looks at the beginning of a file only. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "input.h"

/* text_column: a column that CSV is known to have, or NULL. *delimiter is set for CSV. */
enum input_format detect_format(const char *bytes, size_t length, const char *text_column,
                                char *delimiter);

/* Is it a usual name of the column (or member) that bears the text, or the id? Case is ignored. */
bool detect_is_text_name(const char *name);
bool detect_is_id_name(const char *name);
