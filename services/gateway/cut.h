/* Posts into chunks, and into parts that fit a message. Pure.
 *
 * 1. A chunk has at most `most_posts` posts and CHUNK_MAX_TEXT_BYTES of text, in the posts' order;
 *    chunks are numbered from 0.
 * 2. A part has as many posts as fit PART_MAX_BYTES, so that its message stays under the broker's
 *    limit whatever else is in it.
 */
#pragma once

#include <stddef.h>

#include "submit.h"

enum { PART_MAX_BYTES = 600 * 1000 };

/* Numbers the posts' chunks; returns how many there are. most_posts is 1 to CHUNK_MAX_POSTS. */
size_t cut_chunks(struct post *posts, size_t count, size_t most_posts);

/* How many of the posts, from the first, go into one part; at least one. */
size_t cut_part(const struct post *posts, size_t count);
