/* The request to the LLM: the instruction, and the posts as data.
 *
 * Posts travel in one JSON document with ids 1..n that hold within the call only, so an instruction
 * inside a post can at most harm that post's own answer. Pure; any thread.
 */
#pragma once

#include "base/scoped.h"
#include "base/text.h"
#include "work.pb-c.h"

/* Changes whenever the words or the schema do: kept with each result. */
#define PROMPT_VERSION "posts-1"

struct prompt_options {
    const char *model;
    const char *max_tokens_field; /* max_tokens or max_completion_tokens: servers differ */
};

/* The body of POST /v1/chat/completions for the dispatch's posts. */
void prompt_write(const Tp__Dispatch *dispatch, const struct prompt_options *options,
                  struct text *body);
