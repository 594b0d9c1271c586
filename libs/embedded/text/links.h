/* Links in a text, with or without "https://", as twitter-text finds them. For tags.c. Pure; any
 * thread.
 *
 *   struct link_search search = {.text = text};
 *   for each '.' of the text, in order: links_take(&search, dot, &tags, arena);
 */
#pragma once

#include "tags.h"

struct link_search {
    struct piece text;
    size_t from;         /* what stands before belongs to what was found, or looked like one */
    size_t no_top_until; /* up to here no label is a top-level domain */
    size_t chain_end,
        chain_best; /* behind the labels read last; where the longest host in them ends */
};

/* Adds the links whose host has the dot at `dot`, if they do not overlap what is there. */
void links_take(struct link_search *search, size_t dot, struct tags *tags, struct arena *arena);
