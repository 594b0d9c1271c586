/* How somebody writes: the profile of an author from their posts, and new posts in their manner.
 *
 *   SCOPED(profile_close) struct profile *profile = profile_open(NULL);
 *   profile_add(profile, &post);                          for each post
 *   profile_write_json(profile, &out);                    one JSON object
 *   profile_fit(profile, text)                            does a text fit it? 0..1
 *   profile_generate(profile, seed, &out, &fit, &why)     a new post
 *
 * Pure: the same posts in the same order give the same profile, the same seed the same post. A post
 * costs time in proportion to its length. Any bytes may come in; what comes out is valid UTF-8.
 * The profile owns its memory and copies what it keeps: to learn from at most 65,536 posts of
 * 8 MiB together; what comes later is still counted. It learns when first asked for a fit or a new
 * post, and again if posts have come since. One thread at a time.
 *
 * A new post is a walk through the author's own words (a Markov chain of two words) after the
 * length, the hashtags and the structure of one of the posts. It is no post of the author's and
 * holds none of four words or more; at most 70 % of its words stand in a row in one of them; it has
 * no links and mentions nobody.
 * The fit of a text is how much likelier its words, their order and letters, its marks and length
 * are in this author's posts than in posts at large (manner.h), by a scale on which the author's
 * other posts stand at about 0.88 and posts at large at 0.12. What a new post has
 * taken from the author's posts does not count for it. Of several walks that one is told whose fit
 * is nearest to the median of the author's own posts: a fit says how like the author's a text is,
 * not whether it makes sense.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/error.h"
#include "base/scoped.h"
#include "base/text.h"

enum { PROFILE_TEXT_MAX_BYTES = 32 * 1024 }; /* of a post; what is beyond is not looked at */

struct profile;
struct topic_set;

struct profile_post {
    struct piece text;
    struct piece created_at; /* as of stamp.h; else unknown */
};

/* topics: as in embedded_analyze_for(); lent for the profile's life. */
struct profile *profile_open(const struct topic_set *topics);
void profile_close(struct profile **profile);

void profile_add(struct profile *profile, const struct profile_post *post);

void profile_write_json(const struct profile *profile, struct text *out);

double profile_fit(struct profile *profile, struct piece text);

/* Appended to `out`. ERROR_NOT_FOUND: the posts are too few, or too much alike, to make a new one
 * of them. */
MUST_USE bool profile_generate(struct profile *profile, uint64_t seed, struct text *out,
                               double *fit, struct error *why);
