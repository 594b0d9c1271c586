/* By which ids a call tells its posts apart. Pure.
 *
 * Whoever writes a post knows how answers look, and a model may quote what it reads; a server may
 * cut the posts off and let the model guess. Neither knows the ids if they are drawn for each call:
 * a guess hits one of a hundred posts once in 900 times, and counting on from an id that was seen
 * never does, since no two are neighbours. Five digits are two tokens to most tokenizers, and five
 * to those that cut numbers into digits. The same seed and count always give the same ids.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { POST_ID_LEAST = 10000, POST_ID_MOST = 99999 };

/* No more than a chunk may have. */
void ids_draw(uint64_t seed, size_t count, uint32_t *ids);
