/* Words of Chinese and Japanese, as far as that goes without a dictionary: runs of two to six Han
 * characters that do none of the work of grammar, and of two or more Katakana. Pure; any thread. */
#pragma once

#include "analysis/analysis.h"

enum { FIRST_IDEOGRAPHIC = 0x2E80 };

/* The next run from *at on, which is moved past it. The text must be valid UTF-8. */
bool ideographs_next(struct piece text, size_t *at, struct piece *run);
