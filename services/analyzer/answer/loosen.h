/* A document that is no JSON, or none that can be held, for what nobody reads in it: a number of
 * more than 64 bits, 1e999, NaN, a byte order mark. Pure; any thread. Linear. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* A copy in the arena without a byte order mark, in which null stands for each word, outside of
 * strings, that is no value of JSON or no number that can be held. */
struct bytes loosen(struct bytes body, struct arena *arena);
