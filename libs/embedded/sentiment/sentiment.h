/* How a post feels: in English by rules of valence (sentiment_features.h) and a small model over
 * them, words and parts of words; in other languages by the rules alone. docs/embedded.md tells how
 * well. Pure; any thread. */
#pragma once

#include "embedded/language/language.h"
#include "embedded/text/tokens.h"

struct sentiment {
    enum sentiment_label label;
    double score;      /* -1..1 */
    double confidence; /* how likely the label is that of a person; learnt for English alone */
};

struct sentiment sentiment_find(const struct tokens *tokens, enum language language);
