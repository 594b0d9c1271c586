/* What texts and ids must be, wherever they come from. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An id of a tenant or user: 1..max_bytes bytes of UTF-8 without control characters. */
bool id_is_valid(const char *id, size_t max_bytes);
/* Valid UTF-8 without NUL. */
bool text_is_valid(const uint8_t *bytes, size_t length);
