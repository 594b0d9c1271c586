/* How far the jobs of one command are, as a line for a person. Pure. */
#pragma once

#include <stdint.h>

#include "base/text.h"

struct progress {
    int64_t total, processed, failed; /* posts */
    int64_t elapsed_ms;
    const char *state;
    const char *waiting; /* why nothing is done yet, in words; NULL or empty = not known */
    const char *reason;  /* the same as one word */
};

/* "analysing  [======>        ]  1,234 of 2,089  59%  412/s  2 s left", cut to `width` columns.
 * What does not fit is left out: first the time left, then the bar. While nothing is done, why it
 * waits stands in place of them. */
void progress_render(const struct progress *progress, size_t width, struct text *out);

/* 1234567 as "1,234,567". */
void progress_add_number(struct text *out, int64_t number);
