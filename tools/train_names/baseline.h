/* What the finder of names is held against: every run of capitalised words is a name of a person,
 * but for one word alone that begins a sentence or is frequent. Any thread. */
#pragma once

#include "embedded/text/tokens.h"

struct entities baseline_find(const struct tokens *tokens, struct arena *arena);
