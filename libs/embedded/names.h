/* Names of people, places and organisations, by capital letters, neighbours and a short list.
 * Pure; any thread. */
#pragma once

#include "language.h"
#include "tokens.h"

enum { MAX_NAMES = 20 };

struct entities names_find(const struct tokens *tokens, enum language language, struct piece text,
                           struct arena *arena);
