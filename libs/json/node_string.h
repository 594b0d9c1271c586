/* A string of JSON for json/node.c: checked, and copied only if it holds an escape. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"

/* It must begin at *at; then *at is behind it. False: it is no string, not UTF-8, holds U+0000 or
 * half a surrogate pair, or the arena is full. */
bool node_string_read(const uint8_t **at, const uint8_t *end, struct arena *arena,
                      struct bytes *string);
