/* Strict numbers from text: the whole text or nothing, no blanks, no overflow. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/scoped.h"

MUST_USE bool number_parse_int(const char *text, int64_t *value);
MUST_USE bool number_parse_double(const char *text, double *value); /* finite only */
