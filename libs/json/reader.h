/* JSON into jansson's values, some four times as quickly as jansson reads it, since it goes over
 * each byte once and copies runs. It takes nothing that jansson refuses, and makes the same of what
 * it takes (reader_fuzz.c). What it does not take may still be JSON: escapes in names, numbers of
 * many digits; jansson is asked then. Any thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* NULL: not taken; *is_unsure tells whether jansson might. Else the caller's. */
json_t *reader_read(const char *bytes, size_t length, bool *is_unsure);
