/* The request to the LLM: what is asked, and the posts as data.
 *
 * The words and the schema of the answer are made of the files in prompts/: a frame, and for each
 * task a paragraph (.txt) and the members of the answer (.json). A user's own instruction stands
 * below all that, as data too. Posts travel in one JSON document with ids that hold within the call
 * only and that nobody can guess (ids.h), so an instruction inside a post can at most harm that
 * post's own answer. Pure; any thread.
 */
#pragma once

#include "base/scoped.h"
#include "base/text.h"
#include "brief.h"
#include "work.pb-c.h"

/* Of the files in prompts/: another whenever a word of them is. Kept with each result. */
extern const char PROMPTS_VERSION[];

struct prompt_options {
    const char *model;
    const char *max_tokens_field; /* max_tokens or max_completion_tokens: servers differ */
};

/* The body of POST /v1/chat/completions for the dispatch's posts; ids: of ids_draw(), one for each.
 */
void prompt_write(const struct brief *brief, const Tp__Dispatch *dispatch, const uint32_t *ids,
                  const struct prompt_options *options, struct text *body);

/* The most tokens that the answer may have, as the body says. Within what was booked for the call,
 * as far as that leaves room for an answer at all. */
size_t prompt_answer_tokens(const struct brief *brief, const Tp__Dispatch *dispatch);

/* Fewer tokens than the posts have by any tokenizer, so that a server that counts less can
 * be seen to have shortened the prompt.
 *
 * Counted are letters of ASCII with one blank and another letter behind them: there every tokenizer
 * of the servers we know begins a new token (byte-pair encoders cut before blanks, SentencePiece
 * cuts at them). One in two is taken, for those that do join some common words. What stands around
 * each post counts as four: an id alone is two, and no other call has it. Nothing else counts: a
 * long run of one letter, blanks, digits, an emoji or a row of Chinese characters may be a single
 * token, and the instruction may come from the server's cache and not be counted at all. What is
 * below a few hundred tokens is no claim: 0. */
uint32_t prompt_least_tokens(const Tp__Dispatch *dispatch);
