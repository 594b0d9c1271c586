/* One question at a time to the store about posts, and the way of its answer from a thread of the
 * broker's to the analyzer's loop.
 *
 *   store_question_ask() -> shell_wake() -> store_question_take_answer()
 *
 * Nobody there, or too late, is an answer, too. Of the analyzer's thread.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "messages/messages.h"

struct analyzer;
struct store_question;

struct store_question *store_question_new(struct analyzer *analyzer);
/* Waits for what is under way. */
void store_question_free(struct store_question **question);

/* From the asking until its answer is taken. */
bool store_question_is_under_way(struct store_question *question);
/* While none is under way. Packed in the arena, which is lent. */
void store_question_ask(struct store_question *question, const Tp__CacheFind *find,
                        struct arena *arena);
/* True once for each question. The answer is in the arena, which the caller closes; NULL = none
 * that can be used. */
bool store_question_take_answer(struct store_question *question, struct arena **arena,
                                const Tp__CacheFound **found);

/* The last word, after what is under way: this replica claims nothing any more. */
void store_question_take_leave(struct store_question *question);
