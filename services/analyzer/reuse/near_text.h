/* What a post says, without what copying it adds or takes away. Pure; any thread.
 *
 *  1 Left aside are "RT @name:" in front, links, "via @name" at the end behind a link or a mark,
 *    quotation marks around the whole, plain marks at its ends, white space, and case.
 *  2 Between words it counts that a plain mark stands there, not which of . , : ; it is: a mark
 *    less would make "No. Bad phone" "No bad phone".
 *  3 All else counts: words and their order, numbers, @names, #tags, emoji, emoticons, ! and ?,
 *    letters repeated, and whether a word is all in capitals: "US" is not "us", nor "BAD" "bad".
 *  4 A retweet whose text ends in an ellipsis has been cut, perhaps within a word. In other posts
 *    the ellipsis counts.
 */
#pragma once

#include <stdbool.h>

#include "analysis/analysis.h"
#include "base/arena.h"
#include "base/scoped.h"

enum { NEAR_TEXT_MAX_BYTES = 4096 };

struct near_text {
    struct piece words; /* lent by the arena; one space between any two */
    bool is_cut;
};

/* False if too little is left to go by, if the text has more than NEAR_TEXT_MAX_BYTES, or if it is
 * no UTF-8. Takes at most some 10 bytes of the arena per byte of text. */
MUST_USE bool near_text_read(struct piece text, struct arena *arena, struct near_text *read);
