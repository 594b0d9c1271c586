/* The texts of files of JSON lines, in memory. One thread. */
#pragma once

#include <stddef.h>

#include "analysis/analysis.h"
#include "base/error.h"
#include "base/scoped.h"

struct posts {
    struct piece *texts; /* owned, as are their bytes */
    size_t count, capacity, bytes;
};

/* Adds those of a file: the member "text" of each line. */
MUST_USE bool posts_read(struct posts *posts, const char *path, struct error *why);
void posts_free(struct posts *posts);
