/* In which order the posts of an audit are asked. Pure.
 *
 * The same seed and count always give the same order. Of two posts or more it is never the one in
 * which they stand: an audit that asks as was asked before would find no bias.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Each of 0 to count - 1 once. */
void order_draw(uint64_t seed, size_t count, size_t *order);
