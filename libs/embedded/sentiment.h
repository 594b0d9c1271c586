/* How a post feels: valences of its words, emoji and emoticons, turned by negation, scaled by
 * boosters and emphasis, weighed by contrast. Pure; any thread.
 *
 * 1 A word counts with its valence in the post's language, else in English.
 * 2 A negator among the three words before it in the same clause turns it, at less strength.
 * 3 A booster just before it, capital letters among small ones, and stretched letters scale it.
 * 4 What stands before a contrasting word ("but") counts half, what stands after it more.
 * 5 Exclamation marks scale the whole; repeated emoji count less and less.
 */
#pragma once

#include "language.h"
#include "tokens.h"

struct sentiment {
    enum sentiment_label label;
    double score, confidence;
};

struct sentiment sentiment_find(const struct tokens *tokens, enum language language);
