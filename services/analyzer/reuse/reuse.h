/* A result that was made for one post, for another that says the same.
 *
 * What it says of the text holds; where things stand in it need not: the other may have more white
 * space or write its letters another way. So its entities are found in the other text anew, unless
 * it is the very same. It
 * bears the provenance FROM_CACHE (or what was lower), and no price. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/scoped.h"
#include "work.pb-c.h"

/* By which the very same text is known; never 0. */
uint64_t reuse_text_hash(const char *text, size_t length);

/* The result for the post, in the arena; model and version are copied. False if the result cannot
 * be read, or would take more than max_bytes. */
MUST_USE bool reuse(const Tp__PostResult *known, const Tp__Post *post, size_t max_bytes,
                    struct arena *arena, Tp__PostResult **result);
