/* How tags.c and links.c put down what they find. Pure; any thread. */
#pragma once

#include "tags.h"

/* A tag of the whole [begin, end), whose name begins at `name`. */
struct tag tag_spanning(enum tag_kind kind, size_t begin, size_t name, size_t end);

/* Behind all that is there. */
void tags_add(struct tags *tags, struct tag tag, struct arena *arena);
