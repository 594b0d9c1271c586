/* Near duplicates: which post asked for of late says the same as this one. Pure.
 *
 *   near_text_read(post, arena, &text)     near_text.h: what counts
 *   near_find(near, scope, &text)          the key of the post's source, or NULL
 *   near_keep(near, scope, &text, key)     a post that the model itself answers, as a source
 *
 *  1 A source says the same in the same scope: byte by byte the same words.
 *  2 For a retweet that was cut it may say more: it begins with the words of the retweet, which are
 *    at least NEAR_CUT_LEAST_BYTES and four fifths of it. If two sources that differ begin with
 *    them, nobody can tell which was cut, and there is none. A source that was cut itself says
 *    only what it says, and never stands for a whole one.
 *  3 Every source that fits, and is still kept, is found. What hashes say is compared.
 *  4 What is kept or found is the latest; when there is no room, the one not wanted for longest
 *    goes. The bytes are those really taken; they never exceed max_bytes.
 *  5 Beginnings that more than NEAR_SAME_BEGINNINGS sources share stand for none of them, so a
 *    search is bounded.
 *
 * Why there is no SimHash: docs/decisions/0006-near-duplicates-without-simhash.md
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "messages/messages.h"
#include "near_text.h"

enum { NEAR_CUT_LEAST_BYTES = 48, NEAR_SAME_BEGINNINGS = 16 };

struct near;

struct near *near_new(size_t max_bytes);
void near_free(struct near **near);

/* Copies. A source of the same words is replaced. */
void near_keep(struct near *near, const uint8_t scope[CACHE_KEY_BYTES],
               const struct near_text *text, const uint8_t key[CACHE_KEY_BYTES]);
/* Lent until the next near_keep(). */
const uint8_t *near_find(struct near *near, const uint8_t scope[CACHE_KEY_BYTES],
                         const struct near_text *text);

size_t near_bytes(const struct near *near);
size_t near_count(const struct near *near);
