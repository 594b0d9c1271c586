/* How long a post is as X counts it: by the weight of its characters, a link always the same.
 *
 *   struct post_length length = post_length_measure(text, &POST_LENGTH_RULES, arena);
 *
 * The text is taken in its composed form (NFC); places are in UTF-16 units of the text as it is and
 * the last one inside, as X states them. Memory is the arena's. Pure; any thread.
 * Source: twitter-text, config/v3.json.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/arena.h"

struct weight_range {
    uint32_t first, last, weight;
};

struct length_rules {
    uint32_t most;  /* the longest post that is valid */
    uint32_t scale; /* weight that counts as one */
    uint32_t default_weight, link_length;
    const struct weight_range *ranges;
    size_t range_count;
    bool has_whole_emoji; /* a sequence of several characters weighs as one */
};

extern const struct length_rules POST_LENGTH_RULES;

struct post_length {
    uint32_t weighted;
    uint32_t permillage; /* of the longest post */
    bool is_valid;       /* neither empty, too long, nor with what is no character */
    size_t valid_end, display_end;
};

/* The text must be valid UTF-8. */
struct post_length post_length_measure(struct piece text, const struct length_rules *rules,
                                       struct arena *arena);
