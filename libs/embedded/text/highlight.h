/* Marks hits of a search in a text that may hold markup already: <em>hit</em>.
 *
 * Hits are code points [start, end) of the text without its markup, in order and apart. A mark
 * opens behind the markup at its place, and closes before it unless the hit began before other
 * markup. The text must be valid UTF-8; a "<" that nothing closes is text. Any thread.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/text.h"

struct hit {
    size_t start, end;
};

/* Appends to `out`. */
void highlight_hits(struct piece text, const struct hit *hits, size_t count, struct text *out);
