/* The manner of a text: which words, pairs of words, letters, marks and shapes it has, as numbers
 * of hashed features; and how well that agrees with what one author wrote.
 *
 *   manner_features(&tokens, &bag)          of one post
 *   manner_add(&manner, &bag)               of each post of the author
 *   manner_begin_scale(&manner)             then, for the scale,
 *   manner_weigh(&manner, &bag)             some or all of these posts again
 *   manner_end_scale(&manner)               before the first question
 *   manner_fit(&manner, &bag)               0..1
 *
 * A text's score is the mean over its features of log((a + b) / 2b), where a is how frequent the
 * feature is with the author and b in posts at large (the model of frequencies.h). The scale is
 * made of two points: what the author's own posts score when each is left out of what it is
 * compared with (0.88), and what posts at large must be expected to score (0.12); a short text
 * counts less and lies nearer to 0.5. Pure; any thread, one at a time.
 */
#pragma once

#include "embedded/text/tokens.h"

enum {
    MANNER_BUCKETS = 1 << 16,
    BAG_MAX = 4096, /* features of a post; what is beyond is left out */
};

struct bag {
    uint16_t features[BAG_MAX];
    size_t count;
};

struct manner {
    uint32_t *counts; /* of each bucket */
    uint64_t total;
    size_t weighed;     /* posts that `own` is the sum of, until the scale is made */
    double own, others; /* what they score */
};

void manner_features(const struct tokens *tokens, struct bag *bag);

/* Its memory is the arena's. */
struct manner manner_new(struct arena *arena);
void manner_add(struct manner *manner, const struct bag *bag);
void manner_begin_scale(struct manner *manner);
void manner_weigh(struct manner *manner, const struct bag *bag);
void manner_end_scale(struct manner *manner);
double manner_fit(const struct manner *manner, const struct bag *bag);

/* The same of a post that was added, as if it had not been. */
double manner_fit_of_known(struct manner *manner, const struct bag *bag);

/* The same of a text made of the author's own words: what it took from them does not speak for it,
 * only what they have more of. */
double manner_fit_of_own(struct manner *manner, const struct bag *bag);
