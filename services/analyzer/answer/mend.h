/* Bytes that single bad characters keep from being JSON: they are replaced by U+FFFD.
 * Pure; any thread. Linear. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"

/* What was sent, as text. */
struct readable {
    struct bytes bytes;
    bool is_mended; /* something in it was replaced */
};

/* A copy in the arena in which U+FFFD stands for each byte that is no UTF-8, and for each escape
 * of a lone surrogate or of U+0000. */
struct readable mend(struct bytes bytes, struct arena *arena);

/* Whether anything was replaced in there, or the model itself wrote U+FFFD. */
bool mend_has_replacement(const char *text, size_t length);
