/* Names of people, places and organisations: the likeliest sequence of tags over the words that may
 * belong to a name, by what tools/train_names learnt from labelled posts. docs/embedded.md tells
 * how well. Pure; any thread. */
#pragma once

#include "embedded/language/language.h"
#include "embedded/model/name_model.h"
#include "embedded/text/tokens.h"

enum { MAX_NAMES = 20 };

struct entities names_find(const struct tokens *tokens, enum language language,
                           struct arena *arena);

/* The same by another model. */
struct entities names_find_by(const struct name_model *model, const struct tokens *tokens,
                              enum language language, struct arena *arena);
