/* The words that tell what a post is about, or a chunk of posts. Pure; any thread.
 *
 * 1 Never a function word, number, filler, booster, negator or plain praise and blame, of the
 *   post's language or of any that stop_words.c knows; nor laughter and stretched words.
 * 2 A hashtag weighs most. A word weighs what it tells by being there: the rarer in posts at large
 *   (frequencies.h), the more; names, words of a topic and repeated words weigh more.
 * 3 Chinese and Japanese put no spaces between words: what counts as one there is a run of Han or
 *   of Katakana (ideographs.h).
 * 4 A chunk's keywords are those of its posts, by the number of posts that have them times what
 *   they tell (TF-IDF); each of at least two posts.
 */
#pragma once

#include "embedded/language/language.h"
#include "embedded/text/tokens.h"

enum { MAX_KEYWORDS = 6, MAX_CHUNK_KEYWORDS = 8 };

/* By weight; of equal ones the earlier in the post first. */
struct pieces keywords_find(const struct tokens *tokens, enum language language,
                            struct arena *arena);

/* By weight; of equal ones the earlier in the chunk first. */
struct pieces keywords_of_chunk(const struct post_analysis *analyses, size_t count,
                                struct arena *arena);
