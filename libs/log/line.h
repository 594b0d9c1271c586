/* One line of the log, built in place: fields in, bytes out. Pure; no memory of its own.
 *
 *   struct log_line line;
 *   line_begin(&line, true);  line_add(&line, &field) ...  line_end(&line);  write line.chars
 *
 * What comes out is one line of valid UTF-8, whatever the values hold: control characters and
 * those that reorder or break lines are escaped, bytes that are not UTF-8 become U+FFFD, values
 * are cut at 500 bytes. A line is at most PIPE_BUF bytes, so that lines of several processes on
 * one pipe never mix; fields that do not fit are left out and the line says cut=true.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "log/log.h"

enum { LINE_MAX_BYTES = 4096, LINE_VALUE_MAX_BYTES = 500 };

struct log_line {
    size_t length;
    bool is_json, is_cut, is_overfull;
    char chars[LINE_MAX_BYTES];
};

void line_begin(struct log_line *line, bool is_json);
void line_add(struct log_line *line, const struct log_field *field);
void line_end(struct log_line *line);
